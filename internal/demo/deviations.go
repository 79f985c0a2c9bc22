package demo

import (
	"slices"
	"strings"

	"github.com/veilschema/veil/compare/schema"
)

// Deviation is one way in which the tenant deviates from the template.
type Deviation struct {
	Name      string // short and unique, for tests and anchors
	Sentence  string // for a person
	Waived    bool   // the template's policy waives it
	Forbidden bool   // the tenant has what the policy forbids; otherwise it lacks what the template requires

	// Facts are the template facts in which the deviation shows: those that carry at least one of these marks.
	Facts []Mark
}

// Mark describes facts of the template. Fields that are zero say nothing.
type Mark struct {
	Kind   schema.Kind
	Table  string
	Name   string
	Detail string // a part of the fact's detail
}

// Matches reports whether the mark describes a fact of the template.
func (m Mark) Matches(f schema.Fact) bool {
	return f.Schema == TemplateSchema &&
		(m.Kind == schema.KindUnknown || m.Kind == f.Kind) &&
		(m.Table == "" || m.Table == f.Table) &&
		(m.Name == "" || m.Name == f.Name) &&
		strings.Contains(f.Detail, m.Detail)
}

// Shows reports whether a fact of the template is one in which the deviation shows.
func (d Deviation) Shows(f schema.Fact) bool {
	return slices.ContainsFunc(d.Facts, func(m Mark) bool { return m.Matches(f) })
}

// Deviations returns the ten ways in which the tenant deviates from the template, in the order of the template.
// Every judged fact that fails, waived or not, shows exactly one of them, and each shows in at least one.
func Deviations() []Deviation {
	return []Deviation{
		{
			Name:     "enum-lacks-value",
			Sentence: "The type claim_status does not know the value reopened.",
			Facts:    []Mark{{Kind: schema.KindEnum, Name: "claim_status"}},
		},
		{
			Name:      "forbidden-column",
			Sentence:  "The table members holds social security numbers in clear in the column ssn.",
			Forbidden: true,
			Facts:     []Mark{{Kind: schema.KindColumn, Table: "members", Name: "ssn"}},
		},
		{
			Name:     "missing-unique",
			Sentence: "A member can be covered by the same plan twice from the same day: the unique constraint of coverages is missing.",
			Facts:    []Mark{{Kind: schema.KindUnique, Table: "coverages"}},
		},
		{
			Name:     "missing-column",
			Sentence: "The table encounters has no column discharge_disposition.",
			Facts: []Mark{
				{Kind: schema.KindColumn, Table: "encounters", Name: "discharge_disposition"},
				{Kind: schema.KindColumnType, Table: "encounters", Name: "discharge_disposition"},
			},
		},
		{
			Name:     "other-foreign-key-action",
			Sentence: "Diagnoses are not deleted with their encounter: the foreign key has another action.",
			Facts:    []Mark{{Kind: schema.KindForeignKey, Table: "diagnoses"}},
		},
		{
			Name:     "wrong-type",
			Sentence: "The column value_number of observations is double precision and not numeric(14,4), so that results are rounded.",
			Facts:    []Mark{{Kind: schema.KindColumnType, Table: "observations", Name: "value_number"}},
		},
		{
			Name:     "nullable-column",
			Sentence: "The column written_on of prescriptions takes NULL.",
			Waived:   true,
			Facts:    []Mark{{Kind: schema.KindNotNull, Table: "prescriptions", Name: "written_on"}},
		},
		{
			Name:     "missing-check",
			Sentence: "An appeal can be due before it is filed: the check of appeals is missing.",
			Facts:    []Mark{{Kind: schema.KindCheck, Table: "appeals", Detail: "due_on"}},
		},
		{
			Name:     "missing-table",
			Sentence: "The table appeal_documents is missing, with all that belongs to it.",
			Facts:    []Mark{{Table: "appeal_documents"}},
		},
		{
			Name:     "missing-index",
			Sentence: "Encounters of a member are not indexed by member and start.",
			Facts:    []Mark{{Kind: schema.KindIndex, Table: "encounters", Detail: "member_id"}},
		},
	}
}

// TenantOnly returns names that are in the tenant's schema and nowhere in the template: what nobody outside of the tenant may see.
func TenantOnly() []string {
	return []string{
		"riverside", "vip_flag", "internal_risk_band", "poaching_offer_terms", "adjuster_second_opinion",
		"litigation_hold_until", "whistleblower_channel", "hotline", "fraud_watchlist", "suspicion", "informant_channel",
		"executive_bonus_pool", "denial_rate_target", "merger_candidate_scores", "synergy_estimate", "board_only_note",
		"mainframe_import_1998", "raw_record", "claims_in_litigation",
	}
}
