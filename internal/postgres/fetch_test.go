package postgres

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testdata/postgres.txz holds bin/postgres and bin/initdb (shell scripts, "18.3") and lib with
// a symbolic link, packed as the published archives are.
func jar(t *testing.T) []byte {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", "postgres.txz"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for name, content := range map[string][]byte{"META-INF/MANIFEST.MF": nil, "postgres-test.txz": packed} {
		member, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := member.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// repository serves one body for every jar, with the checksum of another where they differ.
func repository(t *testing.T, body, summed []byte) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case body == nil || !strings.HasPrefix(r.URL.Path, "/io/zonky/test/postgres/embedded-postgres-binaries-"):
			http.NotFound(w, r)
		case strings.HasSuffix(r.URL.Path, "-18.3.0.jar"):
			_, _ = w.Write(body)
		case strings.HasSuffix(r.URL.Path, "-18.3.0.jar.sha256"):
			sum := sha256.Sum256(summed)
			_, _ = w.Write([]byte(hex.EncodeToString(sum[:]) + "\n"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestFetch(t *testing.T) {
	t.Parallel()
	good := jar(t)
	finder := Finder{FetchDir: filepath.Join(t.TempDir(), "programs"), Repository: repository(t, good, good)}
	bin, err := finder.fetch(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := inspect(t.Context(), bin)
	if err != nil || got.Version != "18.3" {
		t.Errorf("got %+v, %v", got, err)
	}
	if target, err := os.Readlink(filepath.Join(bin, "..", "lib", "libpq.so")); err != nil || target != "libpq.so.5.18" {
		t.Errorf("link to %q, %v", target, err)
	}
	entries, err := os.ReadDir(finder.FetchDir)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the programs: %v, %v", entries, err)
	}
	if _, err := finder.fetch(t.Context(), 18); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

func TestFetchFailsClearly(t *testing.T) {
	t.Parallel()
	good := jar(t)
	for _, test := range []struct {
		name         string
		major        int
		body, summed []byte
		want         string
	}{
		{"nothing there", 0, nil, nil, "404 Not Found"},
		{"another body", 0, good, []byte("else"), "the checksum is"},
		{"cut body", 0, good[:len(good)/2], good[:len(good)/2], "not a valid zip file"},
		{"unknown version", 99, good, good, "there is no download of PostgreSQL 99"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := Finder{FetchDir: dir, Repository: repository(t, test.body, test.summed)}.fetch(t.Context(), test.major)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Finder{FetchDir: t.TempDir(), Repository: repository(t, good, good)}.fetch(ctx, 0)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
