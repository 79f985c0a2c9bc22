package he_test

import (
	"slices"
	"testing"

	"github.com/veilschema/veil/he"
)

func TestARecoveredKeyDecryptsWhatTheFirstOneDecrypts(t *testing.T) {
	for _, id := range []he.SetID{he.Small4096, he.Public8192} {
		p, err := he.Set(id)
		if err != nil {
			t.Fatal(err)
		}
		columns := randomColumns(p, 2)
		key, submission, err := he.Encrypt(p, [32]byte{1}, columns, 1)
		if err != nil {
			t.Fatal(err)
		}
		response, err := he.Evaluate(submission, he.Work{
			Layers: 1, Rows: 2, Workers: 1,
			Matrix: func(int) he.Matrix { return newRandomMatrix(p, he.NewStream([32]byte{2}, "recover", 0), 2, 2) },
		})
		if err != nil {
			t.Fatal(err)
		}
		again, err := he.RecoverKey(parsedAgain(t, p, submission), [32]byte{1}, columns)
		if err != nil {
			t.Fatal(err)
		}
		want, err := key.Decrypt(response, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Decrypt(response, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: reply %d decrypts to something else", p, i)
			}
		}
		if _, err := again.Decrypt(response, 1); err == nil {
			t.Errorf("%s: a recovered key decrypted twice", p)
		}
	}
}

func TestAKeyIsRecoveredFromSeedAndColumnsOfItsSubmissionAlone(t *testing.T) {
	p, err := he.Set(he.Small4096)
	if err != nil {
		t.Fatal(err)
	}
	columns := randomColumns(p, 2)
	_, submission, err := he.Encrypt(p, [32]byte{1}, columns, 1)
	if err != nil {
		t.Fatal(err)
	}
	changed := [][]uint64{columns[0], slices.Clone(columns[1])}
	changed[1][p.N()-1] ^= 1
	for name, c := range map[string]struct {
		seed    byte
		columns [][]uint64
	}{
		"another seed":      {2, columns},
		"another slot":      {1, changed},
		"a column less":     {1, columns[:1]},
		"no column":         {1, nil},
		"a column too many": {1, append(slices.Clone(columns), columns[0])},
		"other lengths":     {1, [][]uint64{columns[0], columns[1][:8]}},
	} {
		if key, err := he.RecoverKey(submission, [32]byte{c.seed}, c.columns); err == nil || key != nil {
			t.Errorf("%s: a key was recovered", name)
		}
	}
}

// randomColumns returns columns of random slots.
func randomColumns(p *he.Parameters, n int) [][]uint64 {
	stream, columns := he.NewStream([32]byte{3}, "columns", 0), make([][]uint64, n)
	for k := range columns {
		columns[k] = make([]uint64, p.N())
		for j := range columns[k] {
			columns[k][j] = stream.Below(p.T())
		}
	}
	return columns
}

// parsedAgain returns a submission as it comes back from a disk.
func parsedAgain(t *testing.T, p *he.Parameters, s *he.Submission) *he.Submission {
	t.Helper()
	b, err := s.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := he.ParseSubmission(p, s.Columns(), b)
	if err != nil {
		t.Fatal(err)
	}
	return again
}
