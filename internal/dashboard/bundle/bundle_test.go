package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAssetsAreOfTheseSources fails where a source of the playground was changed
// and the bundle was not made anew. It needs no npm.
func TestAssetsAreOfTheseSources(t *testing.T) {
	t.Parallel()
	want, err := inputsSum("..")
	if err != nil {
		t.Fatal(err)
	}
	m, err := readManifest(filepath.Join("..", assetsDir))
	if err != nil {
		t.Fatal(err)
	}
	if m.Inputs != want {
		t.Errorf("assets are of sources %.12s, and the sources are %.12s: run go generate ./internal/dashboard and commit the result", m.Inputs, want)
	}
	for _, name := range []string{"playground.js", "playground.css", "icon.svg", "licenses.txt"} {
		hashed := *m.field(name)
		text, err := unpack(filepath.Join("..", assetsDir, hashed+".gz"))
		if err != nil {
			t.Error(err)
			continue
		}
		if ext := filepath.Ext(name); hashed != strings.TrimSuffix(name, ext)+"-"+sum(text)[:12]+ext {
			t.Errorf("%s holds something else than its name says", hashed)
		}
	}
}

func TestWriteReplacesWhatChangedAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string][]byte{"playground.js": []byte("1"), "playground.css": []byte("a{}"), "icon.svg": []byte("<svg/>"), "licenses.txt": []byte("MIT")}
	if err := write(dir, "first", files); err != nil {
		t.Fatal(err)
	}
	old, err := readManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	files["playground.js"] = []byte("2")
	if err := write(dir, "second", files); err != nil {
		t.Fatal(err)
	}
	m, err := readManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Inputs != "second" || m.Script == old.Script || m.Style != old.Style {
		t.Errorf("manifest %+v after %+v", m, old)
	}
	got, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i] = filepath.Base(got[i])
	}
	want := []string{m.Icon + ".gz", m.Licenses + ".gz", "manifest.json", m.Style + ".gz", m.Script + ".gz"}
	if diff := cmp.Diff(want, got, cmp.Transformer("set", func(s []string) map[string]bool {
		set := map[string]bool{}
		for _, v := range s {
			set[v] = true
		}
		return set
	})); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestPackageDir(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"src/main.jsx":                               "",
		"node_modules/react/index.js":                "node_modules/react",
		"node_modules/@graphiql/react/dist/index.js": "node_modules/@graphiql/react",
		"node_modules/a/node_modules/@b/c/d.js":      "node_modules/a/node_modules/@b/c",
	} {
		if got := packageDir(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}
