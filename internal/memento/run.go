package memento

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Status says how far a run has come, as text in run.json.
type Status string

// The states of a run:
//
//	prepared ─▶ applying ─▶ completed ─▶ rolling_back ─▶ rolled_back
//	    └───────────┴──▶ compensated         └──▶ completed
const (
	StatusPrepared    Status = "prepared"     // nothing has changed yet
	StatusApplying    Status = "applying"     // the transaction of XID changes the database; only the server knows its outcome
	StatusCompleted   Status = "completed"    // the transaction was committed
	StatusCompensated Status = "compensated"  // the transaction was rolled back: nothing has changed
	StatusRollingBack Status = "rolling_back" // the transaction of XID brings the former state back
	StatusRolledBack  Status = "rolled_back"  // the former state is back
)

// next are the states that may follow one.
var next = map[Status][]Status{
	"":                {StatusPrepared},
	StatusPrepared:    {StatusPrepared, StatusApplying, StatusCompensated},
	StatusApplying:    {StatusApplying, StatusCompleted, StatusCompensated},
	StatusCompleted:   {StatusRollingBack},
	StatusRollingBack: {StatusRollingBack, StatusRolledBack, StatusCompleted},
	StatusCompensated: nil,
	StatusRolledBack:  nil,
}

// Unfinished says whether nobody knows yet what became of the run: after a crash, ask [Outcome].
func (s Status) Unfinished() bool {
	return s == StatusPrepared || s == StatusApplying || s == StatusRollingBack
}

// Run is what is known of one change of one database: enough to tell what became of it, and to bring the former state back.
type Run struct {
	// ID names the run's folder; it sorts by time.
	ID     string `json:"id"`
	Status Status `json:"status"`
	// Server is where the run takes place, as [Identify] says it.
	Server Server `json:"server"`
	// XID is the transaction, as pg_current_xact_id prints it; "" until there is one. While rolling back it is that of the rollback.
	XID string `json:"xid,omitempty"`
	// Schemas are those that the run may change and whose structure was taken.
	Schemas []string `json:"schemas"`
	// Plan is what is carried out; this package does not look inside.
	Plan json.RawMessage `json:"plan,omitempty"`
	// Undo has the steps that were done, in the order in which they were; the last is undone first.
	Undo []Undo `json:"undo,omitempty"`
	// Tables are those whose rows must be what they were afterwards.
	Tables []TableState `json:"tables,omitempty"`
	// Structure is the SHA-256 of the file structure.before in hexadecimal digits, StructureAfter that of the structure when the
	// transaction was about to be committed.
	Structure      string `json:"structure,omitempty"`
	StructureAfter string `json:"structure_after,omitempty"`
	// SumsAfter are the checksums of tables as the run left them, with the columns that they had then.
	SumsAfter []TableSum `json:"sums_after,omitempty"`
	// Forced are the tables whose row security was for their owner too, by their names before the run.
	Forced  []TableName `json:"forced,omitempty"`
	Started time.Time   `json:"started"`
	Ended   time.Time   `json:"ended,omitzero"`
}

// Undo are the statements that undo one step, in the order in which they run.
type Undo struct {
	Step       string   `json:"step"`
	Statements []string `json:"statements"`
	// Finally run when all steps are undone and values have come back from the backups.
	Finally []string `json:"finally,omitempty"`
}

// TableState is a table before the run.
type TableState struct {
	Table Table `json:"table"`
	Sum   Sum   `json:"sum"`
	// Backup is the name of the file with the values of BackupTable's columns, "" where none can be lost.
	Backup      string `json:"backup,omitempty"`
	BackupTable Table  `json:"backup_table,omitzero"`
	// Restore are the columns whose values have to be put back, Key those that find the rows; both as [Restore] takes them.
	Restore []string `json:"restore,omitempty"`
	Key     []string `json:"key,omitempty"`
}

// TableSum is a table and its checksum.
type TableSum struct {
	Table Table `json:"table"`
	Sum   Sum   `json:"sum"`
}

// StructureFile is the name of the file in a run's folder with the structure before the run.
const StructureFile = "structure.before"

// Digest is what [Run.Structure] says of a structure: its SHA-256 in hexadecimal digits.
func Digest(structure []byte) string {
	sum := sha256.Sum256(structure)
	return hex.EncodeToString(sum[:])
}

// envelope is what stands in run.json. The digest is of the bytes of run: it finds a file that was cut off or changed.
type envelope struct {
	Version int             `json:"version"`
	SHA256  string          `json:"sha256"`
	Run     json.RawMessage `json:"run"`
}

const runVersion = 1

// encodeRun writes run.json.
func encodeRun(r Run) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	inner, err := marshal(r)
	if err != nil {
		return nil, err
	}
	b, err := marshal(envelope{runVersion, Digest(inner), inner})
	if err == nil && len(b) > maxRunBytes {
		err = fmt.Errorf("it has %d bytes, over the limit of %d; make the change in several runs", len(b), maxRunBytes)
	}
	return b, err
}

// marshal writes JSON as encoding/json does, but leaves <, > and & as they are: SQL is full of them.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeRun is the strict inverse of encodeRun.
func decodeRun(b []byte) (Run, error) {
	if len(b) > maxRunBytes {
		return Run{}, ErrDamaged
	}
	var e envelope
	if err := decodeStrict(b, &e); err != nil {
		return Run{}, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	if e.Version != runVersion {
		return Run{}, fmt.Errorf("it has version %d, and this release reads version %d; use the release that wrote it", e.Version, runVersion)
	}
	if Digest(e.Run) != e.SHA256 {
		return Run{}, ErrDamaged
	}
	var r Run
	if err := decodeStrict(e.Run, &r); err != nil {
		return Run{}, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return r, r.check()
}

var (
	idPattern  = regexp.MustCompile(`^[0-9]{8}t[0-9]{9}z-[a-z2-7]{10}$`)
	xidPattern = regexp.MustCompile(`^[0-9]{1,20}$`)
)

// check holds what every run has.
func (r Run) check() error {
	_, known := next[r.Status]
	switch {
	case !idPattern.MatchString(r.ID):
		return fmt.Errorf("%q is no run's id", r.ID)
	case !known || r.Status == "":
		return fmt.Errorf("%q is no status of a run", r.Status)
	case r.XID != "" && !xidPattern.MatchString(r.XID):
		return fmt.Errorf("%q is no transaction's id", r.XID)
	case r.XID == "" && (r.Status == StatusApplying || r.Status == StatusRollingBack):
		return fmt.Errorf("the run is %s without a transaction's id, so that nobody could tell what became of it", r.Status)
	}
	return nil
}

// follows says whether r may be written over the run that stands there.
func (r Run) follows(before Run) error {
	if before.ID != r.ID && before.ID != "" {
		return fmt.Errorf("it is the run %s", before.ID)
	}
	if !slices.Contains(next[before.Status], r.Status) {
		return fmt.Errorf("a run that is %s cannot become %s", before.Status, r.Status)
	}
	return nil
}
