package compare

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/veilschema/veil/compare/commitment"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/merkle"
)

// Ledger is where a tenant records durably, before it goes on, what must never
// happen twice. Both methods return an error when the record exists with
// another value, or cannot be made.
type Ledger interface {
	// MarkSession records that a submission is sent in a session, before it is.
	// A session that is there already is refused.
	MarkSession(session [32]byte) error
	// RecordResponse records the digest of the one response to be decrypted. The
	// same digest again is no error.
	RecordResponse(session, response [32]byte) error
}

// Vault draws the secret of a comparison and keeps it, so that its owner can
// open or resume the comparison, and can delete it to make that impossible.
type Vault interface {
	New(random io.Reader, comparison [32]byte) (keys.Secret, error)
}

// Openings is where a tenant keeps what opens the commitments to its schemas. The same schema again, in another comparison or the same one, is no
// error.
type Openings interface {
	Keep(comparison [32]byte, committed *merkle.Commitments) error
}

// forgetful keeps no secret.
type forgetful struct{}

func (forgetful) New(random io.Reader, _ [32]byte) (keys.Secret, error) {
	return keys.RandomSecret(random)
}

// TenantConfig is what a tenant brings to a comparison.
type TenantConfig struct {
	// Root is the tenant's root key.
	Root *keys.Root
	// Template is what to compare with; its digest is pinned by the first message.
	Template *Prepared
	// Facts are the tenant's facts, already mapped to the template's names.
	Facts schema.Facts
	// Withholds says of a template fact whether its verdict is kept back. It is
	// asked before anything is decrypted. Nil withholds nothing.
	Withholds func(schema.Fact) bool
	// Service pins the service's identity. Nil accepts any and reports it.
	Service *keys.PublicIdentity
	// Minimum is the weakest parameter set accepted; zero is small-4096.
	Minimum he.SetID
	// Ledger must not be nil.
	Ledger Ledger
	// Vault keeps the comparison's own secret. Nil keeps it nowhere, so that the
	// comparison can never be opened or resumed.
	Vault Vault
	// Journal keeps what ResumeTenant needs, and then Vault must not be nil. Nil
	// keeps nothing.
	Journal Journal
	// Openings keeps what opens the commitment to the schema, before the submission is sent. Nil keeps it nowhere, so that nothing can be shown of
	// the schema later.
	Openings Openings
	// Random is read once, by NewTenant, for 96 bytes: comparison id, nonce and
	// the comparison's own secret. Nothing else is random.
	Random io.Reader
	// Workers bounds the goroutines; zero is one.
	Workers int
}

// Tenant is the tenant's side of one comparison: it takes the service's messages
// and returns its own, in the order of its methods. After NewTenant it is
// deterministic. Not safe for concurrent use.
//
// It keeps the messages that it takes and returns without copying them, so their
// bytes must not change. It must exist once: another one made from the same
// random bytes would send a nonce that the service knows already. ResumeTenant
// makes one again after the first is gone.
//
// A method that fails because a Ledger or Journal did may be called again with
// the same message.
type Tenant struct {
	cfg      TenantConfig
	session  *session
	identity *keys.Identity
	nonce    [32]byte
	secret   keys.Secret
	digests  [][32]byte
	// committer makes committed, which the submission's header has the anchor of.
	committer *merkle.Committer
	committed *merkle.Commitments
	// has and withheld say of each template fact whether the tenant has it and
	// whether it keeps the verdict back.
	has, withheld []bool

	// kept is the last message that the journal has, facts the digest that its
	// first record has.
	kept  Type
	facts [32]byte

	key *he.Key
	// opened is what will be disclosed; it has no verdicts before it is decrypted.
	opened disclosure
	hidden *keys.Comparison
	// decryptions counts what must not happen twice.
	decryptions int
}

