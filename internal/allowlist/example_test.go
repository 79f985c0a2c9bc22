package allowlist_test

import (
	"fmt"

	"github.com/veilschema/veil/internal/allowlist"
)

func Example() {
	fmt.Println(allowlist.File("clinic.sql", []byte(`SET client_encoding = 'UTF8';
CREATE TABLE visit (id bigint PRIMARY KEY, note text DEFAULT ('/etc/passwd'::text).pg_read_file);
COPY visit FROM PROGRAM 'sh';
`)))
	fmt.Println(allowlist.Statement(`CREATE INDEX ON visit (lower(note))`))
	fmt.Println(allowlist.Statement(`ALTER TABLE visit ADD COLUMN room int, DROP COLUMN note`))
	// Output:
	// clinic.sql:2: "CREATE TABLE visit (id bigint PRIMARY KEY, note text DEFAULT ('/etc/passwd'::tex..." is refused: pg_read_file is not among the functions that a template may call; take the call out
	// clinic.sql:3: "COPY visit FROM PROGRAM 'sh'" is refused: COPY moves rows and reads and writes files; dump with `pg_dump --schema-only`
	// <nil>
	// "ALTER TABLE visit ADD COLUMN room int, DROP COLUMN note" is refused: this change of a table (DropColumn) has no place in a plan
}
