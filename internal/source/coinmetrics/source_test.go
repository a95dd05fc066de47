package coinmetrics_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
	"github.com/candlewright/candlewright/internal/source/coinmetrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	btc = market.Symbol{Ticker: "BTC", Class: market.Crypto}
	now = time.Date(2024, 3, 6, 10, 30, 0, 0, time.UTC)
)

func march(d int) market.Date { return market.NewDate(2024, time.March, d) }

// serve answers by path and query; %s in a body stands for the server's address.
func serve(t *testing.T, h http.HandlerFunc) *coinmetrics.Source {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s, err := coinmetrics.New(coinmetrics.Config{URL: server.URL + "/v4", Clock: source.Clock{
		Now: func() time.Time { return now }, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestInflowOfTwoPages(t *testing.T) {
	t.Parallel()
	var asked []string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		if r.URL.Query().Get("next_page_token") == "" {
			_, _ = w.Write([]byte(`{"data":[{"asset":"btc","time":"2024-03-01T00:00:00.000000000Z","FlowInExNtv":"41234.56789"},
				{"asset":"btc","time":"2024-03-02T00:00:00.000000000Z","FlowInExNtv":null}],"next_page_token":"x","next_page_url":"http://` + r.Host + `/v4/timeseries/asset-metrics?next_page_token=x"}`))
			return
		}
		_, _ = w.Write([]byte(`{"data":[{"asset":"btc","time":"2024-03-03T00:00:00.000000000Z","FlowInExNtv":"1.5e4"}]}`))
	})
	got, ok, err := s.Inflow(t.Context(), btc, march(1), march(4))
	if diff := cmp.Diff(map[market.Date]float64{march(1): 41234.56789, march(3): 15000}, got); diff != "" || !ok || err != nil {
		t.Errorf("inflow (-want +got), %v, %v:\n%s", ok, err, diff)
	}
	want := []string{
		"/v4/timeseries/asset-metrics?assets=btc&end_time=2024-03-04&frequency=1d&metrics=FlowInExNtv&page_size=10000&start_time=2024-03-01",
		"/v4/timeseries/asset-metrics?next_page_token=x",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestInflowThatIsNone(t *testing.T) {
	t.Parallel()
	for body, c := range map[string]struct {
		status int
		kind   source.Kind // "" is a coin that is not there
	}{
		`{"error":{"type":"bad_parameter","message":"Bad parameter 'assets'."}}`:             {400, ""},
		`{"error":{"type":"forbidden","message":"not available with supplied credentials"}}`: {403, ""},
		`<html>blocked</html>`:                     {403, source.Blocked},
		`{"error":{"type":"x","message":"later"}}`: {500, source.Unavailable},
		`{}`: {200, source.BadResponse},
		`{"data":[{"asset":"eth","time":"2024-03-01T00:00:00Z","FlowInExNtv":"1"}]}`:   {200, source.BadResponse},
		`{"data":[{"asset":"btc","time":"2024-03-01T12:00:00Z","FlowInExNtv":"1"}]}`:   {200, source.BadResponse},
		`{"data":[{"asset":"btc","time":"2024-03-01T00:00:00Z","FlowInExNtv":"NaN"}]}`: {200, source.BadResponse},
		`{"data":[{"asset":"btc","time":"2024-03-01T00:00:00Z","FlowInExNtv":1}]}`:     {200, source.BadResponse},
		`{"data":[],"next_page_url":"http://elsewhere.invalid/"}`:                      {200, source.BadResponse},
		`{"data":[`: {200, source.BadResponse},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(body))
		})
		got, ok, err := s.Inflow(t.Context(), btc, march(1), march(4))
		if ok || len(got) > 0 || (err != nil) != (c.kind != "") || c.kind != "" && source.KindOf(err) != c.kind {
			t.Errorf("%s: %v, %v, %v, want %q", body, got, ok, err, c.kind)
		}
	}
}
