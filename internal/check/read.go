package check

import (
	"context"
	"errors"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/introspect"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/postgres/ddl"
)

// Source says where a schema is to be read from: a database, or DDL in files or in memory.
type Source struct {
	// DSN is a connection string or URL of a PostgreSQL database.
	DSN string
	// DDL are files, loaded in order into one scratch database.
	DDL []string
	// Texts are files held in memory, loaded in order.
	Texts []Text
	// Schemas are the schemas to read; none means all that are not the system's.
	Schemas []string
	// RefuseEventTriggers makes event triggers in DDL an error.
	RefuseEventTriggers bool
}

// Text is a file of DDL held in memory.
type Text struct {
	Name string // stands for it in errors
	Text []byte
}

// Reading is a schema as it was read.
type Reading struct {
	Database *schema.Database
	// Files are the files of DDL that were loaded, in order.
	Files []template.File
	// Skipped counts the statements of DDL that are no structure.
	Skipped int
	// LeftOut are the event triggers of DDL, where they were not refused.
	LeftOut []LeftOut
	// Load and Introspect are how long loading DDL and reading the catalog took.
	Load, Introspect time.Duration
}

// LeftOut is a statement of DDL that was left out although it is structure.
type LeftOut struct {
	File      string `json:"file"`
	Line      int    `json:"line"`      // where it begins, counted from 1
	Statement string `json:"statement"` // its beginning, on one line
}

// Server starts the private PostgreSQL for DDL when it is first needed. Close
// stops it.
type Server struct {
	// Options are those of the private server.
	Options postgres.Options
	server  *postgres.Server
}

// Close stops the server if it was started.
func (s *Server) Close() error {
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}

// Scratch makes an empty database on the private PostgreSQL. The caller closes it.
func (s *Server) Scratch(ctx context.Context) (*postgres.Scratch, error) {
	if s.server == nil {
		server, err := postgres.Start(ctx, s.Options)
		if err != nil {
			return nil, &Unavailable{err}
		}
		s.server = server
	}
	return s.server.Scratch(ctx)
}

// Read reads a schema.
func Read(ctx context.Context, server *Server, from Source) (*Reading, error) {
	if from.DSN != "" {
		return readDatabase(ctx, from)
	}
	return readDDL(ctx, server, from, introspected)
}

// ReadDesign reads a schema from DDL with what building it anew takes.
func ReadDesign(ctx context.Context, server *Server, from Source) (*Reading, *introspect.Design, error) {
	var design *introspect.Design
	reading, err := readDDL(ctx, server, from, func(ctx context.Context, conn *pgx.Conn, from Source) (*Reading, error) {
		start := time.Now()
		database, d, err := introspect.ReadDesign(ctx, conn, introspect.Options{Schemas: from.Schemas})
		if err != nil {
			return nil, err
		}
		design = d
		return &Reading{Database: database, Introspect: time.Since(start)}, nil
	})
	return reading, design, err
}

// ReadDDL reads a file of DDL.
func ReadDDL(path string) ([]byte, error) { return ReadFile("DDL file", path, maxDDLBytes) }

// readDDL loads DDL into a scratch database and has it read.
func readDDL(ctx context.Context, server *Server, from Source, read reader) (*Reading, error) {
	scratch, err := server.Scratch(ctx)
	if err != nil {
		return nil, err
	}
	reading, err := readScratch(ctx, scratch, from, read)
	return reading, errors.Join(err, scratch.Close(context.WithoutCancel(ctx)))
}

// reader reads the schema of the database that it is connected to.
type reader func(ctx context.Context, conn *pgx.Conn, from Source) (*Reading, error)

func readDatabase(ctx context.Context, from Source) (*Reading, error) {
	conn, err := Connect(ctx, from.DSN)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return introspected(ctx, conn, from)
}

