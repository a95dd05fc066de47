package enrich

import (
	"fmt"
	"strings"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source/file"
)

// Import is what an import did.
type Import struct {
	JobID string
	Files []ImportedFile
}

// Candles is the number of rows that are candles now: stored by this import or
// before.
func (i Import) Candles() int {
	n := 0
	for _, f := range i.Files {
		n += f.Candles
	}
	return n
}

// ImportedFile is what became of the rows of a file.
type ImportedFile struct {
	Name       string
	Fetched    int // rows that reached the checks
	Candles    int // rows that passed them, each slot once
	Inserted   int
	Updated    int
	Rejected   int // refused or copies of another row
	Unreadable int // of these: without a readable stamp
	NotEnded   int // bars that had not ended
	LeftOut    int // without a price, or outside the sessions
	BadRows    int // skipped by request
	BadSample  string
	Cut        int                   // outside the range asked for
	Checks     map[quality.Check]int // failed checks of this delivery
	FinerBars  file.Interval         // that the file seems to hold, where nobody said so; "" where it does not
	Why        string                // why nothing is stored, in one sentence; "" where something is
}

func (im *importing) summary(f *readFile, done written) ImportedFile {
	res := ImportedFile{
		Name: f.name, Fetched: f.fetched(), Candles: f.ordered.Len(), Inserted: done.Inserted, Updated: done.Updated,
		Rejected: f.rejected(), Unreadable: f.unreadable, NotEnded: f.counts.NotFuture,
		LeftOut: f.counts.NoRow + f.counts.OutsideSession, BadRows: f.skipped, Cut: f.cut,
		Checks: map[quality.Check]int{},
	}
	if im.r.FileInterval == "" {
		res.FinerBars = f.offGrid.interval(im.r.Timeframe, f.ordered.Len())
	}
	if f.sample != nil {
		res.BadSample = f.sample.Error()
	}
	for _, x := range f.failures {
		res.Checks[x.Check]++
	}
	res.Why = why(f, res, im.r)
	return res
}

// why says in one sentence why a file left no candle.
func why(f *readFile, res ImportedFile, r ImportRequest) string {
	if res.Candles > 0 {
		return ""
	}
	parts := []string{}
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, text))
		}
	}
	g := f.grid
	if n := res.Checks[quality.OnGrid]; n > 0 {
		add(n, "are stamped off the grid of "+string(r.Timeframe)+" bars"+gridHint(g))
	}
	add(res.Checks[quality.FieldsPresent], "lack a price or the volume")
	add(res.Checks[quality.PricePositive], "have a price that is not above 0 or a volume below 0")
	add(res.Unreadable, "have no readable stamp")
	add(f.counts.OutsideSession, "lie outside the sessions")
	add(f.counts.NoRow, "have no price at all")
	add(res.NotEnded, "are of bars that had not ended")
	add(res.Cut, "lie outside the range asked for")
	add(res.BadRows, "were skipped as unreadable")
	add(f.unfit, "have values that no bar can be put together of")
	add(f.joined, "belong to bars that begin in another file")
	add(f.replaced, "are replaced by rows further on")
	if len(parts) == 0 {
		return "no row lies within a bar of the series"
	}
	return "no row is a candle of the series: " + strings.Join(parts, ", ")
}

// gridHint says where intraday bars of an exchange start.
func gridHint(g grid.Grid) string {
	if g.Class() == market.Crypto || !g.Timeframe().Intraday() {
		return ""
	}
	return ", which start with the session at 09:30 New York time"
}

// detail is what the fetch log says of a file beside its counts.
func (f ImportedFile) detail() string {
	parts := []string{f.Name}
	for _, p := range []struct {
		n    int
		text string
	}{
		{f.BadRows, "bad rows skipped"},
		{f.Unreadable, "without a readable stamp"},
		{f.NotEnded, "not ended"},
		{f.LeftOut, "left out"},
		{f.Cut, "outside the range asked for"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	return strings.Join(parts, "; ")
}
