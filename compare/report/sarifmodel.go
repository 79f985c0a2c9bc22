package report

// These are the parts of SARIF 2.1.0 that a report uses, named as the standard
// names them. A library for the whole standard would bring files and a network
// into a package that has neither.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool             sarifTool              `json:"tool"`
	Automation       sarifAutomation        `json:"automationDetails"`
	Invocations      []sarifInvocation      `json:"invocations"`
	ColumnKind       string                 `json:"columnKind"`
	LogicalLocations []sarifLogicalLocation `json:"logicalLocations,omitempty"`
	Results          []sarifResult          `json:"results"`
	Properties       sarifRunProperties     `json:"properties"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name            string      `json:"name"`
	Version         string      `json:"version,omitempty"`
	FullDescription sarifText   `json:"fullDescription"`
	Rules           []sarifRule `json:"rules"`
}

type sarifAutomation struct {
	ID string `json:"id"`
}

type sarifInvocation struct {
	EndTimeUTC string `json:"endTimeUtc"`
	Successful bool   `json:"executionSuccessful"`
}

// sarifText is a message, and a multiformatMessageString.
type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID               string             `json:"id"`
	Name             string             `json:"name"`
	ShortDescription sarifText          `json:"shortDescription"`
	FullDescription  sarifText          `json:"fullDescription"`
	Help             sarifText          `json:"help"`
	Configuration    sarifConfiguration `json:"defaultConfiguration"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Kind         string             `json:"kind"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations,omitempty"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Properties   *sarifProperties   `json:"properties,omitempty"`
}

type sarifLocation struct {
	LogicalLocations []sarifLogicalLocation `json:"logicalLocations"`
}

// sarifLogicalLocation stands in full in the run and by its index in results.
type sarifLogicalLocation struct {
	Name               string `json:"name,omitempty"`
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind,omitempty"`
	ParentIndex        *int   `json:"parentIndex,omitempty"`
	Index              *int   `json:"index,omitempty"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

// sarifProperties are ours, in the property bag of a result.
type sarifProperties struct {
	Severity string `json:"severity"`
	Expected string `json:"expected,omitempty"`
	Mend     string `json:"mend,omitempty"`
	SQL      string `json:"sql,omitempty"`
	Folded   int    `json:"folded_facts,omitempty"`
}

// sarifRunProperties are ours, in the property bag of the run.
type sarifRunProperties struct {
	TemplateDigest string `json:"template_digest"`
	Verdict        string `json:"verdict"`
	Summary        string `json:"summary"`
	Counts         Counts `json:"counts"`
}
