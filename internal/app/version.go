package app

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is the version of the program; a release build sets it with
// -ldflags "-X …/internal/app.release=1.2.3".
var release = ""

type versionCmd struct{}

// Run prints the version, the Go version and the platform.
func (versionCmd) Run(term *terminal) error {
	_, err := fmt.Fprintf(term.out, "candlewright %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is the release, else the revision that the program was built from.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			revision = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if revision == "" {
		return "development"
	}
	return revision + dirty
}
