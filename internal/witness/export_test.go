package witness

// What fuzz targets and tests of single parts reach.
var (
	ParseState  = parseState
	EmptyRoot   = emptyRoot
	StateName   = stateName
	NewKeyText  = newKeyText
	ParseKey    = parseKey
	VerifierKey = parseVerifier
)

// Limits that tests go up to.
const (
	MaxBody, MaxProof, MaxSize, MaxInFlight = maxBody, maxProof, maxSize, maxInFlight
	KeyFile                                 = keyFile
)

// ParseRequest reads a request and writes it again.
func ParseRequest(body []byte) (again []byte, err error) {
	r, err := parseRequest(body)
	if err != nil {
		return nil, err
	}
	return appendRequest(nil, r.old, r.proof, r.note), nil
}
