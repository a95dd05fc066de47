package graph_test

import (
	"sync"
	"testing"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/pipeline"
	"github.com/candlewright/candlewright/internal/store"
)

const runFields = `jobId status timeframes trigger requestedBy attempt maxAttempts finishedAt error { code message retryable }
	progress { seq status stage fraction } backfills { timeframe status retryCount errorMessage } symbol { ticker active timeframes }`

func TestTrackingIsSafeToRepeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const track = `mutation($in: TrackSymbolInput!) { trackSymbol(input: $in) { symbol { id ticker assetClass name active timeframes addedAt health { status nextEnrichment } } clientMutationId } }`
	in := map[string]any{"ticker": "eth", "assetClass": "CRYPTO", "timeframes": []string{"D1", "H1", "D1"}, "name": " Ether ", "clientMutationId": "one"}
	first := w.must(track, "in", in)
	if s := at(t, first, "trackSymbol.symbol"); true {
		m := s.(map[string]any)
		id := m["id"]
		delete(m, "id")
		same(t, "tracked", m, map[string]any{
			"ticker": "ETH", "assetClass": "CRYPTO", "name": "Ether", "active": true, "timeframes": []any{"H1", "D1"},
			"addedAt": "2026-11-24T21:30:00.123456Z", "health": map[string]any{"status": "NOT_ENRICHED", "nextEnrichment": "2026-11-25T01:30:00Z"},
		})
		m["id"] = id
	}
	same(t, "client's id", at(t, first, "trackSymbol.clientMutationId"), "one")
	same(t, "again", w.must(track, "in", in), first)
	more := w.must(track, "in", map[string]any{"ticker": "ETH", "assetClass": "CRYPTO", "timeframes": []string{"W1"}})
	same(t, "a timeframe more", at(t, more, "trackSymbol.symbol.timeframes"), []any{"H1", "D1", "W1"})
	same(t, "the name stays", at(t, more, "trackSymbol.symbol.name"), "Ether")

	const untrack = `mutation { untrackSymbol(input: {ticker: "eth", assetClass: CRYPTO}) { symbol { ticker active timeframes health { nextEnrichment } } } }`
	gone := w.must(untrack)
	same(t, "untracked", at(t, gone, "untrackSymbol.symbol"), map[string]any{"ticker": "ETH", "active": false, "timeframes": []any{"H1", "D1", "W1"}, "health": map[string]any{"nextEnrichment": nil}})
	same(t, "untracked again", w.must(untrack), gone)
	same(t, "found still", at(t, w.must(`{ symbols(filter: {active: false}) { nodes { ticker } } }`), "symbols.nodes.0.ticker"), "ETH")
}

func TestTriggersOfTheSameWorkGiveOneRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const trigger = `mutation($tf: [Timeframe!]!) { triggerEnrichment(input: {ticker: "btc", assetClass: CRYPTO, timeframes: $tf}) { run { ` + runFields + ` } totalRecordsToProcess estimatedDurationSeconds } }`
	var all sync.WaitGroup
	answers := make([]map[string]any, 8)
	for i := range answers {
		all.Go(func() { answers[i] = w.ask(trigger, "tf", []string{"H1", "D1"}).Data })
	}
	all.Wait()
	for _, a := range answers[1:] {
		same(t, "simultaneous triggers", at(t, a, "triggerEnrichment.run.jobId"), at(t, answers[0], "triggerEnrichment.run.jobId"))
	}
	if n := w.queue.len(); n != 1 {
		t.Errorf("%d runs were queued, want 1", n)
	}
	run := at(t, answers[0], "triggerEnrichment.run").(map[string]any)
	delete(run, "jobId")
	same(t, "the run", run, map[string]any{
		"status": "QUEUED", "timeframes": []any{"H1", "D1"}, "trigger": "MANUAL", "requestedBy": "graphql", "attempt": 0.0, "maxAttempts": 3.0,
		"finishedAt": nil, "error": nil, "progress": map[string]any{"seq": 0.0, "status": "QUEUED", "stage": "FETCH", "fraction": 0.0},
		"backfills": []any{
			map[string]any{"timeframe": "H1", "status": "PENDING", "retryCount": 0.0, "errorMessage": nil},
			map[string]any{"timeframe": "D1", "status": "PENDING", "retryCount": 0.0, "errorMessage": nil},
		},
		"symbol": map[string]any{"ticker": "BTC", "active": true, "timeframes": []any{"H1", "D1"}},
	})
	same(t, "bars", at(t, answers[0], "triggerEnrichment.totalRecordsToProcess"), 365.0*24+21+365)
	if d := w.must(trigger, "tf", []string{"D1"}); at(t, d, "triggerEnrichment.run.jobId") != at(t, answers[1], "triggerEnrichment.run.jobId") {
		t.Error("a queued run that covers the request is not given")
	}
	w.must(trigger, "tf", []string{"W1"})
	if n := w.queue.len(); n != 2 {
		t.Errorf("%d runs were queued, want 2", n)
	}
}

