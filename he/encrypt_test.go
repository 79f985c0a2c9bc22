package he_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/veilschema/veil/he"
)

func toy(t testing.TB) *he.Parameters {
	t.Helper()
	return testParameters(t, 6, []int{49, 48}, 31, 35, 43)
}

func mustEncrypt(t testing.TB, p *he.Parameters, seed [32]byte, columns [][]uint64) (*he.Key, *he.Submission, []byte) {
	t.Helper()
	key, sub, err := he.Encrypt(p, seed, columns, 1)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := sub.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key, sub, wire
}

func constantWork(p *he.Parameters, replies int) he.Work {
	m := &randomMatrix{}
	return he.Work{Layers: replies, Rows: 1, Seed: [32]byte{1}, Matrix: func(int) he.Matrix {
		one := uniformRows(p, he.NewStream([32]byte{2}, "test", 0), 1)
		return &randomMatrix{columns: append(m.columns, one, one, one), constant: one}
	}}
}

// TestSameSeedAndColumnsOpenASubmission is the opening check: whoever is shown
// seed and columns encrypts again and compares bytes.
func TestSameSeedAndColumnsOpenASubmission(t *testing.T) {
	p := toy(t)
	columns := [][]uint64{slotDrawer(p, 3, [32]byte{1})(), slotDrawer(p, 3, [32]byte{2})()}
	_, _, first := mustEncrypt(t, p, [32]byte{3}, columns)
	if _, _, again := mustEncrypt(t, p, [32]byte{3}, columns); !bytes.Equal(first, again) {
		t.Fatal("the same seed and columns gave another submission")
	}
	for workers := range 5 {
		_, sub, err := he.Encrypt(p, [32]byte{3}, columns, workers)
		if err != nil {
			t.Fatal(err)
		}
		if wire, _ := sub.AppendBinary(nil); !bytes.Equal(first, wire) {
			t.Errorf("%d workers gave another submission", workers)
		}
	}
}

// TestOneSeedNeverEncryptsTwoPlaintextsAlike changes one slot by one and expects
// nothing of the key, the masks or the errors to stay.
func TestOneSeedNeverEncryptsTwoPlaintextsAlike(t *testing.T) {
	p := toy(t)
	base := slotDrawer(p, 3, [32]byte{1})()
	changed := append([]uint64{}, base...)
	changed[17] = (changed[17] + 1) % p.T()
	other := testParameters(t, 6, []int{49, 48}, 30, 35, 43)
	small := make([]uint64, p.N())
	key, sub, _ := mustEncrypt(t, p, [32]byte{3}, [][]uint64{base})
	for name, variant := range map[string]struct {
		p       *he.Parameters
		seed    [32]byte
		columns [][]uint64
	}{
		"one slot":          {p, [32]byte{3}, [][]uint64{changed}},
		"one column more":   {p, [32]byte{3}, [][]uint64{base, base}},
		"another seed":      {p, [32]byte{4}, [][]uint64{base}},
		"a column of zeros": {other, [32]byte{3}, [][]uint64{small}},
	} {
		key2, sub2, _ := mustEncrypt(t, variant.p, variant.seed, variant.columns)
		if fmt.Sprint(key.Secret()) == fmt.Sprint(key2.Secret()) {
			t.Errorf("%s: the same key", name)
		}
		same := 0
		for j, v := range sub.Mask(0)[0] {
			if v == sub2.Mask(0)[0][j] {
				same++
			}
		}
		if same > 0 {
			t.Errorf("%s: %d residues of the mask are the same", name, same)
		}
	}
}

func TestColumnsOfTheWrongShapeAreRefused(t *testing.T) {
	p := toy(t)
	good := make([]uint64, p.N())
	large := append(make([]uint64, p.N()-1), p.T())
	for name, columns := range map[string][][]uint64{
		"no column":          {},
		"256 columns":        make([][]uint64, he.MaxColumns+1),
		"a slot too few":     {good, good[1:]},
		"a slot too many":    {append(good, 0)},
		"a value equal to t": {good, large},
	} {
		if _, _, err := he.Encrypt(p, [32]byte{}, columns, 1); err == nil {
			t.Errorf("%s: encrypted", name)
		} else if strings.Contains(err.Error(), "%!") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyDecryptsOneResponse(t *testing.T) {
	p := toy(t)
	key, sub, _ := mustEncrypt(t, p, [32]byte{5}, [][]uint64{make([]uint64, p.N())})
	resp, err := he.Evaluate(sub, constantWork(p, 1))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var mutex sync.Mutex
	decrypted := 0
	for range 8 {
		group.Go(func() {
			if _, err := key.Decrypt(resp, 1); err == nil {
				mutex.Lock()
				decrypted++
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	if decrypted != 1 {
		t.Errorf("one key decrypted %d responses", decrypted)
	}
}

func TestKeyIsNotUsedUpByAResponseUnderOtherParameters(t *testing.T) {
	p, other := toy(t), testParameters(t, 7, []int{57, 57, 56}, 52, 57, 64)
	key, sub, _ := mustEncrypt(t, p, [32]byte{5}, [][]uint64{make([]uint64, p.N())})
	_, foreign, _ := mustEncrypt(t, other, [32]byte{5}, [][]uint64{make([]uint64, other.N())})
	resp, err := he.Evaluate(foreign, constantWork(other, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.Decrypt(resp, 1); err == nil {
		t.Fatal("decrypted a response under other parameters")
	}
	if resp, err = he.Evaluate(sub, constantWork(p, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := key.Decrypt(resp, 1); err != nil {
		t.Fatal(err)
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	p := toy(t)
	key, _, _ := mustEncrypt(t, p, [32]byte{6}, [][]uint64{make([]uint64, p.N())})
	type holder struct {
		Key    *he.Key
		hidden *he.Key
		List   []*he.Key
		Map    map[string]*he.Key
		Any    any
	}
	h := holder{key, key, []*he.Key{key}, map[string]*he.Key{"k": key}, key}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "key", key, "holder", h)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "key", key, "holder", h)
	encoded, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{log.String(), string(encoded), fmt.Errorf("wrapped: %v", key).Error(), errors.New(fmt.Sprint(h)).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%o", "%T"} {
		printed = append(printed, fmt.Sprintf(verb, key), fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h))
	}
	// Residues of s in Montgomery form, as any of the verbs would show them.
	for _, v := range key.SecretForLibrary()[0][:8] {
		for _, verb := range []string{"%d", "%x", "%X", "%o"} {
			secret := fmt.Sprintf(verb, v)
			for _, text := range printed {
				if strings.Contains(text, secret) {
					t.Fatalf("a residue of the key is printed: %.80s", text)
				}
			}
		}
	}
}
