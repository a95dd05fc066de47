package source_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

// scripted is a source that answers day by day, two days a page, as its script
// says.
type scripted struct {
	name  market.SourceName
	reach time.Time
	// fails is the error for a page that starts on a day of November 2024.
	fails map[int]error
	asked []string
}

func (s *scripted) Name() market.SourceName { return s.name }
func (s *scripted) Serves(sym market.Symbol, _ market.Timeframe) bool {
	return sym.Class == market.Stock
}
func (s *scripted) Offers(market.Symbol, market.Timeframe) market.Fields { return 0 }
func (s *scripted) Reach(market.Symbol, market.Timeframe, time.Time) time.Time {
	return s.reach
}

func (s *scripted) Candles(_ context.Context, r source.Request) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) {
		s.asked = append(s.asked, fmt.Sprintf("%d-%d", r.From.Day(), r.To.Day()))
		for from := r.From; from.Before(r.To); {
			to := from.AddDate(0, 0, 2)
			if to.After(r.To) {
				to = r.To
			}
			p := source.Page{From: from, To: to}
			if err := s.fails[from.Day()]; err != nil {
				r.Failed(source.Attempt{Source: s.name, From: from, To: to, ErrorCode: source.Code(err)})
				yield(p, err)
				return
			}
			p.Attempt.Source = s.name
			if !yield(p, nil) {
				return
			}
			from = to
		}
	}
}

var (
	down    = &source.Error{Kind: source.Unavailable, Message: "down", Transient: true}
	unknown = &source.Error{Kind: source.NotFound, Message: "unknown"}
	denied  = &source.Error{Kind: source.NotEntitled, Message: "denied"}
	stopped = &source.Error{Kind: source.Cancelled, Message: "stopped", Err: context.Canceled}
)

func november(day int) time.Time { return time.Date(2024, time.November, day, 0, 0, 0, 0, time.UTC) }

// asked is a request for 1 to 10 November.
func asked(failures *[]source.Attempt) source.Request {
	return source.Request{
		Symbol: market.Symbol{Ticker: "AAPL", Class: market.Stock}, Timeframe: market.D1,
		From: november(1), To: november(11), Now: november(20),
		OnFailure: func(a source.Attempt) { *failures = append(*failures, a) },
	}
}

