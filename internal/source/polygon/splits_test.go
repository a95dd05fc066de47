package polygon_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/sourcetest"
)

func splits(t *testing.T, p *sourcetest.Replayed, ticker, from, to string) ([]source.Split, []source.Attempt, error) {
	t.Helper()
	var failed []source.Attempt
	s := newSource(t, p.URL, sourcetest.Options{Clock: sourcetest.Instant(now)}).(source.SplitSource)
	list, attempt, err := s.Splits(t.Context(), source.Request{
		Symbol: market.Symbol{Ticker: ticker, Class: market.Stock}, From: day(from), To: day(to), Now: now,
		OnFailure: func(a source.Attempt) { failed = append(failed, a) },
	})
	if attempt.Success != (err == nil) {
		t.Errorf("attempt %+v beside the error %v", attempt, err)
	}
	return list, failed, err
}

func TestRecordedSplits(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(sourcetest.Recorded(t, "polygon", "clientpy_v3_reference_splits.json"))})
	got, _, err := splits(t, p, "GOOGL", "2022-01-01", "2022-08-01")
	want := []source.Split{{Date: market.NewDate(2022, time.July, 18), To: 20, From: 1}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("splits (-want +got), error %v:\n%s", err, diff)
	}
	q := p.Asked()[0].Query()
	if q.Get("ticker") != "GOOGL" || q.Get("execution_date.gte") != "2022-01-01" || q.Get("execution_date.lte") != "2022-07-31" || q.Has("apiKey") {
		t.Errorf("asked %v", p.Asked()[0])
	}
}

func TestSplitsThatAreNone(t *testing.T) {
	t.Parallel()
	for body, kind := range map[string]source.Kind{
		`{"status":"OK"}`: "",
		`{"status":"OK","results":[{"execution_date":"2022-07-18","split_from":1,"split_to":20,"ticker":"GOOG"}]}`: "",
		`{"status":"OK","results":[{"execution_date":"2021-07-18","split_from":1,"split_to":20,"ticker":"A"}]}`:    "",
		`{"status":"OK","results":[{"execution_date":"2022-07-18","split_from":0,"split_to":20,"ticker":"A"}]}`:    source.BadResponse,
		`{"status":"OK","results":[{"execution_date":"soon","split_from":1,"split_to":20,"ticker":"A"}]}`:          source.BadResponse,
		`{"status":"OK","results":[{"execution_date":"2022-07-18","split_from":"1","split_to":20,"ticker":"A"}]}`:  source.BadResponse,
		`{"status":"NOT_AUTHORIZED","message":"not entitled"}`:                                                     source.NotEntitled,
		`<html>`: source.BadResponse,
	} {
		got, failed, err := splits(t, sourcetest.Replay(t, sourcetest.Answer{Body: body}), "A", "2022-01-01", "2022-08-01")
		if len(got) > 0 || (err != nil) != (kind != "") || kind != "" && source.KindOf(err) != kind || (len(failed) > 0) != (kind != "") {
			t.Errorf("%s: %v, error %v, %d failed attempts, want %q", body, got, err, len(failed), kind)
		}
	}
}
