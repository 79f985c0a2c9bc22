package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
	"github.com/veilschema/veil/internal/store/storetest"
	"github.com/veilschema/veil/internal/testenv"
	"github.com/veilschema/veil/keys"
)

// serving is a process of veil serve.
type serving struct {
	*testing.T
	cmd       *exec.Cmd
	url, once string
	data      string // its folder
	stderr    bytes.Buffer
	stdout    strings.Builder // until it answered
}

var (
	answering = regexp.MustCompile(`answering at (\S+),`)
	oneTime   = regexp.MustCompile(`VEIL_TOKEN=(veil_\S+) `)
)

// serve starts veil serve on a free port and waits until it answers.
func serve(t *testing.T, env []string, arguments ...string) *serving {
	t.Helper()
	testenv.Postgres(t) // skips where there is none
	s := &serving{T: t, cmd: exec.Command("veil", append([]string{"serve", "--listen", "127.0.0.1:0"}, arguments...)...)}
	if i := slices.Index(arguments, "--data"); i >= 0 {
		s.data = arguments[i+1]
	}
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stderr = &s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	lines := bufio.NewScanner(out) // ends when the process does
	for s.url == "" && lines.Scan() {
		s.stdout.WriteString(lines.Text() + "\n")
		if m := oneTime.FindStringSubmatch(lines.Text()); m != nil {
			s.once = m[1]
		}
		if m := answering.FindStringSubmatch(lines.Text()); m != nil {
			s.url = m[1]
		}
	}
	if s.url == "" {
		_ = s.cmd.Wait()
		t.Fatalf("it does not answer: %s", s.stderr.String())
	}
	return s
}

// end ends the process with a signal and returns its exit code.
func (s *serving) end(signal syscall.Signal) int {
	s.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.Fatal(err)
	}
	_ = s.cmd.Wait() // the exit code says it
	return s.cmd.ProcessState.ExitCode()
}

