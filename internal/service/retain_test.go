package service_test

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/service"
)

func TestATokenThatGotLostOnItsWayIsMadeAnew(t *testing.T) {
	w := newWorld(t)
	lost := must(service.NewToken(rand.Reader))
	must(w.service.Redeem(t.Context(), must(w.service.Bootstrap(t.Context())), service.HashToken(lost), "first", w.now.Add(time.Hour)))
	once := must(w.service.Bootstrap(t.Context())) // nobody used the operator's token
	if once == "" {
		t.Fatal("there is no way in")
	}
	if _, err := w.service.Authenticate(t.Context(), lost); service.CodeOf(err) != service.CodeUnauthorized {
		t.Errorf("the lost token lets in: %v", err)
	}
	token := must(service.NewToken(rand.Reader))
	must(w.service.Redeem(t.Context(), once, service.HashToken(token), "second", w.now.Add(time.Hour)))
	must(w.service.Authenticate(t.Context(), token))
	w.now = w.now.Add(48 * time.Hour)
	if again := must(w.service.Bootstrap(t.Context())); again != "" {
		t.Error("there is a one-time token although an operator was here")
	}
}

func TestWhatIsOldIsDeletedAndSaidSo(t *testing.T) {
	w := newWorld(t)
	done, idle := w.open(w.tenants[0]), w.open(w.tenants[1])
	done.until(compare.TypeDisclosure)
	w.now = w.now.Add(24 * time.Hour)
	young := w.open(w.tenants[0])
	if n := must(w.service.Expire(t.Context(), w.now.Add(-time.Hour))); n != 2 {
		t.Errorf("%d comparisons are deleted, want 2", n)
	}
	for _, s := range []*side{done, idle} {
		if c := must(service.Ask(t.Context(), w.service, s.who, service.GetComparison{ID: s.id})); c.State != service.StateDeleted {
			t.Errorf("an old comparison is %s", c.State)
		}
	}
	if c := must(service.Ask(t.Context(), w.service, young.who, service.GetComparison{ID: young.id})); c.State != service.StateOpened {
		t.Errorf("a young one is %s", c.State)
	}
	if n := must(w.service.Expire(t.Context(), w.now.Add(-time.Hour))); n != 0 {
		t.Errorf("%d more are deleted", n)
	}
	collected := must(w.service.CollectBlobs(t.Context(), time.Now().Add(time.Hour)))
	if collected.Blobs < 10 {
		t.Errorf("only %d blobs of the deleted comparisons went", collected.Blobs)
	}
	before := must(w.service.Snapshot(t.Context()))
	must(w.service.Rebuild(t.Context()))
	if string(before) != string(must(w.service.Snapshot(t.Context()))) {
		t.Error("the read models are made differently a second time")
	}
}

func TestAWatcherIsToldEachStateUntilTheEnd(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.tenants[0])
	told := make(chan service.State, 20)
	ended := make(chan error, 1)
	go func() {
		ended <- w.service.Watch(t.Context(), s.who, s.id, func(c *service.Comparison) error {
			told <- c.State
			return nil
		})
	}()
	if first := <-told; first != service.StateOpened {
		t.Fatalf("first it is %s", first)
	}
	s.until(compare.TypeDisclosure)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	close(told)
	var last service.State
	for last = range told { //nolint:revive // only the last one counts: those between may be told as one
	}
	if last != service.StateDisclosed {
		t.Errorf("last it was %s", last)
	}
	if err := w.service.Watch(t.Context(), w.tenants[1], s.id, nil); service.CodeOf(err) != service.CodeNotFound {
		t.Errorf("another tenant is told: %v", err)
	}
}

func TestManyAtOnceNeedNoMoreConnectionsThanThereAre(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for i := range 40 { // the pool has six
		all.Go(func() {
			if _, err := service.Ask(ctx, w.service, w.tenants[i%2], service.GetTemplate{Slug: "example", Version: "1"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
