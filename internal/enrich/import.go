package enrich

import (
	"context"
	"errors"
	"time"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
	"github.com/candlewright/candlewright/internal/source/file"
	"github.com/candlewright/candlewright/internal/store"
)

// DefaultChunkRows is the number of rows that one commit brings into a series.
const DefaultChunkRows = 10_000

// ImportRequest is what to import, and what the files mean where they do not
// say so themselves.
type ImportRequest struct {
	Symbol    market.Symbol
	Timeframe market.Timeframe
	Files     []string
	Funding   string // a file of funding payments; "" is none

	FileInterval file.Interval // of the files' bars; "" is the timeframe
	Resample     bool          // put finer bars together to the timeframe's
	Zone         *time.Location
	VolumeUnit   file.VolumeUnit
	SkipBadRows  bool
	Manual       bool      // store as manual corrections, above every source
	From, To     time.Time // only rows stamped in [From, To); zero is open
	FetchedAt    time.Time // the files count as fetched then; zero is now
	ChunkRows    int       // 0 is DefaultChunkRows

	RequestedBy string
	Report      func(ImportProgress) // may be nil

	rowsInMemory int
}

func (r *ImportRequest) interval() file.Interval {
	if r.FileInterval == "" {
		return file.Interval(r.Timeframe)
	}
	return r.FileInterval
}

func (r *ImportRequest) resamples() bool { return r.interval() != file.Interval(r.Timeframe) }

func (r *ImportRequest) covers(ts time.Time) bool {
	return (r.From.IsZero() || !ts.Before(r.From)) && (r.To.IsZero() || ts.Before(r.To))
}

// ImportProgress tells how far an import is.
type ImportProgress struct {
	Stage pipeline.Stage // StageValidate while reading, then StageStore
	File  string
	Rows  int // read or stored so far, over all files
	Total int // rows to store; 0 while reading
}

// Import reads, checks and orders all files first; only when all can be used it
// stores them, in chunks of whole commits. It is a run of its own: the symbol is
// tracked with the timeframe, and nothing is scheduled.
func (s *Service) Import(ctx context.Context, r ImportRequest) (Import, error) {
	if err := r.fill(s.now()); err != nil {
		return Import{}, err
	}
	im := &importing{s: s, r: r, now: s.now()}
	defer im.close()
	if err := im.read(ctx); err != nil {
		return Import{}, err
	}
	if err := im.begin(ctx); err != nil {
		return Import{}, err
	}
	defer im.release()
	err := im.store(ctx)
	if err := im.end(ctx, err); err != nil {
		return Import{}, err
	}
	return im.result(), nil
}

