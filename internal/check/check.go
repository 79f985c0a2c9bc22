package check

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/keys"
)

// Options describe a check.
type Options struct {
	// Template and Tenant are the two schemas.
	Template, Tenant Source
	// Meta names the template; an empty slug is taken from its first file.
	Meta template.Meta
	// Ready is the template where it was built already: then Template, Meta and Policy are not looked at. AllowEmpty lets a tenant
	// have nothing yet, which is an error otherwise, because it is most often a schema that was misspelt.
	Ready      *template.Template
	AllowEmpty bool
	// Policy is the template's; nil requires every fact of its DDL.
	Policy *template.Policy
	// Withholding is the tenant's policy; nil withholds nothing.
	Withholding *template.Withholding
	// Minimum is the weakest parameter set the tenant accepts; zero is any.
	Minimum he.SetID
	// Mapping renames the tenant's names to the template's.
	Mapping schema.Mapping
	// Tenants keys. A nil Root makes one for this check only and keeps nothing.
	Root   *keys.Root
	Ledger compare.Ledger
	Vault  compare.Vault
	// Openings keeps what opens the commitment to the tenant's schema; nil keeps it nowhere.
	Openings compare.Openings
	// Compare, where it is set, brings the comparison with another process to its end; then Root, Ledger and Vault are not looked at.
	Compare func(ctx context.Context, prepared *compare.Prepared, facts schema.Facts) (*Exchange, error)
	// Workers bounds the goroutines; zero is one.
	Workers int
	// Progress is told what begins; it may be nil.
	Progress func(step string)
	// Generator names the program in the report.
	Generator string
}

// Outcome is a finished check.
type Outcome struct {
	Report   *report.Report
	Template *template.Template
	Exchange *Exchange
	// Tenant is the tenant's schema, Mapping how its names became the template's,
	// and Facts what it submitted: for callers on the tenant's side only.
	Tenant  *Reading
	Mapping schema.Mapping
	Facts   schema.Facts
	// Idle are the selectors of the withholding policy that withheld nothing.
	Idle []template.Selector
}

// Check reads both schemas, compares them under encryption and reports.
func Check(ctx context.Context, server *Server, o Options) (*Outcome, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	t, err := o.Ready, error(nil)
	if t == nil {
		t, err = BuildTemplate(ctx, server, o)
	}
	if err != nil {
		return nil, err
	}
	prepared, err := compare.Prepare(t)
	if err != nil {
		return nil, &Refused{err}
	}
	o.Progress("reading the tenant's schema")
	started := time.Now()
	tenant, err := Read(ctx, server, o.Tenant)
	if err != nil {
		return nil, fmt.Errorf("the tenant's schema: %w", err)
	}
	factsAt := time.Now()
	aligned, err := Align(tenant.Database, t.Facts(), o.mappingOfNothing(tenant.Database, t.Facts()))
	if err != nil {
		return nil, fmt.Errorf("the tenant's schema: %w", err)
	}
	factsTime := time.Since(factsAt)
	if len(aligned.Facts) == 0 && !o.AllowEmpty {
		return nil, fmt.Errorf("the tenant's schema: %w; name the right one with --schema", ErrEmpty)
	}
	if n := len(aligned.Facts); n > compare.MaxFacts {
		return nil, refusef("the tenant's schema has %d facts and a comparison takes %d; read less of it with --schema", n, compare.MaxFacts)
	}
	exchange, err := o.exchange(ctx, prepared, aligned.Facts)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Template: t, Exchange: exchange, Tenant: tenant, Mapping: aligned.Mapping, Facts: aligned.Facts}
	out.Idle = o.Withholding.Idle(t.Facts())
	in := ReportInput(t, exchange.Result)
	in.Parties.OneProcess = o.Compare == nil
	in.Timings = report.Timings{
		Encrypt: exchange.Timings.Encrypt, Evaluate: exchange.Timings.Evaluate, Decrypt: exchange.Timings.Decrypt, Verify: exchange.Timings.Verify,
	}
	in.Generator, in.CreatedAt = o.Generator, time.Now()
	in.Timings.Introspect, in.Timings.Facts = tenant.Introspect, factsTime
	in.Introspection = o.introspection(tenant, aligned, t, started)
	out.Report, err = report.New(in)
	return out, err
}

// mappingOfNothing maps the one schema that was asked for onto the template's only one where it is empty, so that what is made will be
// made in it.
func (o Options) mappingOfNothing(tenant *schema.Database, templateFacts schema.Facts) schema.Mapping {
	theirs := occupied(templateFacts)
	empty := len(tenant.Tables)+len(tenant.Views)+len(tenant.Sequences)+len(tenant.Enums)+len(tenant.Domains)+len(tenant.Functions) == 0
	if !empty || len(o.Mapping.Schemas) > 0 || len(o.Tenant.Schemas) != 1 || len(theirs) != 1 || o.Tenant.Schemas[0] == theirs[0] {
		return o.Mapping
	}
	return schema.Mapping{Schemas: map[string]string{o.Tenant.Schemas[0]: theirs[0]}}
}

// BuildTemplate reads the template's schema and applies its policy.
func BuildTemplate(ctx context.Context, server *Server, o Options) (*template.Template, error) {
	if o.Progress != nil {
		o.Progress("reading the template")
	}
	o.Template.RefuseEventTriggers = true
	reading, err := Read(ctx, server, o.Template)
	if err != nil {
		return nil, fmt.Errorf("the template: %w", err)
	}
	return TemplateOf(reading, o)
}

