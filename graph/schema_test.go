package graph_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/candlewright/candlewright/graph/gen"
)

var update = flag.Bool("update", false, "write the exported schema anew")

// exported is where the schema stands for those who generate code from it.
const exported = "../docs/schema.graphql"

func schema() *ast.Schema { return gen.NewExecutableSchema(gen.Config{}).Schema() }

// TestTheExportedSchemaIsFresh compares docs/schema.graphql with the schema that
// is served; -update writes it.
func TestTheExportedSchemaIsFresh(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchema(schema())
	if *update {
		check(t, os.WriteFile(exported, b.Bytes(), 0o644))
	}
	kept, err := os.ReadFile(exported)
	check(t, err)
	if !bytes.Equal(kept, b.Bytes()) {
		t.Errorf("%s is stale: run go test ./graph -run TestTheExportedSchema -update", exported)
	}
}

// TestEverythingIsDescribed holds the schema to being its own manual.
func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	described := func(what, text string) {
		if len(strings.Fields(text)) == 0 {
			t.Errorf("%s has no description", what)
		} else if !strings.HasSuffix(strings.TrimSpace(text), ".") {
			t.Errorf("the description of %s is no sentence: %q", what, text)
		}
	}
	for _, d := range schema().Types {
		if d.BuiltIn || strings.HasPrefix(d.Name, "__") {
			continue
		}
		described(d.Name, d.Description)
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			described(d.Name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				described(d.Name+"."+f.Name+"("+a.Name+")", a.Description)
			}
		}
		for _, v := range d.EnumValues {
			described(d.Name+"."+v.Name, v.Description)
		}
		if d.Kind == ast.Scalar && d.Directives.ForName("specifiedBy") == nil {
			t.Errorf("scalar %s does not say where it is specified", d.Name)
		}
	}
}