func (r *ImportRequest) fill(now time.Time) error {
	if r.FetchedAt.IsZero() {
		r.FetchedAt = now
	}
	if r.ChunkRows == 0 {
		r.ChunkRows = DefaultChunkRows
	}
	if r.rowsInMemory == 0 {
		r.rowsInMemory = rowsInMemory
	}
	if r.Report == nil {
		r.Report = func(ImportProgress) {}
	}
	switch {
	case r.FetchedAt.After(now):
		return fault.BadInput("fetchedAt", "the files cannot have been fetched at %s, which is still to come", r.FetchedAt.Format(time.RFC3339))
	case r.ChunkRows < 1 || r.ChunkRows > DefaultChunkRows:
		return fault.BadInput("chunk", "a chunk of %d rows: want 1 to %d", r.ChunkRows, DefaultChunkRows)
	case r.resamples() && !r.Resample:
		return fault.BadInput("fileTimeframe", "the files hold %s bars and the series %s: want --resample to put them together", r.interval(), r.Timeframe)
	case r.Funding != "" && r.Symbol.Class != market.Crypto:
		return fault.BadInput("funding", "only crypto has funding payments, %s has none", r.Symbol)
	case !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To):
		return fault.BadInput("from", "the range from %s to %s is empty: want a start before the end", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	return nil
}

// importing is one import on its way.
type importing struct {
	s       *Service
	r       ImportRequest
	now     time.Time
	files   []*readFile
	funding file.Funding
	symbol  pipeline.Symbol
	run     pipeline.Run
	unlock  func()
	watch   *watch
	total   int
	stored  int
	done    written
	results []ImportedFile
	broken  *readFile // the one that was being stored when the import failed
}

func (im *importing) close() {
	for _, f := range im.files {
		f.rows.close()
	}
}

// read is the first pass over everything.
func (im *importing) read(ctx context.Context) error {
	if im.r.Funding != "" {
		var err error
		if im.funding, err = file.ReadFunding(im.r.Funding, file.Options{Class: im.r.Symbol.Class, Interval: im.r.interval(), Zone: im.r.Zone}); err != nil {
			return fault.BadInput("funding", "%v", err)
		}
	}
	var pool *partPool
	if im.r.resamples() {
		var err error
		if pool, err = newPartPool(im.r); err != nil {
			return err
		}
		defer pool.close()
	}
	before := 0
	for _, path := range im.r.Files {
		f, err := im.s.readOne(ctx, path, im.r, pool, func(n int) {
			im.r.Report(ImportProgress{Stage: pipeline.StageValidate, File: path, Rows: before + n})
		})
		if err != nil {
			return err
		}
		im.files = append(im.files, f)
		before += f.read
	}
	if pool != nil {
		if err := pool.resample(ctx); err != nil {
			return err
		}
	}
	for _, f := range im.files {
		f.ordered = f.order.Finish()
		im.total += f.ordered.Len()
	}
	return nil
}

// begin tracks the symbol, takes the lock on the series and writes the run, all
// in one transaction: an import that is refused leaves no trace.
func (im *importing) begin(ctx context.Context) error {
	s, r := im.s, im.r
	from, to := im.extent()
	err := s.store.InTx(ctx, func(tx *store.Tx) error {
		im.release() // a repeated transaction may find the symbol under another id
		var err error
		im.symbol, err = tx.TrackSymbol(ctx, store.Tracking{Symbol: r.Symbol, Timeframes: []market.Timeframe{r.Timeframe}}, im.now)
		if err != nil {
			return err
		}
		unlock, ok, err := s.store.TryLockSeries(ctx, im.symbol.ID, r.Timeframe)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Clash("%s %s is being written by another run: try again when it has ended", r.Symbol, r.Timeframe)
		}
		im.unlock = unlock
		im.run, err = s.createRun(ctx, tx, im.symbol, runSpec{
			trigger: pipeline.TriggerImport, timeframes: []market.Timeframe{r.Timeframe},
			from: from, to: to, total: int64(im.total), by: r.RequestedBy,
		}, im.now)
		if err != nil {
			return err
		}
		im.run, err = tx.StartRun(ctx, im.run.ID, 1, im.now)
		return err
	})
	if err != nil {
		im.release()
		return err
	}
	im.watch = s.watchRun(im.run)
	return nil
}

// release lets go of the series, if the import has it.
func (im *importing) release() {
	if im.unlock != nil {
		im.unlock()
		im.unlock = nil
	}
}

// extent is the range of all files, from the first stamp to just after the last
// one, by the smallest step that the database keeps; an empty range at the
// import's moment where they hold nothing.
func (im *importing) extent() (from, to time.Time) {
	for _, f := range im.files {
		if f.first.IsZero() {
			continue
		}
		if from.IsZero() || f.first.Before(from) {
			from = f.first
		}
		if after := f.last.Add(time.Microsecond); after.After(to) {
			to = after
		}
	}
	if from.IsZero() {
		return im.now, im.now
	}
	return from, to
}

// store is the second pass: payments first, since features follow from them,
// then each file in chunks.
func (im *importing) store(ctx context.Context) error {
	t := target{
		symbol: im.symbol, grid: grid.New(im.symbol.Class, im.r.Timeframe), runID: im.run.ID,
		priority: im.s.priority(im.symbol.Class), by: string(market.CSV), now: im.now, elapsed: im.s.elapsed,
	}
	if im.r.Manual {
		t.by = im.r.RequestedBy
	}
	for _, f := range im.files {
		if n := f.newest(); n.After(t.newest) {
			t.newest = n
		}
	}
	if err := im.storePayments(ctx, t); err != nil {
		return err
	}
	for _, f := range im.files {
		done, err := im.storeFile(ctx, t, f)
		im.done.add(done)
		im.results = append(im.results, im.summary(f, done))
		if err != nil {
			im.broken = f
			return err
		}
	}
	return nil
}

// storePayments stores the payments and recomputes what the symbol's series had
// before: payments are the symbol's, whichever of its series the file is for.
func (im *importing) storePayments(ctx context.Context, t target) error {
	if len(im.funding.Payments) == 0 {
		return nil
	}
	var done written
	err := im.s.store.InTx(ctx, func(tx *store.Tx) error {
		done = written{} // a repeated transaction counts anew
		earliest, changed, err := tx.PutPayments(ctx, im.symbol.ID, market.CSV, nil, im.funding.Payments, im.now)
		if err != nil || !changed {
			return err
		}
		series, err := tx.Series(ctx, im.symbol.ID)
		if err != nil {
			return err
		}
		for _, info := range series {
			of := t
			if info.Timeframe != im.r.Timeframe {
				of.grid, of.newest = grid.New(im.symbol.Class, info.Timeframe), info.Last
			}
			one, err := im.s.writeDelta(ctx, tx, of, delta{payments: earliest})
			if err != nil {
				return err
			}
			done.add(one)
		}
		return nil
	})
	if err != nil {
		return err
	}
	im.done.add(done)
	return nil
}

