package template

// Hard limits. Everything that reads a template, a policy or a withholding
// policy refuses what lies beyond them before allocating for it. Sizes are in
// bytes of UTF-8 unless said otherwise.
const (
	// MaxTemplateBytes bounds an encoded template. The largest schema that
	// was tried, 46,000 facts, takes less than 6 MiB.
	MaxTemplateBytes = 64 << 20

	// MaxJudged bounds the judged facts of one template.
	MaxJudged = 1 << 19

	// MaxGroups bounds the any_of groups of one template, MaxAlternatives
	// the facts of one group.
	MaxGroups       = 1 << 14
	MaxAlternatives = 256

	// MaxFiles bounds the files listed in one template.
	MaxFiles = 1 << 12

	// MaxSlug, MaxVersion, MaxTitle, MaxGroupName and MaxFileName bound the
	// names that a template carries.
	MaxSlug      = 64
	MaxVersion   = 64
	MaxTitle     = 256
	MaxGroupName = 128
	MaxFileName  = 512

	// MaxReason and MaxApprover bound the texts of a waiver.
	MaxReason   = 1024
	MaxApprover = 256

	// MaxFollowUp bounds the facts that a follow-up comparison asks about in
	// all, and maxCandidates those about one type or default. A comparison takes
	// no more than twice as many (compare.MaxFacts).
	MaxFollowUp   = 1 << 16
	maxCandidates = 128

	// MaxPolicyBytes bounds a policy file of either side, MaxPolicyDepth the
	// nesting of its lists and mappings, MaxPolicyEntries the entries of one
	// list.
	MaxPolicyBytes   = 4 << 20
	MaxPolicyDepth   = 8
	MaxPolicyEntries = 1 << 16

	// MaxPattern bounds one pattern of a selector.
	MaxPattern = 256

	// maxProblems bounds how many problems of one policy are listed; the
	// rest is counted.
	maxProblems = 100
)
