package ddl_test

import (
	"fmt"

	"github.com/veilschema/veil/internal/postgres/ddl"
)

func Example() {
	file := []byte("CREATE TABLE t (note text DEFAULT ';');\nALTER TABLE t OWNER TO clinic;\nSELECT $$a;b$$;\n")
	for s := ddl.NewSplitter(file); ; {
		piece, ok := s.Next()
		if !ok {
			break
		}
		if piece.Kind != ddl.PieceStatement {
			continue
		}
		line, _ := ddl.Position(file, piece.Offset+piece.Lead)
		statement := ddl.Parse(piece)
		fmt.Printf("%d: %s", line, statement.SQL)
		if statement.Action == ddl.ActionSkip {
			fmt.Printf(" (left out: %s)", statement.Reason)
		}
		fmt.Println()
	}
	// Output:
	// 1: CREATE TABLE t (note text DEFAULT ';');
	// 2: ALTER TABLE t OWNER TO clinic; (left out: ownership is not compared)
	// 3: SELECT $$a;b$$;
}
