package graph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/candlewright/candlewright/internal/fault"
)

// guard refuses operations that would cost too much, before they begin.
type guard struct {
	cfg   Config
	known graphql.Cache[*ast.QueryDocument] // documents that are valid
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationContextMutator
	graphql.OperationInterceptor
} = guard{}

// ExtensionName names the extension.
func (guard) ExtensionName() string { return "Limits" }

// Validate has nothing to check.
func (guard) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters looks at a document that is new.
func (g guard) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	if len(params.Query) < fewEnough {
		return nil
	}
	if _, ok := g.known.Get(ctx, params.Query); ok || !repeatsTooMuch(params.Query, g.cfg.MaxTokens, g.cfg.MaxDepth) {
		return nil
	}
	return refusal(fault.ComplexityExceeded, "The document repeats its fields too often: ask for each field once, and for rows by lists")
}

// MutateOperationContext weighs the operation, and opens the schema if it may be
// asked for.
func (g guard) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	w := measure(op.Operation, op.Variables)
	for _, l := range []struct {
		what      string
		has, most int
	}{
		{"levels of fields", w.depth, g.cfg.MaxDepth},
		{"aliases", w.aliases, g.cfg.MaxAliases},
		{"points of complexity", w.cost, g.cfg.MaxComplexity},
	} {
		if l.has > l.most {
			return tooMuch(l.what, l.has, l.most)
		}
	}
	if asksForSchema(op.Operation.SelectionSet) && g.cfg.HideSchema {
		return refusal(fault.Forbidden, "The schema cannot be asked for here: introspection is switched off")
	}
	op.DisableIntrospection = g.cfg.HideSchema
	return nil
}

func tooMuch(what string, has, most int) *gqlerror.Error {
	if has >= ceiling {
		return refusal(fault.ComplexityExceeded, "The operation has far too many %s: want at most %d; ask for fewer rows, or in several requests", what, most)
	}
	return refusal(fault.ComplexityExceeded, "The operation has %d %s: want at most %d; ask for fewer rows, or in several requests", has, what, most)
}

// refusal is an error of a whole request.
func refusal(code fault.Code, format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	errcode.Set(err, string(code))
	return err
}

// asksForSchema looks at the roots, which is where the schema is.
func asksForSchema(set ast.SelectionSet) bool {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if strings.HasPrefix(s.Name, "__") && s.Name != "__typename" {
				return true
			}
		case *ast.InlineFragment:
			if asksForSchema(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if asksForSchema(s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}

// InterceptOperation gives a query or mutation its deadline.
func (g guard) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		return next(ctx)
	}
	within, cancel := context.WithTimeout(ctx, g.cfg.Deadline)
	context.AfterFunc(ctx, cancel) // at the request's end; before that the answer is still being made
	return next(within)
}
