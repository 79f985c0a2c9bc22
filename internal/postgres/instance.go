package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// The roles and the database of an instance. The superuser is adminRole.
const (
	ownerRole        = "veil_owner"
	appRole          = "veil_app"
	instanceDatabase = "veil"
)

// InstanceOptions configure a persistent private server. Only Dir is required.
type InstanceOptions struct {
	// Dir holds everything of the instance. It is made when it is not there and must be empty
	// when it is new to us. Its mode becomes 0700; when our process is root 0710 with the
	// group of the server's user, who has to pass through it. Any length of path will do.
	Dir string
	// Binaries to start. The zero value means the newest that Find knows for new data, and
	// those of the same major version for data that exist.
	Binaries Binaries
	// User is who runs the server when our process is root. Empty means the owner of the data,
	// and for new data the first of veil, postgres and nobody that exists. It is ignored when
	// our process is not root.
	User string
	// NoSync leaves it to the operating system when data reach the disk. Transactions then
	// survive the end of any process but not of the machine, which may damage the data. For
	// tests and demonstrations; the default is durable.
	NoSync bool
	// FailedStarts is how many starts in a row may fail, after PostgreSQL died on its own,
	// before the instance gives up. 0 means 40, which takes about three minutes.
	FailedStarts int
	// Log receives what a person who runs the service should know: restarts and their
	// reasons. nil means silence.
	Log *slog.Logger
}

// Instance is a private PostgreSQL whose data outlive the process. When the server dies it is
// started again on the same data and the same socket; connections break, DSNs stay valid. The
// methods may be called by several goroutines at once.
type Instance struct {
	bins    Binaries
	home    *home
	secrets secrets
	config  *pgx.ConnConfig
	noSync  bool
	starts  int // that may fail in a row
	log     *slog.Logger

	quit context.CancelFunc // asks the supervisor to stop the server
	done chan struct{}      // closed by the supervisor at its end
	err  error              // written by the supervisor before done is closed

	closing  sync.Once
	closeErr error
}

// ErrInUse says that another process has the folder of a private PostgreSQL.
var ErrInUse = errors.New("in use")

