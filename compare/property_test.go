package compare_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/keys"
)

// drawFacts draws a set of facts of a small world, so that sets overlap.
func drawFacts(t *rapid.T, name string) schema.Facts {
	world := columnFacts(0, 200)
	from := rapid.IntRange(0, 150).Draw(t, name+" from")
	picks := rapid.SliceOfN(rapid.Bool(), 1, 50).Draw(t, name)
	facts := schema.Facts{world[from]}
	for i, pick := range picks[1:] {
		if pick {
			facts = append(facts, world[from+i+1])
		}
	}
	return facts
}

// TestVerdictsAreTheTruthOrNothing plays whole comparisons of random sets under
// random withholding policies.
func TestVerdictsAreTheTruthOrNothing(t *testing.T) {
	seed := uint64(1000)
	rapid.Check(t, func(rt *rapid.T) {
		template, mine := drawFacts(rt, "template"), drawFacts(rt, "tenant")
		withheld := map[schema.Fact]bool{}
		for _, f := range template {
			withheld[f] = rapid.IntRange(0, 3).Draw(rt, "withheld") == 0
		}
		seed++
		p := newPair(t, prepare(t, template), mine, seed, func(c *compare.TenantConfig) {
			c.Withholds = func(f schema.Fact) bool { return withheld[f] }
		})
		tenants, services, err := p.exchange()
		if errors.Is(err, compare.ErrNewSalt) {
			rt.Skip("a bad salt")
		}
		if err != nil {
			rt.Fatal(err)
		}
		for i, f := range template {
			want := schema.Absent
			switch {
			case withheld[f]:
				want = schema.Undisclosed
			case slices.Contains(mine, f):
				want = schema.Present
			}
			if tenants.Verdicts[i] != want || services.Verdicts[i] != want {
				rt.Fatalf("%s: the tenant has %s, the service %s, want %s", f, tenants.Verdicts[i], services.Verdicts[i], want)
			}
		}
		if !slices.Equal(tenants.Verdicts, services.Verdicts) || tenants.Session != services.Session ||
			tenants.ResponseDigest != services.ResponseDigest || tenants.UploadBytes != services.UploadBytes {
			rt.Fatalf("the two sides have different results: %+v and %+v", tenants, services)
		}
	})
}

// TestLengthsDoNotDependOnTheSchema compares all messages of tenants that have
// everything, nothing and half of a template, that withhold, and that are of
// different sizes of one bucket, under the same salt.
func TestLengthsDoNotDependOnTheSchema(t *testing.T) {
	prepared := prepare(t, columnFacts(0, 600))
	everything := func(schema.Fact) bool { return true }
	var want []int
	for _, c := range []struct {
		name     string
		from, n  int
		withhold func(schema.Fact) bool
	}{
		{"everything", 0, 600, nil},
		{"nothing", 1000, 600, nil},
		{"half", 300, 600, nil},
		{"fewer facts of the same bucket", 0, 577, nil},
		{"everything, withheld", 0, 600, everything},
	} {
		p := newPair(t, prepared, columnFacts(c.from, c.n), 50, func(cfg *compare.TenantConfig) { cfg.Withholds = c.withhold })
		if _, _, err := p.exchange(); err != nil {
			t.Fatal(err)
		}
		var lengths []int
		for _, m := range p.tenant.Transcript() {
			lengths = append(lengths, len(m))
		}
		if want == nil {
			want = lengths
		}
		if !slices.Equal(lengths, want) {
			t.Errorf("a tenant with %s sends and receives %v bytes, want %v", c.name, lengths, want)
		}
	}
}

// TestTheServiceCanWriteTheDisclosureItself is the argument that a disclosure
// carries verdicts and nothing else: given the verdicts and the nonce, which is
// random, the service computes its bytes without the tenant.
func TestTheServiceCanWriteTheDisclosureItself(t *testing.T) {
	p := small(t, 51)
	disclosure := p.until(t, compare.TypeDisclosure)
	evaluator := p.evaluator.Clone()
	_, result, err := p.evaluator.Conclude(disclosure)
	if err != nil {
		t.Fatal(err)
	}
	nonce := [32]byte(compare.Body(disclosure))
	if simulated := evaluator.SimulateDisclosure(nonce, result.Verdicts); !bytes.Equal(simulated, compare.Body(disclosure)) {
		t.Error("the tenant's disclosure is not what the service makes of its verdicts")
	}
}

// TestOneSchemaGivesUnrelatedMessagesEachTime: nothing that a tenant sends of its
// schema repeats, so two comparisons cannot be told to be of one schema.
func TestOneSchemaGivesUnrelatedMessagesEachTime(t *testing.T) {
	_, one := honest(t, 52)
	_, two := honest(t, 53)
	for _, at := range []compare.Type{compare.TypeAccept, compare.TypeSubmission, compare.TypeResponse, compare.TypeCommitment} {
		a, b := compare.Body(one[at-1]), compare.Body(two[at-1])
		skip := 0
		if at == compare.TypeSubmission {
			skip = 32 + 8 // Merkle root and header
		}
		if at == compare.TypeResponse {
			skip = 8
		}
		same := 0
		for i := skip; i < len(a); i++ {
			if a[i] == b[i] {
				same++
			}
		}
		// One byte in 256 agrees by chance; 9 standard deviations are allowed.
		if mean := float64(len(a)-skip) / 256; float64(same) > mean+9*max(1, mean/10) {
			t.Errorf("%d of %d bytes of the %s agree", same, len(a)-skip, at)
		}
	}
}

// TestWorkersChangeNothing: the same messages to the byte, whatever the number of
// goroutines on either side.
func TestWorkersChangeNothing(t *testing.T) {
	var want [][]byte
	for _, workers := range []int{-1, 0, 1, 2, 7} {
		p := newPair(t, prepare(t, columnFacts(0, 1500)), columnFacts(700, 1200), 54, func(c *compare.TenantConfig) { c.Workers = workers })
		if _, _, err := p.exchange(); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = p.tenant.Transcript()
		}
		for i, m := range p.evaluator.Transcript() {
			if !bytes.Equal(m, want[i]) {
				t.Errorf("with %d workers the %s differs", workers, compare.Type(i+1))
			}
		}
	}
}

func TestATenantOrServiceThatLacksSomethingIsNotMade(t *testing.T) {
	p := prepare(t, columnFacts(0, 4))
	for name, change := range map[string]func(*compare.TenantConfig){
		"too many facts":       func(c *compare.TenantConfig) { c.Facts = make(schema.Facts, compare.MaxFacts+1) },
		"no root key":          func(c *compare.TenantConfig) { c.Root = nil },
		"no template":          func(c *compare.TenantConfig) { c.Template = nil },
		"no ledger":            func(c *compare.TenantConfig) { c.Ledger = nil },
		"no random bytes":      func(c *compare.TenantConfig) { c.Random = bytes.NewReader(nil) },
		"too few random bytes": func(c *compare.TenantConfig) { c.Random = bytes.NewReader(make([]byte, 95)) },
	} {
		cfg := compare.TenantConfig{Root: tenantRoot, Template: p, Facts: columnFacts(0, 4), Ledger: newLedger(), Random: seeded(1)}
		change(&cfg)
		if tenant, err := compare.NewTenant(cfg); err == nil || tenant != nil {
			t.Errorf("%s: a tenant came about", name)
		}
	}
	for name, change := range map[string]func(*compare.EvaluatorConfig){
		"no identity":          func(c *compare.EvaluatorConfig) { c.Identity = nil },
		"no template":          func(c *compare.EvaluatorConfig) { c.Template = nil },
		"too few random bytes": func(c *compare.EvaluatorConfig) { c.Random = bytes.NewReader(make([]byte, 63)) },
	} {
		cfg := compare.EvaluatorConfig{Identity: serviceIdentity, Template: p, Random: seeded(1)}
		change(&cfg)
		if evaluator, err := compare.NewEvaluator(cfg); err == nil || evaluator != nil {
			t.Errorf("%s: a service came about", name)
		}
	}
}

// vault keeps the secrets of comparisons in memory, or fails to.
type vault struct {
	secrets map[[32]byte]keys.Secret
	err     error
}

func (v *vault) New(random io.Reader, comparison [32]byte) (keys.Secret, error) {
	secret, err := keys.RandomSecret(random)
	if err != nil || v.err != nil {
		return keys.Secret{}, errors.Join(err, v.err)
	}
	v.secrets[comparison] = keys.NewSecret(secret.Expose())
	return secret, nil
}

// Secret returns a copy, as one that reads it from a disk does.
func (v *vault) Secret(comparison [32]byte) (keys.Secret, error) {
	secret, ok := v.secrets[comparison]
	if !ok {
		return keys.Secret{}, errors.New("this secret was forgotten")
	}
	return keys.NewSecret(secret.Expose()), nil
}

// TestTheVaultDecidesWhetherAComparisonCanBeOpened: the same root key, nonce and
// secret give the same submission again; with another secret it is another one.
func TestTheVaultDecidesWhetherAComparisonCanBeOpened(t *testing.T) {
	safe := &vault{secrets: map[[32]byte]keys.Secret{}}
	p := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 55, func(c *compare.TenantConfig) { c.Vault = safe })
	salt := p.until(t, compare.TypeSalt)
	if _, ok := safe.secrets[p.tenant.Comparison()]; !ok || len(safe.secrets) != 1 {
		t.Fatalf("the vault has %d secrets, want that of the comparison", len(safe.secrets))
	}
	submission, err := p.clone().tenant.Submit(salt)
	if err != nil {
		t.Fatal(err)
	}
	q := newPair(t, prepare(t, columnFacts(0, 40)), columnFacts(20, 30), 55, func(c *compare.TenantConfig) { c.Vault = otherVault{} })
	again, err := q.tenant.Submit(q.until(t, compare.TypeSalt))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(submission, again) {
		t.Error("another secret gives the same submission")
	}
	cfg := compare.TenantConfig{Root: tenantRoot, Template: prepare(t, columnFacts(0, 4)), Facts: columnFacts(0, 4), Ledger: newLedger(), Random: seeded(1), Vault: &vault{err: errDisk}}
	if _, err := compare.NewTenant(cfg); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want the vault's error", err)
	}
}

// otherVault draws another secret than the tenant's randomness gives.
type otherVault struct{}

func (otherVault) New(io.Reader, [32]byte) (keys.Secret, error) {
	return keys.RandomSecret(seeded(56))
}

func TestNamesOfEnums(t *testing.T) {
	for got, want := range map[string]string{
		fmt.Sprint(compare.TypeSubmission):     "submission",
		fmt.Sprint(compare.TypeUnknown):        "message type 0",
		fmt.Sprint(compare.Type(99)):           "message type 99",
		fmt.Sprint(compare.RoleTenant):         "tenant",
		fmt.Sprint(compare.RoleService):        "service",
		fmt.Sprint(compare.Role(9)):            "unknown role",
		fmt.Sprint(compare.OffenceVerdict):     "false verdict",
		fmt.Sprint(compare.Offence(99)):        "offence 99",
		fmt.Sprint(compare.Type(99).Sender()):  "unknown role",
		fmt.Sprint(compare.TypeOpen.Sender()):  "tenant",
		fmt.Sprint(compare.TypeOffer.Sender()): "service",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
