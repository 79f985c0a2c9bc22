package service_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/service"
	"github.com/veilschema/veil/internal/store"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/keys"
)

// world is a service on a database of its own, with two tenants.
type world struct {
	t        *testing.T
	db       *store.DB
	root     *keys.Root
	queue    *queue
	now      time.Time
	service  *service.Service
	operator service.Actor
	tenants  [2]service.Actor
}

// queue keeps the jobs that were enqueued.
type queue struct {
	mu   sync.Mutex
	jobs [][2]uuid.UUID // mu
}

func (q *queue) EnqueueEvaluation(_ context.Context, _ pgx.Tx, tenant, comparison uuid.UUID) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, [2]uuid.UUID{tenant, comparison})
	return nil
}

// publisher makes templates of nothing but their names: the facts are columns, as many as the policy has bytes.
type publisher struct{}

func (publisher) Publish(_ context.Context, d service.Draft) (*template.Template, error) {
	return template.Build(template.Meta{Slug: d.Slug, Version: d.Version, Title: d.Title}, columns(0, 40+len(d.Policy)), nil)
}

func columns(from, n int) schema.Facts {
	facts := make(schema.Facts, n)
	for i := range facts {
		facts[i] = schema.Fact{Kind: schema.KindColumn, Schema: "public", Table: fmt.Sprintf("table_%d", (from+i)/16), Name: fmt.Sprintf("column_%02d", (from+i)%16)}
	}
	return facts
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: storetest.Open(t), root: must(keys.NewRoot(rand.Reader)), queue: &queue{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.restart()
	w.operator = service.Actor{Role: service.RoleOperator}
	for i := range w.tenants {
		info := must(service.Do(t.Context(), w.service, w.operator, uuid.Nil, service.CreateTenant{Name: fmt.Sprintf("tenant %d", i)}))
		w.tenants[i] = service.Actor{Token: uuid.New(), Role: service.RoleTenant, Tenant: info.ID}
	}
	must(w.service.Publish(t.Context(), w.operator, uuid.Nil, draft("1")))
	return w
}

func draft(version string) service.Draft {
	return service.Draft{Slug: "example", Version: version, Files: []service.DDL{{Name: "a.sql", Text: []byte("CREATE TABLE a ();")}}}
}

// restart makes the service anew, as another process would.
func (w *world) restart() {
	w.service = must(service.New(service.Config{
		DB: w.db, Root: w.root, Publish: publisher{}, Jobs: w.queue, Random: rand.Reader, Now: func() time.Time { return w.now }, Generator: "test",
	}))
}

// evaluate does the jobs that wait.
func (w *world) evaluate() {
	w.t.Helper()
	for _, job := range w.queue.jobs {
		if err := w.service.Evaluate(w.t.Context(), job[0], job[1]); err != nil {
			w.t.Fatal(err)
		}
	}
	w.queue.jobs = nil
}

// side is a tenant's side of a comparison with this service.
type side struct {
	*world
	who    service.Actor
	tenant *compare.Tenant
	id     uuid.UUID
	sent   map[compare.Type][]byte
}

type ledger map[[32]byte][32]byte

func (l ledger) MarkSession(s [32]byte) error       { l[s] = [32]byte{}; return nil }
func (l ledger) RecordResponse(s, r [32]byte) error { l[s] = r; return nil }

// open opens a comparison of a tenant that has the last 20 of the template's facts and 10 others.
func (w *world) open(who service.Actor) *side {
	w.t.Helper()
	stored := must(service.Ask(w.t.Context(), w.service, who, service.GetTemplate{Slug: "example", Version: "1"}))
	prepared := must(compare.Prepare(must(template.Parse(stored.Encoded))))
	pin := w.service.Identity()
	tenant := must(compare.NewTenant(compare.TenantConfig{
		Root: must(keys.NewRoot(rand.Reader)), Template: prepared, Facts: columns(20, 30), Ledger: ledger{}, Service: &pin, Random: rand.Reader,
	}))
	s := &side{world: w, who: who, tenant: tenant, sent: map[compare.Type][]byte{compare.TypeOpen: must(tenant.Open())}}
	c, err := service.Do(w.t.Context(), w.service, who, uuid.New(), service.OpenComparison{Slug: "example", Version: "1", Message: s.sent[compare.TypeOpen]})
	if err != nil {
		w.t.Fatal(err)
	}
	s.id = c.ID
	return s
}

// answer reads a message of the service.
func (s *side) answer(t compare.Type) []byte {
	s.t.Helper()
	m, err := service.Ask(s.t.Context(), s.service, s.who, service.GetMessage{Comparison: s.id, Type: t})
	if err != nil {
		s.t.Fatal(err)
	}
	return m.Data
}

// next makes the tenant's message of a type from the service's message before it.
func (s *side) next(t compare.Type) []byte {
	s.t.Helper()
	if m := s.sent[t]; m != nil {
		return m
	}
	steps := map[compare.Type]func([]byte) ([]byte, error){
		compare.TypeAccept: s.tenant.Accept, compare.TypeSubmission: s.tenant.Submit, compare.TypeCommitment: s.tenant.Commit, compare.TypeDisclosure: s.tenant.Disclose,
	}
	m, err := steps[t](s.answer(t - 1))
	if err != nil {
		s.t.Fatal(err)
	}
	s.sent[t] = m
	return m
}

// send sends the tenant's message of a type.
func (s *side) send(t compare.Type) (*service.Comparison, error) {
	return service.Do(s.t.Context(), s.service, s.who, uuid.New(), service.TakeMessage{Comparison: s.id, Type: t, Message: s.next(t)})
}

// until sends all messages up to one.
func (s *side) until(last compare.Type) *side {
	s.t.Helper()
	for _, t := range []compare.Type{compare.TypeAccept, compare.TypeSubmission, compare.TypeCommitment, compare.TypeDisclosure} {
		if t > last {
			break
		}
		if _, err := s.send(t); err != nil {
			s.t.Fatal(err)
		}
		s.evaluate()
	}
	return s
}

func (s *side) state() service.State {
	s.t.Helper()
	return must(service.Ask(s.t.Context(), s.service, s.who, service.GetComparison{ID: s.id})).State
}

func TestAComparisonGoesOnInAnotherProcessAfterEveryMessage(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.tenants[0])
	for _, step := range []struct {
		message compare.Type
		want    service.State
	}{
		{compare.TypeAccept, service.StateAccepted},
		{compare.TypeSubmission, service.StateEvaluated},
		{compare.TypeCommitment, service.StateCommitted},
		{compare.TypeDisclosure, service.StateDisclosed},
	} {
		w.restart()
		s.until(step.message)
		if got := s.state(); got != step.want {
			t.Fatalf("after the %s: got %s, want %s", step.message, got, step.want)
		}
	}
	result, err := s.tenant.Finish(s.answer(compare.TypeVerdict))
	if err != nil {
		t.Fatal(err)
	}
	c := must(service.Ask(t.Context(), w.service, s.who, service.GetComparison{ID: s.id}))
	if c.Present != 20 || c.Absent != 20 || c.Undisclosed != 0 || len(result.Verdicts) != 40 {
		t.Errorf("got %d present, %d absent, %d undisclosed", c.Present, c.Absent, c.Undisclosed)
	}
	if r := must(service.Ask(t.Context(), w.service, s.who, service.GetReport{Comparison: s.id})); !bytes.Contains(r.Data, []byte(`"verdict"`)) {
		t.Errorf("the report is %.100s", r.Data)
	}
	transcript := must(service.Ask(t.Context(), w.service, s.who, service.GetTranscript{Comparison: s.id}))
	if len(transcript) != 10 {
		t.Errorf("the transcript has %d messages, want 10", len(transcript))
	}
}

func TestAMessageIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.tenants[0]).until(compare.TypeDisclosure)
	verdict := s.answer(compare.TypeVerdict)
	for m := range s.sent {
		if m == compare.TypeOpen {
			continue
		}
		if c, err := s.send(m); err != nil || c.State != service.StateDisclosed {
			t.Errorf("the same %s again: %v", m, err)
		}
		other := bytes.Clone(s.sent[m])
		other[len(other)/2] ^= 1
		_, err := service.Do(t.Context(), w.service, s.who, uuid.New(), service.TakeMessage{Comparison: s.id, Type: m, Message: other})
		if got := service.CodeOf(err); got != service.CodeState {
			t.Errorf("another %s: got the code %s, want %s", m, got, service.CodeState)
		}
	}
	if !bytes.Equal(verdict, s.answer(compare.TypeVerdict)) {
		t.Error("the answer has changed")
	}
}

func TestTheSameCommandIsCarriedOutOnce(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.tenants[0])
	id := uuid.New()
	open := service.OpenComparison{Slug: "example", Version: "1", Message: s.sent[compare.TypeOpen]}
	first := must(service.Do(t.Context(), w.service, s.who, id, open))
	again := must(service.Do(t.Context(), w.service, s.who, id, open))
	if first.ID != again.ID || first.ID == s.id {
		t.Errorf("got the comparisons %s and %s", first.ID, again.ID)
	}
	open.Version = "2"
	_, err := service.Do(t.Context(), w.service, s.who, id, open)
	if got := service.CodeOf(err); got != service.CodeReused {
		t.Errorf("another command under the same id: got the code %s, want %s", got, service.CodeReused)
	}
}

