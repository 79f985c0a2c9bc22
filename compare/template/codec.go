package template

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/veilschema/veil/compare/schema"
)

const (
	magic         = "VEILTMPL"
	formatVersion = 1
	minJudged     = 1 + 4 + 1 + 2 + 4*4 // rule, group, no waiver, smallest fact
	minFile       = 4 + 1 + 8 + 32
	minGroup      = 4 + 1 + 1
)

// AppendBinary appends the template's one canonical encoding to b. It fails
// where the template is not valid, and returns b unchanged then. All integers
// are big-endian; a text is its size in bytes (4 bytes) and its UTF-8.
//
//	bytes  content
//	8      "VEILTMPL"
//	1      version of this format: 1
//	1      visibility: 1 public, 2 confidential
//	text   slug
//	text   version of the template
//	text   title
//	32     Merkle root, zero where there is none
//	4      number of files, sorted by name; each:
//	         text   name
//	         8      size in bytes
//	         32     SHA-256 of its content
//	4      number of any_of groups, sorted by name; each:
//	         text   name
//	         waiver
//	4      number of judged facts, sorted as schema.Compare sorts; each:
//	         1      rule: 1 required, 2 optional, 3 forbidden, 4 any_of
//	         4      0, or 1 + the place of its any_of group in the list above
//	         waiver
//	         fact   as schema.Fact.AppendBinary writes it
//
// A waiver is one byte 0, or one byte 1 followed by the texts reason, approver
// and expiry (YYYY-MM-DD, the last day on which it counts). Nothing follows
// the last fact.
func (t *Template) AppendBinary(b []byte) ([]byte, error) {
	if err := t.Validate(); err != nil {
		return b, err
	}
	out := t.encode(b)
	if n := len(out) - len(b); n > MaxTemplateBytes {
		return b, fmt.Errorf("the template takes %d bytes, more than the %d that are allowed", n, MaxTemplateBytes)
	}
	return out, nil
}

// encode writes a valid template. The error of a fact's encoding is the one
// that Validate returns for it.
func (t *Template) encode(b []byte) []byte {
	b = append(b, magic...)
	b = append(b, formatVersion, byte(t.Visibility))
	b = appendText(b, t.Slug)
	b = appendText(b, t.Version)
	b = appendText(b, t.Title)
	b = append(b, t.MerkleRoot[:]...)
	b = appendCount(b, len(t.Files))
	for _, f := range t.Files {
		b = appendText(b, f.Name)
		b = binary.BigEndian.AppendUint64(b, f.Size)
		b = append(b, f.SHA256[:]...)
	}
	b = appendCount(b, len(t.AnyOf))
	places := make(map[string]int, len(t.AnyOf)+1)
	for i, g := range t.AnyOf {
		places[g.Name] = i + 1
		b = appendText(b, g.Name)
		b = appendWaiver(b, g.Waiver)
	}
	b = appendCount(b, len(t.Judged))
	for _, j := range t.Judged {
		b = append(b, byte(j.Rule))
		b = appendCount(b, places[j.AnyOf])
		b = appendWaiver(b, j.Waiver)
		b, _ = j.Fact.AppendBinary(b)
	}
	return b
}

func appendCount(b []byte, n int) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) }

func appendText(b []byte, s string) []byte { return append(appendCount(b, len(s)), s...) }

func appendWaiver(b []byte, w *Waiver) []byte {
	if w == nil {
		return append(b, 0)
	}
	b = append(b, 1)
	b = appendText(b, w.Reason)
	b = appendText(b, w.Approver)
	return appendText(b, string(w.Expires))
}

// Parse reads a template and is the strict inverse of AppendBinary: it accepts
// exactly the bytes that AppendBinary writes. It allocates in proportion to
// the bytes given, never to a count that they claim.
func Parse(b []byte) (*Template, error) {
	if len(b) > MaxTemplateBytes {
		return nil, fmt.Errorf("a template of %d bytes is larger than the %d that are allowed", len(b), MaxTemplateBytes)
	}
	r := reader{rest: b}
	t := r.template()
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes follow its end", len(r.rest))
	}
	if r.err != nil {
		return nil, fmt.Errorf("this is not a template: %w", r.err)
	}
	if err := t.Validate(); err != nil {
		return nil, fmt.Errorf("this is not a valid template: %w", err)
	}
	return t, nil
}

// reader takes values off the front of a buffer. After the first error every
// value is zero.
type reader struct {
	rest []byte
	err  error
}

var errShort = errors.New("it ends in the middle")

func (r *reader) template() *Template {
	t := new(Template)
	if string(r.bytes(len(magic))) != magic {
		r.fail(errors.New("its first bytes are not those of a template"))
	}
	if v := r.byte(); v != formatVersion {
		r.fail(fmt.Errorf("its format version is %d, want %d", v, formatVersion))
	}
	t.Visibility = Visibility(r.byte())
	t.Slug = r.text(MaxSlug)
	t.Version = r.text(MaxVersion)
	t.Title = r.text(MaxTitle)
	copy(t.MerkleRoot[:], r.bytes(32))
	t.Files = readList(r, MaxFiles, minFile, (*reader).file)
	t.AnyOf = readList(r, MaxGroups, minGroup, (*reader).group)
	t.Judged = readList(r, MaxJudged, minJudged, func(r *reader) Judged { return r.judged(t.AnyOf) })
	return t
}

func (r *reader) file() (f File) {
	f.Name = r.text(MaxFileName)
	if b := r.bytes(8); b != nil {
		f.Size = binary.BigEndian.Uint64(b)
	}
	copy(f.SHA256[:], r.bytes(32))
	return f
}

func (r *reader) group() Group {
	return Group{Name: r.text(MaxGroupName), Waiver: r.waiver()}
}

func (r *reader) judged(groups []Group) (j Judged) {
	j.Rule = Rule(r.byte())
	switch place := r.uint32(); {
	case uint64(place) > uint64(len(groups)):
		r.fail(fmt.Errorf("a fact belongs to group %d of %d", place, len(groups)))
	case place > 0:
		j.AnyOf = groups[place-1].Name
	}
	j.Waiver = r.waiver()
	if r.err == nil {
		j.Fact, r.rest, r.err = schema.ParseFact(r.rest)
	}
	return j
}

func (r *reader) waiver() *Waiver {
	switch flag := r.byte(); flag {
	case 0:
		return nil
	case 1:
		return &Waiver{Reason: r.text(MaxReason), Approver: r.text(MaxApprover), Expires: Date(r.text(len("2006-01-02")))}
	default:
		r.fail(fmt.Errorf("a waiver starts with %d, want 0 or 1", flag))
		return nil
	}
}

// readList reads a count and as many elements, after checking the count
// against its limit and against the bytes that are left.
func readList[T any](r *reader, limit, least int, one func(*reader) T) []T {
	n := uint64(r.uint32())
	if r.err == nil && (n > uint64(limit) || n > uint64(len(r.rest)/least)) {
		r.fail(fmt.Errorf("a list claims %d entries in %d bytes", n, len(r.rest)))
	}
	if r.err != nil || n == 0 {
		return nil
	}
	list := make([]T, 0, n)
	for range n {
		list = append(list, one(r))
		if r.err != nil {
			return nil
		}
	}
	return list
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	if len(r.rest) < n {
		r.fail(errShort)
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) text(limit int) string {
	n := r.uint32()
	if uint64(n) > uint64(limit) {
		r.fail(fmt.Errorf("a text has %d bytes, at most %d are allowed there", n, limit))
		return ""
	}
	return string(r.bytes(int(n)))
}
