package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/report"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/internal/eventlog"
	"github.com/veilschema/veil/internal/history"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/merkle"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// Trust is whom an auditor believes, known from somewhere else than the bundle.
type Trust struct {
	// Service is the identity of the service.
	Service keys.PublicIdentity
	// Witnesses are keys of witnesses, and Quorum how many of them have to have cosigned the last checkpoint.
	Witnesses []string
	Quorum    int
	// Now is the time of the auditor's clock: nobody cosigned later. The zero time asks for nothing.
	Now time.Time
	// Workers bounds the goroutines; zero is one.
	Workers int
}

// Fault is the first thing in a bundle that is not as it has to be.
type Fault struct {
	// Part is the part of the bundle, such as "entries".
	Part string
	// Position says where in it: "entry 17 of the log".
	Position string
	Cause    error
}

// Error names the place and the cause.
func (f *Fault) Error() string { return fmt.Sprintf("%s, %s: %v", f.Part, f.Position, f.Cause) }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Cause }

func fault(p part, cause error, format string, args ...any) *Fault {
	return &Fault{Part: p.String(), Position: fmt.Sprintf(format, args...), Cause: cause}
}

// Findings is what was checked, and what came of it.
type Findings struct {
	Service keys.PublicIdentity `json:"service"`
	Origin  string              `json:"origin"`
	// Size and Root are those of the last checkpoint, Checkpoints how many there are.
	Size        int64  `json:"size"`
	Root        string `json:"root"`
	Checkpoints int    `json:"checkpoints"`
	// Cosignatures are those of believed witnesses on the last checkpoint.
	Cosignatures []checkpoint.Cosignature `json:"cosignatures"`
	// Entries is how many entries were hashed and read.
	Entries int `json:"entries"`
	// Comparisons is how many comparisons the entries tell of.
	Comparisons int `json:"comparisons"`
	// Comparison is the one that the bundle is about; nil where it is about the log alone.
	Comparison *Comparison `json:"comparison,omitempty"`
	// Proofs are what the tenant shows of its schema.
	Proofs []string `json:"proofs,omitempty"`
}

// Comparison is a comparison that was followed and evaluated again.
type Comparison struct {
	ID         uuid.UUID           `json:"id"`
	TenantID   uuid.UUID           `json:"tenant_id"`
	Tenant     keys.PublicIdentity `json:"tenant"`
	Template   *template.Template  `json:"-"`
	Report     *report.Report      `json:"-"`
	Result     *compare.Result     `json:"-"`
	Entry      int64               `json:"entry"` // of the log, that has the verdicts
	At         time.Time           `json:"at"`    // of that entry
	Verdict    string              `json:"verdict"`
	Digest     string              `json:"template_digest"`
	Anchor     string              `json:"anchor"` // of the schema commitment
	Reference  string              `json:"template"`
	Messages   int                 `json:"messages"`
	ReportHash string              `json:"report_digest"`
}

// maxAhead is how far clocks may differ.
const maxAhead = 5 * time.Minute

// Verify checks everything in a bundle. The error is a *[Fault] where something is not as it has to be, and [checkpoint.ErrQuorum] is its cause where
// all is, but too few witnesses say so.
func Verify(b *Bundle, t Trust) (*Findings, error) {
	v := &verifier{bundle: b, trust: t, found: &Findings{}}
	for _, step := range []func() error{v.log, v.checkpoints, v.entries, v.comparison, v.proofs} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return v.found, nil
}

type verifier struct {
	bundle *Bundle
	trust  Trust
	found  *Findings
	// folded is what the entries add up to, by stream.
	folded map[string]*history.Comparison
}

// log holds the statement about the log against the pinned service.
func (v *verifier) log() error {
	l := &v.bundle.Log
	if l.Service != v.trust.Service {
		return fault(partLog, fmt.Errorf("it is the log of the service %s, and you pinned %s", l.Service, v.trust.Service), "the service's identity")
	}
	if err := l.Verify(); err != nil {
		return fault(partLog, fmt.Errorf("the service does not vouch for the key of the log: %w", err), "the service's signature")
	}
	v.found.Service = l.Service
	return nil
}

