package provision_test

import (
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// proxy stands between a client and the server and loses the connection while a transaction is being committed.
type proxy struct {
	dsn  string
	lose atomic.Int32
}

// What a proxy loses with the connection, once it is told to.
const (
	loseNothing int32 = iota
	loseRequest       // the server never hears of the commit
	loseAnswer        // the server commits, and nobody hears of it
)

// newProxy listens in a folder of its own.
func newProxy(t testing.TB, d *tenant) *proxy {
	t.Helper()
	c := d.conn.Config()
	dir := t.TempDir()
	socket := fmt.Sprintf(".s.PGSQL.%d", c.Port)
	listener, err := net.Listen("unix", filepath.Join(dir, socket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &proxy{dsn: fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s", dir, c.Port, c.User, c.Password, c.Database)}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", filepath.Join(c.Host, socket))
			if err != nil {
				_ = client.Close()
				return
			}
			go p.carry(client, server)
		}
	}()
	return p
}

// connect opens a session through the proxy.
func (p *proxy) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

// carry passes on what both sides say until one ends, or the commit comes.
func (p *proxy) carry(client, server net.Conn) {
	defer client.Close() //nolint:errcheck // the other side notices either way
	defer server.Close() //nolint:errcheck // as above
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		defer client.Close() //nolint:errcheck // as above
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if err != nil || p.lose.Load() == loseAnswer {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		commits := bytes.Contains(buffer[:n], []byte("commit\x00"))
		if commits && p.lose.Load() == loseRequest {
			return
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if commits && p.lose.Load() == loseAnswer {
			<-answers
			return
		}
	}
}
