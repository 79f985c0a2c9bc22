package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/veilschema/veil/api"
	"github.com/veilschema/veil/internal/auditlog"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/keys"
)

// Role is what a process does. The zero value is no role.
type Role string

// The roles.
const (
	RoleUnknown Role = ""
	RoleAll     Role = "all"    // both
	RoleAPI     Role = "api"    // answers requests
	RoleWorker  Role = "worker" // evaluates
)

// ParseRole reads a role's name.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case RoleAll, RoleAPI, RoleWorker:
		return r, nil
	}
	return RoleUnknown, fmt.Errorf("%q is no role; there are all, api and worker", s)
}

func (r Role) answers() bool   { return r == RoleAll || r == RoleAPI }
func (r Role) evaluates() bool { return r == RoleAll || r == RoleWorker }

// Config says what a process does, and with what.
type Config struct {
	// Role is what it does. Required.
	Role Role
	// Root is the service's root key. Required; the daemon keeps it.
	Root *keys.Root
	// AppDSN is the database as the application role, and OwnerDSN as the schema's owner; with OwnerDSN the schema is brought up to date. Where
	// both are empty, Instance is started.
	AppDSN, OwnerDSN string
	// Instance is the private PostgreSQL.
	Instance postgres.InstanceOptions
	// Scratch are the options of the private server on which templates are read.
	Scratch postgres.Options
	// Listen is the address to answer at, host and port. Without certificates it has to be one of this machine only.
	Listen string
	// TLSCert and TLSKey are files in PEM; a changed certificate is taken up without a restart.
	TLSCert, TLSKey string
	// Workers bounds the goroutines of one evaluation.
	Workers int
	// Evaluations is how many are carried out at once; zero is as many as Workers, from 2 to maxEvaluations.
	Evaluations int
	// Quota bounds what a tenant may have, Limits what requests may take; zero fields have defaults.
	Quota  service.Quota
	Limits api.Limits
	// MetricsListen is the address at which Prometheus finds metrics; empty is none. They name no tenant and need no token.
	MetricsListen string
	// Traces is the address of a collector of traces (OTLP over HTTP); empty is none.
	Traces string
	// Witnesses are asked to cosign the log. Checkpoint is the file that remembers what this machine signed last; empty remembers nothing.
	Witnesses  []auditlog.Witness
	Checkpoint string
	// Version is the program's.
	Version string
	// Log gets what an operator should know; nil logs nothing.
	Log *slog.Logger
	// Ready is told once everything runs; it may be nil.
	Ready func(Ready)
}

// Ready is what an operator is told when a process runs.
type Ready struct {
	// URL is where it answers; empty for a worker.
	URL string
	// OneTime is the token with which the first operator gets one; empty where it was made before. It is shown once.
	OneTime string
	// LogKey is the key of the log's checkpoints, which witnesses have to know.
	LogKey string
	// Metrics is where metrics are; empty where they are not asked for.
	Metrics string
	// Embedded is the version of the private PostgreSQL; empty where there is none.
	Embedded string
}

// Unsafe is a configuration that is refused because it would give something away.
type Unsafe struct{ Reason string }

// Error returns the reason.
func (e *Unsafe) Error() string { return e.Reason }

// Misconfigured is a configuration that does not fit together.
type Misconfigured struct{ Reason string }

// Error returns the reason.
func (e *Misconfigured) Error() string { return e.Reason }

func misconfigured(format string, args ...any) error {
	return &Misconfigured{fmt.Sprintf(format, args...)}
}

func (c *Config) check() error {
	switch {
	case c.Root == nil:
		return errors.New("a service needs its root key")
	case !c.Role.answers() && !c.Role.evaluates():
		return misconfigured("%q is no role of a service", c.Role)
	case c.OwnerDSN != "" && c.AppDSN == "":
		return misconfigured("the database is named for its owner alone; name it for the application role too (serve.database), or for neither")
	case c.AppDSN == "" && !c.Role.answers():
		return misconfigured("a worker works on the database of others; name it with serve.database")
	case c.AppDSN == "" && !c.Role.evaluates():
		return misconfigured("nobody could evaluate on a private PostgreSQL but the process that starts it; take the role all, or name a database with serve.database")
	case !c.Role.answers():
		return nil
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return misconfigured("a certificate and its key belong together; give both, --tls-cert and --tls-key")
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return misconfigured("%q is no address to answer at; give a host and a port, such as 127.0.0.1:8420", c.Listen)
	}
	if c.TLSCert == "" && !loopback(host) {
		return &Unsafe{fmt.Sprintf("answering at %s without TLS would carry tokens in clear; give --tls-cert and --tls-key, or an address of this machine such as 127.0.0.1:8420", c.Listen)}
	}
	return nil
}

// loopback says whether a host is reached from this machine only.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
