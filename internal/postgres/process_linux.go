package postgres

import (
	"fmt"
	"os"
	"syscall"
)

// childAttr makes the kernel send the server SIGINT (a clean, fast shutdown) when the thread
// that started it ends, so that a killed keeper leaves no orphan.
func childAttr(acc account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: acc.credential(), Pdeathsig: syscall.SIGINT}
}

// selfPath names the running program even after its file was replaced or removed.
func selfPath() (string, error) { return "/proc/self/exe", nil }

// servesFrom tells whether the living process pid is a server whose working directory is dir.
func servesFrom(pid int, dir string) bool {
	cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	here, err := os.Stat(dir)
	return err == nil && os.SameFile(cwd, here)
}
