package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Running is the private PostgreSQL of another process. Its connection strings hold passwords.
type Running struct{ OwnerDSN, AppDSN, AdminDSN string }

// FindRunning finds the server that another process, which [OpenInstance] calls [ErrInUse], has in dir. Whoever may read the
// passwords there may use it.
func FindRunning(dir string) (Running, error) {
	h := &home{path: dir, run: filepath.Join(dir, runName)}
	if target, err := os.Readlink(h.run); err == nil {
		h.run = target
	}
	text, err := readSmall(h.in(secretsName))
	if err != nil {
		return Running{}, fmt.Errorf("the passwords of the private PostgreSQL in %s cannot be read: %w", dir, err)
	}
	s, err := parseSecrets(text)
	if err != nil {
		return Running{}, fmt.Errorf("the passwords of the private PostgreSQL in %s cannot be used: %w", dir, err)
	}
	i := &Instance{home: h, secrets: s}
	return Running{i.OwnerDSN(), i.AppDSN(), i.AdminDSN()}, nil
}

// Dump writes a database as SQL, whole, as pg_dump of b does. The role has to be one that row-level security does not hold. The password
// goes through the environment, where other users do not see it.
func (b Binaries) Dump(ctx context.Context, dsn string, w io.Writer) error {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("the connection string cannot be understood: %w", err)
	}
	password := c.Password
	args := []string{"--no-password", "--host", c.Host, "--port", fmt.Sprint(c.Port), "--username", c.User, "--dbname", c.Database}
	cmd := exec.CommandContext(ctx, filepath.Join(b.Dir, "pg_dump"), args...)
	cmd.Env = append(dumpEnvironment(dsn), "PGPASSWORD="+password)
	cmd.Stdout = w
	var says strings.Builder
	cmd.Stderr = &says
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the database was not dumped: %w", errors.Join(err, errors.New(strings.TrimSpace(says.String()))))
	}
	return nil
}

// dumpEnvironment is what pg_dump may know of ours, and the TLS settings of a connection string, which have no flag.
func dumpEnvironment(dsn string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C"}
	for _, name := range []string{"sslmode", "sslrootcert", "sslcert", "sslkey"} {
		if value := dsnSetting(dsn, name); value != "" {
			env = append(env, "PG"+strings.ToUpper(name)+"="+value)
		}
	}
	return env
}

// dsnSetting finds a setting in a connection string of either form; pgx keeps no trace of those of TLS.
func dsnSetting(dsn, name string) string {
	for field := range strings.FieldsFuncSeq(dsn, func(r rune) bool { return r == ' ' || r == '&' || r == '?' }) {
		if value, ok := strings.CutPrefix(field, name+"="); ok {
			return value
		}
	}
	return ""
}