// storeFile stores a file chunk by chunk. The failed checks of the rows that
// were dropped go with the first commit: they are kept once however often the
// import is repeated.
func (im *importing) storeFile(ctx context.Context, t target, f *readFile) (written, error) {
	var done written
	failures := f.failures
	for _, slot := range f.ordered.Copied() {
		failures = append(failures, quality.NewFailure(f.grid.Stamp(slot), quality.Unique))
	}
	for at := 0; at < f.ordered.Len() || at == 0; at += im.r.ChunkRows {
		d := delta{failures: failures}
		failures = nil
		for i := at; i < min(at+im.r.ChunkRows, f.ordered.Len()); i++ {
			placed := f.ordered.At(i)
			x, err := f.rows.at(placed.Number)
			if err != nil {
				return done, err
			}
			c := quality.Checked{Candle: x.candle, Slot: placed.Slot, Failed: x.failed}
			if placed.Late {
				c.Failed = c.Failed.With(quality.Monotonic)
			}
			d.rows = append(d.rows, c)
			d.failures = append(d.failures, quality.FailuresOf(c.Candle.TS, c.Failed)...)
		}
		var one written
		watch := *im.watch
		err := im.s.store.InTx(ctx, func(tx *store.Tx) error {
			*im.watch = watch // a repeated transaction tells its progress anew
			var err error
			if one, err = im.s.writeDelta(ctx, tx, t, d); err != nil {
				return err
			}
			return im.watch.stored(ctx, tx, im.r.Timeframe, len(d.rows))
		})
		if err != nil {
			*im.watch = watch // none of it is stored
			return done, err
		}
		done.add(one)
		im.stored += len(d.rows)
		im.r.Report(ImportProgress{Stage: pipeline.StageStore, File: f.name, Rows: im.stored, Total: im.total})
	}
	return done, nil
}

// end writes the logs and the end of the run, whatever became of it.
func (im *importing) end(ctx context.Context, failure error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	err := im.s.store.InTx(ctx, func(tx *store.Tx) error {
		for i, f := range im.files {
			if i < len(im.results) {
				if err := im.logFile(ctx, tx, f, im.results[i], failure); err != nil {
					return err
				}
			}
		}
		if err := im.logCompute(ctx, tx, failure); err != nil {
			return err
		}
		return im.s.endRun(ctx, tx, im.run, im.watch, failure)
	})
	return errors.Join(failure, err)
}

func (im *importing) logFile(ctx context.Context, tx *store.Tx, f *readFile, res ImportedFile, failure error) error {
	ms := int(f.took.Milliseconds())
	log := pipeline.FetchLog{
		SymbolID: im.symbol.ID, Timeframe: im.r.Timeframe, RunID: im.run.ID, Source: market.CSV,
		Fetched: res.Fetched, Inserted: res.Inserted, Updated: res.Updated, Rejected: res.Rejected,
		Success: true, ResponseTimeMs: &ms, Attempt: 1, Detail: res.detail(), CreatedAt: im.now,
	}
	if !f.first.IsZero() {
		log.From, log.To = f.first, f.last.Add(time.Microsecond)
	}
	if f == im.broken {
		logFailure(&log, failure)
	}
	_, err := tx.AddFetchLog(ctx, log)
	return err
}

// logFailure has the log of a file say that the file was not stored to its end:
// the slots that it left empty are no answer of the file's.
func logFailure(log *pipeline.FetchLog, failure error) {
	why := runError(failure)
	log.Success, log.ErrorCode, log.ErrorMessage = false, why.Code, why.Message
}

func (im *importing) logCompute(ctx context.Context, tx *store.Tx, failure error) error {
	log := computeLog(im.symbol.ID, im.r.Timeframe, im.run.ID, im.done, im.now)
	if failure != nil {
		log.Success, log.ErrorMessage = false, failure.Error()
	}
	_, err := tx.AddComputeLog(ctx, log)
	return err
}

func (im *importing) result() Import {
	return Import{JobID: im.run.JobID.String(), Files: im.results}
}