// NewTenant prepares a comparison.
func NewTenant(cfg TenantConfig) (*Tenant, error) {
	if cfg.Journal != nil && cfg.Vault == nil {
		return nil, errors.New("a tenant that keeps a journal needs a vault too, or nothing could be resumed")
	}
	if cfg.Vault == nil {
		cfg.Vault = forgetful{}
	}
	t, err := prepareTenant(cfg)
	if err != nil {
		return nil, err
	}
	var public [64]byte
	if _, err := io.ReadFull(cfg.Random, public[:]); err != nil {
		return nil, fmt.Errorf("no comparison was opened, because random bytes are missing: %w", err)
	}
	comparison := [32]byte(public[:32])
	copy(t.nonce[:], public[32:])
	if t.secret, err = cfg.Vault.New(cfg.Random, comparison); err != nil {
		return nil, fmt.Errorf("no comparison was opened, because its secret could not be kept: %w", err)
	}
	t.session.open = openBody{
		comparison: comparison, tenant: t.identity.Public(), template: cfg.Template.digest,
		minimum: t.cfg.Minimum, bucket: uint32(Bucket(len(cfg.Facts))),
	}
	return t, nil
}

// prepareTenant returns a tenant that has nothing random yet.
func prepareTenant(cfg TenantConfig) (*Tenant, error) {
	if n := len(cfg.Facts); n > MaxFacts {
		return nil, fmt.Errorf("the schema has %d facts and a comparison takes %d; read less of it with --schema", n, MaxFacts)
	}
	if cfg.Ledger == nil || cfg.Root == nil || cfg.Template == nil {
		return nil, errors.New("a tenant needs a root key, a template and a ledger")
	}
	if cfg.Minimum == he.SetUnknown {
		cfg.Minimum = he.Small4096
	}
	cfg.Workers = max(1, cfg.Workers)
	t := &Tenant{cfg: cfg, session: newSession(cfg.Template, cfg.Workers), identity: cfg.Root.Identity()}
	t.digests = digests(cfg.Facts, cfg.Workers)
	t.has = among(cfg.Template.facts, t.digests)
	t.withheld = make([]bool, len(cfg.Template.facts))
	if cfg.Withholds != nil {
		for i, j := range cfg.Template.template.Judged {
			t.withheld[i] = cfg.Withholds(j.Fact)
		}
	}
	return t, nil
}

// commitToSchema makes the tenant's commitment, a function of its root key, its facts and the comparison. A label takes a tenth of a millisecond, so that
// it is made once it is needed and not before.
func (t *Tenant) commitToSchema() error {
	seed := t.cfg.Root.CommitmentSeed()
	defer seed.Wipe()
	var err error
	if t.committer, err = merkle.NewCommitter(seed.Expose()); err != nil {
		return err
	}
	tables, err := commitment.Tables(schema.NewFacts(slices.Clone(t.cfg.Facts))) // whatever order they come in
	if err != nil {
		return err
	}
	t.committer.Workers = t.cfg.Workers
	if t.committed, err = t.committer.Commit(tables); err != nil {
		return err
	}
	t.session.anchor, err = t.committer.Anchor(t.committed, t.session.open.comparison)
	return err
}

// Committed returns the commitment to the schema and who made it; nil before the submission, and in a tenant that was resumed after it.
func (t *Tenant) Committed() (*merkle.Committer, *merkle.Commitments) {
	return t.committer, t.committed
}

// Comparison returns the comparison's id, under which the vault has its secret.
func (t *Tenant) Comparison() [32]byte { return t.session.open.comparison }

// Open returns the first message.
func (t *Tenant) Open() ([]byte, error) {
	begun := beginning{nonce: t.nonce, facts: factsDigest(t.digests), withheld: t.withheld}
	return t.say(TypeOpen, t.session.open.encode(), begun.encode())
}

// Accept takes the offer and returns the tenant's nonce.
func (t *Tenant) Accept(offer []byte) ([]byte, error) {
	if err := t.session.takeUnanswered(TypeOffer, offer); err != nil {
		return nil, err
	}
	if err := t.checkPin(); err != nil {
		return nil, err
	}
	if err := t.keep(TypeOffer, nil); err != nil {
		return nil, err
	}
	t.session.nonce = t.nonce
	return t.say(TypeAccept, t.nonce[:], nil)
}

func (t *Tenant) checkPin() error {
	if pin := t.cfg.Service; pin != nil && *pin != t.session.offer.service {
		return fmt.Errorf("the service is %s, not %s, which is pinned; do not go on until its operator has explained it", t.session.offer.service, *pin)
	}
	return nil
}