// checkpoints hashes the leaves and holds every checkpoint against them, which shows that each one grew from the one before.
func (v *verifier) checkpoints() error {
	// All cosignatures are verified, those of strangers too; only believed ones count.
	everybody, err := checkpoint.NewPolicy(v.bundle.Log.Key, union(v.bundle.Log.Witnesses, v.trust.Witnesses), 0)
	if err != nil {
		return fault(partLog, err, "the keys")
	}
	believed, err := checkpoint.NewPolicy(v.bundle.Log.Key, v.trust.Witnesses, v.trust.Quorum)
	if err != nil {
		return fault(partLog, err, "the witnesses that you believe")
	}
	if len(v.bundle.Checkpoints) == 0 {
		return fault(partCheckpoints, errors.New("there is none"), "the first one")
	}
	size := int64(len(v.bundle.Leaves) / tlog.HashSize)
	tree, last := &growing{}, map[string]time.Time{}
	for i, text := range v.bundle.Checkpoints {
		c, err := everybody.Open(text)
		if err != nil {
			return fault(partCheckpoints, err, "checkpoint %d", i)
		}
		if err := v.checkpoint(tree, c, last, i, size); err != nil {
			return fault(partCheckpoints, err, "checkpoint %d, at size %d", i, c.Tree.N)
		}
		v.found.Size, v.found.Root, v.found.Origin = c.Tree.N, hex.EncodeToString(c.Tree.Hash[:]), c.Origin
	}
	v.found.Checkpoints = len(v.bundle.Checkpoints)
	if v.found.Size != size {
		return fault(partLeaves, fmt.Errorf("there are %d, and the last checkpoint is about %d", size, v.found.Size), "the end")
	}
	n := len(v.bundle.Checkpoints) - 1
	c, err := believed.Open(v.bundle.Checkpoints[n])
	if err != nil {
		return fault(partCheckpoints, err, "checkpoint %d, at size %d", n, size)
	}
	v.found.Cosignatures = c.Cosignatures
	return nil
}

