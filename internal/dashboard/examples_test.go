package dashboard_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/candlewright/candlewright/internal/dashboard"
)

func schema(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("../../graph/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schema in graph: %v", err)
	}
	var sources []*ast.Source
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	s, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestExamplesAreValid holds the examples against the schema, with their variables.
func TestExamplesAreValid(t *testing.T) {
	t.Parallel()
	s := schema(t)
	kinds := map[ast.Operation]bool{}
	var names []string
	for _, e := range dashboard.Examples() {
		doc, errs := gqlparser.LoadQuery(s, e.Query) //nolint:staticcheck // the rules in force are those of gqlgen's default
		if len(errs) > 0 {
			t.Errorf("%s: %v", e.Name, errs)
			continue
		}
		if len(doc.Operations) != 1 || doc.Operations[0].Name != e.Name || e.Name == "" || e.About == "" {
			t.Errorf("%q, about %q: want one operation of that name, under a comment that says what it is about", e.Name, e.About)
			continue
		}
		if slices.Contains(names, e.Name) {
			t.Errorf("two examples are named %s", e.Name)
		}
		names = append(names, e.Name)
		op := doc.Operations[0]
		kinds[op.Operation] = true
		variables := map[string]any{}
		if e.Variables != "" {
			if err := json.Unmarshal([]byte(e.Variables), &variables); err != nil {
				t.Errorf("variables of %s: %v", e.Name, err)
			}
		}
		if _, err := validator.VariableValues(s, op, variables); err != nil {
			t.Errorf("variables of %s: %v", e.Name, err)
		}
		for name := range variables {
			if op.VariableDefinitions.ForName(name) == nil {
				t.Errorf("%s has no variable %s", e.Name, name)
			}
		}
	}
	for _, kind := range []ast.Operation{ast.Query, ast.Mutation, ast.Subscription} {
		if !kinds[kind] {
			t.Errorf("no example of a %s", kind)
		}
	}
}
