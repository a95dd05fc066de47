// Package fault is the error that a client may see, and the one table that gives
// each of its codes a REST status and a GraphQL code.
//
// A layer that knows why a request cannot be answered returns an *Error; the
// faces turn any error into what they show with Show. An error that is no
// *Error is a fault of ours: it is shown as internal, with a fixed text, and its
// cause goes to the log alone.
//
// Nothing of ours may be imported here, and no face's own words (HTTP headers,
// GraphQL responses) belong here.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Error is a fault that a client may see.
type Error struct {
	Code Code
	// Detail is a sentence for the client: what is wrong and what would be right.
	// Codes with a fixed text (see Show) ignore it.
	Detail string
	// Argument is the path of the offending argument as the client wrote it
	// ("asset_class", "input.timeframes.1"); empty where no single one is to blame.
	Argument string
	// Err is the cause. It is logged and never shown.
	Err error
}

// Error gives code, detail and cause, for the log.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Argument != "" {
		s += " (" + e.Argument + ")"
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// BadInput is an argument whose value cannot be used.
func BadInput(argument, format string, args ...any) *Error {
	return &Error{Code: BadUserInput, Argument: argument, Detail: fmt.Sprintf(format, args...)}
}

// BadCursor is a cursor that is unreadable or belongs to another list.
func BadCursor(argument, format string, args ...any) *Error {
	return &Error{Code: InvalidCursor, Argument: argument, Detail: fmt.Sprintf(format, args...)}
}

// NoSymbol says that no symbol is tracked under a name that must be one.
func NoSymbol(argument, format string, args ...any) *Error {
	return &Error{Code: SymbolNotFound, Argument: argument, Detail: fmt.Sprintf(format, args...)}
}

// Ambiguous says that a ticker names several symbols; the detail lists the choices.
func Ambiguous(argument, format string, args ...any) *Error {
	return &Error{Code: AmbiguousSymbol, Argument: argument, Detail: fmt.Sprintf(format, args...)}
}

// NoSuch says that the thing to be worked on does not exist.
func NoSuch(format string, args ...any) *Error {
	return &Error{Code: NotFound, Detail: fmt.Sprintf(format, args...)}
}

// Clash says that the present state does not allow what was asked.
func Clash(format string, args ...any) *Error {
	return &Error{Code: Conflict, Detail: fmt.Sprintf(format, args...)}
}

// Limited says that the client asks too often; the detail says when to come back.
func Limited(format string, args ...any) *Error {
	return &Error{Code: RateLimited, Detail: fmt.Sprintf(format, args...)}
}

// Down says that something other than the database cannot serve now; err is why.
func Down(err error, format string, args ...any) *Error {
	return &Error{Code: Unavailable, Detail: fmt.Sprintf(format, args...), Err: err}
}

// Database makes a fault of what a database call returned: a timeout or a
// cancellation if ctx, the context of that call, has ended, else Database.
//
// The context decides and not err: a driver that gives up connecting reports a
// deadline of its own, and that is a database out of reach, not a late answer.
func Database(ctx context.Context, err error) *Error {
	switch cause := ctx.Err(); {
	case errors.Is(cause, context.DeadlineExceeded):
		return &Error{Code: DeadlineExceeded, Err: err}
	case cause != nil:
		return &Error{Code: Cancelled, Err: err}
	}
	return &Error{Code: DatabaseError, Err: err}
}

// Is reports whether err is, or wraps, a fault with this code.
func Is(err error, code Code) bool {
	f, ok := errors.AsType[*Error](err)
	return ok && f.Code == code
}