// checkpoint holds one checkpoint against the leaves and against the cosignatures before it.
func (v *verifier) checkpoint(tree *growing, c *checkpoint.Checkpoint, last map[string]time.Time, i int, size int64) error {
	if len(c.Strangers) > 0 {
		return fmt.Errorf("it has a signature of %q, whose key nobody knows", c.Strangers[0])
	}
	if c.Tree.N > size || i > 0 && c.Tree.N <= tree.n {
		return fmt.Errorf("the one before it is at size %d, and there are %d leaves", tree.n, size)
	}
	for tree.n < c.Tree.N {
		tree.add(tlog.Hash(v.bundle.Leaves[tree.n*tlog.HashSize:][:tlog.HashSize]))
	}
	if root := tree.root(); root != c.Tree.Hash {
		return fmt.Errorf("the leaves have the root %s, and signed was %s", root, c.Tree.Hash)
	}
	for _, s := range c.Cosignatures {
		if s.At.Before(last[s.Witness]) {
			return fmt.Errorf("%s cosigned it at %s, before it cosigned a smaller one", s.Witness, s.At.Format(time.RFC3339))
		}
		if !v.trust.Now.IsZero() && s.At.After(v.trust.Now.Add(maxAhead)) {
			return fmt.Errorf("%s cosigned it at %s, which is later than the clock of this machine says; set the clock, or ask the witness", s.Witness, s.At.Format(time.RFC3339))
		}
		last[s.Witness] = s.At
	}
	return nil
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// growing is a tree of RFC 6962 that grows leaf by leaf: the roots of its full subtrees, the largest first.
type growing struct {
	n    int64
	edge []tlog.Hash
}

func (g *growing) add(leaf tlog.Hash) {
	for n := g.n; n&1 == 1; n >>= 1 {
		leaf = tlog.NodeHash(g.edge[len(g.edge)-1], leaf)
		g.edge = g.edge[:len(g.edge)-1]
	}
	g.edge = append(g.edge, leaf)
	g.n++
}

func (g *growing) root() tlog.Hash {
	if g.n == 0 {
		return sha256.Sum256(nil)
	}
	h := g.edge[len(g.edge)-1]
	for i := len(g.edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(g.edge[i], h)
	}
	return h
}

// entries hashes every entry, and reads what they tell.
func (v *verifier) entries() error {
	events, err := v.events()
	if err != nil {
		return err
	}
	streams := map[string][]eventlog.Event{}
	for _, e := range events {
		if isComparison(e.Stream) {
			streams[e.Stream] = append(streams[e.Stream], e)
		}
	}
	var order []string // of the log, so that the first fault is the first one
	for _, e := range events {
		if of := streams[e.Stream]; len(of) > 0 && of[0].Sequence == e.Sequence {
			order = append(order, e.Stream)
		}
	}
	folded := make([]*history.Comparison, len(order))
	err = v.spread(len(order), func(i int) (err error) {
		of := streams[order[i]]
		if folded[i], err = history.Fold(of); err != nil {
			return fault(partEntries, err, "entries %d to %d of the log, about %s", of[0].Sequence, of[len(of)-1].Sequence, order[i])
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.folded = make(map[string]*history.Comparison, len(order))
	for i, stream := range order {
		v.folded[stream] = folded[i]
	}
	v.found.Entries, v.found.Comparisons = len(events), len(folded)
	return nil
}

// events hashes and decodes the entries.
func (v *verifier) events() ([]eventlog.Event, error) {
	events := make([]eventlog.Event, len(v.bundle.Entries))
	err := v.spread(len(events), func(i int) (err error) {
		events[i], err = v.event(v.bundle.Entries[i])
		return err
	})
	return events, err
}

// spread does something n times with as many goroutines as there are workers, each a part of it in order, and returns the first error in the order of all.
func (v *verifier) spread(n int, do func(i int) error) error {
	workers := max(1, v.trust.Workers)
	faults := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers && faults[w] == nil; i++ {
				faults[w] = do(i)
			}
		})
	}
	group.Wait()
	for _, err := range faults {
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) event(e Entry) (eventlog.Event, error) {
	if e.Index >= v.found.Size {
		return eventlog.Event{}, fault(partEntries, fmt.Errorf("the last checkpoint is about %d entries", v.found.Size), "entry %d of the log", e.Index)
	}
	if tlog.RecordHash(e.Data) != tlog.Hash(v.bundle.Leaves[e.Index*tlog.HashSize:][:tlog.HashSize]) {
		return eventlog.Event{}, fault(partEntries, errors.New("it is another one than was signed"), "entry %d of the log%s", e.Index, called(e.Data))
	}
	event, err := eventlog.DecodeLeaf(e.Data)
	if err != nil {
		return event, fault(partEntries, err, "entry %d of the log", e.Index)
	}
	event.Sequence = e.Index
	return event, nil
}

func isComparison(stream string) bool { return len(stream) > 11 && stream[:11] == "comparison/" }

// called names an entry that was changed, as far as it can still be read.
func called(data []byte) string {
	e, err := eventlog.DecodeLeaf(data)
	if err != nil {
		return ""
	}
	return " (" + e.Type + ")"
}

// comparison follows the one comparison that the bundle is about: template, messages and report against the entries, then all of it again.
func (v *verifier) comparison() error {
	b := v.bundle
	if b.Template == nil && b.Transcript == nil && b.Report == nil {
		return nil
	}
	if len(v.folded) != 1 {
		return fault(partEntries, fmt.Errorf("they tell of %d comparisons", len(v.folded)), "all of them")
	}
	var c *history.Comparison
	for _, one := range v.folded {
		c = one
	}
	if c.Concluded == nil || c.Last != history.ComparisonDisclosed {
		return fault(partEntries, fmt.Errorf("the comparison ended with %s", c.Last), "entry of the verdicts")
	}
	if err := v.messages(c); err != nil {
		return err
	}
	t, err := template.Parse(b.Template)
	if err != nil {
		return fault(partTemplate, err, "the whole of it")
	}
	digest := t.Digest()
	if got := hex.EncodeToString(digest[:]); got != c.Opened.Template || t.Slug != c.Opened.Slug || t.Version != c.Opened.Version {
		return fault(partTemplate, fmt.Errorf("the comparison was with %s@%s of digest %s", c.Opened.Slug, c.Opened.Version, c.Opened.Template), "the whole of it")
	}
	if err := t.CheckRoot(); err != nil {
		return fault(partTemplate, err, "its Merkle root")
	}
	return v.replay(c, t)
}

// messages holds the messages against the digests in the entries.
func (v *verifier) messages(c *history.Comparison) error {
	for i, m := range v.bundle.Transcript {
		t := compare.Type(i + 1)
		if err := same(m, c.Messages[t]); err != nil {
			return fault(partTranscript, err, "message %d (%s)", i+1, t)
		}
	}
	if len(v.bundle.Transcript) != len(c.Messages) {
		return fault(partTranscript, fmt.Errorf("there are %d messages, and the log tells of %d", len(v.bundle.Transcript), len(c.Messages)), "the end")
	}
	if err := same(v.bundle.Report, c.Concluded.Report); err != nil {
		return fault(partReport, err, "the whole of it")
	}
	return nil
}

func same(data []byte, logged history.Blob) error {
	digest := sha256.Sum256(data)
	if hex.EncodeToString(digest[:]) != logged.Digest || int64(len(data)) != logged.Bytes {
		return fmt.Errorf("it is another one than the log tells of (%d bytes of SHA-256 %s)", logged.Bytes, logged.Digest)
	}
	return nil
}

// replay evaluates again, and makes the report again.
func (v *verifier) replay(c *history.Comparison, t *template.Template) error {
	prepared, err := compare.Prepare(t)
	if err != nil {
		return fault(partTemplate, err, "the whole of it")
	}
	r, err := compare.Replay(prepared, v.bundle.Transcript, v.trust.Workers)
	if err != nil {
		return fault(partTranscript, err, "evaluated again")
	}
	if r.Service != v.trust.Service {
		return fault(partTranscript, fmt.Errorf("its messages are signed by %s", r.Service), "the service's identity")
	}
	if r.Tenant.String() != c.Opened.TenantKey {
		return fault(partEntries, fmt.Errorf("they say that the tenant is %s, and its messages are signed by %s", c.Opened.TenantKey, r.Tenant), "the tenant's identity")
	}
	made, err := v.report(t, r, c)
	if err != nil {
		return fault(partReport, err, "made again")
	}
	digest := t.Digest()
	v.found.Comparison = &Comparison{
		ID: c.ID, TenantID: c.Tenant, Tenant: r.Tenant, Template: t, Report: made, Result: r, Entry: c.ConcludedBy.Sequence, At: c.ConcludedBy.At,
		Verdict: made.Verdict.String(), Digest: hex.EncodeToString(digest[:]), Anchor: hex.EncodeToString(r.Anchor[:]),
		Reference: t.Slug + "@" + t.Version, Messages: len(v.bundle.Transcript), ReportHash: c.Concluded.Report.Digest,
	}
	return nil
}

// report makes the report of the verdicts again, with the clock and the program of the first time, and wants the same bytes.
func (v *verifier) report(t *template.Template, r *compare.Result, c *history.Comparison) (*report.Report, error) {
	first, err := report.Parse(v.bundle.Report)
	if err != nil {
		return nil, err
	}
	in := check.ReportInput(t, r)
	in.CreatedAt, in.Generator = c.ConcludedBy.At, first.Generator
	again, err := report.New(in)
	if err != nil {
		return nil, err
	}
	text, err := again.JSON()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(text, v.bundle.Report) {
		return nil, errors.New("the verdicts make another report")
	}
	if p, a, u := count(r.Verdicts); p != c.Concluded.Present || a != c.Concluded.Absent || u != c.Concluded.Undisclosed {
		return nil, fmt.Errorf("%d facts are present, %d absent and %d undisclosed, and the log says %d, %d and %d", p, a, u, c.Concluded.Present, c.Concluded.Absent, c.Concluded.Undisclosed)
	}
	if again.Verdict.String() != c.Concluded.Conformance {
		return nil, fmt.Errorf("the verdicts come to %s, and the log says %s", again.Verdict, c.Concluded.Conformance)
	}
	return again, nil
}

func count(verdicts []schema.Verdict) (present, absent, undisclosed int) {
	for _, v := range verdicts {
		switch v {
		case schema.Present:
			present++
		case schema.Absent:
			absent++
		default:
			undisclosed++
		}
	}
	return present, absent, undisclosed
}

// proofs verifies what the tenant shows of its schema against the anchor in its submission.
func (v *verifier) proofs() error {
	for i, text := range v.bundle.Proofs {
		if v.found.Comparison == nil {
			return fault(partProofs, errors.New("there is no comparison that they could be about"), "proof %d", i)
		}
		shown, err := merkle.ParseShown(text)
		if err == nil {
			err = shown.Verify(v.found.Comparison.Result.Anchor)
		}
		if err != nil {
			return fault(partProofs, err, "proof %d", i)
		}
		v.found.Proofs = append(v.found.Proofs, shown.Statement.String())
	}
	return nil
}
