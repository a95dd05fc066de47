package enrich

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source/file"
	"github.com/candlewright/candlewright/internal/store"
)

// ratioAge is how old a long/short ratio may be at a bar's end.
const ratioAge = 24 * time.Hour

// MetricsRequest is files of Binance's archive of metrics, and the stored series
// into which they are to go.
type MetricsRequest struct {
	Symbol      market.Symbol // a coin
	Timeframe   market.Timeframe
	Files       []string
	RequestedBy string
}

// MetricsImport is what an import of metrics did.
type MetricsImport struct {
	JobID    string
	Readings int // of all files, each instant once
	Bad      int // rows without a readable time
	Candles  int // of the series in the files' range
	Filled   int // of these, that had no open interest or no ratio and have now
}

// ImportMetrics gives stored candles the open interest and the long/short ratio
// that Binance's API forgets after 30 days and its archive keeps. Only candles of
// Binance itself are filled, and only what they lack: the archive tells what the
// API told at its time.
func (s *Service) ImportMetrics(ctx context.Context, r MetricsRequest) (MetricsImport, error) {
	if r.Symbol.Class != market.Crypto {
		return MetricsImport{}, fault.BadInput("file", "metrics of a perpetual: only crypto has them, %s has none", r.Symbol)
	}
	m := &metricsImport{s: s, r: r, now: s.now(), grid: grid.New(r.Symbol.Class, r.Timeframe)}
	if err := m.read(); err != nil {
		return MetricsImport{}, err
	}
	if err := m.begin(ctx); err != nil {
		return MetricsImport{}, err
	}
	defer m.unlock()
	err := m.fill(ctx)
	return m.done, m.end(ctx, err)
}

// metricsImport is one on its way.
type metricsImport struct {
	s        *Service
	r        MetricsRequest
	now      time.Time
	grid     grid.Grid
	readings []file.Reading
	from, to time.Time // of bars that can see a reading
	symbol   pipeline.Symbol
	run      pipeline.Run
	watch    *watch
	unlock   func()
	done     MetricsImport
	wrote    written
}

func (m *metricsImport) read() error {
	for _, path := range m.r.Files {
		f, err := file.ReadMetrics(path)
		if err != nil {
			return fault.BadInput("file", "%v", err)
		}
		units, ok := contractUnits(m.r.Symbol.Ticker, f.Symbol)
		if !ok && f.Rows > 0 {
			return fault.BadInput("file", "%s: the metrics are of %s: want those of the perpetual of %s", filepath.Base(path), f.Symbol, m.r.Symbol.Ticker)
		}
		for _, x := range f.Readings {
			x.OpenInterest *= units
			m.readings = append(m.readings, x)
		}
		m.done.Bad += f.Bad
	}
	if len(m.readings) == 0 {
		return fault.BadInput("file", "the files hold no reading")
	}
	slices.SortStableFunc(m.readings, func(a, b file.Reading) int { return a.At.Compare(b.At) })
	m.readings = slices.CompactFunc(m.readings, func(a, b file.Reading) bool { return a.At.Equal(b.At) })
	m.done.Readings = len(m.readings)
	first, last := m.readings[0].At, m.readings[len(m.readings)-1].At
	m.from = m.grid.Stamp(m.grid.LastEnded(first.Add(-time.Microsecond)) + 1)
	m.to = last.Add(ratioAge)
	return nil
}

// contractUnits is how many coins a unit of a perpetual is, false where it is
// another coin's. BTC and BTCUSDT are one coin.
func contractUnits(ticker, perpetual string) (float64, bool) {
	const quote = "USDT"
	if len(ticker) <= len(quote) || ticker[len(ticker)-len(quote):] != quote {
		ticker += quote
	}
	switch perpetual {
	case ticker:
		return 1, true
	case "1000" + ticker:
		return 1000, true
	}
	return 1, false
}

// begin takes the lock on the series and writes the run.
func (m *metricsImport) begin(ctx context.Context) error {
	var err error
	if m.symbol, err = m.s.store.Symbol(ctx, m.r.Symbol); err != nil {
		return err
	}
	unlock, ok, err := m.s.store.TryLockSeries(ctx, m.symbol.ID, m.r.Timeframe)
	if err != nil {
		return err
	}
	if !ok {
		return fault.Clash("%s %s is being written by another run: try again when it has ended", m.r.Symbol, m.r.Timeframe)
	}
	m.unlock = unlock
	err = m.s.store.InTx(ctx, func(tx *store.Tx) error {
		m.run, err = m.s.createRun(ctx, tx, m.symbol, runSpec{
			trigger: pipeline.TriggerImport, timeframes: []market.Timeframe{m.r.Timeframe}, from: m.from, to: m.to,
			total: m.grid.Count(m.from, m.to), by: m.r.RequestedBy,
		}, m.now)
		if err != nil {
			return err
		}
		m.run, err = tx.StartRun(ctx, m.run.ID, 1, m.now)
		return err
	})
	if err != nil {
		unlock()
		return err
	}
	m.done.JobID = m.run.JobID.String()
	m.watch = m.s.watchRun(m.run)
	return nil
}

