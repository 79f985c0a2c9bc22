package report

import (
	"time"

	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// Input is everything that a report is made of.
type Input struct {
	// Template is what was compared against, Verdicts one verdict a judged
	// fact in its order. Both are required.
	Template *template.Template
	Verdicts []schema.Verdict

	// CreatedAt is when the report is made; required. Its day in UTC decides
	// which waivers count.
	CreatedAt time.Time

	// Generator names the program, for example "veil 0.1.0". Default "veil".
	Generator string

	// Introspection is how the tenant's facts came about; nil in a copy that
	// leaves the tenant.
	Introspection *Introspection

	// Parties says who was where.
	Parties Parties

	Exchange      Exchange
	Probabilities Probabilities
	Timings       Timings
	Verification  Verification
}

// Introspection says how the tenant's facts came about. It is the tenant's
// knowledge.
type Introspection struct {
	ServerVersion string          `json:"server_version"`    // as the server says it
	Source        string          `json:"source"`            // what was read, without secrets: "live database", "clinic.sql"
	Schemas       []string        `json:"schemas"`           // as the tenant calls them
	StartedAt     time.Time       `json:"started_at"`        // when reading began
	Facts         int             `json:"facts"`             // size of the submitted set
	Withheld      int             `json:"withheld"`          // verdicts kept back by the tenant's policy
	Renames       []Rename        `json:"renames,omitempty"` // names that were mapped before comparing
	Coverage      schema.Coverage `json:"coverage"`          // what was seen, judged or not
}

// Rename is one name that was mapped before comparing.
type Rename struct {
	What string `json:"what"` // "schema", "table" or "column"
	From string `json:"from"` // as the tenant's database has it
	To   string `json:"to"`   // as the template has it
}

// Parties says who took part and who could see what.
type Parties struct {
	// OneProcess is true where both roles ran in one process, as veil check
	// and veil demo do: nobody but the machine's users saw anything.
	OneProcess bool `json:"one_process"`

	// SizeBucket is the public upper bound of the tenant's number of facts
	// that the exchange shows to the service; 0 where not known.
	SizeBucket int `json:"size_bucket"`
}

// Exchange is what went over the wire.
type Exchange struct {
	UploadBytes   int64  `json:"upload_bytes"`   // tenant to service, all messages
	DownloadBytes int64  `json:"download_bytes"` // service to tenant, all messages
	ParameterSet  string `json:"parameter_set"`  // its pinned name
	Degree        int    `json:"degree"`         // public degree d of a bin's polynomial
	Layers        int    `json:"layers"`         // ciphertext rows of the response
}

// Probabilities are the stated bounds, as logarithms to base 2: -34.5 says "at
// most 2 to the power of -34.5". They are of the whole comparison.
type Probabilities struct {
	FalseMatch        float64 // some absent fact is reported as present
	ForgedVerdict     float64 // a false disclosure of one given fact passes verification
	DecryptionFailure float64 // some place of the response decrypts wrongly
}

// Timings are durations of the steps; zero where a step did not happen here.
type Timings struct {
	Introspect, Facts, Encrypt, Evaluate, Decrypt, Verify time.Duration
}

// Verification says how the evaluation was checked.
type Verification struct {
	// ReExecuted is true where the evaluation was run again and gave the same
	// bytes; ReExecutedBy says by whom, for example "tenant".
	ReExecuted   bool   `json:"re_executed"`
	ReExecutedBy string `json:"re_executed_by"`

	// ResponseDigest is the SHA-256 of the response in hexadecimal.
	ResponseDigest string `json:"response_digest"`
}
