package enrich_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source/file"
	"github.com/candlewright/candlewright/internal/store"
)

var (
	hours = grid.New(market.Crypto, market.H1)
	start = hours.FirstFrom(time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC))
	later = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func TestImportStoresOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	req := enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{writeCSV(t, walk(hours, start, 2500, 1))}}
	first := w.mustImport(t, req).Files[0]
	if first.Inserted != 2500 || first.Updated != 0 {
		t.Errorf("first import: %d inserted, %d updated, want 2500 and 0", first.Inserted, first.Updated)
	}
	candles, days := w.candles(t, btc, market.H1), w.days(t, btc)
	second := w.mustImport(t, req).Files[0]
	if second.Inserted != 0 || second.Updated != 0 || second.Candles != 2500 {
		t.Errorf("second import: %+v, want 2500 candles and nothing done", second)
	}
	if diff := cmp.Diff(candles, w.candles(t, btc, market.H1)); diff != "" {
		t.Errorf("the second import changed candles (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(days, w.days(t, btc)); diff != "" {
		t.Errorf("the second import changed day metrics (-before +after):\n%s", diff)
	}
}

// TestAnyWayIntoTheStoreGivesTheSameSeries imports a series in pieces, in any
// order, in chunks of any size, with values that are amended later, and compares
// with one import of the final file.
func TestAnyWayIntoTheStoreGivesTheSameSeries(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		sym   market.Symbol
		tf    market.Timeframe
		bars  int
		seeds int
	}{
		{btc, market.H1, 3200, 3},
		{market.Symbol{Ticker: "ETH", Class: market.Crypto}, market.D1, 900, 2},
		{aapl, market.M30, 3000, 3},
		{aapl, market.D1, 1300, 2},
	} {
		t.Run(string(tc.sym.Class)+" "+string(tc.tf), func(t *testing.T) {
			t.Parallel()
			g := grid.New(tc.sym.Class, tc.tf)
			first := g.FirstFrom(time.Date(2015, 2, 3, 0, 0, 0, 0, time.UTC))
			for seed := range uint64(tc.seeds) {
				bars := walk(g, first, tc.bars, seed)
				rng := rand.New(rand.NewPCG(seed, 7))
				bars = slices.DeleteFunc(bars, func(bar) bool { return rng.IntN(50) == 0 }) // gaps
				whole := newWorld(t, later)
				whole.mustImport(t, enrich.ImportRequest{Symbol: tc.sym, Timeframe: tc.tf, Files: []string{writeCSV(t, bars)}})
				pieces := newWorld(t, later)
				importPieces(t, pieces, tc.sym, tc.tf, bars, rng)
				// An amended candle has another revision, and freshness is that of the run which wrote the row last.
				ignored := []string{"revision", "freshness", "quality_score"}
				if diff := cmp.Diff(whole.candles(t, tc.sym, tc.tf, ignored...), pieces.candles(t, tc.sym, tc.tf, ignored...)); diff != "" {
					t.Fatalf("seed %d: pieces differ from the whole (-whole +pieces):\n%s", seed, diff)
				}
				scores := []string{"avg_quality_score", "score_sum"}
				if diff := cmp.Diff(whole.days(t, tc.sym, scores...), pieces.days(t, tc.sym, scores...)); diff != "" {
					t.Fatalf("seed %d: day metrics of pieces differ (-whole +pieces):\n%s", seed, diff)
				}
				checkBooks(t, pieces, tc.sym, tc.tf)
				if a, b := whole.digest(t, tc.sym, tc.tf), pieces.digest(t, tc.sym, tc.tf); a != b {
					t.Errorf("seed %d: digest %s of the whole, %s of the pieces", seed, a, b)
				}
			}
		})
	}
}

