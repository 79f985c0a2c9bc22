package bundle_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	cosign "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/auditlog"
	"github.com/veilschema/veil/internal/bundle"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/merkle"
	"github.com/veilschema/veil/merkle/checkpoint"
)

var changes = flag.Int("changes", 1000, "random changes of a bundle")

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// noJobs evaluates nothing by itself; the test does.
type noJobs struct{}

func (noJobs) EnqueueEvaluation(context.Context, pgx.Tx, uuid.UUID, uuid.UUID) error { return nil }

// publisher makes a template of nothing but its name.
type publisher struct{}

func (publisher) Publish(_ context.Context, d service.Draft) (*template.Template, error) {
	return template.Build(template.Meta{Slug: d.Slug, Version: d.Version}, columns(0, 30), nil)
}

func columns(from, n int) schema.Facts {
	var out []schema.Fact
	for i := range n {
		out = append(out, schema.Fact{Kind: schema.KindColumn, Schema: "s", Table: fmt.Sprintf("t%d", (from+i)/5), Name: fmt.Sprintf("c%d", from+i)})
	}
	return schema.NewFacts(out)
}

// ledger is a tenant's in memory.
type ledger map[[32]byte][32]byte

func (l ledger) MarkSession(s [32]byte) error       { l[s] = [32]byte{}; return nil }
func (l ledger) RecordResponse(s, r [32]byte) error { l[s] = r; return nil }

// example is a bundle of a real comparison in a real log with a witness.
type example struct {
	trust   bundle.Trust
	file    []byte
	log     []byte // the bundle of the whole log
	entries []int64
}

