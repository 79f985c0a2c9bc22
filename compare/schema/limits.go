package schema

// Hard limits of this package. Whatever exceeds one is refused with an error before memory is
// taken for it, or counted as not judged; nothing is cut short.
const (
	// maxName is the largest size of a schema, table or object name, in bytes. PostgreSQL stops at
	// 63 as it is usually built; a server built with a larger NAMEDATALEN stays far below this.
	maxName = 1024

	// maxDetail is the largest size of a fact's detail, in bytes.
	maxDetail = 1 << 20

	// maxMapping is the largest size of a mapping file, in bytes.
	maxMapping = 4 << 20
)