func TestTwoEvaluationsAtOnceKeepOneResponse(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.tenants[0]).until(compare.TypeAccept)
	if _, err := s.send(compare.TypeSubmission); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := w.service.Evaluate(t.Context(), s.who.Tenant, s.id); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := s.state(); got != service.StateEvaluated {
		t.Fatalf("got %s", got)
	}
	s.until(compare.TypeDisclosure)
}

func TestReadModelsAreRebuiltToTheByte(t *testing.T) {
	w := newWorld(t)
	w.open(w.tenants[0]).until(compare.TypeDisclosure)
	w.open(w.tenants[1]).until(compare.TypeCommitment)
	deleted := w.open(w.tenants[1]).until(compare.TypeDisclosure)
	must(service.Do(t.Context(), w.service, deleted.who, uuid.Nil, service.DeleteComparison{ID: deleted.id}))
	token := must(service.NewToken(rand.Reader))
	info := must(service.Do(t.Context(), w.service, w.operator, uuid.Nil, service.IssueToken{
		Role: service.RoleAuditor, Tenant: w.tenants[0].Tenant, Label: "auditor", Expires: w.now.Add(time.Hour), Hash: service.HashToken(token),
	}))
	must(w.service.Authenticate(t.Context(), token))
	must(service.Do(t.Context(), w.service, w.operator, uuid.Nil, service.RevokeToken{ID: info.ID}))
	before := must(w.service.Snapshot(t.Context()))
	count := must(w.service.Rebuild(t.Context()))
	if after := must(w.service.Snapshot(t.Context())); !bytes.Equal(before, after) {
		t.Errorf("rebuilt from %d events:\n%s\nwant\n%s", count, after, before)
	}
	if count < 20 || len(before) < 2000 {
		t.Errorf("there were %d events and %d bytes: too little to show anything", count, len(before))
	}
}

func TestNobodySeesAnothersComparison(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.tenants[0]).until(compare.TypeDisclosure)
	stranger := w.tenants[1]
	_, message := service.Do(t.Context(), w.service, stranger, uuid.New(), service.TakeMessage{Comparison: s.id, Type: compare.TypeAccept, Message: []byte("x")})
	_, deletion := service.Do(t.Context(), w.service, stranger, uuid.New(), service.DeleteComparison{ID: s.id})
	_, one := service.Ask(t.Context(), w.service, stranger, service.GetComparison{ID: s.id})
	_, report := service.Ask(t.Context(), w.service, stranger, service.GetReport{Comparison: s.id})
	_, response := service.Ask(t.Context(), w.service, stranger, service.GetMessage{Comparison: s.id, Type: compare.TypeResponse})
	_, transcript := service.Ask(t.Context(), w.service, stranger, service.GetTranscript{Comparison: s.id})
	_, upload := w.service.UploadState(t.Context(), stranger, s.id)
	for what, err := range map[string]error{"a message": message, "a deletion": deletion, "the comparison": one, "the report": report, "the response": response, "the transcript": transcript, "the upload": upload} {
		if got := service.CodeOf(err); got != service.CodeNotFound {
			t.Errorf("%s: got the code %s, want %s (%v)", what, got, service.CodeNotFound, err)
		}
	}
	if list := must(service.Ask(t.Context(), w.service, stranger, service.ListComparisons{})); len(list) > 0 {
		t.Errorf("the stranger's list has %v", list)
	}
}

func TestRolesMayWhatTheyMay(t *testing.T) {
	w := newWorld(t)
	auditor := service.Actor{Token: uuid.New(), Role: service.RoleAuditor, Tenant: w.tenants[0].Tenant}
	_, create := service.Do(t.Context(), w.service, w.tenants[0], uuid.Nil, service.CreateTenant{Name: "x"})
	_, open := service.Do(t.Context(), w.service, auditor, uuid.Nil, service.OpenComparison{Slug: "example", Version: "1"})
	_, publish := w.service.Publish(t.Context(), auditor, uuid.Nil, draft("2"))
	_, list := service.Ask(t.Context(), w.service, w.operator, service.ListComparisons{})
	_, nobody := service.Ask(t.Context(), w.service, service.Actor{}, service.ListTemplates{})
	for what, err := range map[string]error{"a tenant makes tenants": create, "an auditor compares": open, "an auditor publishes": publish, "an operator reads comparisons": list, "nobody reads templates": nobody} {
		if got := service.CodeOf(err); got != service.CodeForbidden {
			t.Errorf("%s: got the code %s, want %s", what, got, service.CodeForbidden)
		}
	}
}