// Submit takes the salt and returns the encrypted facts. ErrNewSalt means that
// this session does not serve and nothing was sent.
//
// The submission is kept before the session is marked, and the session marked
// before the submission is sent. So a ledger that has a session whose submission
// the journal lacks shows that the journal was put back.
func (t *Tenant) Submit(salt []byte) ([]byte, error) {
	s := t.session
	if err := s.takeUnanswered(TypeSalt, salt); err != nil {
		return nil, err
	}
	mine, err := t.bins()
	if err != nil {
		return nil, err
	}
	if err := t.checkFalseMatches(mine); err != nil {
		return nil, err
	}
	if err := t.checkUnused(); err != nil {
		return nil, err
	}
	if err := t.keep(TypeSalt, nil); err != nil {
		return nil, err
	}
	if err := t.encrypt(mine.columns(t.cfg.Workers)); err != nil {
		return nil, err
	}
	if err := t.commitToSchema(); err != nil {
		return nil, err
	}
	if keep := t.cfg.Openings; keep != nil {
		if err := keep.Keep(s.open.comparison, t.committed); err != nil {
			return nil, fmt.Errorf("what opens the commitment to the schema was not kept, so nothing was sent: %w", err)
		}
	}
	body, err := submissionBody(s.anchor, s.submission)
	if err != nil {
		return nil, err
	}
	message, err := t.say(TypeSubmission, body, nil)
	if err != nil {
		return nil, err
	}
	if err := t.mark(); err != nil {
		s.unsay()
		return nil, err
	}
	return message, nil
}

// checkUnused refuses a session that was marked, and has no submission in the
// journal, before it gets one there. Without a journal MarkSession does it.
func (t *Tenant) checkUnused() error {
	ledger, ok := t.cfg.Ledger.(ReadableLedger)
	if !ok || t.cfg.Journal == nil || t.kept >= TypeSubmission {
		return nil
	}
	if _, begun, _ := ledger.Response(t.session.chains[TypeSalt]); begun {
		return fmt.Errorf("a submission was sent in this session, which the journal does not have: %w", ErrPutBack)
	}
	return nil
}

func (t *Tenant) mark() error {
	if err := t.cfg.Ledger.MarkSession(t.session.chains[TypeSalt]); err != nil {
		return fmt.Errorf("the session was not recorded, so nothing was sent: %w", err)
	}
	return nil
}

// bins puts the tenant's facts into the session's bins.
func (t *Tenant) bins() (*bins, error) {
	s := t.session
	return fill(s.layout, s.mapper().elements(t.digests, t.cfg.Workers))
}

func (t *Tenant) encrypt(columns [][]uint64) error {
	seed, err := t.heSeed()
	if err != nil {
		return err
	}
	defer seed.Wipe()
	t.key, t.session.submission, err = he.Encrypt(t.session.layout.Set, [32]byte(seed.Expose()), columns, t.cfg.Workers)
	return err
}

// heSeed derives this session's secrets and returns the seed of its key.
func (t *Tenant) heSeed() (seed keys.Secret, err error) {
	if t.hidden, err = t.cfg.Root.Comparison(t.session.chains[TypeSalt], t.session.nonce, t.secret); err != nil {
		return seed, err
	}
	return t.hidden.TakeHESeed()
}

// among says of each wanted digest whether it is one of those.
func among(wanted, those [][32]byte) []bool {
	set := make(map[[32]byte]struct{}, len(those))
	for _, d := range those {
		set[d] = struct{}{}
	}
	out := make([]bool, len(wanted))
	for i, d := range wanted {
		_, out[i] = set[d]
	}
	return out
}

