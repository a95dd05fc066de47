package app

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/candlewright/candlewright/internal/enrich"
)

// queueing shows how many runs are queued; elsewhere than on a terminal only
// the end is told.
func (p *progress) queueing(done, total int) {
	if !p.tty {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription("queueing"),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set(done) // a bar that cannot be drawn is no reason to stop
}

// backfilling shows how far many runs are: a bar on a terminal, elsewhere a line
// for each twentieth of the bars and at the end.
func (p *progress) backfilling(now enrich.RunsProgress) {
	words := fmt.Sprintf("%d of %d runs ended", now.Ended(), now.Runs)
	if now.Failed > 0 {
		words += fmt.Sprintf(", %d failed", now.Failed)
	}
	eta := ""
	if now.Eta != nil && now.Ended() < now.Runs {
		eta = fmt.Sprintf(", %s to go", now.Eta.Round(time.Second))
	}
	if !p.tty {
		step := 20 * now.BarsDone / max(now.BarsTotal, 1)
		if line := fmt.Sprintf("%d/%d", step, now.Ended()/max(now.Runs/20, 1)); p.file != line {
			p.file = line
			_, _ = fmt.Fprintf(p.out, "%s: %d of %d bars, %.0f in a second%s\n", words, now.BarsDone, now.BarsTotal, now.BarsPerSecond, eta)
		}
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(max(now.BarsTotal, 1), progressbar.OptionSetWriter(p.out), progressbar.OptionShowCount(),
			progressbar.OptionClearOnFinish())
	}
	p.bar.Describe(fmt.Sprintf("%s, %.0f bars/s%s", words, now.BarsPerSecond, eta))
	p.bar.ChangeMax64(max(now.BarsTotal, 1))
	_ = p.bar.Set64(min(now.BarsDone, max(now.BarsTotal, 1))) // see above
}
