// Command bundle writes the playground's assets from the sources in web/: the
// script and the style by esbuild, the icon, and the licences of what is in them.
//
// It runs in internal/dashboard, as go generate does, and does nothing while
// assets/ is of the sources as they are. Otherwise, and with -force, it needs npm:
// esbuild itself is a Go module, the packages that it bundles are npm's.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	webDir    = "web"
	assetsDir = "assets"
	// toolsMod pins esbuild. Commands run in webDir.
	toolsMod = "../../tools/go.mod"
)

func main() {
	force := flag.Bool("force", false, "bundle anew even where nothing has changed")
	flag.Parse()
	if err := run(*force); err != nil {
		fmt.Fprintln(os.Stderr, "bundle the playground:", err)
		os.Exit(1)
	}
}

func run(force bool) error {
	inputs, err := inputsSum(".")
	if err != nil {
		return err
	}
	old, err := readManifest(assetsDir)
	if err == nil && old.Inputs == inputs && !force {
		return nil
	}
	if err := install(); err != nil {
		return err
	}
	out, err := os.MkdirTemp("", "playground-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	meta := filepath.Join(out, "meta.json")
	if err := esbuild(out, meta); err != nil {
		return err
	}
	files, err := collect(out, meta)
	if err != nil {
		return err
	}
	return write(assetsDir, inputs, files)
}

// install brings node_modules to what the lock file says.
func install() error {
	lock, err := os.ReadFile(filepath.Join(webDir, "package-lock.json"))
	if err != nil {
		return err
	}
	stamp := filepath.Join(webDir, "node_modules", ".of-lock")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == sum(lock) {
		return nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return fmt.Errorf("%w: sources of the playground have changed, and bundling them takes Node.js 20 or newer with npm", err)
	}
	if err := inWeb("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
		return err
	}
	return os.WriteFile(stamp, []byte(sum(lock)), 0o600)
}

func esbuild(out, meta string) error {
	return inWeb(
		"go", "tool", "-modfile="+toolsMod, "esbuild", "src/main.jsx",
		"--bundle", "--minify", "--format=esm", "--jsx=automatic", "--charset=utf8", "--legal-comments=none", "--log-level=warning",
		"--target=es2022,chrome110,edge110,firefox115,safari16.4", `--define:process.env.NODE_ENV="production"`,
		"--alias:react-style-singleton=./src/nostyle.js", "--entry-names=playground", "--outdir="+out, "--metafile="+meta,
	)
}

// inWeb runs a command in the folder of the sources.
func inWeb(name string, args ...string) error {
	cmd := exec.Command(name, args...) //nolint:noctx // Ctrl-C ends it like this command
	cmd.Dir, cmd.Stdout, cmd.Stderr = webDir, os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(append([]string{name}, args...), " "), err)
	}
	return nil
}
