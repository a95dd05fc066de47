package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// requestedBy is who a run of a mutation is recorded as asked for by.
const requestedBy = "graphql"

// The mutations: input in, one command of the service, payload out.

func readSymbol(ticker string, class market.AssetClass) (market.Symbol, error) {
	t, err := market.ParseTicker(ticker)
	if err != nil {
		return market.Symbol{}, &fault.Error{Code: fault.BadUserInput, Argument: "input.ticker", Detail: err.Error()}
	}
	return market.Symbol{Ticker: t, Class: class}, nil
}

// readTimeframes gives each timeframe once, in the order sent.
func readTimeframes(sent []market.Timeframe) ([]market.Timeframe, error) {
	if len(sent) == 0 {
		return nil, fault.BadInput("input.timeframes", "there is no timeframe: want at least one")
	}
	var tfs []market.Timeframe
	for _, tf := range sent {
		if !slices.Contains(tfs, tf) {
			tfs = append(tfs, tf)
		}
	}
	return tfs, nil
}

// maxName is how long the name of a symbol may be, in characters.
const maxName = 200

func readName(name *string) (string, error) {
	if name == nil {
		return "", nil
	}
	trimmed := strings.TrimSpace(*name)
	if n := len([]rune(trimmed)); n == 0 || n > maxName {
		return "", fault.BadInput("input.name", "the name has %d characters: want 1 to %d, or none given", n, maxName)
	}
	return trimmed, nil
}

func (r *Resolver) trackSymbol(ctx context.Context, in model.TrackSymbolInput) (*model.TrackSymbolPayload, error) {
	name, err := readSymbol(in.Ticker, in.AssetClass)
	if err != nil {
		return nil, err
	}
	tfs, err := readTimeframes(in.Timeframes)
	if err != nil {
		return nil, err
	}
	full, err := readName(in.Name)
	if err != nil {
		return nil, err
	}
	sym, err := r.service.Track(ctx, enrich.TrackRequest{Symbol: name, Timeframes: tfs, Name: full})
	if err != nil {
		return nil, err
	}
	remember(ctx, []pipeline.Symbol{sym})
	return &model.TrackSymbolPayload{Symbol: &sym, ClientMutationID: in.ClientMutationID}, nil
}

func (r *Resolver) untrackSymbol(ctx context.Context, in model.UntrackSymbolInput) (*model.UntrackSymbolPayload, error) {
	name, err := readSymbol(in.Ticker, in.AssetClass)
	if err != nil {
		return nil, err
	}
	sym, err := r.service.Untrack(ctx, name)
	if err != nil {
		return nil, blamed(err, fault.SymbolNotFound, "input.ticker")
	}
	remember(ctx, []pipeline.Symbol{sym})
	return &model.UntrackSymbolPayload{Symbol: &sym, ClientMutationID: in.ClientMutationID}, nil
}

func (r *Resolver) triggerEnrichment(ctx context.Context, in model.TriggerEnrichmentInput) (*model.TriggerEnrichmentPayload, error) {
	name, err := readSymbol(in.Ticker, in.AssetClass)
	if err != nil {
		return nil, err
	}
	tfs, err := readTimeframes(in.Timeframes)
	if err != nil {
		return nil, err
	}
	t, err := r.service.Trigger(ctx, enrich.TriggerRequest{Ticker: name.Ticker, Class: name.Class, Timeframes: tfs, RequestedBy: requestedBy})
	if err != nil {
		return nil, err
	}
	remember(ctx, []pipeline.Run{t.Run})
	return &model.TriggerEnrichmentPayload{
		Run: &t.Run, TotalRecordsToProcess: t.TotalRecords, EstimatedDurationSeconds: t.EstimatedSeconds, ClientMutationID: in.ClientMutationID,
	}, nil
}

func (r *Resolver) cancelRun(ctx context.Context, in model.CancelRunInput) (*model.CancelRunPayload, error) {
	run, err := r.service.Cancel(ctx, in.JobID)
	if err != nil {
		return nil, blamed(err, fault.NotFound, "input.jobId")
	}
	remember(ctx, []pipeline.Run{run})
	return &model.CancelRunPayload{Run: &run, ClientMutationID: in.ClientMutationID}, nil
}

func (r *Resolver) retryRun(ctx context.Context, in model.RetryRunInput) (*model.RetryRunPayload, error) {
	run, err := r.service.Retry(ctx, in.JobID)
	if err != nil {
		return nil, blamed(err, fault.NotFound, "input.jobId")
	}
	remember(ctx, []pipeline.Run{run})
	return &model.RetryRunPayload{Run: &run, ClientMutationID: in.ClientMutationID}, nil
}

// blamed names the argument that a fault with a code is about.
func blamed(err error, code fault.Code, argument string) error {
	if !fault.Is(err, code) {
		return err
	}
	return &fault.Error{Code: code, Detail: fault.Show(err).Detail, Argument: argument, Err: err}
}
