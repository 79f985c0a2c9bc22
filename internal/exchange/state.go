package exchange

import (
	"errors"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/sessionlog"
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
}

// Forget deletes what is kept of a comparison that ended; with keep, its secret stays, so that it can be opened later. The place goes last: what a
// crash leaves behind is found again.
func (s *State) Forget(p Place, keep bool) error {
	var errs []error
	errs = append(errs, s.Journal.Forget(p.id()))
	if !keep {
		if err := s.Vault.Forget(p.id()); !errors.Is(err, sessionlog.ErrForgotten) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return removeIfThere(placePath(s.Dir, p))
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
