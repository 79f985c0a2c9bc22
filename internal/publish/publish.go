// Package publish makes templates of DDL from outside: what an operator publishes is code from a stranger until it has been read.
//
// # The way of a draft
//
//	draft ─ names ─▶ allow-list on the parse tree ─▶ scratch database, as an owner with no rights ─▶ facts + policy ─▶ template
//
// Each of these may refuse, with everything that is wrong with it. Nothing is kept of a draft that was refused.
package publish

import (
	"context"
	"errors"
	"strings"
	"sync"
	"unicode"

	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/allowlist"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/service"
)

// Publisher makes templates on a private PostgreSQL of its own, which it starts when the first draft comes. Safe for concurrent use; one draft is
// read at a time.
type Publisher struct {
	mu     sync.Mutex
	server *check.Server // mu
}

var _ service.Publisher = (*Publisher)(nil)

// New returns a publisher whose private server has these options.
func New(o postgres.Options) *Publisher { return &Publisher{server: &check.Server{Options: o}} }

// Close stops the private server.
func (p *Publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server.Close()
}

// Publish makes a template of a draft. What is wrong with the draft is a [*service.Error] of the code [service.CodeInvalid].
func (p *Publisher) Publish(ctx context.Context, d service.Draft) (*template.Template, error) {
	var policy *template.Policy
	if len(d.Policy) > 0 {
		var err error
		if policy, err = template.ParsePolicy(d.Policy); err != nil {
			return nil, invalid(err)
		}
	}
	source := check.Source{}
	seen := make(map[string]bool)
	for _, f := range d.Files {
		if err := fileName(f.Name); err != nil {
			return nil, err
		}
		if seen[f.Name] {
			return nil, invalid(errors.New("two files of the template have the name " + f.Name + "; give each its own"))
		}
		seen[f.Name] = true
		if err := allowlist.File(f.Name, f.Text); err != nil {
			return nil, invalid(err)
		}
		source.Texts = append(source.Texts, check.Text{Name: f.Name, Text: f.Text})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t, err := check.BuildTemplate(ctx, p.server, check.Options{
		Template: source, Meta: template.Meta{Slug: d.Slug, Version: d.Version, Title: d.Title}, Policy: policy,
	})
	return t, explain(ctx, err)
}

// explain tells what is the draft's fault from what is the server's.
func explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	if down, ok := errors.AsType[*check.Unavailable](err); ok {
		return &service.Error{Code: service.CodeUnavailable, Message: "the private PostgreSQL that templates are read on could not be started; tell the operator, and try again later", Cause: down}
	}
	_, refused := errors.AsType[*check.Refused](err)
	_, load := errors.AsType[*postgres.LoadError](err)
	if refused || load || errors.Is(err, check.ErrEmpty) {
		return invalid(err)
	}
	return err
}

func invalid(err error) error {
	return &service.Error{Code: service.CodeInvalid, Message: "the template was not published: " + err.Error(), Cause: err}
}

// fileName refuses names that are no plain name of a file.
func fileName(name string) error {
	const longest = 200
	if name == "" || len(name) > longest || strings.HasPrefix(name, ".") || strings.ContainsAny(name, `/\`) ||
		strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return invalid(errors.New("a file's name is 1 to 200 bytes that print, without folders and not beginning with a dot"))
	}
	return nil
}
