package service

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/store"
)

// entry is a template that is being prepared, or is.
type entry struct {
	once sync.Once
	p    *compare.Prepared
	err  error
}

// prepare returns a template ready for comparisons, from memory where it was used lately.
func (v *view) prepare(ctx context.Context, t *Template) (*compare.Prepared, error) {
	return v.preparedDigest(ctx, t.Digest, t.blob)
}

func (v *view) preparedOf(ctx context.Context, cmp *Comparison) (*compare.Prepared, error) {
	return v.preparedDigest(ctx, cmp.Template, nil)
}

func (v *view) preparedDigest(ctx context.Context, digest string, blob []byte) (*compare.Prepared, error) {
	raw, err := hex.DecodeString(digest)
	if err != nil || len(raw) != 32 {
		return nil, fmt.Errorf("%q is no digest of a template", digest)
	}
	key := [32]byte(raw)
	e := v.entryOf(key)
	e.once.Do(func() { e.p, e.err = v.loadTemplate(ctx, key, blob) })
	if e.err != nil {
		v.forget(key, e)
		return nil, e.err
	}
	return e.p, nil
}

// loadTemplate reads a template from the store and holds it against its digest.
func (v *view) loadTemplate(ctx context.Context, digest [32]byte, blob []byte) (*compare.Prepared, error) {
	if blob == nil {
		err := v.tx.QueryRow(ctx, `SELECT blob FROM veil.template WHERE digest = $1`, digest[:]).Scan(&blob)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, failf(CodeNotFound, "the template of this comparison is not there any more")
		}
		if err != nil {
			return nil, err
		}
	}
	text, err := v.serviceBlob(ctx, store.Digest(blob))
	if err != nil {
		return nil, err
	}
	t, err := template.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the stored template %x is damaged: %w", digest[:8], err)
	}
	p, err := compare.Prepare(t)
	if err != nil {
		return nil, &Error{Code: CodeInvalid, Message: err.Error(), Cause: err}
	}
	if p.Digest() != digest {
		return nil, fmt.Errorf("the stored template has the digest %x and not %x", p.Digest(), digest)
	}
	return p, nil
}

func (s *Service) entryOf(key [32]byte) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.prepared[key]
	if e == nil {
		if len(s.order) == maxPrepared {
			delete(s.prepared, s.order[0])
			s.order = s.order[1:]
		}
		e = &entry{}
		s.prepared[key] = e
	} else {
		s.order = slices.DeleteFunc(s.order, func(k [32]byte) bool { return k == key })
	}
	s.order = append(s.order, key)
	return e
}

// forget takes an entry that could not be made out again, so that the next one tries anew.
func (s *Service) forget(key [32]byte, e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prepared[key] == e {
		delete(s.prepared, key)
		s.order = slices.DeleteFunc(s.order, func(k [32]byte) bool { return k == key })
	}
}
