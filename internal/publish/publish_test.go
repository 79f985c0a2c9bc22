package publish_test

import (
	"strings"
	"testing"

	"github.com/veilschema/veil/internal/postgres"
	"github.com/veilschema/veil/internal/publish"
	"github.com/veilschema/veil/internal/service"
)

func newPublisher(t *testing.T) *publish.Publisher {
	t.Helper()
	p := publish.New(postgres.Options{})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// draft is a draft of files, each a name and a text.
func draft(files ...[2]string) service.Draft {
	d := service.Draft{Slug: "clinic", Version: "1"}
	for _, f := range files {
		d.Files = append(d.Files, service.DDL{Name: f[0], Text: []byte(f[1])})
	}
	return d
}

func TestFilesOfATemplateAreLoadedInOrder(t *testing.T) {
	d := draft([2]string{"2.sql", "CREATE TABLE patient (id int PRIMARY KEY);"}, [2]string{"1.sql", "CREATE TABLE visit (patient int REFERENCES patient);"})
	d.Policy = []byte("optional:\n  - {kind: foreign_key}\n")
	got, err := newPublisher(t).Publish(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Files) != 2 || len(got.Judged) < 5 || got.Slug != "clinic" {
		t.Errorf("got %d files and %d facts", len(got.Files), len(got.Judged))
	}
}

func TestADraftThatIsNoTemplateIsRefused(t *testing.T) {
	p := newPublisher(t)
	for name, c := range map[string]struct {
		d    service.Draft
		want string
	}{
		"a file outside its folder":     {draft([2]string{"../a.sql", "CREATE TABLE a ();"}), "without folders"},
		"two files of one name":         {draft([2]string{"a.sql", "CREATE TABLE a ();"}, [2]string{"a.sql", "CREATE TABLE b ();"}), "its own"},
		"a statement that no one may":   {draft([2]string{"a.sql", "COPY a TO PROGRAM 'id';"}), "a.sql"},
		"a statement that does not run": {draft([2]string{"a.sql", "CREATE TABLE a (b no_such_type);"}), "no_such_type"},
		"nothing to compare with":       {draft([2]string{"a.sql", "SELECT 1;"}), "a.sql"},
		"no tables":                     {draft([2]string{"a.sql", "-- nothing"}), "DDL"},
	} {
		_, err := p.Publish(t.Context(), c.d)
		if service.CodeOf(err) != service.CodeInvalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to be refused for %q", name, err, c.want)
		}
	}
	bad := draft([2]string{"a.sql", "CREATE TABLE a (b int);"})
	bad.Policy = []byte("optional: 7")
	if _, err := p.Publish(t.Context(), bad); service.CodeOf(err) != service.CodeInvalid {
		t.Errorf("a bad policy: got %v", err)
	}
}