func newExample(t testing.TB) *example {
	t.Helper()
	db := storetest.Open(t)
	root := must(keys.NewRoot(rand.Reader))
	secret, public, err := note.GenerateKey(rand.Reader, "witness.example/w")
	if err != nil {
		t.Fatal(err)
	}
	vkey := must(cosign.VKeyToCosignatureV1(public))
	s := must(service.New(service.Config{DB: db, Root: root, Jobs: noJobs{}, Random: rand.Reader, Publish: publisher{}, Generator: "veil test"})) // the witness is not asked any more
	log := must(auditlog.New(auditlog.Config{
		DB: db, Key: must(service.LogKey(root)), Witnesses: []auditlog.Witness{{Key: vkey, Client: signing{must(cosign.NewSignerForCosignatureV1(secret))}}},
	}))
	operator := service.Actor{Role: service.RoleOperator}
	id := must(service.Do(t.Context(), s, operator, uuid.New(), service.CreateTenant{Name: "tenant"})).ID
	must(s.Publish(t.Context(), operator, uuid.Nil, service.Draft{Slug: "example", Version: "1", Files: []service.DDL{{Name: "a.sql", Text: []byte("CREATE TABLE a ();")}}}))
	who := service.Actor{Role: service.RoleTenant, Tenant: id}
	if err := log.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	comparison, proofs := compareOnce(t, s, who, log)
	for range 20 { // the log goes on
		must(service.Do(t.Context(), s, operator, uuid.New(), service.CreateTenant{Name: uuid.NewString()}))
		if err := log.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	e := &example{trust: bundle.Trust{Service: s.Identity(), Witnesses: []string{vkey}, Quorum: 1, Now: time.Now(), Workers: 2}}
	stored := must(service.Ask(t.Context(), s, who, service.GetBundle{Comparison: comparison}))
	b := must(bundle.Parse(stored.Data))
	b.Proofs = proofs
	for _, one := range b.Entries {
		e.entries = append(e.entries, one.Index)
	}
	e.file, e.log = must(b.Encode()), must(s.LogBundle(t.Context()))
	return e
}

// signing is a witness that believes everything.
type signing struct{ signer note.Signer }

func (s signing) Add(_ context.Context, _ int64, _ tlog.TreeProof, signed []byte) ([]byte, error) {
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	out, err := note.Sign(&note.Note{Text: string(text) + "\n"}, s.signer)
	_, line, _ := bytes.Cut(out, []byte("\n\n"))
	return line, err
}

// compareOnce brings a comparison to its end and returns proofs about the tenant's schema.
func compareOnce(t testing.TB, s *service.Service, who service.Actor, log *auditlog.Log) (uuid.UUID, [][]byte) {
	t.Helper()
	stored := must(service.Ask(t.Context(), s, who, service.GetTemplate{Slug: "example", Version: "1"}))
	prepared := must(compare.Prepare(must(template.Parse(stored.Encoded))))
	tenant := must(compare.NewTenant(compare.TenantConfig{
		Root: must(keys.NewRoot(rand.Reader)), Template: prepared, Facts: columns(10, 30), Ledger: ledger{}, Random: rand.Reader, Workers: 2,
		Withholds: func(f schema.Fact) bool { return f.Name == "c5" },
	}))
	defer tenant.Close()
	cmp := must(service.Do(t.Context(), s, who, uuid.New(), service.OpenComparison{Slug: "example", Version: "1", Message: must(tenant.Open())}))
	take := func(kind compare.Type, message []byte) {
		must(service.Do(t.Context(), s, who, uuid.New(), service.TakeMessage{Comparison: cmp.ID, Type: kind, Message: message}))
		if err := log.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	read := func(kind compare.Type) []byte {
		return must(service.Ask(t.Context(), s, who, service.GetMessage{Comparison: cmp.ID, Type: kind})).Data
	}
	take(compare.TypeAccept, must(tenant.Accept(read(compare.TypeOffer))))
	take(compare.TypeSubmission, must(tenant.Submit(read(compare.TypeSalt))))
	if err := s.Evaluate(t.Context(), who.Tenant, cmp.ID); err != nil {
		t.Fatal(err)
	}
	take(compare.TypeCommitment, must(tenant.Commit(read(compare.TypeResponse))))
	take(compare.TypeDisclosure, must(tenant.Disclose(read(compare.TypeSeed))))
	committer, committed := tenant.Committed()
	var proofs [][]byte
	for _, statement := range []*merkle.Statement{
		must(committer.ShowTable(committed, merkle.TableName{Schema: "s", Table: "t3"})),
		must(committer.ShowColumn(committed, merkle.TableName{Schema: "s", Table: "t4"}, "c21")),
		must(committer.ShowNoTable(committed, merkle.TableName{Schema: "s", Table: "t0"})),
	} {
		proofs = append(proofs, must(must(committer.Show(committed, tenant.Comparison(), statement)).Encode()))
	}
	return cmp.ID, proofs
}

func TestABundleIsVerified(t *testing.T) {
	t.Parallel()
	e := newExample(t)
	b := must(bundle.Parse(e.file))
	if !bytes.Equal(must(b.Encode()), e.file) {
		t.Error("it is written in another way the second time")
	}
	f, err := bundle.Verify(b, e.trust)
	if err != nil {
		t.Fatal(err)
	}
	if f.Entries != 6 || f.Comparisons != 1 || f.Checkpoints < 20 || len(f.Cosignatures) != 1 || len(f.Proofs) != 3 || f.Comparison.Verdict != "does_not_conform" {
		t.Errorf("found: %+v", f)
	}
	whole, err := bundle.Verify(must(bundle.Parse(e.log)), e.trust)
	if err != nil {
		t.Fatal(err)
	}
	if whole.Size != f.Size || int64(whole.Entries) != f.Size || whole.Comparison != nil || whole.Comparisons != 1 {
		t.Errorf("the whole log: %+v", whole)
	}
}

// TestWhatIsNotAsItWasIsNamed changes one thing at a time, in ways that keep the form of the file.
func TestWhatIsNotAsItWasIsNamed(t *testing.T) {
	t.Parallel()
	e, other := newExample(t), newExample(t)
	foreign := must(bundle.Parse(other.file))
	for _, c := range []struct {
		name           string
		change         func(b *bundle.Bundle, t *bundle.Trust)
		part, position string
	}{
		{"another service", func(_ *bundle.Bundle, t *bundle.Trust) { t.Service = other.trust.Service }, "log", "identity"},
		{"another log key", func(b *bundle.Bundle, _ *bundle.Trust) { b.Log.Key = foreign.Log.Key }, "log", "signature"},
		{"another witness named", func(b *bundle.Bundle, _ *bundle.Trust) { b.Log.Witnesses = foreign.Log.Witnesses }, "log", "signature"},
		{"another service's log", func(b *bundle.Bundle, _ *bundle.Trust) { b.Log = foreign.Log }, "log", "identity"},
		{"no checkpoints", func(b *bundle.Bundle, _ *bundle.Trust) { b.Checkpoints = nil }, "checkpoints", "first"},
		{"checkpoints of another log", func(b *bundle.Bundle, _ *bundle.Trust) { b.Checkpoints = foreign.Checkpoints }, "checkpoints", "checkpoint 0"},
		{"a checkpoint of another log", func(b *bundle.Bundle, _ *bundle.Trust) { b.Checkpoints[3] = foreign.Checkpoints[3] }, "checkpoints", "checkpoint 3"},
		{"checkpoints in disorder", func(b *bundle.Bundle, _ *bundle.Trust) {
			b.Checkpoints[3], b.Checkpoints[4] = b.Checkpoints[4], b.Checkpoints[3]
		}, "checkpoints", "checkpoint 4"},
		{"a checkpoint twice", func(b *bundle.Bundle, _ *bundle.Trust) { b.Checkpoints[4] = b.Checkpoints[3] }, "checkpoints", "checkpoint 4"},
		{"without the last checkpoint", func(b *bundle.Bundle, _ *bundle.Trust) { b.Checkpoints = b.Checkpoints[:len(b.Checkpoints)-1] }, "leaves", "end"},
		{"no cosignature", func(b *bundle.Bundle, _ *bundle.Trust) {
			n := len(b.Checkpoints) - 1
			lines := bytes.SplitAfter(b.Checkpoints[n], []byte("\n"))
			b.Checkpoints[n] = bytes.Join(lines[:5], nil)
		}, "checkpoints", "checkpoint"},
		{"a witness of a later time", func(_ *bundle.Bundle, t *bundle.Trust) { t.Now = t.Now.Add(-time.Hour) }, "checkpoints", "checkpoint 0"},
		{"a leaf changed", func(b *bundle.Bundle, _ *bundle.Trust) { b.Leaves = bytes.Clone(b.Leaves); b.Leaves[5] ^= 1 }, "checkpoints", "checkpoint 0"},
		{"a leaf too much", func(b *bundle.Bundle, _ *bundle.Trust) { b.Leaves = append(bytes.Clone(b.Leaves), make([]byte, 32)...) }, "leaves", "end"},
		{"an entry changed", func(b *bundle.Bundle, _ *bundle.Trust) {
			b.Entries[2].Data = bytes.Replace(b.Entries[2].Data, []byte("submitted"), []byte("submitter"), 1)
		}, "entries", fmt.Sprintf("entry %d of the log", e.entries[2])},
		{"an entry of another log", func(b *bundle.Bundle, _ *bundle.Trust) { b.Entries[2].Data = foreign.Entries[2].Data }, "entries", fmt.Sprintf("entry %d of the log", e.entries[2])},
		{"an entry left out", func(b *bundle.Bundle, _ *bundle.Trust) { b.Entries = slices.Delete(b.Entries, 2, 3) }, "entries", "about comparison/"},
		{"the last entry left out", func(b *bundle.Bundle, _ *bundle.Trust) { b.Entries = b.Entries[:5] }, "entries", "verdicts"},
		{"an entry beyond the end", func(b *bundle.Bundle, _ *bundle.Trust) { b.Entries[5].Index = 1 << 40 }, "entries", "entry"},
		{"another template", func(b *bundle.Bundle, _ *bundle.Trust) {
			b.Template = must(must(template.Build(template.Meta{Slug: "example", Version: "1"}, columns(0, 31), nil)).AppendBinary(nil))
		}, "template", "whole"},
		{"no template", func(b *bundle.Bundle, _ *bundle.Trust) { b.Template = nil }, "template", "whole"},
		{"a message changed", func(b *bundle.Bundle, _ *bundle.Trust) {
			b.Transcript[4] = bytes.Clone(b.Transcript[4])
			b.Transcript[4][100] ^= 1
		}, "transcript", "message 5 (submission)"},
		{"a message left out", func(b *bundle.Bundle, _ *bundle.Trust) { b.Transcript = b.Transcript[:9] }, "transcript", "end"},
		{"messages of another comparison", func(b *bundle.Bundle, _ *bundle.Trust) { b.Transcript = foreign.Transcript }, "transcript", "message 1"},
		{"no messages", func(b *bundle.Bundle, _ *bundle.Trust) { b.Transcript = nil }, "transcript", "end"},
		{"another report", func(b *bundle.Bundle, _ *bundle.Trust) { b.Report = foreign.Report }, "report", "whole"},
		{"no report", func(b *bundle.Bundle, _ *bundle.Trust) { b.Report = nil }, "report", "whole"},
		{"a proof of another schema", func(b *bundle.Bundle, _ *bundle.Trust) { b.Proofs[1] = foreign.Proofs[1] }, "proofs", "proof 1"},
		{"proofs without a comparison", func(b *bundle.Bundle, _ *bundle.Trust) { b.Template, b.Transcript, b.Report = nil, nil, nil }, "proofs", "proof 0"},
	} {
		b, trust := must(bundle.Parse(e.file)), e.trust
		c.change(b, &trust)
		_, err := bundle.Verify(b, trust)
		f, ok := errors.AsType[*bundle.Fault](err)
		if !ok || f.Part != c.part || !strings.Contains(f.Position, c.position) {
			t.Errorf("%s: got %v, want a fault in the %s at %q", c.name, err, c.part, c.position)
		}
	}
}

func TestAQuorumThatIsMissingIsToldFromTampering(t *testing.T) {
	t.Parallel()
	e, other := newExample(t), newExample(t)
	trust := e.trust
	trust.Witnesses, trust.Quorum = append(slices.Clone(trust.Witnesses), other.trust.Witnesses...), 2
	if _, err := bundle.Verify(must(bundle.Parse(e.file)), trust); !errors.Is(err, checkpoint.ErrQuorum) {
		t.Errorf("got %v", err)
	}
	trust.Quorum = 1
	if _, err := bundle.Verify(must(bundle.Parse(e.file)), trust); err != nil {
		t.Errorf("one of two: %v", err)
	}
}

// tampering are single changes of a file at random.
var tampering = map[string]func(r *mathrand.Rand, file []byte) []byte{
	"flip": func(r *mathrand.Rand, file []byte) []byte {
		out := bytes.Clone(file)
		out[r.IntN(len(out))] ^= 1 << r.IntN(8)
		return out
	},
	"delete": func(r *mathrand.Rand, file []byte) []byte {
		at := r.IntN(len(file))
		return slices.Delete(bytes.Clone(file), at, min(len(file), at+1+r.IntN(64)))
	},
	"swap": func(r *mathrand.Rand, file []byte) []byte {
		out, n := bytes.Clone(file), 1+r.IntN(32)
		a, b := r.IntN(len(out)-n), r.IntN(len(out)-n)
		x := bytes.Clone(out[a : a+n])
		copy(out[a:], out[b:b+n])
		copy(out[b:], x)
		return out
	},
	"truncate": func(r *mathrand.Rand, file []byte) []byte { return file[:r.IntN(len(file))] },
	"replay": func(r *mathrand.Rand, file []byte) []byte {
		n := 1 + r.IntN(64)
		from, to := r.IntN(len(file)-n), r.IntN(len(file))
		return slices.Insert(bytes.Clone(file), to, file[from:from+n]...)
	},
}

// TestEveryRandomChangeIsDetected changes bundles and proofs: one with the messages, most of which are ciphertexts, one without, that of the whole log,
// and each kind of proof. VEIL_CHANGES says how many changes are tried.
func TestEveryRandomChangeIsDetected(t *testing.T) {
	t.Parallel()
	e := newExample(t)
	n := *changes
	if text := os.Getenv("VEIL_CHANGES"); text != "" {
		n = must(strconv.Atoi(text))
	}
	b := must(bundle.Parse(e.file))
	anchor := must(bundle.Verify(b, e.trust)).Comparison.Result.Anchor
	verify := map[string]func(file []byte) error{
		"bundle": func(file []byte) error {
			parsed, err := bundle.Parse(file)
			if err == nil {
				_, err = bundle.Verify(parsed, e.trust)
			}
			return err
		},
		"proof": func(file []byte) error {
			shown, err := merkle.ParseShown(file)
			if err == nil {
				err = shown.Verify(anchor)
			}
			return err
		},
	}
	small := *b // without the submission's and the response's ciphertexts
	small.Template, small.Transcript, small.Report, small.Proofs = nil, nil, nil, nil
	files := []struct {
		kind string
		data []byte
	}{{"bundle", e.file}, {"bundle", must(small.Encode())}, {"bundle", e.log}, {"proof", b.Proofs[0]}, {"proof", b.Proofs[1]}, {"proof", b.Proofs[2]}}
	for _, f := range files {
		if err := verify[f.kind](f.data); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"flip", "delete", "swap", "truncate", "replay"}
	seed := mathrand.Uint64()
	r := mathrand.New(mathrand.NewPCG(seed, 1))
	for i := range n {
		f, name := files[i%len(files)], names[i/len(files)%len(names)]
		changed := tampering[name](r, f.data)
		if bytes.Equal(changed, f.data) {
			continue
		}
		if err := verify[f.kind](changed); err == nil {
			t.Fatalf("seed %d, change %d: a %s of file %d goes through", seed, i, name, i%len(files))
		}
	}
	t.Logf("%d changes, all detected", n)
}

func FuzzBundle(f *testing.F) {
	id := must(keys.NewIdentity(bytes.NewReader(make([]byte, 64))))
	b := &bundle.Bundle{Log: must(bundle.Vouch(id, "key", nil)), Checkpoints: [][]byte{[]byte("x")}, Leaves: make([]byte, 64), Entries: []bundle.Entry{{Index: 1, Data: []byte("y")}}}
	b.Template, b.Transcript, b.Report, b.Proofs = []byte("t"), [][]byte{{1}, {2}}, []byte("r"), [][]byte{[]byte("{}")}
	f.Add(must(b.Encode()))
	f.Fuzz(func(t *testing.T, file []byte) {
		parsed, err := bundle.Parse(file)
		if err != nil {
			return
		}
		if !bytes.Equal(must(parsed.Encode()), file) {
			t.Error("a bundle is written in two ways")
		}
		_, _ = bundle.Verify(parsed, bundle.Trust{Service: id.Public()})
	})
}

func TestAFormThatIsNoneIsRefused(t *testing.T) {
	for name, file := range map[string][]byte{
		"nothing": nil, "its beginning": []byte("veil bundle\n"), "another version": []byte("veil bundle\n\x02"),
		"an empty part": append([]byte("veil bundle\n\x01\x02"), make([]byte, 8)...),
		"a large part":  append([]byte("veil bundle\n\x01\x02"), binary.BigEndian.AppendUint64(nil, 1<<63)...),
		"another part":  append([]byte("veil bundle\n\x01\x09"), 0, 0, 0, 0, 0, 0, 0, 1, 0),
	} {
		if _, err := bundle.Parse(file); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}
