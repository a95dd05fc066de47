//go:build unix && !linux

package pgtest

import "os"

func serverParent() string { return os.TempDir() }
