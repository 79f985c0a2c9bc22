package daemon

import (
	"context"

	"github.com/veilschema/veil/internal/auditlog"
	"github.com/veilschema/veil/internal/service"
)

// openLog makes what signs the log; nothing is signed yet.
func (p *process) openLog(context.Context) error {
	key, err := service.LogKey(p.Root)
	if err != nil {
		return err
	}
	p.log, err = auditlog.New(auditlog.Config{DB: p.db, Key: key, Witnesses: p.Witnesses, Memory: p.Checkpoint, Log: p.Log})
	if err != nil {
		return misconfigured("the witnesses cannot be asked: %v", err)
	}
	return nil
}

// sign begins to sign the log, in a process that answers for it.
func (p *process) sign(ctx context.Context) error {
	if !p.Role.answers() {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.log.Run(ctx)
	}()
	p.later(func() error {
		cancel()
		<-done
		return nil
	})
	return nil
}

func (p *process) witnesses() []string {
	out := []string{}
	for _, w := range p.Witnesses {
		out = append(out, w.Key)
	}
	return out
}

// refused says why the log is not signed; a nil *Refusal would be an error that is not nil.
func (p *process) refused() error {
	if r := p.log.Refusal(); r != nil {
		return r
	}
	return nil
}
