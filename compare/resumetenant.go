package compare

import (
	"errors"
	"fmt"
	"slices"

	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/keys"
)

// ReadableLedger is a Ledger that says what it has, which ResumeTenant asks.
type ReadableLedger interface {
	Ledger
	// Response returns the digest on record for a session, whether the session
	// was marked, and whether a response was recorded.
	Response(session [32]byte) (digest [32]byte, begun, answered bool)
}

// ReadableVault is a Vault that gives a comparison's secret back, which
// ResumeTenant asks for.
type ReadableVault interface {
	Vault
	// Secret returns what New returned for the comparison.
	Secret(comparison [32]byte) (keys.Secret, error)
}

// ErrPutBack says that a tenant's records do not fit together: one of journal and
// ledger is older than the other, or has been exchanged. The comparison is lost;
// open another one.
var ErrPutBack = errors.New("the journal and the ledger are not of one time: some of them was put back, perhaps from a backup; open a new comparison")

// ResumeTenant returns the tenant's side as it was after the records of its
// journal, of which there is at least one. Everything that it sends from then on
// is, to the byte, what it would have sent had it never stopped. Nothing is
// decrypted or evaluated, and cfg.Random is not read.
//
// Transcript has the messages; message i is of Type(i), counted from 1. Where the
// last one is the tenant's, send those bytes again: nobody knows whether they
// arrived. Where it is the service's, call the method that takes it with those
// bytes again. Another message in its place that the service signed is *Misconduct.
//
// # What precedes what
//
//	open, its nonce, facts and policy kept ─▶ open sent
//	offer kept ─▶ accept kept ─▶ accept sent
//	salt kept ─▶ submission kept ─▶ session marked ─▶ submission sent
//	response kept ─▶ its digest recorded ─▶ decrypted ─▶ commitment and disclosure kept ─▶ commitment sent
//	seed kept ─▶ evaluated again ─▶ disclosure kept ─▶ disclosure sent
//	verdict kept ─▶ result
//
// So whatever was sent is in the journal, and the ledger is never ahead of it: a
// marked session has its submission there, a recorded digest its response. Where
// one is not so, something was put back, and the comparison is refused with
// ErrPutBack. What was kept and not sent follows from what was received, so that
// doing it again gives the same bytes.
//
// Once the commitment is kept, what it commits to is kept with it, sealed, and
// nothing is decrypted any more. Before that, the response in the journal is the
// only one that may be decrypted; the ledger refuses others.
//
// # What cfg must have
//
// The same root key and template, the ledger and vault, which must be readable, the
// journal, which has the records already and gets the next ones, and the same policy of what is withheld. Until the commitment is kept, the same
// facts too, since the key derives from them; after that they are not looked at.
//
// One process resumes a comparison at a time: the holder of the ledger, of which
// there is one because its file is locked.
func ResumeTenant(cfg TenantConfig, comparison [32]byte, records [][]byte) (*Tenant, error) {
	t, err := prepareTenant(cfg)
	if err != nil {
		return nil, err
	}
	ledger, ok := cfg.Ledger.(ReadableLedger)
	vault, okVault := cfg.Vault.(ReadableVault)
	switch {
	case !ok || !okVault || cfg.Journal == nil:
		return nil, errors.New("a tenant that resumes needs a ledger and a vault that can be read, and a journal to go on with")
	case len(records) == 0:
		return nil, errors.New("the journal has no record of this comparison, so nothing was sent in it; open a new one")
	}
	if t.secret, err = vault.Secret(comparison); err != nil {
		return nil, fmt.Errorf("the comparison cannot go on without its secret: %w", err)
	}
	if err := t.resume(comparison, records, ledger); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func (t *Tenant) resume(comparison [32]byte, records [][]byte, ledger ReadableLedger) error {
	t.session.open.comparison = comparison // under which the first record is sealed
	for i, b := range records {
		kind := Type(i + 1)
		if err := t.reread(kind, b); err != nil {
			return fmt.Errorf("the comparison does not go on from its journal, in which record %d does not hold: %w", i+1, err)
		}
		t.kept = kind
	}
	return t.settle(ledger)
}

// reread takes the next message of either side from its record.
func (t *Tenant) reread(kind Type, b []byte) error {
	r, err := parseRecord(b)
	if err != nil {
		return err
	}
	sealed := kind == TypeOpen || kind == TypeCommitment
	if !sealed && len(r.sealed) > 0 {
		return fmt.Errorf("it has a sealed part, which a %s does not have", kind)
	}
	var private []byte
	if sealed {
		s, err := t.sealer()
		if err != nil {
			return err
		}
		if private, err = s.open(r.message, r.sealed); err != nil {
			return err
		}
	}
	if err := t.session.reread(kind, r.message, RoleTenant); err != nil {
		return err
	}
	return t.checkKept(kind, private)
}

// checkKept holds a message just read against what this side is, decided and kept.
func (t *Tenant) checkKept(kind Type, private []byte) error {
	s := t.session
	switch kind {
	case TypeOpen:
		return t.begin(private)
	case TypeOffer:
		return t.checkPin()
	case TypeAccept:
		if s.nonce != t.nonce {
			return errors.New("its nonce is not the one of this comparison")
		}
	case TypeCommitment:
		// Sealed with this very message, so it is what the message commits to.
		var err error
		t.opened, err = parseDisclosure(private, len(t.withheld))
		return err
	case TypeDisclosure:
		if s.disclosure.commitment(s.chains[TypeResponse]) != s.commitment {
			return errors.New("it is not what this side committed to")
		}
	}
	return nil
}

// begin takes up what was decided before the first message.
func (t *Tenant) begin(private []byte) error {
	b, err := parseBeginning(private, len(t.withheld))
	if err != nil {
		return err
	}
	switch {
	case t.session.open.minimum < t.cfg.Minimum:
		return errors.New("it was opened with a weaker parameter set than is accepted now; open a new comparison")
	case !slices.Equal(b.withheld, t.withheld):
		return errors.New("the policy withholds other verdicts than when it was opened; open a new comparison")
	}
	t.nonce, t.facts = b.nonce, b.facts
	return nil
}

// settle holds the journal against the ledger and the schema.
func (t *Tenant) settle(ledger ReadableLedger) error {
	s := t.session
	if s.last < TypeCommitment && t.facts != factsDigest(t.digests) {
		return errors.New("the schema has other facts than when the comparison was opened; give the same ones, or open a new comparison")
	}
	if s.last < TypeAccept {
		return nil // there is no session yet
	}
	digest, begun, answered := ledger.Response(s.chains[TypeSalt])
	switch {
	case s.last == TypeSubmission && !begun:
		return t.mark() // kept and not sent: it died in between
	case begun != (s.last >= TypeSubmission):
		return fmt.Errorf("the ledger and the journal differ on whether a submission was sent: %w", ErrPutBack)
	case answered && s.last < TypeResponse || !answered && s.last > TypeResponse:
		return fmt.Errorf("the ledger and the journal differ on whether a response was decrypted: %w", ErrPutBack)
	case answered && digest != s.chains[TypeResponse]:
		return fmt.Errorf("the ledger has another response than the journal: %w", ErrPutBack)
	}
	return nil
}

// recoverKey derives the key of the submission again.
func (t *Tenant) recoverKey() error {
	mine, err := t.bins()
	if err != nil {
		return err
	}
	seed, err := t.heSeed()
	if err != nil {
		return err
	}
	defer seed.Wipe()
	t.key, err = he.RecoverKey(t.session.submission, [32]byte(seed.Expose()), mine.columns(t.cfg.Workers))
	return err
}
