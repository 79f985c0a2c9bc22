package api

import (
	"net/http"
	"sync"

	"github.com/veilschema/veil/internal/service"
)

// maxKnown is how many tokens are remembered as good ones.
const maxKnown = 10_000

// known remembers, by their hashes, tokens that were valid once: only a stranger is held to the limit of its address.
type known struct {
	mu     sync.Mutex
	hashes map[[32]byte]struct{}
}

func (k *known) has(hash [32]byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.hashes[hash]
	return ok
}

func (k *known) add(hash [32]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.hashes) >= maxKnown || k.hashes == nil {
		k.hashes = map[[32]byte]struct{}{}
	}
	k.hashes[hash] = struct{}{}
}

// identify says who asks, and refuses who may not. What is cheap comes first: a flood of bad tokens does not reach the database.
func (s *server) identify(r *http.Request, who Who) (a service.Actor, err error) {
	token := bearer(r)
	hash := service.HashToken(token)
	if who.Open || !plausible(token) || !s.known.has(hash) {
		if limited(s.gate.strangers, r, address(r)) {
			return a, errRate
		}
	}
	switch {
	case who.Open:
		return a, nil
	case !plausible(token):
		return a, &service.Error{Code: service.CodeUnauthorized, Message: "the token is missing or not valid; send a valid one as Authorization: Bearer"}
	}
	if a, err = s.Service.Authenticate(r.Context(), token); err != nil {
		return a, err
	}
	s.known.add(hash)
	if t, ok := r.Context().Value(keyTrace).(*trace); ok {
		t.role = a.Role
	}
	if limited(s.gate.tokens, r, a.Token.String()) {
		return a, errRate
	}
	if !who.may(a.Role) {
		return a, &service.Error{Code: service.CodeForbidden, Message: "a token of the role " + string(a.Role) + " may not do this; ask the operator for another one"}
	}
	return a, nil
}