func importPieces(t *testing.T, w *world, sym market.Symbol, tf market.Timeframe, bars []bar, rng *rand.Rand) {
	t.Helper()
	type piece struct{ from, to int }
	var pieces []piece
	for from := 0; from < len(bars); {
		n := 1 + rng.IntN(1+len(bars)/3)
		pieces = append(pieces, piece{from, min(from+n, len(bars))})
		from += n
	}
	rng.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	for _, p := range pieces {
		part := slices.Clone(bars[p.from:p.to])
		for range rng.IntN(4) { // wrong at first, put right below
			b := &part[rng.IntN(len(part))]
			b.close = b.high
			b.volume += 5
		}
		chunk := 1 + rng.IntN(700)
		w.mustImport(t, enrich.ImportRequest{Symbol: sym, Timeframe: tf, Files: []string{writeCSV(t, part)}, ChunkRows: chunk})
	}
	w.mustImport(t, enrich.ImportRequest{Symbol: sym, Timeframe: tf, Files: []string{writeCSV(t, bars)}, ChunkRows: 10_000})
}

// checkBooks compares what the series row says with what the rows say.
func checkBooks(t *testing.T, w *world, sym market.Symbol, tf market.Timeframe) {
	t.Helper()
	s, err := w.store.Symbol(t.Context(), sym)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := w.store.Series(t.Context(), s.ID)
	if err != nil {
		t.Fatal(err)
	}
	counted, err := w.store.MeasureSeries(t.Context(), s.ID, tf)
	if err != nil {
		t.Fatal(err)
	}
	candles, err := w.store.CandlesIn(t.Context(), s.ID, tf, store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range candles {
		counted.Digest.Add(&candles[i])
	}
	for _, k := range kept {
		if k.Timeframe == tf {
			k.Revision, k.Basis = 0, 0
			if diff := cmp.Diff(counted, k); diff != "" {
				t.Errorf("series row (-counted +kept):\n%s", diff)
			}
		}
	}
}

// digest is the kept digest of a series.
func (w *world) digest(t *testing.T, sym market.Symbol, tf market.Timeframe) pipeline.Digest {
	t.Helper()
	series, err := w.Digests(t.Context(), sym.Ticker, &sym.Class)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range series {
		if d.Timeframe == tf {
			return d.Digest
		}
	}
	t.Fatalf("%s has no %s series", sym, tf)
	return pipeline.Digest{}
}

func TestImportRefusesWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	good := writeText(t, "ts,open,high,low,close,volume\n2024-01-02,1,2,1,2,10\n")
	for name, tc := range map[string]struct {
		req  enrich.ImportRequest
		want string
	}{
		"a bad number":              {enrich.ImportRequest{Symbol: aapl, Timeframe: market.D1, Files: []string{writeText(t, "ts,open,high,low,close,volume\n2024-01-02,1,x,1,2,10\n")}}, `"x"`},
		"years beyond the calendar": {enrich.ImportRequest{Symbol: aapl, Timeframe: market.D1, Files: []string{writeText(t, "ts,open,high,low,close,volume\n1997-01-02,1,2,1,2,10\n")}}, "calendar unknown"},
		"a coin before the first":   {enrich.ImportRequest{Symbol: btc, Timeframe: market.D1, Files: []string{writeText(t, "ts,open,high,low,close,volume\n1600-01-02,1,2,1,2,10\n")}}, "is outside 2009 to 2199"},
		"one bad file of two":       {enrich.ImportRequest{Symbol: aapl, Timeframe: market.D1, Files: []string{good, writeText(t, "ts,open\n2024-01-02,1\n")}}, "high"},
		"a finer file":              {enrich.ImportRequest{Symbol: aapl, Timeframe: market.H1, Files: []string{good}, FileInterval: file.Minute}, "--resample"},
		"funding of a stock":        {enrich.ImportRequest{Symbol: aapl, Timeframe: market.D1, Files: []string{good}, Funding: good}, "crypto"},
		"an empty range":            {enrich.ImportRequest{Symbol: aapl, Timeframe: market.D1, Files: []string{good}, From: later, To: later}, "empty"},
		"fetched in the future":     {enrich.ImportRequest{Symbol: aapl, Timeframe: market.D1, Files: []string{good}, FetchedAt: later.Add(time.Hour)}, "still to come"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, later)
			_, err := w.Import(t.Context(), tc.req)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one with %q", err, tc.want)
			}
			for _, path := range tc.req.Files {
				if strings.Count(err.Error(), path) > 1 {
					t.Errorf("error %v names the file twice", err)
				}
			}
			if _, err := w.store.Symbol(t.Context(), tc.req.Symbol); !fault.Is(err, fault.SymbolNotFound) {
				t.Errorf("a refused import left the symbol behind: %v", err)
			}
		})
	}
}

