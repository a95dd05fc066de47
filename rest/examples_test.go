package rest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/candlewright/candlewright/rest/resttest"
)

// examplesFile is the file of cases in the folder shared, beside the repository.
func examplesFile(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared", "data", "rest-examples.jsonl")
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = up
	}
}

func TestExamples(t *testing.T) {
	t.Parallel()
	for name, state := range map[string]struct {
		when string
		with func(*fake)
	}{
		"enriched": {"", func(*fake) {}},
		"empty":    {"empty", func(f *fake) { f.empty = true }},
		"db_down":  {"db_down", func(f *fake) { f.err = down(context.Background()) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			f.now = time.Now
			state.with(f)
			resttest.Run(t, serve(t, f), examplesFile(t), state.when)
		})
	}
}
