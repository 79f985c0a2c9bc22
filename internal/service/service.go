package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/keys"
	"github.com/veilschema/veil/merkle/checkpoint"
)

// Config is what a service is made of.
type Config struct {
	// DB is the database, as the application role. Required.
	DB *store.DB
	// Root is the service's root key: its identity and the secrets of evaluations follow from it. Required. The service keeps it.
	Root *keys.Root
	// Publish makes a template of what was sent, in a scratch database; nil refuses to publish.
	Publish Publisher
	// Witnesses are the keys of those who are asked to cosign the log (cosignature/v1).
	Witnesses []string
	// Refused says why the log is not signed any more; nil, or a nil answer, where nothing stands in the way.
	Refused func() error
	// Jobs puts an evaluation into the queue, in the transaction that is passed. Required.
	Jobs Jobs
	// Quota bounds what one tenant may have.
	Quota Quota
	// Workers bounds the goroutines of one evaluation; zero is one.
	Workers int
	// Generator names the program in reports, for example "veil 0.1.0".
	Generator string
	// Random is where tokens come from. Required; use crypto/rand.
	Random io.Reader
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log gets causes of errors and never the name of anything in a schema; nil logs nothing.
	Log *slog.Logger
	// Observe is told of every command and query; nil is told nothing.
	Observe func(name string, code Code, took time.Duration)
}

// Publisher reads a template from DDL.
type Publisher interface {
	Publish(ctx context.Context, draft Draft) (*template.Template, error)
}

// Jobs is a queue whose entries are made in a transaction.
type Jobs interface {
	EnqueueEvaluation(ctx context.Context, tx pgx.Tx, tenant, comparison uuid.UUID) error
}

// Service carries out commands and queries. Safe for concurrent use.
type Service struct {
	cfg      Config
	identity *keys.Identity
	public   keys.PublicIdentity
	logKey   string // of checkpoints, as signed notes write it

	mu       sync.Mutex
	prepared map[[32]byte]*entry // by digest; mu
	order    [][32]byte          // oldest use first; mu
}

// New makes a service of its parts.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Root == nil || cfg.Jobs == nil || cfg.Random == nil {
		return nil, errors.New("a service needs a database, a root key, a queue and random bytes")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, Code, time.Duration) {}
	}
	cfg.Quota, cfg.Workers = cfg.Quota.withDefaults(), max(1, cfg.Workers)
	id := cfg.Root.Identity()
	key, err := LogKey(cfg.Root)
	if err != nil {
		return nil, err
	}
	return &Service{cfg: cfg, identity: id, public: id.Public(), logKey: key.Public(), prepared: make(map[[32]byte]*entry)}, nil
}

// LogKey is the key by which the service of a root key signs the checkpoints of its log.
func LogKey(root *keys.Root) (*checkpoint.Key, error) {
	seed := root.LogSeed()
	defer seed.Wipe()
	return checkpoint.NewKey(seed.Expose())
}

// Identity returns the key under which the service signs.
func (s *Service) Identity() keys.PublicIdentity { return s.public }

// now is the time that events carry: UTC, whole microseconds, which is what the database keeps.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }
