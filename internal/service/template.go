package service

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/internal/store"
)

// Template is what lists say of a published template.
type Template struct {
	Slug        string    `json:"slug"`
	Version     string    `json:"version"`
	Title       string    `json:"title,omitempty"`
	Visibility  string    `json:"visibility" enum:"public,confidential"`
	Digest      string    `json:"digest" doc:"of the template: 64 hexadecimal digits; pin it"`
	Facts       int       `json:"facts" doc:"how many facts are judged"`
	Bytes       int64     `json:"bytes"`
	PublishedAt time.Time `json:"published_at"`
	Sequence    int64     `json:"-"`
	blob        []byte
}

// Draft is what a template is published from.
type Draft struct {
	Slug    string `json:"slug"`
	Version string `json:"version"`
	Title   string `json:"title"`
	Files   []DDL  `json:"files"`
	Policy  []byte `json:"policy,omitempty"`
}

// DDL is a file, by its name without folders.
type DDL struct {
	Name string `json:"name"`
	Text []byte `json:"text"`
}

// PublishTemplate publishes a version of a template, which never changes afterwards.
type PublishTemplate struct {
	Draft
	// Built is the template that [Service.Publish] made of the draft.
	Built *template.Template `json:"-"`
}

// Publish makes a template of a draft in a scratch database and publishes it.
func (s *Service) Publish(ctx context.Context, who Actor, id uuid.UUID, d Draft) (*Template, error) {
	if !operators.has(who.Role) {
		return nil, failf(CodeForbidden, "a token of the role %q may not publish templates; ask the operator", who.Role)
	}
	if s.cfg.Publish == nil {
		return nil, failf(CodeUnavailable, "this process publishes no templates, because it has no scratch database; ask one that runs with the role api or all")
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	built, err := s.cfg.Publish.Publish(ctx, d)
	if err != nil {
		return nil, err
	}
	if _, err := compare.Prepare(built); err != nil {
		return nil, &Error{Code: CodeInvalid, Message: "the template cannot be compared with: " + err.Error(), Cause: err}
	}
	return Do(ctx, s, who, id, PublishTemplate{Draft: d, Built: built})
}

func (d Draft) check() error {
	total := len(d.Policy)
	for _, f := range d.Files {
		total += len(f.Text)
	}
	switch {
	case d.Slug == "" || d.Version == "":
		return failf(CodeInvalid, "a template has a slug and a version; give both")
	case len(d.Files) == 0:
		return failf(CodeInvalid, "a template has at least one file of DDL; send it")
	case len(d.Files) > MaxTemplateFiles:
		return failf(CodeInvalid, "the template has %d files and may have %d; join some", len(d.Files), MaxTemplateFiles)
	case total > MaxTemplateBytes:
		return failf(CodeInvalid, "the template has %d bytes and may have %d; leave out what is no structure", total, MaxTemplateBytes)
	}
	return nil
}

func (PublishTemplate) name() string { return "publish-template" }
func (PublishTemplate) may() roles   { return operators }

func (p PublishTemplate) do(ctx context.Context, c *change) error {
	t := p.Built
	switch there, err := c.template(ctx, t.Slug, t.Version); {
	case err == nil && there.Digest == digestText(t.Digest()):
		return nil // the same thing again
	case err == nil:
		return failf(CodeExists, "%s@%s is published with other contents, and a version never changes; publish under a new version", t.Slug, t.Version)
	case CodeOf(err) != CodeNotFound:
		return err
	}
	text, err := t.AppendBinary(nil)
	if err != nil {
		return err
	}
	holder := "template/" + t.Slug + "@" + t.Version
	body := history.TemplatePublishedBody{
		Slug: t.Slug, Version: t.Version, Title: t.Title, Visibility: t.Visibility.String(), Digest: digestText(t.Digest()), Facts: len(t.Judged), Files: []history.File{},
	}
	if body.Template, err = c.keep(ctx, holder, text); err != nil {
		return err
	}
	for _, f := range p.Files {
		kept, err := c.keep(ctx, holder, f.Text)
		if err != nil {
			return err
		}
		body.Files = append(body.Files, history.File{Name: f.Name, Blob: kept})
	}
	if len(p.Policy) > 0 {
		kept, err := c.keep(ctx, holder, p.Policy)
		if err != nil {
			return err
		}
		body.Policy = &kept
	}
	return c.emit(holder, 0, history.TemplatePublished, body)
}

func (p PublishTemplate) result(ctx context.Context, v *view, _ []event) (*Template, error) {
	return v.template(ctx, p.Slug, p.Version)
}

const templateColumns = `slug, version, title, visibility, encode(digest, 'hex'), facts, bytes, published_at, sequence, blob`

func scanTemplate(row pgx.Row) (*Template, error) {
	var t Template
	err := row.Scan(&t.Slug, &t.Version, &t.Title, &t.Visibility, &t.Digest, &t.Facts, &t.Bytes, &t.PublishedAt, &t.Sequence, &t.blob)
	t.PublishedAt = t.PublishedAt.UTC()
	return &t, err
}

func (v *view) template(ctx context.Context, slug, version string) (*Template, error) {
	t, err := scanTemplate(v.tx.QueryRow(ctx, "SELECT "+templateColumns+" FROM veil.template WHERE slug = $1 AND version = $2", slug, version))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, failf(CodeNotFound, "there is no template %s@%s; list the templates to find the right one", slug, version)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// ListTemplates lists templates, newest first, those before a place in the log whose slug or title has a text in it.
type ListTemplates struct {
	Search string
	Before int64 // the Sequence of the last one of the page before; zero begins
	Limit  int
}

func (ListTemplates) name() string { return "list-templates" }
func (ListTemplates) may() roles   { return anybody }

func (q ListTemplates) ask(ctx context.Context, v *view) ([]Template, error) {
	rows, err := v.tx.Query(ctx, "SELECT "+templateColumns+` FROM veil.template WHERE ($1::bigint = 0 OR sequence < $1)
		AND (strpos(lower(slug), lower($2)) > 0 OR strpos(lower(title), lower($2)) > 0) ORDER BY sequence DESC LIMIT $3`, q.Before, q.Search, page(q.Limit))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Template, error) {
		t, err := scanTemplate(row)
		return *t, err
	})
}

// GetTemplate reads one template and its encoding, which [template.Parse] takes.
type GetTemplate struct{ Slug, Version string }

// StoredTemplate is a template as it was published.
type StoredTemplate struct {
	Template
	Encoded []byte
}

func (GetTemplate) name() string { return "get-template" }
func (GetTemplate) may() roles   { return anybody }

func (q GetTemplate) ask(ctx context.Context, v *view) (*StoredTemplate, error) {
	t, err := v.template(ctx, q.Slug, q.Version)
	if err != nil {
		return nil, err
	}
	encoded, err := v.serviceBlob(ctx, store.Digest(t.blob))
	return &StoredTemplate{*t, encoded}, err
}

// FindTemplate reads what lists say of one template.
type FindTemplate struct{ Slug, Version string }

func (FindTemplate) name() string { return "find-template" }
func (FindTemplate) may() roles   { return anybody }

func (q FindTemplate) ask(ctx context.Context, v *view) (*Template, error) {
	return v.template(ctx, q.Slug, q.Version)
}

// serviceBlob reads a blob of the service's own, which a tenant's transaction does not see. It does so on the same connection: a second one
// could be what all others are waiting for.
func (v *view) serviceBlob(ctx context.Context, digest store.Digest) ([]byte, error) {
	return store.OwnBlob(ctx, v.tx, scopeOf(v.who), digest)
}
