package keys_test

import (
	"crypto/rand"
	"fmt"

	"github.com/veilschema/veil/keys"
)

// A tenant makes its root key once, seals it, and derives the secrets of one comparison.
func Example() {
	root, err := keys.NewRoot(rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	lock, err := keys.PassphraseLock(keys.NewSecret([]byte("correct horse battery staple")))
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := keys.SealRoot(rand.Reader, lock, root)
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := keys.OpenRoot(sealed, lock)
	if err != nil {
		fmt.Println(err)
		return
	}
	secret, err := keys.RandomSecret(rand.Reader) // kept on disk until this comparison shall be forgotten
	if err != nil {
		fmt.Println(err)
		return
	}
	session, nonce := [32]byte{1}, [32]byte{2}
	comparison, err := again.Comparison(session, nonce, secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	seed, _ := comparison.TakeHESeed()
	_, err = comparison.TakeHESeed()
	fmt.Println(len(sealed), "bytes on disk, the seed prints as", seed)
	fmt.Println(err)
	// Output:
	// 116 bytes on disk, the seed prints as [secret]
	// the HE key of this comparison is in use already: open a new comparison
}

// Signatures are made and checked under a domain: one over a response is none over a submission.
func ExampleIdentity_Sign() {
	service, err := keys.NewIdentity(rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	signature, err := service.Sign(keys.DomainResponse, []byte("ciphertexts"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(service.Public().Verify(keys.DomainResponse, []byte("ciphertexts"), signature[:]))
	fmt.Println(service.Public().Verify(keys.DomainSubmission, []byte("ciphertexts"), signature[:]))
	// Output:
	// <nil>
	// the signature does not belong to this message and identity
}

// An identity in text carries a checksum, so that a typing error is found and not trusted.
func ExampleParsePublicIdentity() {
	p, err := keys.ParsePublicIdentity("veil16fvmn7aste46uzikaoxmjzgs7rtmi2rrs6tneqxycsnskakxke6anihb")
	fmt.Println(p.Fingerprint(), err)
	_, err = keys.ParsePublicIdentity("veil16fvmn7aste46uzikaoxmjzgs7rtmi2rrs6tneqxycsnskakxke6anihc")
	fmt.Println(err)
	// Output:
	// xqpz-zjz5-d2mk-dabu-23aj <nil>
	// this identity has a typing error in it: its checksum does not fit
}
