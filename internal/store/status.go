package store

import (
	"context"
	"time"

	"github.com/candlewright/candlewright/db"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/quality"
)

// Status is what the last commit left to know about a symbol. Its word, age and
// scores have aged since: they are kept for people who read the table, and
// health is computed anew from the rest.
type Status struct {
	SymbolID           int64
	LastEnrichmentTime time.Time // end of the last ended run, cancelled ones left out; zero: none ended
	LastRunFailed      bool
	ErrorMessage       string         // of the last ended run, if that failed
	Window             quality.Window // of the last 30 sessions with data
	Word               quality.HealthStatus
	DataAge            *time.Duration // nil: nothing is stored
	Records            int64          // of all timeframes
	UpdatedAt          time.Time
}

// PutStatus writes the status of a symbol.
func (s *queries) PutStatus(ctx context.Context, st Status) error {
	n, err := s.q.PutStatus(ctx, newStatus(st))
	if err == nil && n == 0 {
		return noSymbol()
	}
	return failed(ctx, "write status", err)
}

// Statuses gives the status of each symbol that has one.
func (s *queries) Statuses(ctx context.Context, symbolIDs []int64) (map[int64]Status, error) {
	rows, err := s.q.StatusesOf(ctx, symbolIDs)
	if err != nil {
		return nil, failed(ctx, "read statuses", err)
	}
	statuses := make(map[int64]Status, len(rows))
	for _, r := range rows {
		statuses[r.SymbolID] = statusOf(r)
	}
	return statuses, nil
}

// SymbolState is all from which the health of a symbol is computed.
type SymbolState struct {
	pipeline.Symbol
	Status Status                // word, age, records and time of writing are not read
	Series []pipeline.SeriesInfo // finest first
}

// StatesByTicker gives the state of the symbols with that ticker in one
// statement, as many as there are classes of it. Any text is a legal question.
func (s *queries) StatesByTicker(ctx context.Context, ticker string) ([]SymbolState, error) {
	rows, err := s.q.StatesByTicker(ctx, clean(ticker))
	if err != nil {
		return nil, failed(ctx, "read the state of a ticker", err)
	}
	var states []SymbolState
	for _, r := range rows {
		states = addState(states, db.StatesByIDsRow(r))
	}
	return states, nil
}

// StatesByIDs is StatesByTicker for many symbols; those that do not exist have
// no entry.
func (s *queries) StatesByIDs(ctx context.Context, ids []int64) (map[int64]SymbolState, error) {
	rows, err := s.q.StatesByIDs(ctx, ids)
	if err != nil {
		return nil, failed(ctx, "read the states of symbols", err)
	}
	var states []SymbolState
	for _, r := range rows {
		states = addState(states, r)
	}
	byID := make(map[int64]SymbolState, len(states))
	for _, st := range states {
		byID[st.ID] = st
	}
	return byID, nil
}

// addState takes one row of a symbol joined with its series: rows of one symbol
// follow each other.
func addState(states []SymbolState, r db.StatesByIDsRow) []SymbolState {
	if n := len(states); n == 0 || states[n-1].ID != r.Symbol.ID {
		sym := symbolOf(r.Symbol)
		states = append(states, SymbolState{Symbol: sym, Status: Status{
			SymbolID:           r.Symbol.ID,
			LastEnrichmentTime: timeOf(r.LastEnrichmentTime),
			LastRunFailed:      r.LastRunFailed.Bool,
			ErrorMessage:       r.ErrorMessage.String,
			Window: quality.Window{
				Records: r.WindowRecords.Int64, Validated: r.WindowValidated.Int64, ScoreSum: r.WindowScoreSum.Float64,
			},
		}})
	}
	if r.SeriesTimeframe == "" {
		return states
	}
	st := &states[len(states)-1]
	st.Series = append(st.Series, pipeline.SeriesInfo{
		SymbolID:  r.Symbol.ID,
		Timeframe: market.Timeframe(r.SeriesTimeframe),
		Basis:     int(r.Basis.Int32),
		First:     timeOf(r.FirstTs),
		Last:      timeOf(r.LastTs),
		Records:   r.Records.Int64,
		Validated: r.Validated.Int64,
		Anomalies: r.Anomalies.Int64,
		Revision:  r.Revision.Int64,
		Digest:    pipeline.Digest(r.Digest),
	})
	finestFirst(st.Series)
	return states
}

func statusOf(r db.StatusesOfRow) Status {
	st := Status{
		SymbolID:           r.SymbolID,
		LastEnrichmentTime: timeOf(r.LastEnrichmentTime),
		LastRunFailed:      r.LastRunFailed,
		ErrorMessage:       r.ErrorMessage.String,
		Window:             quality.Window{Records: r.WindowRecords, Validated: r.WindowValidated, ScoreSum: r.WindowScoreSum},
		Word:               quality.HealthStatus(r.Status),
		Records:            int64(r.RecordsAvailable),
		UpdatedAt:          r.UpdatedAt.UTC(),
	}
	if r.DataAgeSeconds.Valid {
		age := time.Duration(r.DataAgeSeconds.Int32) * time.Second
		st.DataAge = &age
	}
	return st
}

func newStatus(st Status) db.PutStatusParams {
	p := db.PutStatusParams{
		Status:             string(st.Word),
		LastEnrichmentTime: nullTime(st.LastEnrichmentTime),
		RecordsAvailable:   int4(st.Records),
		QualityScore:       nullFloat(orMissing(st.Window.Score())),
		ValidationRate:     nullFloat(orMissing(st.Window.Rate())),
		WindowRecords:      st.Window.Records,
		WindowValidated:    st.Window.Validated,
		WindowScoreSum:     st.Window.ScoreSum,
		LastRunFailed:      st.LastRunFailed,
		ErrorMessage:       nullText(st.ErrorMessage),
		Now:                st.UpdatedAt,
		SymbolID:           st.SymbolID,
	}
	if st.DataAge != nil {
		seconds := int(*st.DataAge / time.Second)
		p.DataAgeSeconds = nullInt(&seconds)
	}
	return p
}
