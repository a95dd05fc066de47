package graph

import (
	"context"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// fieldPath is where a field stands in the answer, without positions in lists and
// without the levels of connections: fields with the same path are answered for
// many parents at once. It is empty outside of a field.
func fieldPath(ctx context.Context) string {
	var parts []string
	for fc := graphql.GetFieldContext(ctx); fc != nil; fc = fc.Parent {
		if fc.Field.Field == nil || levelOfConnection(fc) {
			continue // the first is an element of a list
		}
		parts = append(parts, fc.Field.Alias)
	}
	var b strings.Builder
	for _, part := range slices.Backward(parts) {
		b.WriteByte('.')
		b.WriteString(part)
	}
	return b.String()
}

// levelOfConnection reports whether a field is one of those between a list and
// its rows.
func levelOfConnection(fc *graphql.FieldContext) bool {
	switch fc.Field.Name {
	case "nodes", "edges":
		return strings.HasSuffix(fc.Object, "Connection")
	case "node":
		return strings.HasSuffix(fc.Object, "Edge")
	}
	return false
}

// parentPath is a path without its last field; false for a root.
func parentPath(path string) (string, bool) {
	i := strings.LastIndexByte(path, '.')
	if i <= 0 {
		return "", false
	}
	return path[:i], true
}
