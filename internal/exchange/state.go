package exchange

import (
	"errors"
	"io"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/sessionlog"
	"github.com/veilschema/veil/keys"
)

// Ledger is a ledger that can be asked.
type Ledger = compare.ReadableLedger

// Vault keeps the secret of a comparison until it is forgotten.
type Vault interface {
	compare.ReadableVault
	Forget(comparison [32]byte) error
}

// Journal keeps the messages of a comparison until it is forgotten.
type Journal interface {
	compare.Journal
	Records(comparison [32]byte) ([][]byte, error)
	Forget(comparison [32]byte) error
}

// State is what a tenant keeps durably. Whoever holds the ledger's lock has all of it alone.
type State struct {
	// Dir is the folder of the places; it exists.
	Dir     string
	Ledger  Ledger
	Vault   Vault
	Journal Journal
	// Openings keeps what opens the commitments to the schema.
	Openings compare.Openings
}

// Forget deletes what is kept of a comparison that ended; with keep, its secret stays, so that it can be opened later. The place says first that this
// is the end and goes last, so that what a crash leaves behind is found, and is not taken for a comparison to go on with.
func (s *State) Forget(p Place, keep bool) error {
	p.Done, p.Keep = true, keep
	if err := writePlace(s.Dir, p); err != nil {
		return err
	}
	return s.bury(p)
}

func (s *State) bury(p Place) error {
	err := s.Journal.Forget(p.id())
	if !p.Keep {
		if e := s.Vault.Forget(p.id()); !errors.Is(e, sessionlog.ErrForgotten) {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		return err
	}
	return removeIfThere(placePath(s.Dir, p))
}

// placing is a vault that has the place of a comparison written before its secret, so that no secret is left without one.
type placing struct {
	Vault
	place func(comparison [32]byte) error
}

// New writes the place, and then draws and keeps the secret.
func (v placing) New(random io.Reader, comparison [32]byte) (keys.Secret, error) {
	if err := v.place(comparison); err != nil {
		return keys.Secret{}, err
	}
	return v.Vault.New(random, comparison)
}

// watched remembers that the tenant's own disk failed, which is nothing to blame the service for.
type watched struct {
	journal Journal
	ledger  Ledger
	failed  bool
}

func (w *watched) note(err error) error {
	w.failed = w.failed || err != nil
	return err
}

func (w *watched) Append(comparison [32]byte, record []byte) error {
	return w.note(w.journal.Append(comparison, record))
}

func (w *watched) MarkSession(session [32]byte) error { return w.note(w.ledger.MarkSession(session)) }

func (w *watched) RecordResponse(session, response [32]byte) error {
	return w.note(w.ledger.RecordResponse(session, response))
}

func (w *watched) Response(session [32]byte) (digest [32]byte, begun, answered bool) {
	return w.ledger.Response(session)
}
