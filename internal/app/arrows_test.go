package app_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/candlewright/candlewright/"

// arrows is who may import whom; it is the picture in docs/architecture.md as a
// table. "graph" stands for graph/... and "source" for internal/source itself.
var arrows = map[string][]string{
	"market":   nil,
	"grid":     {"market"},
	"feature":  {"grid", "market"},
	"quality":  {"feature", "grid", "market"},
	"pipeline": {"quality", "feature", "grid", "market"},

	"fault":     nil,
	"telemetry": nil,

	"source":             {"grid", "market", "fault", "telemetry"},
	"source/file":        {"grid", "market", "fault"},
	"source/coinmetrics": {"source", "market"},
	"source/binance":     {"source", "grid", "market", "fault", "telemetry"},
	"source/polygon":     {"source", "grid", "market", "fault", "telemetry"},
	"source/yahoo":       {"source", "grid", "market", "fault", "telemetry"},
	"source/sim":         {"source", "grid", "market"},
	"source/sourcetest":  {"source", "source/sim", "grid", "market"},

	"migrations":      nil,
	"db":              {"market", "pipeline"},
	"store":           {"db", "pipeline", "quality", "feature", "grid", "market", "fault", "telemetry"},
	"postgres":        {"migrations", "fault", "telemetry"},
	"postgres/pgtest": {"postgres", "migrations"},

	"enrich": {"store", "source", "source/file", "pipeline", "quality", "feature", "grid", "market", "fault", "telemetry"},
	"jobs":   {"enrich", "store", "pipeline", "market", "fault", "telemetry"},

	"rest":          {"enrich", "pipeline", "quality", "feature", "grid", "market", "fault", "telemetry"},
	"rest/resttest": nil,
	"graph":         {"graph", "enrich", "lean", "pipeline", "quality", "feature", "grid", "market", "fault", "telemetry"},
	"lean":          nil,
	"dashboard":     nil,

	// makes the pages' assets; it runs at generation only
	"dashboard/bundle": nil,
	// tests by real clients of the protocols
	"clients": nil,

	"httpserver": {"fault", "telemetry"},
}

// anything lists the packages that may import everything below them.
var anything = []string{"app", ""}

// onlyTests lists the packages that production code may not import, but for app,
// whose demo runs the simulator.
var onlyTests = []string{"postgres/pgtest", "source/sourcetest", "rest/resttest"}

func short(path string) (string, bool) {
	if path+"/" == module {
		return "", true
	}
	p, ours := strings.CutPrefix(path, module)
	p = strings.TrimPrefix(p, "internal/")
	if p == "graph" || strings.HasPrefix(p, "graph/") {
		p = "graph"
	}
	return p, ours
}

func TestImportsPointDownwardsOnly(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name, _ := short(p.ImportPath)
		allowed, known := arrows[name]
		free := slices.Contains(anything, name)
		if !known && !free {
			t.Errorf("package %s has no place in the picture: add it to docs/architecture.md and to this table", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			to, ours := short(imp)
			switch {
			case !ours || to == name && name == "graph":
			case slices.Contains(onlyTests, to) && !slices.Contains(onlyTests, name):
				t.Errorf("%s imports %s, which is for tests only", name, to)
			case !free && !slices.Contains(allowed, to):
				t.Errorf("%s imports %s, which does not lie below it", name, to)
			}
		}
	}
}

// TestPureRulesImportNoInputOrOutput holds the line that makes the rules testable
// by values alone.
func TestPureRulesImportNoInputOrOutput(t *testing.T) {
	t.Parallel()
	barred := []string{"context", "log", "log/slog", "net", "net/http", "os", "database/sql", "math/rand", "math/rand/v2"}
	for _, pkg := range []string{"market", "grid", "feature", "quality", "pipeline"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{join .Imports "\n"}}`, module+"internal/"+pkg).Output()
		if err != nil {
			t.Fatalf("go list %s: %v", pkg, err)
		}
		for imp := range strings.FieldsSeq(string(out)) {
			outside := strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") && !strings.HasPrefix(imp, module)
			if slices.Contains(barred, imp) || outside && imp != "github.com/google/uuid" {
				t.Errorf("%s imports %s", pkg, imp)
			}
		}
	}
}
