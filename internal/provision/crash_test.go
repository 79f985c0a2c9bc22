package provision_test

import "testing"

func TestTry(t *testing.T) {
	s := clinic(t, newTenant(t))
	s.complete(t)
}
