package database

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// accountOf is whom a server runs as where this process may choose: root gives its servers to the
// user of this name, anyone else keeps them (nil).
func accountOf(name string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	entry, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("%w: the servers do not run as root; ./dev setup installs them", err)
	}
	uid, err := strconv.ParseUint(entry.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(entry.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// give hands a file or directory to the account.
func give(path string, account *syscall.Credential) error {
	if account == nil {
		return nil
	}
	return os.Chown(path, int(account.Uid), int(account.Gid))
}

// serverEnvironment is this process's without what the servers and their clients would heed.
func serverEnvironment() (kept []string) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch {
		case strings.HasPrefix(name, "PG"), strings.HasPrefix(name, "MYSQL"),
			strings.HasPrefix(name, "MARIADB"), strings.HasPrefix(name, "LC_"),
			strings.HasPrefix(name, "KVSHIM_"), name == "LANG", name == "LANGUAGE",
			name == "NOTIFY_SOCKET", name == "HOME":
		default:
			kept = append(kept, variable)
		}
	}
	return append(kept, "LC_ALL=C", "HOME=/")
}
