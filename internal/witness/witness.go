package witness

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/note"
)

// Config is what a witness is made of.
type Config struct {
	// Dir is the folder of its key and of what it cosigned. It is made where there is none.
	Dir string
	// Name is the name of its key, chosen at the first start; empty is the name that it has, or one made from the key. Another name than it has is
	// refused, because it would be another key to everybody else.
	Name string
	// Logs are the verifier keys of the logs it knows, ORIGIN+ID+KEY of type Ed25519; at least one. Several of one origin are keys any of which may sign.
	Logs []string
	// Log takes what the operator should know; nil discards it.
	Log *slog.Logger
}

// Witness cosigns checkpoints. Its methods may be called from several goroutines.
type Witness struct {
	folder *folder
	key    signingKey
	logs   map[string]*known // by origin; set once
	log    *slog.Logger
	slots  chan struct{} // one in it for each request under way

	closing  sync.Once
	closeErr error // set once, by Close
}

// known is a log that the witness knows.
type known struct {
	path      string // of its state
	verifiers note.Verifiers

	mu     sync.Mutex
	last   state // guarded by mu; what was cosigned last, and is on the disk
	broken error // guarded by mu; why nothing is cosigned any more
}

// Open starts a witness on its folder, of which no other process is one. It fails with [ErrLocked], [ErrUnsafe], [ErrDamaged] and [ErrConfig].
func Open(c Config) (*Witness, error) {
	keys, err := parseLogs(c.Logs)
	if err != nil {
		return nil, err
	}
	if c.Name != "" {
		if err := checkName(c.Name); err != nil {
			return nil, err
		}
	}
	f, err := openFolder(c.Dir)
	if err != nil {
		return nil, err
	}
	w := &Witness{folder: f, log: c.Log, slots: make(chan struct{}, maxInFlight)}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if err := w.load(c.Name, keys); err != nil {
		return nil, errors.Join(err, f.release())
	}
	return w, nil
}

// parseLogs sorts the keys of logs by origin, which is the key's name.
func parseLogs(vkeys []string) (map[string][]note.Verifier, error) {
	if len(vkeys) == 0 {
		return nil, fmt.Errorf("%w: it knows no log; give the verifier key of one at least", ErrConfig)
	}
	logs := map[string][]note.Verifier{}
	for i, vkey := range vkeys {
		if slices.Contains(vkeys[:i], vkey) {
			continue // twice the same would be ambiguous
		}
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, fmt.Errorf("%w: %.100q is no verifier key of a log; it has the form ORIGIN+ID+KEY and the type Ed25519", ErrConfig, vkey)
		}
		logs[v.Name()] = append(logs[v.Name()], v)
	}
	return logs, nil
}

// load reads the key and what was cosigned with it.
func (w *Witness) load(name string, keys map[string][]note.Verifier) (err error) {
	if w.key, err = w.folder.key(name); err != nil {
		return err
	}
	if name != "" && name != w.key.Name() {
		return fmt.Errorf("%w: the witness of %s is named %s, and not %s; leave the name away, or choose another folder", ErrConfig, w.folder.dir, w.key.Name(), name)
	}
	w.logs = make(map[string]*known, len(keys))
	for origin, list := range keys {
		l := &known{path: filepath.Join(w.folder.dir, stateName(origin)), verifiers: note.VerifierList(list...)}
		if l.last, err = readState(l.path, origin, w.key.verifier); err != nil {
			return err
		}
		w.logs[origin] = l
	}
	return nil
}

// VKey returns the witness's verifier key, NAME+ID+KEY of type cosignature/v1.
func (w *Witness) VKey() string { return w.key.vkey }

// ReadVKey returns the verifier key of the witness of a folder, which may run meanwhile. It fails with [ErrNoKey] where there is none.
func ReadVKey(dir string) (string, error) {
	k, err := readKey(dir)
	return k.vkey, err
}

var errClosed = errors.New("the witness is closed")

// Close waits for cosignatures under way and gives the folder free. Nothing is cosigned afterwards.
func (w *Witness) Close() error {
	w.closing.Do(func() {
		for _, l := range w.logs {
			l.mu.Lock()
			l.broken = errClosed
			l.mu.Unlock()
		}
		w.closeErr = w.folder.release()
	})
	return w.closeErr
}

// add is what a witness does: it returns a cosignature line, or why there is none.
func (w *Witness) add(body []byte) ([]byte, *refusal) {
	r, err := parseRequest(body)
	if err != nil {
		return nil, refusef(http.StatusBadRequest, "the request is not understood: %v; see C2SP tlog-witness", err)
	}
	l := w.logs[r.checkpoint.origin]
	if l == nil {
		return nil, refusef(http.StatusNotFound, "this witness does not know the log %q; ask who runs it to add the log's key", r.checkpoint.origin)
	}
	// A signature by a trusted key that is not valid makes the note invalid, even beside another one that is (C2SP signed-note).
	signed, err := note.Open(r.note, l.verifiers)
	if err != nil {
		return nil, refusef(http.StatusForbidden, "the checkpoint of %q has no valid signature by a key that this witness trusts; ask who runs it to add the log's present key", r.checkpoint.origin)
	}
	l.mu.Lock() // from judging to the disk: two requests must not both follow one checkpoint
	defer l.mu.Unlock()
	if l.broken != nil {
		return nil, &refusal{status: http.StatusServiceUnavailable, says: "this witness cosigns nothing for this log until it is started again", cause: l.broken}
	}
	if contradicts(l.last.checkpoint, r.checkpoint) {
		w.log.Warn("a log shows different trees", "origin", r.checkpoint.origin, "size", r.checkpoint.size, "cosigned", l.last.root.String(),
			"shown", r.checkpoint.root.String(), "signature", signed.Sigs[0].Base64)
	}
	if no := judge(l.last.checkpoint, r); no != nil {
		return nil, no
	}
	return l.cosign(signed, w.key)
}

// cosign signs, keeps what it signed, and only then gives the cosignature away. The caller has the lock and has judged.
func (l *known) cosign(signed *note.Note, key signingKey) ([]byte, *refusal) {
	cosigned, err := note.Sign(&note.Note{Text: signed.Text, Sigs: signed.Sigs}, key.Signer)
	if err != nil {
		return nil, internal("nothing was cosigned", err)
	}
	next, err := parseState(cosigned, l.last.origin, key.verifier)
	if err != nil {
		return nil, internal("nothing was cosigned", err)
	}
	if next.time.Before(l.last.time) {
		return nil, internal(fmt.Sprintf("the clock of this witness shows %s, before %s, when it cosigned last; ask who runs it to set the clock",
			next.time.UTC().Format("2006-01-02 15:04:05"), l.last.time.UTC().Format("2006-01-02 15:04:05")), errors.New("the clock was set back"))
	}
	if next.same(l.last) { // asked twice within a second: the disk has it
		return next.line, nil
	}
	if surely, err := replace(l.path, cosigned); err != nil {
		if !surely {
			// Which checkpoint the name has, and what of it the disk, is unknown now; a restart reads it.
			l.broken = err
		}
		return nil, internal("nothing was cosigned, because it could not be kept; ask again later", err)
	}
	l.last = next
	return next.line, nil
}

func internal(says string, cause error) *refusal {
	return &refusal{status: http.StatusServiceUnavailable, says: says, cause: cause}
}
