package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/veilschema/veil/internal/postgres/ddl"
)

// loader is one load of one file.
type loader struct {
	scratch *Scratch
	name    string
	text    []byte
	options LoadOptions
	limits  Limits
	report  LoadReport

	conn  *pgconn.PgConn // the owner's session
	watch *watchdog
	batch []item
	bytes int             // of the batch's texts
	made  map[string]bool // schemas and extensions that prepare made
}

// item is a statement of the file and where it begins.
type item struct {
	ddl.Statement
	offset int // of its first token, in bytes
}

// run cuts the file, prepares what only the superuser can, and runs the statements.
func (l *loader) run(ctx context.Context) (err error) {
	items, err := l.cut()
	if err != nil {
		return err
	}
	undo, err := l.prepare(ctx, items)
	if err != nil {
		return err
	}
	defer func() {
		if undone := undo(); err == nil { // the first failure explains the second
			err = undone
		}
	}()
	conn, err := l.scratch.Connect(ctx)
	if err != nil {
		return err
	}
	l.scratch.dirty = true
	l.conn = conn.PgConn()
	defer closeConn(l.conn)
	l.watch = l.scratch.watch(ctx, l.conn.PID())
	defer l.watch.stop()
	// The session ends by the watchdog's hand, which knows why, and not by its context's.
	return l.statements(context.WithoutCancel(ctx), items)
}

// cut splits the file into the statements to run and leaves out the others.
func (l *loader) cut() ([]item, error) {
	var items []item
	for s := ddl.NewSplitter(l.text); ; {
		p, ok := s.Next()
		if !ok {
			return items, nil
		}
		offset := p.Offset + p.Lead
		switch p.Kind {
		case ddl.PieceMeta:
			if err := l.meta(ddl.MetaCommand(p), offset); err != nil {
				return nil, err
			}
		case ddl.PieceStatement:
			it := item{ddl.Parse(p), offset}
			keep, err := l.admit(it)
			if err != nil {
				return nil, err
			}
			if keep {
				items = append(items, it)
			}
		}
	}
}

// meta lets the two commands pass that pg_dump writes around its output.
func (l *loader) meta(command string, offset int) error {
	switch command {
	case `\restrict`, `\unrestrict`:
		l.skip(offset, command, ddl.ReasonPsql)
		return nil
	case `\connect`, `\c`:
		return l.fail(offset, fmt.Errorf("%s is a psql command; dump the one database without --create", command))
	}
	return l.fail(offset, fmt.Errorf("%s is a psql command, which a schema file cannot have; write it as SQL or take the line out", command))
}

// admit says whether a statement is to run.
func (l *loader) admit(it item) (bool, error) {
	switch it.Action {
	case ddl.ActionSkip, ddl.ActionCopyIn:
		l.skip(it.offset, it.SQL, it.Reason)
		return false, nil
	case ddl.ActionRefuse:
		return false, l.fail(it.offset, errors.New(it.Reason.String()))
	case ddl.ActionEventTrigger:
		if l.options.RefuseEventTriggers {
			return false, l.fail(it.offset, errors.New("an event trigger runs code on every later change of the database, so a template cannot have one; take it out"))
		}
		l.skip(it.offset, it.SQL, it.Reason)
		return false, nil
	}
	return true, nil
}

func (l *loader) skip(offset int, sql string, why ddl.Reason) {
	l.report.SkippedAll++
	if len(l.report.Skipped) < maxSkipsKept {
		line, _ := ddl.Position(l.text, offset)
		l.report.Skipped = append(l.report.Skipped, Skip{Line: line, Statement: excerpt(sql), Reason: why})
	}
}

// fail places an error in the file.
func (l *loader) fail(offset int, err error) error {
	line, column := ddl.Position(l.text, offset)
	return &LoadError{File: l.name, Line: line, Column: column, Err: err}
}

// failAt places PostgreSQL's error at the position it names in the statement, or at the
// statement's beginning.
func (l *loader) failAt(it item, err error) error {
	if ended := l.watch.ended(); ended != nil {
		err = ended
	}
	offset := it.offset
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if pg.Position > 0 && !it.Rewritten {
			offset += ddl.ByteOffset(it.SQL, int(pg.Position)-1)
		}
		err = l.explain(it, pg)
	}
	line, column := ddl.Position(l.text, offset)
	return &LoadError{File: l.name, Line: line, Column: column, Statement: excerpt(it.SQL), Err: err}
}

