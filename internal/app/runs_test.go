package app_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/candlewright/candlewright/internal/postgres/pgtest"
)

var jobID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// TestRunsOfAnotherProcess queues runs without a worker, looks at them, cancels
// and retries them, and watches one that another process carries out.
func TestRunsOfAnotherProcess(t *testing.T) {
	t.Parallel()
	flags, _ := marketOf(t, nil)
	url := pgtest.NewURL(t)
	runs := func(args ...string) result {
		return runProgram(t, slices.Concat([]string{"runs"}, args, []string{"--database-url", url})...)
	}
	if r := runs("list"); r.code != 0 || !strings.Contains(r.out, "no such runs") {
		t.Errorf("list of nothing: %+v", r)
	}
	var ids []string
	for _, ticker := range []string{"AAPL", "MSFT"} {
		r := runProgram(t, slices.Concat([]string{"enrich", ticker, "--timeframes", "1d,1h", "--no-wait", "--database-url", url}, flags)...)
		if r.code != 0 {
			t.Fatalf("enrich: %+v", r)
		}
		ids = append(ids, jobID.FindString(r.out))
	}
	if r := runs("list", "--status", "queued"); r.code != 0 || strings.Count(r.out, "queued") != 2 || !strings.Contains(r.out, "AAPL (stock)") {
		t.Errorf("list: %+v", r)
	}
	if r := runs("list", "--ticker", "msft"); r.code != 0 || !strings.Contains(r.out, ids[1]) || strings.Contains(r.out, ids[0]) {
		t.Errorf("list of a ticker: %+v", r)
	}
	if r := runs("list", "--last", "1"); strings.Contains(r.out, ids[0]) || !strings.Contains(r.out, ids[1]) {
		t.Errorf("the last one: %+v", r)
	}
	if r := runs("show", ids[0]); r.code != 0 || !strings.Contains(r.out, "Nothing was fetched") || !strings.Contains(r.out, "1h") {
		t.Errorf("show: %+v", r)
	}
	if r := runs("cancel", ids[1]); r.code != 0 || !strings.Contains(r.out, "is cancelled") {
		t.Errorf("cancel: %+v", r)
	}
	if r := runs("cancel", ids[1]); r.code != 0 || !strings.Contains(r.out, "has ended already (cancelled)") {
		t.Errorf("cancel again: %+v", r)
	}
	if r := runs("watch", ids[1]); r.code != 1 || !strings.Contains(r.err, "was cancelled") {
		t.Errorf("watch a cancelled run: %+v", r)
	}
	if r := runs("retry", ids[1], ids[0]); r.code != 0 || !strings.Contains(r.out, "is queued again") || !strings.Contains(r.out, "has not ended (queued)") {
		t.Errorf("retry: %+v", r)
	}
	startServer(t, slices.Concat([]string{"serve", "--database-url", url}, flags)...)
	for _, id := range ids {
		if r := runs("watch", id); r.code != 0 || !strings.Contains(r.out, "Run "+id+" completed") || !strings.Contains(r.err, "bars") {
			t.Errorf("watch: %+v", r)
		}
	}
	if r := runs("retry", ids[0]); r.code != 1 || !strings.Contains(r.err, "has completed") {
		t.Errorf("retry a completed run: %+v", r)
	}
	if r := runs("show", ids[0]); r.code != 0 || !strings.Contains(r.out, "polygon") || !strings.Contains(r.out, "completed") || strings.Contains(r.out, "none") {
		t.Errorf("show a completed run: %+v", r)
	}
}

func TestRunsThatDoNotExist(t *testing.T) {
	t.Parallel()
	url := pgtest.NewURL(t)
	for _, verb := range []string{"show", "watch", "cancel", "retry"} {
		const unknown = "3f0c7f0e-4c5e-4a52-9a35-0b1f5f0e9a11"
		if r := runProgram(t, "runs", verb, unknown, "--database-url", url); r.code != 1 || !strings.Contains(r.err, "there is no run with the job id "+unknown) {
			t.Errorf("%s of an unknown run: %+v", verb, r)
		}
		if r := runProgram(t, "runs", verb, "17", "--database-url", url); r.code != 1 || !strings.Contains(r.err, "want a UUID") {
			t.Errorf("%s of no job id: %+v", verb, r)
		}
	}
	for want, args := range map[string][]string{
		"1 to 1000":                {"--last", "0"},
		"no symbol has the ticker": {"--ticker", "NOBODY"},
		"invalid ticker":           {"--ticker", "A/B"},
	} {
		if r := runProgram(t, slices.Concat([]string{"runs", "list", "--database-url", url}, args)...); r.code != 1 || !strings.Contains(r.err, want) {
			t.Errorf("list %v: %+v, want %q", args, r, want)
		}
	}
	if r := runProgram(t, "runs", "list", "--status", "done"); r.code != 2 || !strings.Contains(r.err, "in_progress") {
		t.Errorf("a status that is none: %+v", r)
	}
}
