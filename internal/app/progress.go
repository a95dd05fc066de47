package app

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// progress shows how far a command is: a bar on a terminal, a line for each
// stage elsewhere.
type progress struct {
	out   io.Writer
	tty   bool
	bar   *progressbar.ProgressBar
	stage pipeline.Stage
	file  string
}

func newProgress(out io.Writer) *progress {
	f, ok := out.(*os.File)
	return &progress{out: out, tty: ok && term.IsTerminal(int(f.Fd()))}
}

func (p *progress) importing(now enrich.ImportProgress) {
	if p.stage != now.Stage || p.file != now.File {
		p.stage, p.file = now.Stage, now.File
		p.begin(now)
	}
	if p.bar != nil {
		_ = p.bar.Set(now.Rows) // a bar that cannot be drawn is no reason to stop
	}
}

func (p *progress) begin(now enrich.ImportProgress) {
	what := "reading " + now.File
	if now.Stage == pipeline.StageStore {
		what = "storing " + now.File
	}
	if !p.tty {
		_, _ = fmt.Fprintln(p.out, what)
		return
	}
	p.end()
	total := now.Total
	if total == 0 {
		total = -1 // not known while reading
	}
	p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(total > 0))
}

// running shows an event of a run.
func (p *progress) running(now pipeline.Progress) {
	if !p.tty {
		eta := ""
		if now.EtaSeconds != nil && now.Status == pipeline.RunInProgress {
			eta = fmt.Sprintf(", about %d s to go", *now.EtaSeconds)
		}
		_, _ = fmt.Fprintf(p.out, "%s %s: %d of %d bars%s\n", now.Status, now.Stage, now.RecordsDone, now.RecordsTotal, eta)
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(max(now.RecordsTotal, 1), progressbar.OptionSetWriter(p.out), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("bars"), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	p.bar.Describe(string(now.Stage) + " " + string(now.Timeframe))
	_ = p.bar.Set64(min(now.RecordsDone, max(now.RecordsTotal, 1))) // a bar that cannot be drawn is no reason to stop
}

// end clears the bar.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

// verifying shows a series being verified; elsewhere than on a terminal nothing,
// since it takes seconds.
func (p *progress) verifying(now enrich.VerifyProgress) {
	if !p.tty {
		return
	}
	if p.bar == nil || p.stage != pipeline.Stage(now.Timeframe) {
		p.end()
		p.stage = pipeline.Stage(now.Timeframe)
		p.bar = progressbar.NewOptions64(max(now.Total, 1), progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription("verifying "+string(now.Timeframe)),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("candles"), progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set64(min(now.Candles, max(now.Total, 1))) // a bar that cannot be drawn is no reason to stop
}