// statements runs the items in order, in batches where that makes no difference.
func (l *loader) statements(ctx context.Context, items []item) error {
	for _, it := range items {
		if it.Action == ddl.ActionRun && !l.made[schemaKey(it.CreatesSchema)] {
			if err := l.add(ctx, it); err != nil {
				return err
			}
			continue
		}
		if err := l.flush(ctx); err != nil {
			return err
		}
		if err := l.single(ctx, it); err != nil {
			return err
		}
	}
	if err := l.flush(ctx); err != nil {
		return err
	}
	if l.conn.TxStatus() != 'I' {
		return l.fail(len(l.text), errors.New("the file ends in a transaction that it began and never committed, so nothing of it would stay; end it with COMMIT"))
	}
	return nil
}

// add puts a statement into the batch, sending the batch when it is full.
func (l *loader) add(ctx context.Context, it item) error {
	l.batch = append(l.batch, it)
	l.bytes += len(it.SQL)
	if len(l.batch) < batchStatements && l.bytes < batchBytes {
		return nil
	}
	return l.flush(ctx)
}

// flush sends the batch as one pipeline of the extended protocol. The server takes exactly one
// statement a message there, so the pieces are statements in its eyes too, and its answer
// says which one failed. Between two syncs lies one implicit transaction, which saves most of
// the commits.
func (l *loader) flush(ctx context.Context) error {
	batch := l.batch
	l.batch, l.bytes = l.batch[:0], 0
	if len(batch) == 0 {
		return nil
	}
	p := l.conn.StartPipeline(ctx)
	for _, it := range batch {
		p.SendQueryParams(it.SQL, nil, nil, nil, nil)
	}
	err := p.Sync()
	failed := 0
	for ; err == nil && failed < len(batch); failed++ {
		if err = nextResult(p); err != nil {
			break
		}
		l.report.Statements++
		l.watch.progress()
	}
	if closeErr := p.Close(); err == nil && closeErr != nil {
		err, failed = closeErr, len(batch)-1 // a deferred constraint, at the commit
	}
	if err != nil {
		return l.failAt(batch[min(failed, len(batch)-1)], err)
	}
	return nil
}

// nextResult reads one statement's answer and drops its rows.
func nextResult(p *pgconn.Pipeline) error {
	res, err := p.GetResults()
	if err != nil {
		return err
	}
	rr, ok := res.(*pgconn.ResultReader)
	if !ok {
		return fmt.Errorf("PostgreSQL answered out of turn (%T)", res)
	}
	for rr.NextRow() { // rows of a SELECT in the file are nobody's
	}
	_, err = rr.Close()
	return err
}

// single runs one statement that needs a transaction of its own or may fail.
func (l *loader) single(ctx context.Context, it item) error {
	var err error
	switch {
	case l.made[schemaKey(it.CreatesSchema)]:
		return nil
	case it.Action == ddl.ActionExtension && l.made[extensionKey(it.Extension.Name)]:
		return nil
	case it.Action == ddl.ActionSet:
		err = l.set(ctx, it)
	default:
		err = l.exec(ctx, it.SQL)
	}
	if err != nil {
		return l.failAt(it, err)
	}
	l.report.Statements++
	l.watch.progress()
	return nil
}

// exec runs one statement by the extended protocol.
func (l *loader) exec(ctx context.Context, sql string) error {
	rr := l.conn.ExecParams(ctx, sql, nil, nil, nil, nil)
	for rr.NextRow() { // rows of a SELECT in the file are nobody's
	}
	_, err := rr.Close()
	return err
}

// set runs a SET or RESET and leaves it out where the server does not know the setting or
// keeps it to superusers. In a transaction that the file began, a savepoint keeps a refusal
// from ending it.
func (l *loader) set(ctx context.Context, it item) error {
	inside := l.conn.TxStatus() == 'T'
	if inside {
		if err := l.exec(ctx, "SAVEPOINT veil_set"); err != nil {
			return err
		}
	}
	err := l.exec(ctx, it.SQL)
	var pg *pgconn.PgError
	tolerable := errors.As(err, &pg) && (pg.Code == codeNoPrivilege || pg.Code == codeUndefinedObject)
	if err != nil && !tolerable {
		return err
	}
	if tolerable {
		l.skip(it.offset, it.SQL, ddl.ReasonSetting)
		if inside {
			err = l.exec(ctx, "ROLLBACK TO SAVEPOINT veil_set")
		} else {
			err = nil
		}
	}
	if err == nil && inside {
		err = l.exec(ctx, "RELEASE SAVEPOINT veil_set")
	}
	return err
}
