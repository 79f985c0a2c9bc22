package check_test

import (
	"slices"
	"testing"

	"github.com/veilschema/veil/internal/check"
)

func TestEventTriggersThatAreLeftOutAreNamed(t *testing.T) {
	const ddl = "CREATE TABLE a (b int);\n-- a comment\nCREATE EVENT TRIGGER watch\n  ON ddl_command_end EXECUTE FUNCTION x();\n"
	reading, _, err := check.ReadDesign(t.Context(), newServer(t), check.Source{Texts: []check.Text{{Name: "folder/standard.sql", Text: []byte(ddl)}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []check.LeftOut{{File: "standard.sql", Line: 3, Statement: "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION x();"}}
	if !slices.Equal(reading.LeftOut, want) || reading.Skipped != 1 {
		t.Errorf("got %+v and %d skipped, want %+v and 1", reading.LeftOut, reading.Skipped, want)
	}
}
