package compare_test

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/keys"
)

func table(name string) schema.Fact {
	return schema.Fact{Kind: schema.KindTable, Schema: "public", Table: name}
}

// Example is a whole comparison: every message passes through its encoding, as it
// would over a network.
func Example() {
	t, err := template.Build(
		template.Meta{Slug: "clinic", Version: "1.0"},
		schema.NewFacts([]schema.Fact{table("patient"), table("visit"), table("payment")}), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	prepared, err := compare.Prepare(t) // once, for all comparisons with it
	if err != nil {
		fmt.Println(err)
		return
	}

	root, _ := keys.NewRoot(rand.Reader)
	tenant, err := compare.NewTenant(compare.TenantConfig{
		Root: root, Template: prepared, Ledger: newLedger(), Random: rand.Reader,
		Facts:     schema.NewFacts([]schema.Fact{table("patient"), table("visit"), table("staff")}),
		Withholds: func(f schema.Fact) bool { return f.Table == "visit" },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	identity, _ := keys.NewIdentity(rand.Reader)
	service, err := compare.NewEvaluator(compare.EvaluatorConfig{Identity: identity, Template: prepared, Random: rand.Reader})
	if err != nil {
		fmt.Println(err)
		return
	}

	open, err := tenant.Open()
	steps := []func([]byte) ([]byte, error){
		service.Offer, tenant.Accept, service.Salt, tenant.Submit, service.Evaluate, tenant.Commit, service.Seed, tenant.Disclose,
	}
	message := open
	for _, step := range steps {
		if err == nil {
			message, err = step(message)
		}
	}
	if err != nil { // ErrNewSalt: once in many thousand times, try again
		fmt.Println(err)
		return
	}
	verdict, _, err := service.Conclude(message)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := tenant.Finish(verdict)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, v := range result.Verdicts {
		fmt.Println(t.Judged[i].Fact.Table, v)
	}
	// Output:
	// patient present
	// payment absent
	// visit undisclosed
}

// ExampleVerifyEvidence shows a service that answers with something else than the
// evaluation. The tenant notices before it discloses anything, and whoever reads
// the file that it keeps finds the same.
func ExampleVerifyEvidence() {
	prepared := must(compare.Prepare(must(template.Build(template.Meta{Slug: "clinic", Version: "1.0"}, schema.Facts{table("patient")}, nil))))
	tenant := must(compare.NewTenant(compare.TenantConfig{
		Root: tenantRoot, Template: prepared, Ledger: newLedger(), Random: rand.Reader, Facts: schema.Facts{table("patient")},
	}))
	service := must(compare.NewEvaluator(compare.EvaluatorConfig{Identity: serviceIdentity, Template: prepared, Random: rand.Reader}))

	submission := must(tenant.Submit(must(service.Salt(must(tenant.Accept(must(service.Offer(must(tenant.Open())))))))))
	spoilt := must(service.EvaluateTwisted(submission, compare.Twist{Spoil: []int{0}})) // a cheat of the tests
	seed := must(service.Seed(must(tenant.Commit(spoilt))))

	_, err := tenant.Disclose(seed)
	misconduct, ok := errors.AsType[*compare.Misconduct](err)
	if !ok {
		fmt.Println("nobody noticed")
		return
	}
	finding, err := compare.VerifyEvidence(misconduct.Evidence, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(finding.Accused, "-", finding.Offence, "-", finding.Cause)
	fmt.Println("by the service of this test:", finding.Identity() == serviceIdentity.Public())
	// Output:
	// service - false evaluation - evaluating the submission again gives another response
	// by the service of this test: true
}
