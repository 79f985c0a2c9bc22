package he_test

import (
	"fmt"
	"log"

	"github.com/veilschema/veil/he"
)

// affine is a matrix of one row: every slot of the one column times 3, plus the
// slot's number.
type affine struct{}

func (affine) Column(_ int, rows [][]uint64) {
	for slot := range rows[0] {
		rows[0][slot] = 3
	}
}

func (affine) Constant(rows [][]uint64) {
	for slot := range rows[0] {
		rows[0][slot] = uint64(slot)
	}
}

// A tenant encrypts, a service without a key computes, the tenant decrypts. In
// use both seeds come from a key derivation and every message is signed.
func Example() {
	params, err := he.ParseSet("small-4096")
	if err != nil {
		log.Fatal(err)
	}

	// The tenant: one column, 7 in every slot.
	column := make([]uint64, params.N())
	for slot := range column {
		column[slot] = 7
	}
	key, submission, err := he.Encrypt(params, [32]byte{1}, [][]uint64{column}, 1)
	if err != nil {
		log.Fatal(err)
	}
	upload, err := submission.AppendBinary(nil)
	if err != nil {
		log.Fatal(err)
	}

	// The service.
	received, err := he.ParseSubmission(params, 1, upload)
	if err != nil {
		log.Fatal(err)
	}
	response, err := he.Evaluate(received, he.Work{
		Layers: 1, Rows: 1, Seed: [32]byte{2}, Workers: 1,
		Matrix: func(int) he.Matrix { return affine{} },
	})
	if err != nil {
		log.Fatal(err)
	}
	download, err := response.AppendBinary(nil)
	if err != nil {
		log.Fatal(err)
	}

	// The tenant again.
	reply, err := he.ParseResponse(params, 1, download)
	if err != nil {
		log.Fatal(err)
	}
	slots, err := key.Decrypt(reply, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(slots[0][:4])
	fmt.Println(len(upload), "bytes up,", len(download), "bytes down")
	_, err = key.Decrypt(reply, 1)
	fmt.Println(err)
	// Output:
	// [21 22 23 24]
	// 99368 bytes up, 39944 bytes down
	// this key has decrypted its one response; open a new comparison, which makes a new key
}

func ExampleEncrypt() {
	params, err := he.Set(he.Public8192)
	if err != nil {
		log.Fatal(err)
	}
	columns := [][]uint64{make([]uint64, params.N()), make([]uint64, params.N())}
	key, submission, err := he.Encrypt(params, [32]byte{1}, columns, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(key, submission.Columns(), params.SubmissionBytes(2))
	// Output: he.Key(secret) 2 368680
}

func ExampleEvaluate() {
	params, err := he.Set(he.Small4096)
	if err != nil {
		log.Fatal(err)
	}
	_, submission, err := he.Encrypt(params, [32]byte{1}, [][]uint64{make([]uint64, params.N())}, 1)
	if err != nil {
		log.Fatal(err)
	}
	response, err := he.Evaluate(submission, he.Work{
		Layers: 2, Rows: 1, Seed: [32]byte{2},
		Matrix: func(int) he.Matrix { return affine{} },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Replies(), params.ResponseBytes(2))
	// Output: 2 79880
}

func ExampleKey_Decrypt() {
	params, err := he.Set(he.Small4096)
	if err != nil {
		log.Fatal(err)
	}
	column := make([]uint64, params.N())
	column[2] = 5
	key, submission, err := he.Encrypt(params, [32]byte{1}, [][]uint64{column}, 1)
	if err != nil {
		log.Fatal(err)
	}
	response, err := he.Evaluate(submission, he.Work{
		Layers: 1, Rows: 1, Seed: [32]byte{2},
		Matrix: func(int) he.Matrix { return affine{} },
	})
	if err != nil {
		log.Fatal(err)
	}
	slots, err := key.Decrypt(response, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(slots[0][:4])
	// Output: [0 1 17 3]
}