func (w *world) command(name string, run pipeline.Run) map[string]any {
	w.t.Helper()
	data := w.must(`mutation($job: UUID!) { `+name+`(input: {jobId: $job}) { run { `+runFields+` } } }`, "job", run.JobID)
	return at(w.t, data, name+".run").(map[string]any)
}

func TestRunsAreCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	queued := w.newRun("AAA")
	got := w.command("cancelRun", queued)
	if got["status"] != "CANCELLED" || got["finishedAt"] == nil || at(t, got, "progress.stage") != "DONE" || at(t, got, "backfills.0.status") != "CANCELLED" {
		t.Errorf("a queued run: %v", got)
	}
	same(t, "cancelled again", w.command("cancelRun", queued), got)

	running := w.newRun("BBB")
	w.event(running, pipeline.RunInProgress, 0)
	if got := w.command("cancelRun", running); got["status"] != "IN_PROGRESS" {
		t.Errorf("a run in progress: %v", got)
	}
	if asked, err := w.store.CancelRequested(t.Context(), running.ID); err != nil || !asked {
		t.Errorf("its worker is not asked: %v %v", asked, err)
	}
	w.event(running, pipeline.RunCompleted, 100)
	if got := w.command("cancelRun", running); got["status"] != "COMPLETED" {
		t.Errorf("a run that has ended: %v", got)
	}
}

func TestRunsAreQueuedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.newRun("AAA")
	same(t, "a queued run stays", w.command("retryRun", run)["attempt"], 0.0)
	w.event(run, pipeline.RunInProgress, 0)
	_, err := w.store.EndRun(t.Context(), run.ID, store.RunEnd{
		Status: pipeline.RunFailed, RecordsDone: 40,
		Error: &pipeline.RunError{Code: "SOURCE_DOWN", Message: "nobody answers", Retryable: true},
	}, now)
	check(t, err)
	failed := at(t, w.must(`query($j: UUID) { enrichmentRun(jobId: $j) { `+runFields+` } }`, "j", run.JobID), "enrichmentRun").(map[string]any)
	same(t, "why it failed", failed["error"], map[string]any{"code": "SOURCE_DOWN", "message": "nobody answers", "retryable": true})
	same(t, "its progress", failed["progress"], map[string]any{"seq": 1.0, "status": "FAILED", "stage": "DONE", "fraction": 40.0 / float64(run.RecordsTotal)})

	before := w.queue.len()
	got := w.command("retryRun", run)
	if got["status"] != "QUEUED" || got["error"] != nil || got["finishedAt"] != nil || got["attempt"] != 1.0 || got["maxAttempts"] != 4.0 {
		t.Errorf("queued again: %v", got)
	}
	same(t, "what is left to do", at(t, got, "backfills.0"), map[string]any{"timeframe": "H1", "status": "PENDING", "retryCount": 1.0, "errorMessage": nil})
	same(t, "where it stands", at(t, got, "progress.status"), "QUEUED")
	if at(t, got, "progress.seq") != 2.0 || w.queue.len() != before+1 {
		t.Errorf("seq %v, %d runs queued", at(t, got, "progress.seq"), w.queue.len()-before)
	}
	same(t, "again, while it is queued", w.command("retryRun", run), got)
	if w.queue.len() != before+1 {
		t.Error("it was queued twice")
	}

	w.event(run, pipeline.RunCompleted, 100)
	w.imported(btc, market.H1, 50, now)
	runs := w.must(`{ enrichmentRuns(filter: {trigger: [IMPORT]}) { nodes { jobId } } }`)
	for job, says := range map[any]string{run.JobID: "has completed", at(t, runs, "enrichmentRuns.nodes.0.jobId"): "imported files"} {
		a := w.ask(`mutation($job: UUID!) { retryRun(input: {jobId: $job}) { run { id } } }`, "job", job)
		if len(a.Errors) != 1 || a.Errors[0].code() != "CONFLICT" {
			t.Errorf("%s: %s", says, a.body)
		}
	}
}