// TemplateOf applies the template's policy to a schema that was read.
func TemplateOf(reading *Reading, o Options) (*template.Template, error) {
	facts, _, err := reading.Database.Facts(schema.Mapping{})
	if err != nil {
		return nil, fmt.Errorf("the template: %w", err)
	}
	if len(facts) == 0 {
		return nil, fmt.Errorf("the template: %w; give the DDL of the tables that tenants are to have", ErrEmpty)
	}
	t, err := template.Build(o.meta(reading.Files), facts, o.Policy)
	if err != nil {
		return nil, &Refused{err}
	}
	return t, nil
}

// meta completes the template's name and lists the files that were read.
func (o Options) meta(files []template.File) template.Meta {
	m := o.Meta
	if m.Slug == "" && len(o.Template.DDL) > 0 {
		m.Slug = slug(o.Template.DDL[0])
	}
	if m.Version == "" {
		m.Version = "local"
	}
	m.Files = append(slices.Clone(m.Files), files...)
	return m
}

// slug makes a template's short name of a file's name.
func slug(path string) string {
	name := strings.ToLower(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, name)
	name = strings.Trim(name, "-_.")
	if name == "" {
		return "template"
	}
	return name[:min(len(name), template.MaxSlug)]
}

// exchange runs the comparison between a tenant with the given facts and a
// service that has the template only.
func (o Options) exchange(ctx context.Context, prepared *compare.Prepared, facts schema.Facts) (*Exchange, error) {
	if o.Compare != nil {
		return o.Compare(ctx, prepared, facts)
	}
	service, err := keys.NewIdentity(rand.Reader)
	if err != nil {
		return nil, err
	}
	p := Parties{
		Template: prepared, Facts: facts, Withholds: o.Withholding.Withholds, Minimum: o.Minimum,
		Root: o.Root, Ledger: o.Ledger, Vault: o.Vault, Openings: o.Openings, Service: service,
		Workers: o.Workers, Progress: o.Progress,
	}
	if p.Root == nil {
		if p.Root, err = keys.NewRoot(rand.Reader); err != nil {
			return nil, err
		}
		defer p.Root.Wipe()
		p.Ledger, p.Vault, p.Openings = &onceLedger{}, nil, nil
	}
	return Run(ctx, p)
}

// onceLedger serves a root key that is used for one check and then gone: no
// session of another process can have it.
type onceLedger struct{ sessions map[[32]byte][32]byte }

func (l *onceLedger) MarkSession(session [32]byte) error {
	if l.sessions == nil {
		l.sessions = map[[32]byte][32]byte{}
	}
	if _, used := l.sessions[session]; used {
		return errors.New("the session was used before")
	}
	l.sessions[session] = [32]byte{}
	return nil
}

func (l *onceLedger) RecordResponse(session, response [32]byte) error {
	if old := l.sessions[session]; old != [32]byte{} && old != response {
		return errors.New("another response was decrypted in this session")
	}
	l.sessions[session] = response
	return nil
}

// ReportInput fills in what the comparison itself says.
func ReportInput(t *template.Template, r *compare.Result) report.Input {
	set, columns, replies := r.Layout.Set, r.Layout.Columns, 3*r.Layers
	return report.Input{
		Template: t, Verdicts: r.Verdicts,
		Parties: report.Parties{SizeBucket: r.Layout.Bucket},
		Exchange: report.Exchange{
			UploadBytes: int64(r.UploadBytes), DownloadBytes: int64(r.DownloadBytes),
			ParameterSet: set.String(), Degree: r.Layout.Degree(), Layers: r.Layers,
		},
		Probabilities: report.Probabilities{
			FalseMatch:        set.FalseMatch(len(r.Verdicts), r.Layout.Degree()),
			ForgedVerdict:     set.Forgery(replies, columns),
			DecryptionFailure: set.DecryptionFailure(),
		},
		Verification: report.Verification{
			ReExecuted: true, ReExecutedBy: "tenant",
			ResponseDigest: hex.EncodeToString(r.ResponseDigest[:]),
		},
	}
}

// introspection describes how the tenant's facts came about.
func (o Options) introspection(r *Reading, a *Alignment, t *template.Template, started time.Time) *report.Introspection {
	in := &report.Introspection{
		ServerVersion: r.Database.ServerVersion, Source: o.Tenant.describe(),
		Schemas: r.Database.Schemas, StartedAt: started, Facts: len(a.Facts),
		Renames: renames(a.Mapping), Coverage: a.Coverage,
	}
	for _, j := range t.Judged {
		if o.Withholding.Withholds(j.Fact) {
			in.Withheld++
		}
	}
	return in
}

// describe names the source without secrets.
func (s Source) describe() string {
	if s.DSN != "" {
		return "live database"
	}
	var names []string
	for _, t := range s.Texts {
		names = append(names, t.Name)
	}
	for _, path := range s.DDL {
		names = append(names, filepath.Base(path))
	}
	return strings.Join(names, ", ")
}

// renames lists a mapping in a fixed order.
func renames(m schema.Mapping) []report.Rename {
	var out []report.Rename
	for _, from := range slices.Sorted(maps.Keys(m.Schemas)) {
		out = append(out, report.Rename{What: "schema", From: from, To: m.Schemas[from]})
	}
	var rest []report.Rename
	for from, to := range m.Tables {
		rest = append(rest, report.Rename{What: "table", From: schema.Quote(from.Schema) + "." + schema.Quote(from.Name), To: to})
	}
	for from, to := range m.Columns {
		name := schema.Quote(from.Schema) + "." + schema.Quote(from.Table) + "." + schema.Quote(from.Column)
		rest = append(rest, report.Rename{What: "column", From: name, To: to})
	}
	slices.SortFunc(rest, func(a, b report.Rename) int { return strings.Compare(a.What+a.From, b.What+b.From) })
	return append(out, rest...)
}