// OpenInstance starts the instance in o.Dir, making it where there is none. New data take
// about a second, existing ones a tenth, and recovery after a crash as long as it needs within
// 10 minutes; ctx bounds all of it.
//
// One process holds an instance at a time, and the server ends with that process, whatever
// ends it. Errors are one sentence; where the machine has no PostgreSQL they wrap
// ErrNoBinaries.
func OpenInstance(ctx context.Context, o InstanceOptions) (*Instance, error) {
	i, err := newInstance(o)
	if err != nil {
		return nil, explain(o.Dir, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, recoveryTimeout, fmt.Errorf("the private PostgreSQL was not ready after %s", recoveryTimeout))
	defer cancel()
	server, err := i.open(ctx, o)
	if err != nil {
		return nil, errors.Join(explain(o.Dir, err), i.home.close())
	}
	life, quit := context.WithCancel(context.Background())
	i.quit = quit
	go i.supervise(life, server)
	return i, nil
}

// newInstance finds out who will run the server and takes the folder.
func newInstance(o InstanceOptions) (*Instance, error) {
	if o.Dir == "" {
		return nil, errors.New("the private PostgreSQL has no folder for its data; configure one")
	}
	config, err := baseConfig()
	if err != nil {
		return nil, err
	}
	acct, err := instanceAccount(o.User, o.Dir)
	if err != nil {
		return nil, err
	}
	home, err := openHome(o.Dir, acct)
	if err != nil {
		return nil, err
	}
	i := &Instance{
		home: home, config: config, noSync: o.NoSync, starts: o.FailedStarts, log: o.Log, done: make(chan struct{}),
	}
	if i.starts <= 0 {
		i.starts = maxFailedStarts
	}
	if i.log == nil {
		i.log = slog.New(slog.DiscardHandler)
	}
	return i, nil
}

// open brings the folder to a running server with its roles and its database.
func (i *Instance) open(ctx context.Context, o InstanceOptions) (*postmaster, error) {
	var err error
	if i.bins, err = i.home.choose(o.Binaries); err != nil {
		return nil, err
	}
	if err := i.home.acct.canReach(i.bins.Dir); err != nil {
		return nil, fmt.Errorf("PostgreSQL in %s cannot be started: %w; install it where that user can reach it", i.bins.Dir, err)
	}
	if i.secrets, err = i.home.readSecrets(); err != nil {
		return nil, err
	}
	if err := i.home.placeSocket(); err != nil {
		return nil, err
	}
	if err := i.create(ctx); err != nil {
		return nil, err
	}
	server, err := i.start(ctx)
	if err != nil {
		return nil, err
	}
	if err := i.furnish(ctx); err != nil {
		return nil, errors.Join(err, server.stop())
	}
	return server, nil
}

// OwnerDSN connects as the owner of the database "veil", who makes and changes its tables. It
// is in keyword form, for pgx and libpq alike, and holds a password: it must not be logged.
func (i *Instance) OwnerDSN() string { return i.dsn(ownerRole, i.secrets.Owner) }

// AppDSN connects to the database "veil" as the application role veil_app, which owns nothing,
// may make nothing, and is held by row-level security. It too holds a password.
func (i *Instance) AppDSN() string { return i.dsn(appRole, i.secrets.App) }

// AdminDSN connects to the database "veil" as the cluster's superuser. pg_dump needs it where
// row-level security is forced; the service has no use for it.
func (i *Instance) AdminDSN() string { return i.dsn(adminRole, i.secrets.Admin) }

// dsn needs no quoting: the socket's folder is chosen, and passwords are drawn, without the
// characters that would.
func (i *Instance) dsn(role, password string) string {
	return fmt.Sprintf("host=%s port=%d dbname=%s user=%s password=%s sslmode=disable target_session_attrs=any",
		i.home.run, port, instanceDatabase, role, password)
}

// Version is the server's, for example "15.18 (Debian 15.18-0+deb12u1)".
func (i *Instance) Version() string { return i.bins.Version }

// Done is closed when the server has ended for good: after Close, or when PostgreSQL died and
// could not be started again. Err then says which.
func (i *Instance) Done() <-chan struct{} { return i.done }

// Err is why the instance gave up, one sentence; nil while it runs and after an ordinary Close.
func (i *Instance) Err() error {
	select {
	case <-i.done:
		return i.err
	default:
		return nil
	}
}

// Close ends all sessions, has PostgreSQL write what it holds in memory, waits for its end and
// lets go of the folder. It may be called more than once.
func (i *Instance) Close() error {
	i.closing.Do(func() {
		i.quit()
		<-i.done
		i.closeErr = errors.Join(i.err, i.home.close())
	})
	return i.closeErr
}

// choose finds programs that can open the data, or for a folder without data any.
func (h *home) choose(wanted Binaries) (Binaries, error) {
	major, err := h.major()
	if err != nil {
		return Binaries{}, err
	}
	if wanted.Dir == "" {
		if major == 0 {
			return Find("")
		}
		all := FindAll()
		if at := slices.IndexFunc(all, func(b Binaries) bool { return b.Major == major }); at >= 0 {
			return all[at], nil
		}
		if len(all) == 0 {
			return Find("") // says how to install one
		}
		wanted = all[0]
	}
	if major != 0 && wanted.Major != major {
		return Binaries{}, fmt.Errorf("the data in %s were made by PostgreSQL %d, which PostgreSQL %d in %s cannot open: configure the programs of version %d, "+
			"or dump the database with version %d and load the dump into a new folder", h.path, major, wanted.Major, wanted.Dir, major, major)
	}
	return wanted, nil
}

// explain adds to a failure on the instance in dir what a person can do about it.
func explain(dir string, err error) error {
	for _, sign := range []string{"o space left on device", "isk quota exceeded", "wrote only"} {
		if strings.Contains(err.Error(), sign) {
			return fmt.Errorf("the disk that holds %s is full; free some space there (a new instance takes about 60 MiB) and start again: %w", dir, err)
		}
	}
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w; see who owns %s and what is in it", err, dir)
	}
	return err
}
