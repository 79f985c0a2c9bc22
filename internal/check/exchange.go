package check

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/he"
	"github.com/veilschema/veil/keys"
)

// Parties are the two sides of an exchange in one process.
type Parties struct {
	Template  *compare.Prepared
	Facts     schema.Facts
	Withholds func(schema.Fact) bool
	// Minimum is the weakest parameter set the tenant accepts; zero is any.
	Minimum he.SetID
	// Root and Ledger and Vault are the tenant's, Service the service's.
	Root    *keys.Root
	Ledger  compare.Ledger
	Vault   compare.Vault
	Service *keys.Identity
	// Openings keeps what opens the commitment to the tenant's schema; nil keeps it nowhere.
	Openings compare.Openings
	// Workers bounds the goroutines of either side.
	Workers int
	// Progress is told what begins; it may be nil.
	Progress func(step string)
	// Random defaults to crypto/rand.
	Random io.Reader
}

// Timings are how long the steps of an exchange took.
type Timings struct {
	Encrypt, Evaluate, Decrypt, Verify time.Duration
}

// Exchange is a finished comparison.
type Exchange struct {
	Result   *compare.Result
	Timings  Timings
	Messages [][]byte
}

// Run exchanges the messages of a comparison. An error of type
// *compare.Misconduct proves that a side cheated.
func Run(ctx context.Context, p Parties) (*Exchange, error) {
	if p.Random == nil {
		p.Random = rand.Reader
	}
	if p.Progress == nil {
		p.Progress = func(string) {}
	}
	for attempt := 1; ; attempt++ {
		x, err := runOnce(ctx, p)
		if attempt == maxAttempts || !errors.Is(err, compare.ErrNewSalt) {
			return x, err
		}
	}
}

// run is one attempt: the two machines and the message between them.
type run struct {
	ctx       context.Context
	parties   Parties
	tenant    *compare.Tenant
	evaluator *compare.Evaluator
	message   []byte
	timings   Timings
}

func runOnce(ctx context.Context, p Parties) (*Exchange, error) {
	r := &run{ctx: ctx, parties: p}
	var err error
	r.tenant, err = compare.NewTenant(compare.TenantConfig{
		Root: p.Root, Template: p.Template, Facts: p.Facts, Withholds: p.Withholds, Minimum: p.Minimum,
		Ledger: p.Ledger, Vault: p.Vault, Openings: p.Openings, Random: p.Random, Workers: p.Workers,
	})
	if err != nil {
		return nil, err
	}
	defer r.tenant.Close()
	r.evaluator, err = compare.NewEvaluator(compare.EvaluatorConfig{
		Identity: p.Service, Template: p.Template, Random: p.Random, Workers: p.Workers,
	})
	if err != nil {
		return nil, err
	}
	if err := r.exchange(); err != nil {
		return nil, err
	}
	result, err := r.tenant.Finish(r.message)
	if err != nil {
		return nil, err
	}
	return &Exchange{Result: result, Timings: r.timings, Messages: r.tenant.Transcript()}, nil
}

func (r *run) exchange() error {
	t, e := &r.timings, r.evaluator
	open := func([]byte) ([]byte, error) { return r.tenant.Open() }
	conclude := func(m []byte) ([]byte, error) {
		verdict, _, err := e.Conclude(m)
		return verdict, err
	}
	var other time.Duration
	for _, s := range []struct {
		step string
		to   *time.Duration
		next func([]byte) ([]byte, error)
	}{
		{"opening the comparison", &other, open},
		{"opening the comparison", &other, e.Offer},
		{"opening the comparison", &other, r.tenant.Accept},
		{"opening the comparison", &t.Evaluate, e.Salt},
		{"encrypting", &t.Encrypt, r.tenant.Submit},
		{"evaluating", &t.Evaluate, e.Evaluate},
		{"decrypting", &t.Decrypt, r.tenant.Commit},
		{"verifying", &other, e.Seed},
		{"verifying", &t.Verify, r.tenant.Disclose},
		{"verifying", &t.Verify, conclude},
	} {
		if err := r.step(s.step, s.to, s.next); err != nil {
			return err
		}
	}
	return nil
}

// step hands the message on as bytes of its own, as a network would.
func (r *run) step(name string, to *time.Duration, next func([]byte) ([]byte, error)) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.parties.Progress(name)
	start := time.Now()
	message, err := next(r.message)
	*to += time.Since(start)
	r.message = bytes.Clone(message)
	return err
}
