package he

import (
	"fmt"
	"math"
	"math/big"
)

// # The inequalities
//
// Notation: N ring degree, Q modulus, t plaintext prime, m columns, k1 and k0
// the bits of a reply's c1 and c0. A random variable has variance proxy v when
// E exp(x X) <= exp(x^2 v / 2); then |X| <= z sqrt(v) but with probability
// 2 exp(-z^2/2) (Hoeffding 1963). z is taken so that all coefficients of a
// response together exceed their bound with probability at most 2^-128.
//
//	quantity                        small-4096   public-8192  confidential-8192
//	log2 Q                              97.0        120.0        170.0
//	log2 t                              31.0         40.0         52.0
//	log2 F            flooding          64.6         78.6        116.6
//	log2 B            honest noise      46.3         56.2         68.2   (m = 32)
//	log2 Q/8t         room              63.0         77.0        115.0
//	R                 switch            267          378          378
//	n_c B / F         n_c = 2^17        2^-1.3       2^-5.3       2^-31.3
//	load              m = 255         0.943        0.966        0.966
//	distance          n_c = 2^17      2^-9.5       2^-14.0      2^-40.0   (m = 32)
//
// (TestBoundsAreTheDocumentedNumbers prints and asserts this table.)

// FloodBound returns F = floor(3Q / 8t): the flooding noise of every reply is
// uniform in [-F, F].
//
// Why it may not go away: a tenant chooses its own ciphertexts, so it can make
// their errors large constants and read the multipliers, with which it forges
// every verdict, out of the noise of a reply. With flooding, whatever the
// honest noise is worth to a guesser is at most a factor (1 + B/F)^n_c <=
// exp(n_c B / F) on the probability of its best guess: the shifted cubes
// [-F,F]^n_c + e, |e| <= B, all lie in one cube of side 2(F+B).
func (p *Parameters) FloodBound() *big.Int {
	f := new(big.Int).Mul(p.q, big.NewInt(3))
	return f.Div(f, new(big.Int).Lsh(new(big.Int).SetUint64(p.t), 3))
}

// tail returns z with 2 n 2 exp(-z^2/2) <= 2^-tailBits for the n coefficients of
// a response, each of which meets two bounds: NoiseBound and SwitchBound.
func tail() float64 {
	return math.Sqrt(2 * math.Ln2 * (tailBits + 2 + log2MaxReplyCoefficients))
}

// NoiseBound returns B, the largest honest noise of a reply over that many
// columns before flooding:
//
//	sum_k (e_k + d_k) M_k + e u + e1 s + d
//
// The e_k have proxy 21/2 (centred binomial, 42 halves of a sign); the
// coefficients of a lifted M_k are at most t/2 in absolute value whatever the
// matrix is. The d_k round Q m / t, so |d_k| <= 1/2, and depend on a plaintext
// that the tenant chooses: no chance is credited to them, they count in full. u
// and s are ternary, |d| <= 1/2. So the bound holds for every plaintext and
// every matrix, over the tenant's and the evaluator's coins.
func (p *Parameters) NoiseBound(columns int) float64 {
	n, t := float64(p.n), float64(p.t)
	products := float64(columns) * n * 10.5 * t * t / 4
	zero := 2 * n * 10.5
	rounding := float64(columns)*n*t/4 + 0.5
	return tail()*math.Sqrt(products+zero) + rounding
}

// SwitchBound returns R: dropping c1 to k1 bits rounds each coefficient by at
// most half a unit, and the sum of N such errors times a ternary key has
// proxy at most N/12 (a uniform variable on [-1/2, 1/2] has proxy 1/12; the
// rounding errors are uniform because c1 is, to whoever cannot solve ring-LWE
// for the evaluator's ephemeral key).
func (p *Parameters) SwitchBound() float64 {
	return tail() * math.Sqrt(float64(p.n)/12)
}

// checkDecryption asserts the condition for decryption at MaxColumns columns,
// in units of Q:
//
//	F/Q + B/Q + R/2^k1 + 2^-(k0+1) + 3 (N+1) 2^-128 <= 1/2t
//
// where the last term on the left is what switchModulus cuts off its fractions.
// F takes 3/4 of the right side and the switch most of the rest, which is what
// makes replies short: their coefficients are log2 t + 12 bits wide.
func (p *Parameters) checkDecryption() error {
	if used := p.decryptionLoad(MaxColumns); used > 1 {
		return fmt.Errorf("parameter set %s: noise takes %.3f of the room for decryption", p.name, used)
	}
	return nil
}

// decryptionLoad is the left side over the right side of checkDecryption.
func (p *Parameters) decryptionLoad(columns int) float64 {
	room := 1 / (2 * float64(p.t))
	q, _ := new(big.Float).SetInt(p.q).Float64()
	flood, _ := new(big.Float).SetInt(p.FloodBound()).Float64()
	sum := (flood+p.NoiseBound(columns))/q + p.SwitchBound()/math.Exp2(float64(p.replyBits1))
	sum += math.Exp2(-float64(p.replyBits0+1)) + float64(len(p.primes)*(p.n+1))*math.Exp2(-128)
	return sum / room
}

// FloodAdvantage returns log2 of n_c B / F for a response of that many replies
// over that many columns: the exponent of the factor that honest noise adds to
// a forger's best guess.
func (p *Parameters) FloodAdvantage(replies, columns int) float64 {
	flood, _ := new(big.Float).SetInt(p.FloodBound()).Float64()
	return math.Log2(float64(replies) * float64(p.n) * p.NoiseBound(columns) / flood)
}

// FloodDistance returns log2 of the statistical distance between an honest
// reply's noise and noise that does not depend on the matrix, about
// 0.4 n_c sigma / F with sigma = t sqrt(10.6 m N / 12): the mean of |x| is
// 0.8 sigma and a shift by x of a uniform variable of width 2F costs |x|/2F.
func (p *Parameters) FloodDistance(replies, columns int) float64 {
	flood, _ := new(big.Float).SetInt(p.FloodBound()).Float64()
	sigma := float64(p.t) * math.Sqrt(10.6*float64(columns)*float64(p.n)/12)
	return math.Log2(0.4 * float64(replies) * float64(p.n) * sigma / flood)
}

// FalseMatch returns log2 of the probability that some place is present though
// its fact is not: each of the places meets at most degree roots of Z_t.
func (p *Parameters) FalseMatch(places, degree int) float64 {
	return math.Log2(float64(places)) + math.Log2(float64(degree)) - math.Log2(float64(p.t-2))
}

// Forgery returns log2 of the probability that one forged verdict survives, for
// a well-formed submission: exp(n_c B / F) / (t - 1).
func (p *Parameters) Forgery(replies, columns int) float64 {
	return math.Exp2(p.FloodAdvantage(replies, columns))*math.Log2E - math.Log2(float64(p.t-1))
}

// DecryptionFailure returns log2 of the probability that some coefficient of an
// honest response decrypts wrongly.
func (p *Parameters) DecryptionFailure() float64 { return -tailBits }
