//go:build unix && !linux

package postgres

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// childAttr cannot tie the server to its keeper here; a server that lost its keeper is
// stopped by the next start.
func childAttr(acc account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: acc.credential()}
}

func selfPath() (string, error) { return os.Executable() }

// servesFrom tells whether the living process pid is a server of dir, by its command line.
func servesFrom(pid int, dir string) bool {
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "-D "+dir)
}
