package source_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/candlewright/candlewright/internal/market"
	"github.com/candlewright/candlewright/internal/source"
)

func TestErrorNamesSourceStatusAndCode(t *testing.T) {
	t.Parallel()
	err := &source.Error{
		Kind: source.NotFound, Source: market.Binance, Status: 400, Code: "-1121", Message: "Invalid symbol.", Err: errors.New("cause"),
	}
	const want = "binance: Invalid symbol.: cause (SYMBOL_NOT_FOUND, status 400, code -1121)"
	if got := err.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestKindDecides(t *testing.T) {
	t.Parallel()
	var (
		unknown = &source.Error{Kind: source.NotFound, Source: market.Polygon, Message: "no such ticker"}
		denied  = &source.Error{Kind: source.NotEntitled, Source: market.Polygon, Message: "no"}
		down    = &source.Error{Kind: source.Unavailable, Source: market.Yahoo, Message: "down", Transient: true, RetryAfter: 30 * time.Second}
	)
	all := func(errs ...error) error { return &source.FailedError{Errors: errs} }
	for name, c := range map[string]struct {
		err       error
		kind      source.Kind
		retryable bool
		after     time.Duration
	}{
		"one":                                {unknown, source.NotFound, false, 0},
		"wrapped":                            {fmt.Errorf("page 3: %w", down), source.Unavailable, true, 30 * time.Second},
		"unknown to all":                     {all(unknown, unknown), source.NotFound, false, 0},
		"a retry can heal one":               {all(unknown, denied, down), source.Unavailable, true, 30 * time.Second},
		"more than unknown":                  {all(unknown, denied), source.NotEntitled, false, 0},
		"all, wrapped":                       {fmt.Errorf("run: %w", all(unknown, fmt.Errorf("x: %w", down))), source.Unavailable, true, 30 * time.Second},
		"a cancel":                           {context.Canceled, source.Cancelled, false, 0},
		"an error of somebody else's making": {errors.New("other"), source.Unknown, false, 0},
		"none":                               {nil, source.Unknown, false, 0},
	} {
		if k := source.KindOf(c.err); k != c.kind || source.Code(c.err) != string(c.kind) {
			t.Errorf("%s: kind %s, want %s", name, k, c.kind)
		}
		if r, a := source.Retryable(c.err), source.RetryAfter(c.err); r != c.retryable || a != c.after {
			t.Errorf("%s: retryable %v after %v, want %v after %v", name, r, a, c.retryable, c.after)
		}
	}
	if got := all(unknown, down).Error(); !strings.Contains(got, "polygon: no such ticker") || !strings.Contains(got, "yahoo: down") {
		t.Errorf("the sentence %q does not name each source", got)
	}
	if !errors.Is(all(unknown, down), down) {
		t.Error("the errors of the sources are not in the chain's")
	}
}