func (s *serving) client(token client.Secret) *client.Client {
	s.Helper()
	c, err := client.New(client.Config{Server: s.url, Token: token})
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// enrolled are the tokens of an operator and a tenant.
type enrolled struct{ operator, tenant client.Secret }

// enrol makes an operator, a tenant and a template of one table.
func (s *serving) enrol() enrolled {
	s.Helper()
	ctx, expires := s.Context(), time.Now().Add(time.Hour)
	var operator *client.Issued
	eventually(s.T, "the operator gets a token", func() (there bool) {
		var err error
		operator, err = s.client(client.Secret(s.once)).Bootstrap(ctx, "first", expires)
		if err != nil && !answered(http.StatusServiceUnavailable)(err) {
			s.Fatal(err)
		}
		return err == nil
	})
	o := s.client(operator.Secret)
	tenant, err := o.CreateTenant(ctx, uuid.New(), "riverside")
	if err != nil {
		s.Fatal(err)
	}
	token, err := o.IssueToken(ctx, uuid.New(), client.TokenRequest{Role: "tenant", Tenant: tenant.ID, Expires: expires})
	if err != nil {
		s.Fatal(err)
	}
	ddl := []byte("CREATE TABLE person (id bigint PRIMARY KEY, born date NOT NULL)")
	if _, err := o.PublishTemplate(ctx, uuid.New(), client.Draft{Slug: "persons", Version: "1", Files: []client.File{{Name: "persons.sql", Text: ddl}}}); err != nil {
		s.Fatal(err)
	}
	return enrolled{operator.Secret, token.Secret}
}

// comparing is a comparison under way.
type comparing struct {
	*testing.T
	tenant *compare.Tenant
	id     uuid.UUID
}

type forgetful map[[32]byte][32]byte

func (l forgetful) MarkSession(s [32]byte) error       { l[s] = [32]byte{}; return nil }
func (l forgetful) RecordResponse(s, r [32]byte) error { l[s] = r; return nil }

// open opens a comparison of a database that has the table, but not its second column.
func open(t *testing.T, c *client.Client) *comparing {
	t.Helper()
	encoded := got[[]byte](t)(c.EncodedTemplate(t.Context(), "persons", "1"))
	parsed := got[*template.Template](t)(template.Parse(encoded))
	tenant := got[*compare.Tenant](t)(compare.NewTenant(compare.TenantConfig{
		Root: got[*keys.Root](t)(keys.NewRoot(rand.Reader)), Template: got[*compare.Prepared](t)(compare.Prepare(parsed)),
		Facts: parsed.Facts()[:1], Ledger: forgetful{}, Random: rand.Reader,
	}))
	digest := got[*client.Template](t)(c.Template(t.Context(), "persons", "1")).Digest
	is := got[*client.Comparison](t)(c.OpenComparison(t.Context(), uuid.New(), "persons@1", digest, got[[]byte](t)(tenant.Open())))
	return &comparing{t, tenant, is.ID}
}

// got ends the test where there is an error.
func got[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// submit goes on until the submission is there.
func (c *comparing) submit(with *client.Client) {
	c.Helper()
	message := func(t compare.Type) []byte { return got[[]byte](c.T)(with.Message(c.Context(), c.id, t)) }
	got[*client.Comparison](c.T)(with.Send(c.Context(), c.id, compare.TypeAccept, got[[]byte](c.T)(c.tenant.Accept(message(compare.TypeOffer)))))
	got[*client.Comparison](c.T)(with.Submit(c.Context(), c.id, got[[]byte](c.T)(c.tenant.Submit(message(compare.TypeSalt))), nil))
}

// finish goes on from the submission to the verdict, which is that one fact is there.
func (c *comparing) finish(with *client.Client) {
	c.Helper()
	message := func(t compare.Type) []byte { return got[[]byte](c.T)(with.Message(c.Context(), c.id, t)) }
	eventually(c.T, "it is evaluated", func() bool {
		return got[*client.Comparison](c.T)(with.Comparison(c.Context(), c.id)).State == "evaluated"
	})
	got[*client.Comparison](c.T)(with.Send(c.Context(), c.id, compare.TypeCommitment, got[[]byte](c.T)(c.tenant.Commit(message(compare.TypeResponse)))))
	got[*client.Comparison](c.T)(with.Send(c.Context(), c.id, compare.TypeDisclosure, got[[]byte](c.T)(c.tenant.Disclose(message(compare.TypeSeed)))))
	result := got[*compare.Result](c.T)(c.tenant.Finish(message(compare.TypeVerdict)))
	present := 0
	for _, v := range result.Verdicts {
		if v == schema.Present {
			present++
		}
	}
	if present != 1 {
		c.Errorf("%d facts are there, want 1", present)
	}
}

func TestAServiceWithNothingConfiguredGoesOnAfterItWasKilled(t *testing.T) {
	t.Parallel()
	data := filepath.Join(sharedTemporary(t), "data")
	first := serve(t, nil, "--data", data)
	who := first.enrol()
	comparison := open(t, first.client(who.tenant))
	comparison.submit(first.client(who.tenant))
	first.end(syscall.SIGKILL)

	second := serve(t, nil, "--data", data)
	if second.once != "" {
		t.Error("it makes another one-time token although an operator was here")
	}
	comparison.finish(second.client(who.tenant))
	third := exec.Command("veil", "serve", "--listen", "127.0.0.1:0", "--data", data)
	out, _ := third.CombinedOutput() // the exit code says it
	if code := third.ProcessState.ExitCode(); code != exitUnavailable || !bytes.Contains(out, []byte("in use by process")) {
		t.Errorf("a second process on the same data exits with %d: %s", code, out)
	}
	if code := second.end(syscall.SIGTERM); code != exitDone {
		t.Errorf("asked to stop, it exits with %d: %s", code, second.stderr.String())
	}
	for _, secret := range []string{string(who.operator), string(who.tenant), first.once, "person", "born"} {
		if strings.Contains(first.stderr.String()+second.stderr.String(), secret) {
			t.Errorf("the logs have %.12s", secret)
		}
	}
}

func TestADatabaseThatDiesIsComplainedOfAndComesBack(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, "--data", filepath.Join(sharedTemporary(t), "data"))
	status := func() int {
		response, err := http.Get(s.url + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if got := status(); got != http.StatusNoContent {
		t.Fatalf("ready: %d", got)
	}
	if out, err := exec.Command("pkill", "-9", "-P", itoa(s.cmd.Process.Pid), "postgres").CombinedOutput(); err != nil {
		t.Skipf("PostgreSQL cannot be killed here: %v %s", err, out)
	}
	eventually(t, "it is ready again", func() bool { return status() == http.StatusNoContent })
	s.enrol()
}

func itoa(n int) string { return big.NewInt(int64(n)).String() }

func TestAWorkerOnTheSameDatabaseEvaluates(t *testing.T) {
	t.Parallel()
	d := storetest.New(t)
	dir := sharedTemporary(t)
	env := []string{"VEIL_SERVE_DATABASE=" + d.AppDSN, "VEIL_SERVE_OWNER=" + d.OwnerDSN}
	front := serve(t, env, "--data", dir, "--role", "api")
	who := front.enrol()
	c := front.client(who.tenant)
	comparison := open(t, c)
	comparison.submit(c)
	if state := got[*client.Comparison](t)(c.Comparison(t.Context(), comparison.id)).State; state != "submitted" {
		t.Errorf("without a worker it is %s", state)
	}
	worker := exec.Command("veil", "serve", "--role", "worker", "--data", dir)
	worker.Env = append(os.Environ(), "VEIL_SERVE_DATABASE="+d.AppDSN)
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	comparison.finish(c)
	if err := worker.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := worker.Wait(); err != nil {
		t.Errorf("the worker, asked to stop: %v", err)
	}
}

func TestAServiceThatOthersReachHasACertificate(t *testing.T) {
	t.Parallel()
	dir := sharedTemporary(t)
	alone := exec.Command("veil", "serve", "--role", "api", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "a"))
	if out, _ := alone.CombinedOutput(); alone.ProcessState.ExitCode() != exitUsage {
		t.Errorf("a service that nobody evaluates for: %s", out)
	}
	out, err := exec.Command("veil", "serve", "--listen", "0.0.0.0:0", "--data", filepath.Join(dir, "a")).CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("without TLS would carry tokens in clear")) {
		t.Errorf("without a certificate: %v, %s", err, out)
	}
	cert, key, ca := certificate(t, dir)
	s := serve(t, nil, "--data", filepath.Join(dir, "b"), "--tls-cert", cert, "--tls-key", key)
	c, err := client.New(client.Config{Server: s.url, Token: client.Secret(s.once), CA: ca})
	if err != nil || !strings.HasPrefix(s.url, "https://") {
		t.Fatalf("%s: %v", s.url, err)
	}
	if _, err := c.Bootstrap(t.Context(), "first", time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if _, err := s.client("veil_x").WhoAmI(t.Context()); err == nil {
		t.Error("a client that does not know the certificate trusts it")
	}
}

// certificate makes one for this machine.
func certificate(t *testing.T, dir string) (cert, key string, ca []byte) {
	t.Helper()
	private := got[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der := got[[]byte](t)(x509.CreateCertificate(rand.Reader, c, c, &private.PublicKey, private))
	ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: got[[]byte](t)(x509.MarshalPKCS8PrivateKey(private))})
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, data := range map[string][]byte{cert: ca, key: text} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, ca
}
