package fault

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestShow(t *testing.T) {
	t.Parallel()
	driver := errors.New(`dial tcp 10.0.0.7:5432: password=hunter2`)
	for _, tc := range []struct {
		name string
		err  error
		want Shown
	}{
		{"bad input", BadInput("days", "days is %d: want 1 to %d", 0, 365), Shown{"BAD_USER_INPUT", 400, "days is 0: want 1 to 365", "days"}},
		{"bad cursor", BadCursor("after", "of another list"), Shown{"BAD_CURSOR", 400, "of another list", "after"}},
		{"no symbol", NoSymbol("ticker", "no symbol NOPE"), Shown{"SYMBOL_NOT_FOUND", 404, "no symbol NOPE", "ticker"}},
		{"ambiguous", Ambiguous("ticker", "BTC is a crypto and an etf"), Shown{"AMBIGUOUS_SYMBOL", 409, "BTC is a crypto and an etf", "ticker"}},
		{"no such", NoSuch("no run"), Shown{"NOT_FOUND", 404, "no run", ""}},
		{"clash", Clash("run has ended"), Shown{"CONFLICT", 409, "run has ended", ""}},
		{"limited", Limited("in 3 s"), Shown{"RATE_LIMITED", 429, "in 3 s", ""}},
		{"source down", Down(driver, "no source answers"), Shown{"UNAVAILABLE", 503, "no source answers", ""}},
		{"database", Database(context.Background(), driver), Shown{"UNAVAILABLE", 500, "Database error", ""}},
		{"wrapped fault", fmt.Errorf("read page: %w", BadInput("a", "b")), Shown{"BAD_USER_INPUT", 400, "b", "a"}},
		{"fault before the deadline it wraps", &Error{Code: DatabaseError, Err: context.DeadlineExceeded}, Shown{"UNAVAILABLE", 500, "Database error", ""}},
		{"deadline", fmt.Errorf("query: %w", context.DeadlineExceeded), Shown{"DEADLINE_EXCEEDED", 504, "Request timed out", ""}},
		{"cancelled", fmt.Errorf("query: %w", context.Canceled), Shown{"UNAVAILABLE", 503, "Request cancelled", ""}},
		{"no fault", driver, Shown{"INTERNAL_SERVER_ERROR", 500, "Internal Server Error", ""}},
		{"no detail", &Error{Code: SymbolNotFound}, Shown{"SYMBOL_NOT_FOUND", 404, "Symbol not found", ""}},
		{"nil", nil, Shown{"INTERNAL_SERVER_ERROR", 500, "Internal Server Error", ""}},
		{"unknown code", &Error{Code: "MADE_UP", Detail: "secret"}, Shown{"INTERNAL_SERVER_ERROR", 500, "Internal Server Error", ""}},
		{"detail of a fixed code", &Error{Code: Internal, Detail: "secret", Err: driver}, Shown{"INTERNAL_SERVER_ERROR", 500, "Internal Server Error", ""}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := Show(tc.err)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
			if got.Ours() != (got.Status >= 500) {
				t.Errorf("Ours() = %v at status %d", got.Ours(), got.Status)
			}
		})
	}
}

func TestDatabaseAsksTheContextOfTheCall(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for _, tc := range []struct {
		name string
		ctx  context.Context
		want Code
	}{
		{"live", t.Context(), DatabaseError},
		{"cancelled", cancelled, Cancelled},
		{"expired", expired, DeadlineExceeded},
	} {
		// A driver's own connect timeout looks like a deadline.
		err := Database(tc.ctx, context.DeadlineExceeded)
		if err.Code != tc.want {
			t.Errorf("%s: code %s, want %s", tc.name, err.Code, tc.want)
		}
		if !errors.Is(err, context.DeadlineExceeded) || !Is(err, tc.want) || Is(errors.New("x"), tc.want) {
			t.Errorf("%s: the cause or the code cannot be found in %v", tc.name, err)
		}
	}
}

func TestErrorTellsEverythingToTheLog(t *testing.T) {
	t.Parallel()
	e := &Error{Code: BadUserInput, Detail: "want x", Argument: "a.b", Err: errors.New("cause")}
	if got, want := e.Error(), "BAD_USER_INPUT (a.b): want x: cause"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestEveryCodeIsInTheTable reads the constants from the source, so that a new
// code cannot be forgotten, and holds the GraphQL codes to the promised list.
func TestEveryCodeIsInTheTable(t *testing.T) {
	t.Parallel()
	promised := strings.Fields(`GRAPHQL_PARSE_FAILED GRAPHQL_VALIDATION_FAILED BAD_USER_INPUT BAD_CURSOR NOT_FOUND AMBIGUOUS_SYMBOL
		CONFLICT SYMBOL_NOT_FOUND UNAUTHENTICATED FORBIDDEN RATE_LIMITED COMPLEXITY_LIMIT_EXCEEDED PERSISTED_QUERY_NOT_FOUND
		UNAVAILABLE DEADLINE_EXCEEDED INTERNAL_SERVER_ERROR`)
	shown := map[string]bool{}
	for _, code := range declaredCodes(t) {
		row, ok := table[code]
		if !ok || row.status < 400 || row.status > 599 {
			t.Errorf("%s has no row with a status: %+v", code, row)
		}
		shown[Show(&Error{Code: code}).Code] = true
	}
	want := map[string]bool{}
	for _, p := range promised {
		want[p] = true
	}
	if d := cmp.Diff(want, shown); d != "" {
		t.Error(d)
	}
}

func declaredCodes(t *testing.T) []Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			return true
		}
		lit, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			t.Fatalf("%s is no literal", spec.Names[0])
		}
		s, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, Code(s))
		return true
	})
	if len(codes) < 16 {
		t.Fatalf("found only %v", codes)
	}
	return codes
}
