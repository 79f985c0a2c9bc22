package he_test

import (
	"bytes"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/veilschema/veil/he"
)

// The attacks that the protocol is shaped by, carried out. Each is shown to
// succeed where a protection is missing and to fail where it stands, so that
// nobody takes the protection away.

// TestOneRawDecryptionGivesTheKeyAway is why a tenant never shows anybody what
// Decrypt returned before the evaluation was verified. A malicious service
// answers with c0 = 0 and c1 = round(2^k1 / t), a constant: the phase is s times
// that, and decrypts to s itself. With s the service opens the whole submission.
func TestOneRawDecryptionGivesTheKeyAway(t *testing.T) {
	for _, p := range vettedSets(t) {
		t.Run(p.String(), func(t *testing.T) {
			secrets := [][]uint64{slotDrawer(p, 3, [32]byte{1})(), slotDrawer(p, 3, [32]byte{2})()}
			key, sub, wire := mustEncrypt(t, p, [32]byte{3}, secrets)
			resp, err := he.ParseResponse(p, 1, keyStealingResponse(p))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := key.Decrypt(resp, 1)
			if err != nil {
				t.Fatal(err)
			}

			// From here on the service works with raw slots and submission alone.
			s := make([]uint64, p.N())
			p.ToCoefficients(raw[0], s)
			for k, want := range secrets {
				if got := openWithKey(p, sub, s, k); !slices.Equal(got, want) {
					t.Errorf("column %d was not recovered", k)
				}
			}

			// Verification catches it: no evaluation of this submission gives that.
			honest, err := he.Evaluate(mustParse(t, p, 2, wire), constantWork(p, 1))
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := honest.AppendBinary(nil); bytes.Equal(again, keyStealingResponse(p)) {
				t.Error("re-execution gave the forged response")
			}
		})
	}
}

// keyStealingResponse is the wire form of the response described above.
func keyStealingResponse(p *he.Parameters) []byte {
	k0, k1 := p.ReplyBits()
	c0, c1 := zeros(p.N()), zeros(p.N())
	c1[0] = roundedQuotient(new(big.Int).Lsh(big.NewInt(1), uint(k1)), new(big.Int).SetUint64(p.T()))
	b := append([]byte("VHER\x01"), byte(p.ID()), 0, 1)
	return append(append(b, packBits(c0, k0)...), packBits(c1, k1)...)
}

// openWithKey decrypts a column of a submission with s, coefficients modulo t.
func openWithKey(p *he.Parameters, sub *he.Submission, s []uint64, column int) []uint64 {
	phase := make([][]uint64, len(p.Primes()))
	for i, q := range p.Primes() {
		ring, product := p.SubRing(i), make([]uint64, p.N())
		for j, v := range s {
			product[j] = v
			if v > p.T()/2 {
				product[j] = q - (p.T() - v)
			}
		}
		ring.NTT(product, product)
		mask, c0 := sub.Mask(column)[i], sub.Column(column)[i]
		for j := range product {
			product[j] = (times(product[j], mask[j], q) + c0[j]) % q
		}
		ring.INTT(product, product)
		phase[i] = product
	}
	out := make([]uint64, p.N())
	for j, v := range lift(p, phase) {
		m := roundedQuotient(v.Mul(v, new(big.Int).SetUint64(p.T())), p.Q())
		out[j] = m.Mod(m, new(big.Int).SetUint64(p.T())).Uint64()
	}
	p.ToSlots(out, out)
	return out
}