func TestAPublishedVersionNeverChanges(t *testing.T) {
	w := newWorld(t)
	again := must(w.service.Publish(t.Context(), w.operator, uuid.Nil, draft("1")))
	changed := draft("1")
	changed.Policy = []byte("more")
	_, err := w.service.Publish(t.Context(), w.operator, uuid.Nil, changed)
	if got := service.CodeOf(err); got != service.CodeExists {
		t.Errorf("another template under the same version: got the code %s, want %s", got, service.CodeExists)
	}
	list := must(service.Ask(t.Context(), w.service, w.tenants[0], service.ListTemplates{Search: "EXAM"}))
	if len(list) != 1 || list[0].Digest != again.Digest || list[0].Facts != 40 {
		t.Errorf("the list is %+v", list)
	}
}

func TestASubmissionIsUploadedInParts(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.tenants[0]).until(compare.TypeAccept)
	m := s.next(compare.TypeSubmission)
	for at := int64(0); at < int64(len(m)); {
		part := m[at:min(at+100_000, int64(len(m)))]
		u, err := w.service.AppendUpload(t.Context(), s.who, s.id, at, part)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.service.AppendUpload(t.Context(), s.who, s.id, at, part) // it comes twice
		if got := service.CodeOf(err); got != service.CodeOffset {
			t.Fatalf("the same part again: got the code %s, want %s", got, service.CodeOffset)
		}
		at = u.Offset
	}
	_, err := w.service.CompleteUpload(t.Context(), s.who, s.id, [32]byte{1})
	if got := service.CodeOf(err); got != service.CodeInvalid {
		t.Fatalf("another SHA-256: got the code %s, want %s", got, service.CodeInvalid)
	}
	if u := must(w.service.UploadState(t.Context(), s.who, s.id)); u.Offset != 0 || u.Length != int64(len(m)) {
		t.Fatalf("after the wrong SHA-256: %+v", u)
	}
	for at := 0; at < len(m); at += service.MaxUploadPart {
		must(w.service.AppendUpload(t.Context(), s.who, s.id, int64(at), m[at:min(at+service.MaxUploadPart, len(m))]))
	}
	for range 2 {
		if _, err := w.service.CompleteUpload(t.Context(), s.who, s.id, sha256.Sum256(m)); err != nil {
			t.Fatal(err)
		}
	}
	w.evaluate()
	s.until(compare.TypeDisclosure)
}

func TestTheOneTimeTokenServesOnce(t *testing.T) {
	w := newWorld(t)
	once := must(w.service.Bootstrap(t.Context()))
	if again := must(w.service.Bootstrap(t.Context())); once == "" || again != "" {
		t.Fatalf("got the tokens %q and %q", once, again)
	}
	if _, err := w.service.Authenticate(t.Context(), once); service.CodeOf(err) != service.CodeUnauthorized {
		t.Errorf("the one-time token lets in: %v", err)
	}
	token := must(service.NewToken(rand.Reader))
	must(w.service.Redeem(t.Context(), once, service.HashToken(token), "first", w.now.Add(time.Hour)))
	if who := must(w.service.Authenticate(t.Context(), token)); who.Role != service.RoleOperator {
		t.Errorf("the token is of %+v", who)
	}
	if _, err := w.service.Redeem(t.Context(), once, service.HashToken("x"), "second", w.now.Add(time.Hour)); service.CodeOf(err) != service.CodeUnauthorized {
		t.Errorf("it serves twice: %v", err)
	}
	w.now = w.now.Add(2 * time.Hour)
	if _, err := w.service.Authenticate(t.Context(), token); service.CodeOf(err) != service.CodeUnauthorized {
		t.Errorf("an expired token lets in: %v", err)
	}
}

func TestATenantHasNoMoreOpenThanItMay(t *testing.T) {
	w := newWorld(t)
	w.service = must(service.New(service.Config{
		DB: w.db, Root: w.root, Publish: publisher{}, Jobs: w.queue, Random: rand.Reader, Quota: service.Quota{OpenComparisons: 1}, Now: func() time.Time { return w.now },
	}))
	s := w.open(w.tenants[0])
	_, err := service.Do(t.Context(), w.service, s.who, uuid.Nil, service.OpenComparison{Slug: "example", Version: "1", Message: s.sent[compare.TypeOpen]})
	if got := service.CodeOf(err); got != service.CodeLimit {
		t.Errorf("a second one: got the code %s, want %s", got, service.CodeLimit)
	}
	w.open(w.tenants[1])
}
