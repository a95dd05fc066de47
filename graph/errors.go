package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/telemetry"
)

// errorsOut is where every error leaves: as fault.Show says, with the request's
// id, and nothing of a cause.
type errorsOut struct{ log *slog.Logger }

// present is gqlgen's ErrorPresenter.
func (e errorsOut) present(ctx context.Context, err error) *gqlerror.Error {
	out := &gqlerror.Error{Extensions: map[string]any{}}
	made, isMade := errors.AsType[*gqlerror.Error](err)
	if isMade {
		out.Locations, out.Path = made.Locations, made.Path
	}
	code, known := codeOf(made)
	if isMade && !known && made.Err == nil && graphql.GetFieldContext(ctx) == nil {
		code, known = string(fault.BadUserInput), true // gqlgen's word on a part of the request, as extensions
	}
	switch f, isFault := errors.AsType[*fault.Error](err); {
	case isFault && f.Code == fault.BadUserInput:
		out.Message, code = fault.Show(err).Detail, string(fault.BadUserInput)
		out.Path = e.argument(ctx, out, f.Argument)
	case known && !isFault: // an error of gqlgen's own about the request
		out.Message = made.Message
		code = variable(out, code)
	default:
		shown := fault.Show(err)
		out.Message, code = shown.Detail, shown.Code
		if shown.Argument != "" {
			out.Extensions["argument"] = shown.Argument
		}
		if shown.Ours() {
			e.logged(ctx, err, out.Path)
		}
	}
	if out.Path == nil {
		out.Path = graphql.GetPath(ctx)
	}
	out.Extensions["code"] = code
	if id := telemetry.RequestID(ctx); id != "" {
		out.Extensions["requestId"] = id
	}
	return out
}

func codeOf(err *gqlerror.Error) (string, bool) {
	if err == nil {
		return "", false
	}
	code, ok := err.Extensions["code"].(string)
	return code, ok
}

// argument names the argument that could not be read: the rest of a path that
// leads beyond the field. It gives the path of the field.
func (errorsOut) argument(ctx context.Context, out *gqlerror.Error, named string) ast.Path {
	field := graphql.GetPath(ctx)
	if named == "" && len(out.Path) > len(field) {
		named = joined(out.Path[len(field):])
	}
	if named != "" {
		out.Extensions["argument"] = named
	}
	return field
}

// variable turns an error about the value of a variable into one about input: its
// path then is the argument's.
func variable(out *gqlerror.Error, code string) string {
	if len(out.Path) < 2 || out.Path[0] != ast.PathName("variable") {
		return code
	}
	out.Extensions["argument"] = joined(out.Path[1:])
	out.Path = nil
	return string(fault.BadUserInput)
}

// joined writes a path as "input.timeframes.1".
func joined(path ast.Path) string {
	parts := make([]string, len(path))
	for i, p := range path {
		switch p := p.(type) {
		case ast.PathName:
			parts[i] = string(p)
		case ast.PathIndex:
			parts[i] = strconv.Itoa(int(p))
		}
	}
	return strings.Join(parts, ".")
}

// logged writes down a fault of ours with its cause.
func (e errorsOut) logged(ctx context.Context, err error, path ast.Path) {
	if errors.Is(err, errLogged) || errors.Is(ctx.Err(), context.Canceled) {
		return // or nobody waits for the answer any more
	}
	e.log.ErrorContext(ctx, "field failed", "path", path.String(), "err", err)
}

// errLogged marks what is in the log already.
var errLogged = errors.New("see the log")

// recovered is gqlgen's RecoverFunc: a panic is an internal error, and its stack
// is for the log.
func (e errorsOut) recovered(ctx context.Context, v any) error {
	e.log.ErrorContext(ctx, "resolver panicked", "err", fmt.Sprint(v), "stack", string(debug.Stack()))
	return &fault.Error{Code: fault.Internal, Err: errLogged}
}
