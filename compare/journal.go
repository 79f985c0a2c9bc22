package compare

import "fmt"

// Journal is where a tenant keeps what it needs to go on after its process died:
// of every comparison one record for every message, sent or received, in the order
// of the protocol. A record is kept before its message is sent, and before
// anything is done on account of a message received. ResumeTenant reads them.
//
// Messages lie in a record as they are; what is secret beside them is sealed under
// keys of the root key and the comparison's own secret, so that it opens no more
// once the vault forgot that.
type Journal interface {
	// Append keeps a record of a comparison after those that are there, and
	// returns when the disk has it. An error means that it is not kept; the same
	// record may come again. The first record of a comparison begins it, and is
	// refused where there are records of it already.
	Append(comparison [32]byte, record []byte) error
}

// say makes this side's next message, and keeps it before anybody has it.
func (t *Tenant) say(kind Type, body, private []byte) ([]byte, error) {
	message, err := t.session.put(kind, body, t.identity)
	if err != nil {
		return nil, err
	}
	if err := t.keep(kind, private); err != nil {
		t.session.unsay()
		return nil, err
	}
	return message, nil
}

// keep appends a message to the journal, sent or received, unless it is there.
func (t *Tenant) keep(kind Type, private []byte) error {
	if t.cfg.Journal == nil || kind <= t.kept {
		return nil
	}
	r := journalRecord{message: t.session.messages[kind]}
	if private != nil {
		s, err := t.sealer()
		if err == nil {
			r.sealed, err = s.seal(r.message, private)
		}
		if err != nil {
			return err
		}
	}
	if err := t.cfg.Journal.Append(t.Comparison(), r.encode()); err != nil {
		return fmt.Errorf("the %s was not kept, so the comparison does not go on: %w", kind, err)
	}
	t.kept = kind
	return nil
}

func (t *Tenant) sealer() (sealer, error) {
	storage := t.cfg.Root.StorageKey()
	defer storage.Wipe()
	return newSealer(storage.Expose(), t.secret.Expose(), t.Comparison())
}