func mustParse(t testing.TB, p *he.Parameters, columns int, wire []byte) *he.Submission {
	t.Helper()
	sub, err := he.ParseSubmission(p, columns, wire)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// matching is the masked matrix of exact matching over one layer: every place
// has a template fact y, the columns hold the coefficients a_0 ... a_{d-1} of
// f(Y) = Y^d + sum a_k Y^k, and the rows are
//
//	v = r f(y)    w = r alpha f(y)    u = r' f(y) + s.
//
// A present place is proved by s, an absent one by a pair (x, alpha x), x != 0.
type matching struct {
	p               *he.Parameters
	y               []uint64
	r, r2, alpha, s []uint64
	powers          [][]uint64 // y^0 ... y^d
}

func newMatching(p *he.Parameters, y []uint64, degree int, stream *he.Stream) *matching {
	m := &matching{p: p, y: y}
	nonZero := func() []uint64 {
		out := make([]uint64, p.N())
		for j := range out {
			out[j] = 1 + stream.Below(p.T()-1)
		}
		return out
	}
	m.r, m.r2, m.alpha = nonZero(), nonZero(), nonZero()
	m.s = uniformRows(p, stream, 1)[0]
	power := make([]uint64, p.N())
	for j := range power {
		power[j] = 1
	}
	for range degree + 1 {
		m.powers = append(m.powers, slices.Clone(power))
		for j := range power {
			power[j] = p.Field().Mul(power[j], y[j])
		}
	}
	return m
}

func (m *matching) Column(k int, rows [][]uint64) { m.write(m.powers[k], rows, nil) }
func (m *matching) Constant(rows [][]uint64)      { m.write(m.powers[len(m.powers)-1], rows, m.s) }

func (m *matching) write(power []uint64, rows [][]uint64, s []uint64) {
	f := m.p.Field()
	for j, x := range power {
		rows[0][j] = f.Mul(m.r[j], x)
		rows[1][j] = f.Mul(rows[0][j], m.alpha[j])
		rows[2][j] = f.Mul(m.r2[j], x)
		if s != nil {
			rows[2][j] = f.Add(rows[2][j], s[j])
		}
	}
}

func (m *matching) work(seed [32]byte) he.Work {
	return he.Work{Layers: 1, Rows: 3, Seed: seed, Matrix: func(int) he.Matrix { return m }}
}

// columnsFor returns the coefficients of f with root y in the places where
// present says so, and otherwise with other roots.
func columnsFor(p *he.Parameters, y []uint64, degree int, present func(j int) bool, stream *he.Stream) [][]uint64 {
	f := p.Field()
	columns := make([][]uint64, degree)
	for k := range columns {
		columns[k] = make([]uint64, p.N())
	}
	for j := range y {
		coefficients := []uint64{1}
		for d := range degree {
			root := 2 + stream.Below(p.T()-2)
			if d == 0 && present(j) {
				root = y[j]
			}
			coefficients = append([]uint64{0}, coefficients...)
			for i := 0; i < len(coefficients)-1; i++ {
				coefficients[i] = f.Sub(coefficients[i], f.Mul(root, coefficients[i+1]))
			}
		}
		for k := range columns {
			columns[k][j] = coefficients[k]
		}
	}
	return columns
}

// forger is a tenant whose column 0 carries the constant error K, far above all
// other noise: coefficient j of the noise of a reply is K times coefficient j of
// that row's multiplier of column 0, which is r, r alpha or r'.
type forger struct {
	p       *he.Parameters
	k       *big.Int
	key     *he.Key
	replies [][]uint64 // decrypted slots of v, w, u
	read    [][]uint64 // the multipliers read from the noise, in slots
	y       []uint64
	columns [][]uint64
}

func newForger(p *he.Parameters, y []uint64, columns [][]uint64, k *big.Int) (*forger, *he.Submission) {
	a := &forger{p: p, k: k, y: y, columns: columns}
	var sub *he.Submission
	a.key, sub = he.Craft(p, [32]byte{22}, columns, func(column int) []*big.Int {
		if column != 0 {
			return nil
		}
		e := zeros(p.N())
		e[0] = k
		return e
	})
	return a, sub
}

// observe reads one reply before its switch, which is more than a tenant gets.
func (a *forger) observe(c0, c1 [][]uint64) {
	m, noise := splitPhase(a.p, lift(a.p, a.key.Phase(c0, c1)))
	slots, read := make([]uint64, a.p.N()), make([]uint64, a.p.N())
	a.p.ToSlots(m, slots)
	half := new(big.Int).Rsh(a.k, 1)
	for j, e := range noise {
		e.Add(e, half).Div(e, a.k) // round(e / K)
		read[j] = e.Mod(e, new(big.Int).SetUint64(a.p.T())).Uint64()
	}
	a.p.ToSlots(read, read)
	a.replies, a.read = append(a.replies, slots), append(a.read, read)
}

// splitPhase returns m = round(t phase / Q) mod t and the noise phase - Q m / t,
// rounded and centred.
func splitPhase(p *he.Parameters, phase []*big.Int) ([]uint64, []*big.Int) {
	t := new(big.Int).SetUint64(p.T())
	m := make([]uint64, len(phase))
	for j, v := range phase {
		q := roundedQuotient(new(big.Int).Mul(v, t), p.Q())
		v.Sub(v, roundedQuotient(new(big.Int).Mul(q, p.Q()), t))
		m[j] = q.Mod(q, t).Uint64()
	}
	return m, phase
}

// token returns the forger's guess at s in a place.
func (a *forger) token(j int) uint64 {
	f, y := a.p.Field(), a.y[j]
	value := uint64(1) // f(y) by Horner
	for k := len(a.columns) - 1; k >= 0; k-- {
		value = f.Add(f.Mul(value, y), a.columns[k][j])
	}
	return f.Sub(a.replies[2][j], f.Mul(a.read[2][j], value))
}

// pair returns the forger's guess at a pair (x, alpha x) in a place.
func (a *forger) pair(j int) (uint64, uint64) { return a.read[0][j], a.read[1][j] }

// forged counts the places in which a token or a pair of the forger's would be
// accepted: present where absent, absent where present.
func (a *forger) forged(m *matching, present func(j int) bool) (presences, absences int) {
	for j := range a.y {
		if !present(j) && a.token(j) == m.s[j] {
			presences++
		}
		if x, ax := a.pair(j); present(j) && x != 0 && ax == a.p.Field().Mul(m.alpha[j], x) {
			absences++
		}
	}
	return presences, absences
}

// largestQuietError returns the largest constant K that, on top of flooding,
// leaves every reply decryptable: K t/2 fills the room beside F.
func largestQuietError(p *he.Parameters) *big.Int {
	room := new(big.Int).Div(p.Q(), new(big.Int).Lsh(new(big.Int).SetUint64(p.T()), 3)) // Q/8t
	k1 := 0
	_, k1 = p.ReplyBits()
	lost, _ := new(big.Float).Mul(new(big.Float).SetInt(p.Q()), big.NewFloat(p.SwitchBound()/math.Exp2(float64(k1)))).Int(nil)
	k0, _ := p.ReplyBits()
	room.Sub(room, lost).Sub(room, new(big.Int).Rsh(p.Q(), uint(k0+1)))
	return room.Div(room, new(big.Int).SetUint64(p.T()/2+1)) // and K t/2 is the rest
}

// TestLargeErrorsForgeEveryPlaceWithoutFlooding is why every reply is flooded,
// also for public templates. The tenant of this test adds one constant to one
// ciphertext. From an evaluator that does not flood it reads r, r alpha and r'
// out of the noise and forges every place both ways; from Evaluate it learns
// nothing that forges a single one.
func TestLargeErrorsForgeEveryPlaceWithoutFlooding(t *testing.T) {
	const degree = 4
	p, err := he.Set(he.Confidential8192)
	if err != nil {
		t.Fatal(err)
	}
	stream := he.NewStream([32]byte{23}, "test", 0)
	present := func(j int) bool { return j%2 == 0 }
	y := make([]uint64, p.N())
	for j := range y {
		y[j] = 2 + stream.Below(p.T()-2)
	}
	columns := columnsFor(p, y, degree, present, stream)
	m := newMatching(p, y, degree, stream)

	attack := func(k *big.Int, flooded bool) (*forger, *he.Response) {
		a, sub := newForger(p, y, columns, k)
		resp := he.EvaluateObserved(sub, m.work([32]byte{24}), flooded, he.Observer{After: a.observe})
		return a, resp
	}
	a, _ := attack(largestQuietError(p), false)
	presences, absences := a.forged(m, present)
	if want := p.N() / 2; presences != want || absences != want {
		t.Errorf("without flooding: forged %d presences and %d absences, the attack should forge %d of each", presences, absences, want)
	}
	for _, shift := range []uint{0, 2, 8, 24} {
		k := largestQuietError(p)
		a, resp := attack(k.Rsh(k, shift), true)
		if presences, absences := a.forged(m, present); presences+absences > 0 {
			t.Errorf("with flooding, error shifted down %d bits: forged %d presences and %d absences", shift, presences, absences)
		}
		// The attack is not just noise: the replies still decrypt.
		for i, got := range a.key.DecryptAgain(resp) {
			if !slices.Equal(got, a.replies[i]) {
				t.Errorf("reply %d no longer decrypts", i)
			}
		}
	}
}

// TestAMalformedSubmissionIsFoundWhenOpened: whoever is given seed and columns
// encrypts again and sees the difference that no decryption shows.
func TestAMalformedSubmissionIsFoundWhenOpened(t *testing.T) {
	p := toy(t)
	seed, columns := [32]byte{25}, [][]uint64{slotDrawer(p, 3, [32]byte{1})(), slotDrawer(p, 3, [32]byte{2})()}
	_, sub, wire := mustEncrypt(t, p, seed, columns)
	_, _, opened := mustEncrypt(t, p, seed, columns)
	if !bytes.Equal(wire, opened) {
		t.Fatal("an honest submission does not open")
	}
	for column := -1; column < len(columns); column++ {
		for i, q := range p.Primes() {
			// One unit of error in one residue of one prime; and one that is the
			// same integer modulo all primes, an error term larger by one.
			residue := &sub.Column(column)[i][5]
			before := *residue
			*residue = (before + 1) % q
			altered, _ := sub.AppendBinary(nil)
			*residue = before
			if bytes.Equal(altered, opened) {
				t.Errorf("column %d, prime %d: an altered submission opens", column, i)
			}
		}
	}
	_, crafted := he.Craft(p, seed, columns, func(int) []*big.Int { return nil })
	if altered, _ := crafted.AppendBinary(nil); bytes.Equal(altered, opened) {
		t.Error("a submission without errors opens")
	}
}

// TestTheResidualLimitOfFlooding shows what the guarantee does not cover, so
// that nobody claims it: a tenant that sends malformed ciphertexts, whose error
// fills the room that decryption leaves beside the flood. Replies still decrypt,
// and a coefficient of the noise that lands beyond what the flood alone reaches
// bounds the multiplier under it. That is at most log2(4/3) of a bit a
// coefficient on average.
//
//   - A false presence needs r' in its place, and s hides r' in every place. The
//     coefficients of r' are independent, and as long as one of them is left
//     uniform by the noise, so is every slot, each being a sum over all
//     coefficients. It stays impossible.
//   - A false absence needs r and alpha in its place. In absent places a tenant
//     learns both rightfully; where nearly all places are absent, the bounds
//     single out the few unknown slots among t candidates each. This test does
//     that at a toy t, for one present place.
//
// At t = 2^31 the same is some 2^35 steps, at 2^40 some 2^44. The submission is
// malformed and found when it is opened (TestAMalformedSubmissionIsFoundWhenOpened).
func TestTheResidualLimitOfFlooding(t *testing.T) {
	p := testParameters(t, 8, []int{40, 39}, 16, 24, 30)
	stream := he.NewStream([32]byte{26}, "test", 0)
	const place = 77
	present := func(j int) bool { return j == place }
	y := make([]uint64, p.N())
	for j := range y {
		y[j] = 2 + stream.Below(p.T()-2)
	}
	columns := columnsFor(p, y, 1, present, stream)
	m := newMatching(p, y, 1, stream)
	k := largestQuietError(p)
	a, sub := newForger(p, y, columns, k)
	var noises [][]*big.Int
	resp := he.EvaluateObserved(sub, m.work([32]byte{27}), true, he.Observer{After: func(c0, c1 [][]uint64) {
		a.observe(c0, c1)
		_, noise := splitPhase(p, lift(p, a.key.Phase(c0, c1)))
		noises = append(noises, noise)
	}})
	for i, got := range a.key.DecryptAgain(resp) {
		if !slices.Equal(got, a.replies[i]) {
			t.Fatalf("reply %d no longer decrypts", i)
		}
	}
	if presences, absences := a.forged(m, present); presences+absences > 0 {
		t.Errorf("reading the noise forged %d presences and %d absences", presences, absences)
	}

	// r: in absent places it is v / f(y), which the tenant may compute.
	f := p.Field()
	value := make([]uint64, p.N())
	for j := range value {
		value[j] = f.Add(y[j], columns[0][j]) // f(y) = y + a_0
	}
	f.Invert(value)
	candidates := make([][]uint64, 2)
	for row := range candidates {
		slots := make([]uint64, p.N())
		for j := range slots {
			slots[j] = f.Mul(a.replies[row][j], value[j]) // r, then r alpha; 0 in the one place
		}
		candidates[row] = consistentSlots(p, slots, place, k, noises[row])
	}
	if len(candidates[0]) != 1 || candidates[0][0] != m.r[place] {
		t.Errorf("%d candidates for r are consistent with the noise", len(candidates[0]))
	}
	if want := f.Mul(m.r[place], m.alpha[place]); len(candidates[1]) != 1 || candidates[1][0] != want {
		t.Errorf("%d candidates for r alpha are consistent with the noise", len(candidates[1]))
	}

	// r': what the noise tells is far below what is unknown, and spread over
	// all slots.
	leaked := 0.0
	for _, e := range noises[2] {
		leaked += leakedBits(p, k, e)
	}
	if limit := math.Log2(4.0/3) * float64(p.N()); leaked <= 0 || leaked > 1.2*limit {
		t.Errorf("the noise of u tells %.1f bits about %d coefficients, want above 0 and at most about %.1f", leaked, p.N(), limit)
	} else {
		t.Logf("the noise of u tells %.1f bits about %d unknown slots of %.0f bits each", leaked, p.N(), math.Log2(float64(p.T())))
	}
}

// consistentSlots returns the values of one slot with which no coefficient of
// the noise lies outside K times the multiplier plus or minus F.
func consistentSlots(p *he.Parameters, slots []uint64, place int, k *big.Int, noise []*big.Int) []uint64 {
	base, unit := make([]uint64, p.N()), make([]uint64, p.N())
	slots[place] = 0
	p.ToCoefficients(slots, base)
	only := make([]uint64, p.N())
	only[place] = 1
	p.ToCoefficients(only, unit)
	limit := new(big.Int).Add(p.FloodBound(), big.NewInt(int64(p.N())*1000*int64(p.T()))) // and honest noise
	var out []uint64
	f, t := p.Field(), p.T()
	e, multiplier := new(big.Int), new(big.Int)
candidate:
	for c := uint64(1); c < t; c++ {
		for j := range noise {
			v := int64(f.Add(base[j], f.Mul(c, unit[j])))
			if v > int64(t/2) {
				v -= int64(t)
			}
			e.Sub(noise[j], multiplier.Mul(k, multiplier.SetInt64(v)))
			if e.CmpAbs(limit) > 0 {
				continue candidate
			}
		}
		out = append(out, c)
	}
	return out
}

// leakedBits returns by how many bits a coefficient of noise narrows a uniform
// multiplier of (-t/2, t/2].
func leakedBits(p *he.Parameters, k, noise *big.Int) float64 {
	float := func(x *big.Int) float64 { f, _ := new(big.Float).SetInt(x).Float64(); return f }
	half, flood, e := float64(p.T())/2, float(p.FloodBound())/float(k), float(noise)/float(k)
	low, high := max(-half, e-flood), min(half, e+flood)
	if high-low < 1 {
		high = low + 1
	}
	return max(0, math.Log2(2*half/(high-low)))
}
