package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// account is the operating system's user that the server runs as. PostgreSQL refuses to run
// as root, so root's servers run as "postgres" or, where there is none, as "nobody".
type account struct {
	uid, gid uint32
	name     string
	drop     bool // we are root and this is somebody else
}

// serverAccount chooses the account. An existing cluster keeps its owner.
func serverAccount(clusterDir string) (account, error) {
	if os.Geteuid() != 0 {
		me, err := user.LookupId(strconv.Itoa(os.Geteuid()))
		if err != nil {
			return account{}, fmt.Errorf("PostgreSQL needs a user with a name, and user id %d has none in the user database "+
				"(add a line to /etc/passwd, or use --database-url): %w", os.Geteuid(), err)
		}
		return accountOf(me, false)
	}
	if info, err := os.Stat(clusterDir); err == nil {
		if owner := ownerOf(info); owner != 0 {
			if u, err := user.LookupId(strconv.Itoa(int(owner))); err == nil {
				return accountOf(u, true)
			}
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return accountOf(u, true)
		}
	}
	return account{}, errors.New("PostgreSQL cannot run as root, and this machine has neither a user \"postgres\" nor a user \"nobody\" to run it as: " +
		"create one (useradd --system postgres), run candlewright as an ordinary user, or use --database-url")
}

func accountOf(u *user.User, drop bool) (account, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("user id of %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("group id of %s: %w", u.Username, err)
	}
	return account{uid: uint32(uid), gid: uint32(gid), name: u.Username, drop: drop}, nil
}

// credential makes a child run as the account; nil where it is our own.
func (a account) credential() *syscall.Credential {
	if !a.drop {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// command runs one of PostgreSQL's programs in dir as the account.
func (a account) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...) //nolint:noctx // the keeper, who alone runs them, has no context: it ends the server itself
	cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, serverEnv(), childAttr(a)
	return cmd
}

// serverEnv is our environment without what would change the server's behaviour.
func serverEnv() []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "PG") || strings.HasPrefix(entry, "LC_") || strings.HasPrefix(entry, "LANG") ||
			strings.HasPrefix(entry, "TZ=") || strings.HasPrefix(entry, keeperEnv+"=")
	})
	return append(env, "LC_ALL=C", "TZ=UTC")
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

func ownerOf(info os.FileInfo) uint32 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Uid
	}
	return 0
}

// currentUser is the name under which the server knows this process on a Unix socket.
func currentUser() (string, error) {
	me, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		return "", fmt.Errorf("name of user id %d: %w", os.Geteuid(), err)
	}
	return me.Username, nil
}