// walk writes who served which days, "polygon 1-5, yahoo 5-7".
func walk(pages iter.Seq2[source.Page, error]) (string, source.Page, error) {
	var parts []string
	var last source.Page
	for p, err := range pages {
		last = p
		if err != nil {
			return strings.Join(parts, ", "), p, err
		}
		if n := len(parts); n > 0 && strings.HasPrefix(parts[n-1], string(p.Attempt.Source)+" ") && strings.HasSuffix(parts[n-1], fmt.Sprintf("-%d", p.From.Day())) {
			parts[n-1] = parts[n-1][:strings.LastIndex(parts[n-1], "-")] + fmt.Sprintf("-%d", p.To.Day())
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %d-%d", p.Attempt.Source, p.From.Day(), p.To.Day()))
	}
	return strings.Join(parts, ", "), last, nil
}

func TestChainServesEachRangeFromTheBestThatCan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		polygon, yahoo *scripted
		served         string
		askedPolygon   []string
		kind           source.Kind // of the error; "" is none
		failed         string      // range of the error
		codes          []string    // reported failures
	}{
		"the first, where it can": {
			&scripted{}, &scripted{}, "polygon 1-11", []string{"1-11"}, "", "", nil,
		},
		"the next, for the range that failed": {
			&scripted{fails: map[int]error{5: down}}, &scripted{},
			"polygon 1-5, yahoo 5-7, polygon 7-11",
			[]string{"1-11", "7-11"},
			"", "",
			[]string{"UNAVAILABLE"},
		},
		"the next, for all that follows": {
			&scripted{fails: map[int]error{5: denied}}, &scripted{},
			"polygon 1-5, yahoo 5-11",
			[]string{"1-11"},
			"", "",
			[]string{"NOT_ENTITLED"},
		},
		"the next, for a symbol that the first does not know": {
			&scripted{fails: map[int]error{1: unknown}}, &scripted{}, "yahoo 1-11", []string{"1-11"}, "", "", []string{"SYMBOL_NOT_FOUND"},
		},
		"nobody knows it": {
			&scripted{fails: map[int]error{1: unknown}}, &scripted{fails: map[int]error{1: unknown}},
			"",
			[]string{"1-11"},
			source.NotFound, "1-11",
			[]string{"SYMBOL_NOT_FOUND", "SYMBOL_NOT_FOUND"},
		},
		"nobody can, in the middle": {
			&scripted{fails: map[int]error{3: down}}, &scripted{fails: map[int]error{3: down}},
			"polygon 1-3",
			[]string{"1-11"},
			source.Unavailable, "3-5",
			[]string{"UNAVAILABLE", "UNAVAILABLE"},
		},
		"one may later, the other never": {
			&scripted{fails: map[int]error{3: down}}, &scripted{fails: map[int]error{3: unknown}},
			"polygon 1-3",
			[]string{"1-11"},
			source.Unavailable, "3-5",
			[]string{"UNAVAILABLE", "SYMBOL_NOT_FOUND"},
		},
		"what the first's history does not reach": {
			&scripted{reach: november(6)}, &scripted{}, "yahoo 1-6, polygon 6-11", []string{"6-11"}, "", "", nil,
		},
		"what nobody's history reaches is passed over": {
			&scripted{reach: november(6)}, &scripted{reach: november(4)},
			"yahoo 4-6, polygon 6-11",
			[]string{"6-11"},
			"", "",
			[]string{"OUT_OF_REACH"},
		},
		"but not where the one that reaches it failed": {
			&scripted{fails: map[int]error{1: down}}, &scripted{reach: november(9)},
			"",
			[]string{"1-11"},
			source.Unavailable, "1-3",
			[]string{"UNAVAILABLE", "OUT_OF_REACH"},
		},
		"a stop asks nobody else": {
			&scripted{fails: map[int]error{5: stopped}}, &scripted{}, "polygon 1-5", []string{"1-11"}, source.Cancelled, "5-7", []string{"CANCELLED"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.polygon.name, c.yahoo.name = market.Polygon, market.Yahoo
			chain := source.NewChain(source.DefaultOrder(), c.yahoo, c.polygon)
			var failures []source.Attempt
			served, last, err := walk(chain.Candles(t.Context(), asked(&failures)))
			if served != c.served {
				t.Errorf("served %q, want %q", served, c.served)
			}
			if !slices.Equal(c.polygon.asked, c.askedPolygon) {
				t.Errorf("polygon was asked for %v, want %v", c.polygon.asked, c.askedPolygon)
			}
			if (err == nil) != (c.kind == "") || err != nil && source.KindOf(err) != c.kind {
				t.Errorf("error %v, want %q", err, c.kind)
			}
			if got := fmt.Sprintf("%d-%d", last.From.Day(), last.To.Day()); err != nil && got != c.failed {
				t.Errorf("the range that failed is %s, want %s", got, c.failed)
			}
			var codes []string
			for _, a := range failures {
				codes = append(codes, a.ErrorCode)
			}
			if !slices.Equal(codes, c.codes) {
				t.Errorf("failures %v, want %v", codes, c.codes)
			}
		})
	}
}

func TestChainSkipsWhatIsOff(t *testing.T) {
	t.Parallel()
	yahoo := &scripted{name: market.Yahoo}
	chain := source.NewChain(source.DefaultOrder(), yahoo)
	var failures []source.Attempt
	if served, _, err := walk(chain.Candles(t.Context(), asked(&failures))); served != "yahoo 1-11" || err != nil {
		t.Errorf("served %q, error %v", served, err)
	}
	r := asked(&failures)
	r.Symbol.Class = market.Crypto // which yahoo does not serve here
	_, last, err := walk(chain.Candles(t.Context(), r))
	var failed *source.FailedError
	if !errors.As(err, &failed) || source.KindOf(err) != source.NoSource || source.Retryable(err) || !last.To.Equal(r.To) {
		t.Errorf("error %v, want %s for the whole range", err, source.NoSource)
	}
}

func TestChainStopsWithItsReader(t *testing.T) {
	t.Parallel()
	polygon := &scripted{name: market.Polygon, fails: map[int]error{1: down}}
	yahoo := &scripted{name: market.Yahoo}
	var failures []source.Attempt
	for _, err := range source.NewChain(source.DefaultOrder(), polygon, yahoo).Candles(t.Context(), asked(&failures)) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if len(polygon.asked) != 1 || len(yahoo.asked) != 1 {
		t.Errorf("after one page polygon was asked for %v, yahoo for %v", polygon.asked, yahoo.asked)
	}
}