// Connect opens a session of the database that a connection string names. Errors do not show the string, which may hold a password.
func Connect(ctx context.Context, dsn string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The cause would repeat the string, with its password.
		return nil, refusef("the connection string is not understood; write it like postgres://user@host:5432/database")
	}
	cfg.RuntimeParams["application_name"] = "veil"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, unreachable(cfg, err)
	}
	return conn, nil
}

func readScratch(ctx context.Context, scratch *postgres.Scratch, from Source, read reader) (*Reading, error) {
	start := time.Now()
	options := postgres.LoadOptions{RefuseEventTriggers: from.RefuseEventTriggers}
	skipped := 0
	var leftOut []LeftOut
	var files []template.File
	load := func(name string, text []byte) error {
		files = addFile(files, name, text)
		r, err := scratch.Load(ctx, name, text, options)
		skipped += r.SkippedAll
		leftOut = append(leftOut, eventTriggers(files[len(files)-1].Name, r.Skipped)...)
		return err
	}
	for _, t := range from.Texts {
		if err := load(t.Name, t.Text); err != nil {
			return nil, err
		}
	}
	for _, path := range from.DDL {
		text, err := ReadDDL(path)
		if err != nil {
			return nil, err
		}
		if err := load(path, text); err != nil {
			return nil, err
		}
	}
	loaded := time.Since(start)
	conn, err := scratch.Connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	reading, err := read(ctx, conn, from)
	if missing, ok := errors.AsType[*introspect.NoSchemaError](err); ok {
		// The scratch database's name tells nobody anything.
		return nil, refusef("the DDL makes no schema %q; %s", missing.Schema, missing.Others())
	}
	if err != nil {
		return nil, err
	}
	reading.Files, reading.Load, reading.Skipped, reading.LeftOut = files, loaded, skipped, leftOut
	return reading, nil
}

// eventTriggers lists the statements about event triggers among those that were left out of a file.
func eventTriggers(file string, skips []postgres.Skip) []LeftOut {
	var out []LeftOut
	for _, s := range skips {
		if s.Reason == ddl.ReasonEventTrigger {
			out = append(out, LeftOut{File: file, Line: s.Line, Statement: s.Statement})
		}
	}
	return out
}

func introspected(ctx context.Context, conn *pgx.Conn, from Source) (*Reading, error) {
	start := time.Now()
	database, err := introspect.Read(ctx, conn, introspect.Options{Schemas: from.Schemas})
	if isA[*introspect.NoSchemaError](err) {
		return nil, &Refused{err}
	}
	if err != nil {
		return nil, err
	}
	return &Reading{Database: database, Introspect: time.Since(start)}, nil
}

// occupied returns the schemas that a database has facts in, sorted.
func occupied(facts schema.Facts) []string {
	seen := map[string]bool{}
	for _, f := range facts {
		if f.Schema != "" {
			seen[f.Schema] = true
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Alignment is a tenant's schema under a template's names.
type Alignment struct {
	Facts    schema.Facts
	Coverage schema.Coverage
	// Mapping is what was renamed.
	Mapping schema.Mapping
}

// Align turns a tenant's schema into facts under the template's names: renamed by
// the mapping, which has to fit ([Refused]), and, where each side has exactly one schema and the mapping names
// none, that one onto the other.
func Align(tenant *schema.Database, templateFacts schema.Facts, m schema.Mapping) (*Alignment, error) {
	a := &Alignment{Mapping: m}
	var err error
	if a.Facts, a.Coverage, err = tenant.Facts(m); err != nil {
		return nil, &Refused{err}
	}
	mine, theirs := occupied(a.Facts), occupied(templateFacts)
	if len(m.Schemas) > 0 || len(mine) != 1 || len(theirs) != 1 || mine[0] == theirs[0] {
		return a, nil
	}
	a.Mapping.Schemas = map[string]string{mine[0]: theirs[0]}
	a.Facts, a.Coverage, err = tenant.Facts(a.Mapping)
	return a, err
}
