package yahoo_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/sourcetest"
)

func splits(t *testing.T, p *sourcetest.Replayed, ticker, from, to string) ([]source.Split, error) {
	t.Helper()
	s := newSource(t, p.URL, sourcetest.Options{Clock: sourcetest.Instant(day("2025-03-01"))}).(source.SplitSource)
	list, _, err := s.Splits(t.Context(), source.Request{
		Symbol: market.Symbol{Ticker: ticker, Class: market.Stock}, From: day(from), To: day(to), Now: day("2025-03-01"),
	})
	return list, err
}

func TestRecordedSplits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, ticker, from, to, date string }{
		{"nyf2_chart-AAPL-2020-08-31-to-2020-11-07.json", "AAPL", "2020-08-31", "2020-11-07", "2020-08-31"},
		{"nyf2_historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.csv.json", "NVDA", "2021-02-01", "2022-01-31", "2021-07-20"},
	} {
		p := sourcetest.Replay(t, sourcetest.Answer{Body: string(sourcetest.RecordedBody(t, "yahoo", c.file))})
		got, err := splits(t, p, c.ticker, c.from, c.to)
		want := []source.Split{{Date: market.DateOf(day(c.date)), To: 4, From: 1}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s (-want +got), error %v:\n%s", c.ticker, err, diff)
		}
	}
}

func TestSplitsOutsideTheRangeAreLeftOut(t *testing.T) {
	t.Parallel()
	p := sourcetest.Replay(t, sourcetest.Answer{Body: string(sourcetest.RecordedBody(t, "yahoo", "nyf2_chart-AAPL-2020-08-31-to-2020-11-07.json"))})
	if got, err := splits(t, p, "AAPL", "2020-09-01", "2020-11-07"); len(got) > 0 || err != nil {
		t.Errorf("%v, error %v", got, err)
	}
}

func TestSplitOfNothingIsRefused(t *testing.T) {
	t.Parallel()
	body := `{"chart":{"result":[{"meta":{"symbol":"A","currency":"USD","instrumentType":"EQUITY","exchangeTimezoneName":"America/New_York","dataGranularity":"1d"},
		"events":{"splits":{"1626787800":{"date":1626787800,"numerator":4,"denominator":0}}},"indicators":{"quote":[{}]}}],"error":null}}`
	_, err := splits(t, sourcetest.Replay(t, sourcetest.Answer{Body: body}), "A", "2021-01-01", "2022-01-01")
	if source.KindOf(err) != source.BadResponse {
		t.Errorf("error %v", err)
	}
}
