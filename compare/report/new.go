package report

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// New makes the report of a comparison. It fails where the input contradicts
// itself: another number of verdicts than judged facts, a verdict that is
// none, no template, no time, or numbers that cannot be.
func New(in Input) (*Report, error) {
	if in.Template == nil {
		return nil, errors.New("a report needs the template that was compared against")
	}
	if in.CreatedAt.IsZero() {
		return nil, errors.New("a report needs the time at which it is made, because waivers expire")
	}
	if err := in.checkNumbers(); err != nil {
		return nil, err
	}
	outcome, err := in.Template.Judge(in.Verdicts, template.DateOf(in.CreatedAt))
	if err != nil {
		return nil, fmt.Errorf("judge the verdicts: %w", err)
	}
	b := &builder{tmpl: in.Template, outcome: outcome, facts: listFacts(in.Template, in.Verdicts, outcome)}
	r := &Report{
		SchemaVersion: SchemaVersion,
		Generator:     firstOf(in.Generator, "veil"),
		CreatedAt:     in.CreatedAt.UTC().Truncate(time.Second),
		Template:      describeTemplate(in.Template),
		Verdict:       outcome.Verdict,
		Summary:       summarise(outcome),
		Findings:      b.findings(),
		Waivers:       b.waivers(),
		Limits:        Limits(),
		NotChecked:    NotChecked(),
		Learnt:        learnt(in),
		Introspection: copyIntrospection(in.Introspection),
		Parties:       in.Parties,
		Exchange:      in.Exchange,
		Probabilities: probabilities(in.Probabilities),
		TimingsMS:     in.Timings.milliseconds(),
		Verification:  in.Verification,
		Facts:         b.facts,
	}
	r.Counts = Counts{
		Required: outcome.Required, Optional: outcome.Optional, Forbidden: outcome.Forbidden,
		AnyOf: outcome.AnyOf, Severity: countSeverities(r.Findings),
	}
	return r, nil
}

// checkNumbers refuses numbers that JSON cannot hold or that cannot be.
func (in *Input) checkNumbers() error {
	for name, log2 := range map[string]float64{
		"false match":        in.Probabilities.FalseMatch,
		"forged verdict":     in.Probabilities.ForgedVerdict,
		"decryption failure": in.Probabilities.DecryptionFailure,
	} {
		if math.IsNaN(log2) || math.IsInf(log2, 0) || log2 > 0 {
			return fmt.Errorf("the probability of a %s is 2^%g, want an exponent of at most 0", name, log2)
		}
	}
	x, p := in.Exchange, in.Parties
	if x.UploadBytes < 0 || x.DownloadBytes < 0 || x.Degree < 0 || x.Layers < 0 || p.SizeBucket < 0 {
		return errors.New("the exchange has a negative number of bytes, degrees, layers or facts")
	}
	t := in.Timings
	for _, d := range []time.Duration{t.Introspect, t.Facts, t.Encrypt, t.Evaluate, t.Decrypt, t.Verify} {
		if d < 0 {
			return fmt.Errorf("a step took %v, which is less than no time", d)
		}
	}
	return nil
}

func describeTemplate(t *template.Template) Template {
	digest := t.Digest()
	d := Template{
		Slug: t.Slug, Version: t.Version, Title: t.Title, Visibility: t.Visibility,
		Digest: hex.EncodeToString(digest[:]),
	}
	if t.MerkleRoot != [32]byte{} {
		d.MerkleRoot = hex.EncodeToString(t.MerkleRoot[:])
	}
	return d
}

func listFacts(t *template.Template, verdicts []schema.Verdict, o template.Outcome) []Fact {
	facts := make([]Fact, len(t.Judged))
	for i, j := range t.Judged {
		facts[i] = Fact{Fact: j.Fact, Rule: j.Rule, Verdict: verdicts[i], Standing: o.Facts[i], AnyOf: j.AnyOf}
	}
	return facts
}

// copyIntrospection copies what New changes: lists that JSON must not write as
// null, the order of renames, the time's zone.
func copyIntrospection(in *Introspection) *Introspection {
	if in == nil {
		return nil
	}
	c := *in
	c.StartedAt = in.StartedAt.UTC()
	c.Schemas = append([]string{}, in.Schemas...)
	c.Renames = slices.Clone(in.Renames)
	slices.SortFunc(c.Renames, compareRenames)
	c.Coverage.NotJudged = append([]schema.NotJudged{}, in.Coverage.NotJudged...)
	if c.Coverage.Facts == nil {
		c.Coverage.Facts = map[schema.Kind]int{}
	}
	return &c
}

func (t Timings) milliseconds() TimingsMS {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return TimingsMS{ms(t.Introspect), ms(t.Facts), ms(t.Encrypt), ms(t.Evaluate), ms(t.Decrypt), ms(t.Verify)}
}

func probabilities(p Probabilities) ProbabilityList {
	return ProbabilityList{
		FalseMatch:        probability(p.FalseMatch, "any absent fact is reported as present"),
		ForgedVerdict:     probability(p.ForgedVerdict, "a false disclosure of one fact passes verification"),
		DecryptionFailure: probability(p.DecryptionFailure, "any part of the response decrypts wrongly"),
	}
}

// learnt says what each side knows after the comparison.
func learnt(in Input) Learnt {
	disclosed, kept := 0, 0
	for _, v := range in.Verdicts {
		if v == schema.Undisclosed {
			kept++
		} else {
			disclosed++
		}
	}
	service := []string{
		fmt.Sprintf("The verdicts on %s of the template.", count(disclosed, "fact", "facts")),
	}
	if kept > 0 {
		service = append(service, fmt.Sprintf("That the tenant keeps back the verdicts on %s, and on which.", count(kept, "fact", "facts")))
	}
	if n := in.Parties.SizeBucket; n > 0 {
		service = append(service, fmt.Sprintf("That the tenant's schema has at most %s; not how many.", count(n, "fact", "facts")))
	}
	service = append(service,
		"When the messages came and how long they were; their length depends on that bound and the template alone.",
		"Nothing else of the schema: no name, type or number of anything that the template does not ask for.")
	tenant := []string{
		"The template in full, because it is public.",
		"Which of its own facts the template has.",
		fmt.Sprintf("That the response has %s.", count(in.Exchange.Layers, "layer", "layers")),
	}
	if in.Parties.OneProcess {
		service = append(service, "Both roles ran in one process this time, so nothing left this machine.")
	}
	return Learnt{Tenant: tenant, Service: service}
}

func countSeverities(findings []Finding) (c SeverityCounts) {
	for _, f := range findings {
		switch f.Severity {
		case Critical:
			c.Critical++
		case High:
			c.High++
		case Medium:
			c.Medium++
		case Low:
			c.Low++
		case Info:
			c.Info++
		}
	}
	return c
}
