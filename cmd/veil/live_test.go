package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/testenv"
)

// live gives scripts a running database.
type live struct{ t *testing.T }

// command implements
//
//	live SQL
//
// It loads a file into a database of a running server and sets
//
//	OWNER      connection string of the owner
//	READER     of a role that may connect and read the catalog, and nothing else
//	STRANGER   of a role that may not connect
//	WRONG      of the reader, with a wrong password
//	CLOSED     of a server that lets everybody in and nobody read its catalog
//	PASSWORD   the reader's password
func (l *live) command(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: live SQL")
	}
	ctx := context.Background()
	server := testenv.Postgres(l.t)
	owner, reader, stranger := l.scratch(ts, server), l.scratch(ts, server), l.scratch(ts, server)
	sql, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = owner.Load(ctx, args[0], sql, postgres.LoadOptions{})
	ts.Check(err)

	o, r, x := l.config(ts, owner), l.config(ts, reader), l.config(ts, stranger)
	conn, err := owner.Connect(ctx)
	ts.Check(err)
	_, err = conn.Exec(ctx, "GRANT CONNECT ON DATABASE "+pgx.Identifier{o.Database}.Sanitize()+" TO "+pgx.Identifier{r.User}.Sanitize())
	ts.Check(err)
	ts.Check(conn.Close(ctx))
	as := func(c *pgx.ConnConfig, password string) string {
		u := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, password), Path: "/" + o.Database}
		u.RawQuery = url.Values{"host": {c.Host}, "sslmode": {"disable"}}.Encode()
		return u.String()
	}
	ts.Setenv("OWNER", as(o, o.Password))
	ts.Setenv("READER", as(r, r.Password))
	ts.Setenv("STRANGER", as(x, x.Password))
	ts.Setenv("WRONG", as(r, "not"+r.Password))
	ts.Setenv("CLOSED", "postgres://somebody@"+closedCatalog(l.t)+"/records?sslmode=disable")
	ts.Setenv("PASSWORD", r.Password)
}

// sql implements
//
//	sql STATEMENTS
//
// It runs statements as the owner of the live database and writes the rows of
// the last one to stdout, fields separated by tabs and NULL as "null".
func (l *live) sql(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sql STATEMENTS")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, ts.Getenv("OWNER"))
	ts.Check(err)
	defer conn.Close(ctx)
	results, err := conn.PgConn().Exec(ctx, args[0]).ReadAll()
	ts.Check(err)
	for _, row := range results[len(results)-1].Rows {
		for i, value := range row {
			if value == nil {
				value = []byte("null")
			}
			if i > 0 {
				fmt.Fprint(ts.Stdout(), "\t")
			}
			fmt.Fprintf(ts.Stdout(), "%s", value)
		}
		fmt.Fprintln(ts.Stdout())
	}
}

// config is how the owner of a scratch database connects.
func (l *live) config(ts *testscript.TestScript, d *postgres.Scratch) *pgx.ConnConfig {
	conn, err := d.Connect(context.Background())
	ts.Check(err)
	defer conn.Close(context.Background())
	return conn.Config()
}

func (l *live) scratch(ts *testscript.TestScript, server *postgres.Server) *postgres.Scratch {
	d, err := server.Scratch(context.Background())
	ts.Check(err)
	ts.Defer(func() { _ = d.Close(context.Background()) })
	return d
}

// closedCatalog listens like a server whose administrator took the catalog's
// rights from everybody, which no role of a test can do to a real one. It
// answers every statement with what PostgreSQL answers then.
func closedCatalog(t *testing.T) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go refuse(conn)
		}
	}()
	return listener.Addr().String()
}

func refuse(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // of a test
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for b.Flush() == nil {
		message, err := b.Receive()
		if err != nil {
			return
		}
		switch m := message.(type) {
		case *pgproto3.Query:
			if m.String == "rollback" || len(m.String) > 5 && m.String[:5] == "begin" {
				b.Send(&pgproto3.CommandComplete{CommandTag: []byte("BEGIN")})
			}
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'T'})
		case *pgproto3.Parse:
			b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "42501", Message: "permission denied for table pg_namespace"})
		case *pgproto3.Sync:
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'E'})
		}
	}
}