// checkFalseMatches looks for a template fact that the tenant does not have and
// whose element collides with one that it has in that bin. The template is
// public, so the tenant sees it and asks for another salt before it sends
// anything. The service waits for the submission meanwhile, so all places are
// looked at alike, whatever matches.
func (t *Tenant) checkFalseMatches(mine *bins) error {
	s, wrong := t.session, 0
	for at, i := range s.places.fact {
		if i != none && mine.holds(int32(at%s.layout.Bins), s.places.point[at]) != t.has[i] {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d template facts match falsely: %w", wrong, ErrNewSalt)
	}
	return nil
}

// Commit takes the response, decrypts it and returns the commitment to what will
// be disclosed. Whatever was decrypted, a message of the same length follows.
//
// The response is kept, then its digest recorded, then it is decrypted, then what
// was decrypted is kept, and then the commitment is sent. So a tenant that died
// in between decrypts this response or nothing.
func (t *Tenant) Commit(response []byte) ([]byte, error) {
	s := t.session
	if err := s.takeUnanswered(TypeResponse, response); err != nil {
		return nil, err
	}
	if err := t.keep(TypeResponse, nil); err != nil {
		return nil, err
	}
	if err := t.cfg.Ledger.RecordResponse(s.chains[TypeSalt], s.chains[TypeResponse]); err != nil {
		return nil, fmt.Errorf("the response was not recorded, so it was not decrypted: %w", err)
	}
	if t.opened.verdicts == nil {
		if err := t.decrypt(); err != nil {
			return nil, err
		}
	}
	commitment := t.opened.commitment(s.chains[TypeResponse])
	return t.say(TypeCommitment, commitment[:], t.opened.encode())
}

// decrypt decrypts the response and decides what will be disclosed.
func (t *Tenant) decrypt() error {
	if t.key == nil {
		if err := t.recoverKey(); err != nil {
			return err
		}
	}
	slots, err := t.key.Decrypt(t.session.response, t.cfg.Workers)
	if err != nil {
		return err
	}
	t.decryptions++
	t.opened = t.disclosureOf(t.session.collect(slots))
	return nil
}

func (t *Tenant) disclosureOf(values [rows][]uint64) disclosure {
	nonce := t.hidden.CommitNonce()
	defer nonce.Wipe()
	d := disclosure{nonce: [32]byte(nonce.Expose())}
	var tokens []uint64
	d.verdicts, tokens = decide(t.session.layout.Set.Field(), values, t.withheld)
	d.tokens = hashTokens(t.session.chains[TypeResponse], tokens)
	return d
}

// collect adds up the groups of every place and sorts the values v, w, u by
// template fact.
func (s *session) collect(slots [][]uint64) (values [rows][]uint64) {
	f, l := s.layout.Set.Field(), s.layout
	for o := range values {
		values[o] = make([]uint64, len(s.elements))
	}
	for layer := range s.places.layers {
		for bin, i := range s.places.layer(layer) {
			if i == none {
				continue
			}
			for o := range values {
				sum, reply := uint64(0), slots[layer*rows+o]
				for g := range l.Groups {
					sum = f.Add(sum, reply[g*l.Bins+bin])
				}
				values[o][i] = sum
			}
		}
	}
	return values
}

// Disclose takes the opened seed, evaluates everything again and, only if the
// response was honest, returns the disclosure. *Misconduct means that it was
// not, and that nothing was disclosed.
func (t *Tenant) Disclose(seed []byte) ([]byte, error) {
	s := t.session
	if err := s.takeUnanswered(TypeSeed, seed); err != nil {
		return nil, err
	}
	if err := t.keep(TypeSeed, nil); err != nil {
		return nil, err
	}
	if err := s.reexecute(); err != nil {
		return nil, err
	}
	s.disclosure = t.opened
	return t.say(TypeDisclosure, t.opened.encode(), nil)
}

// Finish takes the service's acceptance and returns the result. The same
// acceptance again gives the same result, for a tenant that died with it.
func (t *Tenant) Finish(verdict []byte) (*Result, error) {
	if err := t.session.takeUnanswered(TypeVerdict, verdict); err != nil {
		return nil, err
	}
	if err := t.keep(TypeVerdict, nil); err != nil {
		return nil, err
	}
	return t.session.result(), nil
}

// Close wipes the secrets that this side holds in memory, as far as a Go program
// can. Nothing but Transcript and Comparison may be called afterwards.
func (t *Tenant) Close() {
	t.secret.Wipe()
	t.identity.Wipe()
	if t.hidden != nil {
		t.hidden.Wipe()
	}
	if t.key != nil {
		t.key.Wipe()
	}
}

// Transcript returns the messages so far, in order.
func (t *Tenant) Transcript() [][]byte { return t.session.transcript() }
