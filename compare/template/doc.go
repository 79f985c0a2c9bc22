// Package template is the template of a comparison: which facts are judged, by
// which rule, and what a set of verdicts says about them.
//
// # Model
//
// A template is a sorted list of judged facts. Three sources flow into it and
// nothing else does:
//
//	facts of the template's DDL ──┐
//	policy (YAML)  ───────────────┼──▶ Build ──▶ Template ──▶ Digest
//	slug, version, title, files ──┘                 │
//	                                                │
//	verdicts (one a judged fact), today ────────────┴──▶ Judge ──▶ Outcome
//
// Without a policy everything that the DDL has is required and nothing else is
// judged. A policy changes that in four ways:
//
//   - "optional" selects facts of the DDL that are reported and never fail;
//     "required" takes facts back out of such a selection,
//   - "forbidden" names facts, one by one, that must be absent. It cannot be a
//     pattern: the evaluating side tests whether one fact is in a set that it
//     cannot read, so a name that nobody wrote down cannot be tested,
//   - "any_of" names alternatives of which one has to be present,
//   - "waivers" name facts that may fail until a day, with reason and approver.
//
// A [Withholding] is the tenant's counterpart: which verdicts it will not
// disclose, decided from the fact alone and therefore before anything is
// decrypted.
//
// # Follow-up
//
// Where a column is there and its type or default is not the template's, a tenant
// may let the service ask what it is instead (follow_up in its policy).
// [FollowUp] makes the questions, a template of likely alternatives that both
// sides derive from the first template and the disclosed verdicts; it is compared like
// any other, and [ReadAnswers] says what was found:
//
//	template, verdicts, kinds ─▶ FollowUp ─▶ Template ─▶ a comparison ─▶ verdicts ─▶ ReadAnswers
//
// # Policy file
//
//	visibility: public
//	optional:
//	  - kind: index                       # every index of the template ...
//	required:
//	  - {kind: index, table: "claim*"}    # ... but not those of the claim tables
//	forbidden:
//	  - {kind: column, schema: public, table: patient, name: ssn}
//	any_of:
//	  - name: patient_key
//	    facts:
//	      - {kind: type, schema: public, table: patient, name: id, detail: integer}
//	      - {kind: type, schema: public, table: patient, name: id, detail: bigint}
//	waivers:
//	  - fact: {kind: not_null, schema: public, table: patient, name: email}
//	    reason: imported before 2019 without addresses
//	    approver: data protection office
//	    expires: 2027-03-31
//
// A selector names kinds (one or a list) and patterns for schema, table and
// name, in which * stands for any run of characters and ? for one; all that it
// names must match, and a pattern never matches an empty value, so table: "*"
// selects the facts that belong to a table. YAML wants patterns in quotes. A literal fact is written as "veil
// facts" prints it. In both, a backslash takes the next character literally.
//
// Everything that is wrong with a policy is reported at once, with line
// numbers: see [PolicyError].
//
// # Verdicts
//
// [Template.Judge] is three-valued. A template does not conform as soon as one
// requirement is known to fail; it conforms when every requirement is known to
// hold or is waived; otherwise something undisclosed stands between the two
// and the outcome is incomplete. Waived facts are counted apart from passes,
// and a waiver counts through the whole of its last day and no longer.
//
// # Encoding
//
// [Template.AppendBinary] and [Parse] are strict inverses, specified byte by
// byte at AppendBinary; [Template.Digest] is a domain-separated hash of these
// bytes. They hold room for a Merkle root, zero until templates are published
// with one, so that filling it changes no format.
package template