// fill goes through the series in chunks of whole commits.
func (m *metricsImport) fill(ctx context.Context) error {
	page := store.CandlePage{Range: store.Range{From: m.from, To: m.to}, Limit: DefaultChunkRows}
	for more := true; more; {
		list, err := m.s.store.Candles(ctx, m.symbol.ID, m.r.Timeframe, page)
		if err != nil || len(list.Rows) == 0 {
			return err
		}
		more, page.After = list.More, list.Rows[len(list.Rows)-1].TS
		rows := m.rows(list.Rows)
		var one written
		watch := *m.watch
		err = m.s.store.InTx(ctx, func(tx *store.Tx) error {
			*m.watch = watch // a repeated transaction tells its progress anew
			if one, err = m.s.writeDelta(ctx, tx, m.target(), delta{rows: rows}); err != nil {
				return err
			}
			return m.watch.stored(ctx, tx, m.r.Timeframe, len(list.Rows))
		})
		if err != nil {
			*m.watch = watch // none of it is stored
			return err
		}
		m.wrote.add(one)
		m.done.Candles += len(list.Rows)
		m.done.Filled += one.Updated
	}
	return nil
}

// target writes as what it is: more of Binance's own delivery.
func (m *metricsImport) target() target {
	return target{
		symbol: m.symbol, grid: m.grid, runID: m.run.ID, priority: m.s.priority(m.symbol.Class), by: string(market.Binance),
		now: m.now, elapsed: m.s.elapsed,
	}
}

// rows are the candles that lack something and get it.
func (m *metricsImport) rows(candles []pipeline.Candle) []quality.Checked {
	var rows []quality.Checked
	for i := range candles {
		c := &candles[i]
		if c.Source != market.Binance || c.Manual {
			continue
		}
		slot, _ := m.grid.At(c.TS)
		row := quality.Checked{Candle: c.Candle, Slot: slot, Failed: c.Verdict.Failed.Without(quality.FeatureSane)}
		end := m.grid.End(slot)
		interest := m.newest(c.TS, end, func(r file.Reading) float64 { return r.OpenInterest })
		ratio := m.newest(end.Add(-ratioAge-time.Nanosecond), end, func(r file.Reading) float64 { return r.LongShortRatio })
		if give(&row.Candle, market.OpenInterest, interest) || give(&row.Candle, market.LongShortRatio, ratio) {
			give(&row.Candle, market.LongShortRatio, ratio)
			row.Candle.Offered |= market.Offer(market.OpenInterest, market.LongShortRatio)
			rows = append(rows, row)
		}
	}
	return rows
}

// newest is the value of the newest reading stamped in (after, end] that has one.
func (m *metricsImport) newest(after, end time.Time, value func(file.Reading) float64) float64 {
	n, found := slices.BinarySearchFunc(m.readings, end, func(r file.Reading, t time.Time) int { return r.At.Compare(t) })
	if found {
		n++
	}
	for n--; n >= 0 && m.readings[n].At.After(after); n-- {
		if v := value(m.readings[n]); !math.IsNaN(v) {
			return v
		}
	}
	return math.NaN()
}

// give puts a value into a field that has none.
func give(c *market.Candle, f market.Field, v float64) bool {
	if math.IsNaN(v) || !math.IsNaN(c.Delivered[f]) {
		return false
	}
	c.Delivered[f] = v
	return true
}

// end writes the logs and the end of the run, whatever became of it.
func (m *metricsImport) end(ctx context.Context, failure error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	err := m.s.store.InTx(ctx, func(tx *store.Tx) error {
		for _, path := range m.r.Files {
			// No range: the files answer for no candle.
			log := pipeline.FetchLog{
				SymbolID: m.symbol.ID, Timeframe: m.r.Timeframe, RunID: m.run.ID, Source: market.CSV, Success: true, Attempt: 1,
				Detail: filepath.Base(path) + ": open interest and long/short ratios of Binance's archive", CreatedAt: m.now,
			}
			if failure != nil {
				logFailure(&log, failure)
			}
			if _, err := tx.AddFetchLog(ctx, log); err != nil {
				return err
			}
		}
		log := computeLog(m.symbol.ID, m.r.Timeframe, m.run.ID, m.wrote, m.now)
		if failure != nil {
			log.Success, log.ErrorMessage = false, failure.Error()
		}
		if _, err := tx.AddComputeLog(ctx, log); err != nil {
			return err
		}
		return m.s.endRun(ctx, tx, m.run, m.watch, failure)
	})
	return errors.Join(failure, err)
}
