package fault

import (
	"cmp"
	"context"
	"errors"
	"strings"
)

// Code is the machine's word for a fault. Most are the GraphQL code itself;
// DatabaseError and Cancelled are finer, since REST tells them apart.
type Code string

// The codes.
const (
	ParseFailed        Code = "GRAPHQL_PARSE_FAILED"
	ValidationFailed   Code = "GRAPHQL_VALIDATION_FAILED"
	BadUserInput       Code = "BAD_USER_INPUT"
	InvalidCursor      Code = "BAD_CURSOR"
	NotFound           Code = "NOT_FOUND"
	AmbiguousSymbol    Code = "AMBIGUOUS_SYMBOL"
	Conflict           Code = "CONFLICT"
	SymbolNotFound     Code = "SYMBOL_NOT_FOUND"
	Unauthenticated    Code = "UNAUTHENTICATED"
	Forbidden          Code = "FORBIDDEN"
	RateLimited        Code = "RATE_LIMITED"
	ComplexityExceeded Code = "COMPLEXITY_LIMIT_EXCEEDED"
	PersistedNotFound  Code = "PERSISTED_QUERY_NOT_FOUND"
	Unavailable        Code = "UNAVAILABLE"
	DeadlineExceeded   Code = "DEADLINE_EXCEEDED"
	Internal           Code = "INTERNAL_SERVER_ERROR"
	DatabaseError      Code = "DATABASE_ERROR"
	Cancelled          Code = "CANCELLED"
)

// table is the one place where a code meets the faces. Statuses are HTTP's, by
// number: the layers that make faults know no HTTP. A fixed text replaces the
// detail, so that nothing of the cause can reach a client.
var table = map[Code]struct {
	status  int
	graphQL string // empty: the code itself
	fixed   string
}{
	ParseFailed:        {status: 400},
	ValidationFailed:   {status: 400},
	BadUserInput:       {status: 400},
	InvalidCursor:      {status: 400},
	ComplexityExceeded: {status: 400},
	PersistedNotFound:  {status: 400},
	Unauthenticated:    {status: 401},
	Forbidden:          {status: 403},
	NotFound:           {status: 404},
	SymbolNotFound:     {status: 404},
	AmbiguousSymbol:    {status: 409},
	Conflict:           {status: 409},
	RateLimited:        {status: 429},
	Internal:           {status: 500, fixed: "Internal Server Error"},
	DatabaseError:      {status: 500, graphQL: string(Unavailable), fixed: "Database error"},
	Unavailable:        {status: 503},
	Cancelled:          {status: 503, graphQL: string(Unavailable), fixed: "Request cancelled"},
	DeadlineExceeded:   {status: 504, fixed: "Request timed out"},
}

// Shown is a fault as the faces show it.
type Shown struct {
	Code     string // of GraphQL's extensions.code
	Status   int    // HTTP status of the REST answer
	Detail   string // the sentence for the client
	Argument string // path of the offending argument, or empty
}

// Ours reports whether the fault lies with the service rather than with the
// request: such errors are worth a line in the log.
func (s Shown) Ours() bool { return s.Status >= 500 }

// Show tells how any error is shown to a client. A fault anywhere in the chain
// counts first; then a deadline or a cancellation of a context; all else is
// internal. Show(nil) is internal too: there is nothing to show.
func Show(err error) Shown {
	f, ok := errors.AsType[*Error](err)
	switch {
	case ok:
	case errors.Is(err, context.DeadlineExceeded):
		f = &Error{Code: DeadlineExceeded}
	case errors.Is(err, context.Canceled):
		f = &Error{Code: Cancelled}
	default:
		f = &Error{Code: Internal}
	}
	row, known := table[f.Code]
	if !known {
		f, row = &Error{Code: Internal}, table[Internal]
	}
	return Shown{
		Code:     cmp.Or(row.graphQL, string(f.Code)),
		Status:   row.status,
		Detail:   cmp.Or(row.fixed, f.Detail, words(f.Code)),
		Argument: f.Argument,
	}
}

// words makes a plain sentence of a code, for a fault made without a detail:
// "Symbol not found".
func words(c Code) string {
	s := strings.ReplaceAll(string(c), "_", " ")
	return s[:1] + strings.ToLower(s[1:])
}