func TestImportOfRejectedRowsOnlyIsARunWithoutCandles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	done := w.mustImport(t, enrich.ImportRequest{Symbol: aapl, Timeframe: market.D1, Files: []string{
		writeText(t, "ts,open,high,low,close,volume\n2024-01-02,0,0,0,0,0\n2024-01-06,1,2,1,2,10\n"),
	}})
	f := done.Files[0]
	if f.Candles != 0 || f.Rejected != 2 || f.Checks[quality.PricePositive] != 1 || f.Checks[quality.OnGrid] != 1 {
		t.Errorf("%+v, want no candle, one price that is not positive and one date off the grid", f)
	}
	if !strings.Contains(f.Why, "off the grid") {
		t.Errorf("why: %q", f.Why)
	}
	h, err := w.Health(t.Context(), "AAPL", nil)
	if err != nil {
		t.Fatal(err)
	}
	if h.Status != quality.NotEnriched || h.LastEnrichmentTime == nil || h.NextEnrichment != nil {
		t.Errorf("health %+v, want not_enriched with the end of the run and nothing scheduled", h)
	}
	r, err := w.QualityReport(t.Context(), "AAPL", nil, 7)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Fetches) != 1 || r.Fetches[0].Rejected != 2 || !r.Fetches[0].Success {
		t.Errorf("fetch logs %+v, want the one of the import", r.Fetches)
	}
}

// TestSpilledImportIsTheSame holds rows on disk and in memory against each other.
func TestSpilledImportIsTheSame(t *testing.T) {
	t.Parallel()
	bars := walk(hours, start, 9000, 5)
	slices.Reverse(bars[:4000])
	bars[5000], bars[100] = bars[100], bars[5000]
	path := writeCSV(t, append(bars, bars[17], bars[8000]))
	memory, disk := newWorld(t, later), newWorld(t, later)
	req := enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{path}}
	memory.mustImport(t, req)
	disk.mustImport(t, enrich.SpillBeyond(req, 100))
	if diff := cmp.Diff(memory.candles(t, btc, market.H1), disk.candles(t, btc, market.H1)); diff != "" {
		t.Errorf("spilled rows differ (-memory +disk):\n%s", diff)
	}
}

func TestResampledImport(t *testing.T) {
	t.Parallel()
	minutes := walk(grid.New(market.Crypto, market.M5), grid.New(market.Crypto, market.M5).FirstFrom(hours.Stamp(start)), 24, 9)
	w := newWorld(t, later)
	w.mustImport(t, enrich.ImportRequest{
		Symbol: btc, Timeframe: market.H1, FileInterval: file.Interval(market.M5), Resample: true, Files: []string{writeCSV(t, minutes)},
	})
	s, err := w.store.Symbol(t.Context(), btc)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.store.LastCandles(t.Context(), s.ID, market.H1, later, 10)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d candles, %v; want the 2 hours of 24 five-minute bars", len(got), err)
	}
	volume := 0.0
	for _, m := range minutes[:12] {
		volume += m.volume
	}
	if c := got[0].Candle; c.Open != minutes[0].open || c.Close != minutes[11].close || c.Volume != volume {
		t.Errorf("first hour %+v, want open %v, close %v, volume %v", c, minutes[0].open, minutes[11].close, volume)
	}
}

func TestImportWaitsForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, later)
	path := writeCSV(t, walk(hours, start, 10, 1))
	w.mustImport(t, enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{path}})
	s, err := w.store.Symbol(t.Context(), btc)
	if err != nil {
		t.Fatal(err)
	}
	unlock, ok, err := w.store.TryLockSeries(t.Context(), s.ID, market.H1)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	defer unlock()
	_, err = w.Import(t.Context(), enrich.ImportRequest{Symbol: btc, Timeframe: market.H1, Files: []string{path}, RequestedBy: "test"})
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.Conflict {
		t.Errorf("error %v, want a conflict", err)
	}
}
