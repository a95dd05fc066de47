package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func sum(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:])
}

// licenses lists the npm packages that are in the bundle with the texts of their
// licences, which ask for that. meta is what esbuild wrote about the bundle.
func licenses(meta []byte, web string) ([]byte, error) {
	var built struct {
		Outputs map[string]struct {
			Inputs map[string]struct {
				BytesInOutput int
			}
		}
	}
	if err := json.Unmarshal(meta, &built); err != nil {
		return nil, fmt.Errorf("read esbuild's metafile: %w", err)
	}
	packages := map[string]bool{}
	for _, out := range built.Outputs {
		for file, in := range out.Inputs {
			if dir := packageDir(file); dir != "" && in.BytesInOutput > 0 {
				packages[dir] = true
			}
		}
	}
	var text bytes.Buffer
	text.WriteString("The playground contains these packages.\n")
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		if err := license(&text, filepath.Join(web, filepath.FromSlash(dir))); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// packageDir is the folder of the package that a file is of, or empty.
func packageDir(file string) string {
	const modules = "node_modules/"
	at := strings.LastIndex(file, modules)
	if at < 0 {
		return ""
	}
	parts := strings.SplitN(file[at+len(modules):], "/", 3)
	if strings.HasPrefix(parts[0], "@") {
		parts[0] += "/" + parts[1]
	}
	return file[:at+len(modules)] + parts[0]
}

func license(text *bytes.Buffer, dir string) error {
	var p struct{ Name, Version, License string }
	about, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err == nil {
		err = json.Unmarshal(about, &p)
	}
	if err != nil {
		return fmt.Errorf("licence of %s: %w", dir, err)
	}
	fmt.Fprintf(text, "\n%s\n%s %s (%s)\n\n", strings.Repeat("-", 72), p.Name, p.Version, p.License)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := strings.ToLower(e.Name()); e.IsDir() || !strings.HasPrefix(name, "license") && !strings.HasPrefix(name, "licence") {
			continue
		}
		words, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		text.Write(bytes.TrimSpace(words))
		text.WriteByte('\n')
	}
	return nil
}
