package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Scratch is a database of its own on a private server, owned by a role of its own that may do
// nothing outside it. Its methods are for one goroutine at a time.
type Scratch struct {
	server *Server
	name   string   // of database and role alike
	secret string   // the role's password
	dirty  bool     // a stranger's statements have run here
	roles  []string // made for its policies
	closed bool
}

// Scratch makes an empty database (about 50 ms).
func (s *Server) Scratch(ctx context.Context) (*Scratch, error) {
	d := &Scratch{server: s, secret: rand.Text()}
	err := s.asAdmin(ctx, func(c *pgx.Conn) error {
		if s.scratch >= maxScratchDatabases {
			return fmt.Errorf("%d scratch databases are open, which is the most a server has", s.scratch)
		}
		s.counter++
		d.name = fmt.Sprintf("scratch_%d_%s", s.counter, strings.ToLower(rand.Text()[:8]))
		if err := d.create(ctx, c); err != nil {
			// Whatever there is of it goes with the server at the latest.
			_ = d.drop(context.WithoutCancel(ctx), c)
			return err
		}
		s.scratch++
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("a scratch database could not be made: %w", err)
	}
	return d, nil
}

func (d *Scratch) create(ctx context.Context, c *pgx.Conn) error {
	id := pgx.Identifier{d.name}.Sanitize()
	for _, sql := range []string{
		// The password's alphabet is A-Z and 2-7, so it needs no quoting.
		fmt.Sprintf(`CREATE ROLE %s LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS CONNECTION LIMIT %d PASSWORD '%s'`,
			id, maxScratchConns, d.secret),
		fmt.Sprintf(`CREATE DATABASE %s OWNER %s`, id, id),
		fmt.Sprintf(`REVOKE ALL ON DATABASE %s FROM PUBLIC`, id),
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// Connect opens a session of the owner's. The caller closes it.
func (d *Scratch) Connect(ctx context.Context) (*pgx.Conn, error) {
	c, err := d.server.connect(ctx, d.name, d.secret, d.name)
	if err != nil {
		return nil, fmt.Errorf("the scratch database cannot be reached: %w", err)
	}
	return c, nil
}

// Close drops the database and its role, ending the sessions that are left.
func (d *Scratch) Close(ctx context.Context) error {
	if d.closed {
		return nil
	}
	d.closed = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := d.server.asAdmin(ctx, func(c *pgx.Conn) error {
		d.server.scratch--
		return d.drop(ctx, c)
	})
	if err != nil {
		return fmt.Errorf("the scratch database %s could not be dropped: %w", d.name, err)
	}
	return nil
}

func (d *Scratch) drop(ctx context.Context, c *pgx.Conn) error {
	id := pgx.Identifier{d.name}.Sanitize()
	_, err1 := c.Exec(ctx, "DROP DATABASE IF EXISTS "+id+" WITH (FORCE)")
	_, err2 := c.Exec(ctx, "DROP ROLE IF EXISTS "+id)
	for _, role := range d.roles { // another scratch database may still name it
		_, _ = c.Exec(ctx, "DROP ROLE IF EXISTS "+pgx.Identifier{role}.Sanitize())
	}
	return errors.Join(err1, err2)
}
