package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/veilschema/veil/api/client"
	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/check"
)

// run is one comparison on its way.
type run struct {
	*Config
	tenant  *compare.Tenant
	place   Place
	own     *watched
	timings check.Timings
}

// run brings a comparison from where it is to its end.
func (c *Config) run(ctx context.Context, tenant *compare.Tenant, p Place, w *watched) (*Outcome, error) {
	r := &run{Config: c, tenant: tenant, place: p, own: w}
	out, err := r.all(ctx)
	if _, proven := errors.AsType[*compare.Misconduct](err); proven {
		out = &Outcome{Place: r.place}
	}
	return out, err
}

// all exchanges messages until the verdict.
func (r *run) all(ctx context.Context) (*Outcome, error) {
	tenant := r.tenant
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sent := tenant.Transcript()
		last := compare.Type(len(sent))
		if last == compare.TypeVerdict {
			return r.finish(sent[last-1])
		}
		if last == compare.TypeUnknown {
			r.Progress("opening the comparison")
			if _, err := tenant.Open(); err != nil {
				return nil, err
			}
			continue
		}
		answer := sent[last-1]
		if last.Sender() == compare.RoleTenant {
			if err := r.send(ctx, last, answer); err != nil {
				return nil, err
			}
			last++
			var err error
			if answer, err = r.receive(ctx, last); err != nil {
				return nil, err
			}
		}
		if last == compare.TypeVerdict {
			return r.finish(answer)
		}
		if err := r.take(last, answer); err != nil {
			return nil, err
		}
	}
}

// send sends a message of ours, perhaps again.
func (r *run) send(ctx context.Context, t compare.Type, message []byte) error {
	var is *client.Comparison
	var err error
	switch t {
	case compare.TypeOpen:
		return r.open(ctx, message)
	case compare.TypeSubmission:
		r.Progress("uploading")
		is, err = r.Service.Submit(ctx, r.place.ID, message, func(sent, total int64) {
			r.Progress(fmt.Sprintf("uploading, %d %%", 100*sent/max(total, 1)))
		})
	default:
		is, err = r.Service.Send(ctx, r.place.ID, t, message)
	}
	if err != nil {
		return err
	}
	return r.ended(*is)
}

// open sends the open under the key that is kept, and keeps what the service calls the comparison.
func (r *run) open(ctx context.Context, message []byte) error {
	is, err := r.Service.OpenComparison(ctx, r.place.Key, r.Reference, r.place.Digest, message)
	if err != nil {
		return err
	}
	if is.ID == uuid.Nil {
		return &Untrusted{compare.TypeOffer, errors.New("the service does not say which comparison it opened")}
	}
	if r.place.ID != is.ID {
		r.place.ID = is.ID
		if err := writePlace(r.State.Dir, r.place); err != nil {
			return err
		}
	}
	return r.ended(*is)
}

// ended is the error of a comparison that ended before its verdict.
func (r *run) ended(is client.Comparison) error {
	if is.State == "misconduct" {
		return &Accused{ID: r.place.ID, Reason: is.Reason}
	}
	if is.Ended() && is.State != "disclosed" {
		return &Ended{State: is.State, Reason: is.Reason}
	}
	return nil
}

// receive fetches the service's next message.
func (r *run) receive(ctx context.Context, t compare.Type) ([]byte, error) {
	if t != compare.TypeResponse {
		return r.Service.Message(ctx, r.place.ID, t)
	}
	r.Progress("evaluating")
	start := time.Now()
	defer func() { r.timings.Evaluate += time.Since(start) }()
	done := errors.New("the response is there")
	err := r.Service.Follow(ctx, r.place.ID, func(is client.Comparison) error {
		if err := r.ended(is); err != nil {
			return err
		}
		if is.State == "evaluated" || is.State == "committed" || is.State == "disclosed" {
			return done
		}
		return nil
	})
	if err != nil && !errors.Is(err, done) {
		return nil, err
	}
	return r.Service.Message(ctx, r.place.ID, t)
}

// take has the protocol take an answer and keep our next message.
func (r *run) take(t compare.Type, answer []byte) error {
	var other time.Duration
	step := map[compare.Type]struct {
		name string
		to   *time.Duration
		next func([]byte) ([]byte, error)
	}{
		compare.TypeOffer:    {"opening the comparison", &other, r.tenant.Accept},
		compare.TypeSalt:     {"encrypting", &r.timings.Encrypt, r.tenant.Submit},
		compare.TypeResponse: {"decrypting", &r.timings.Decrypt, r.tenant.Commit},
		compare.TypeSeed:     {"verifying", &r.timings.Verify, r.tenant.Disclose},
	}[t]
	r.Progress(step.name)
	start := time.Now()
	_, err := step.next(answer)
	*step.to += time.Since(start)
	return r.blame(t, err)
}

func (r *run) finish(verdict []byte) (*Outcome, error) {
	result, err := r.tenant.Finish(verdict)
	if err != nil {
		return nil, r.blame(compare.TypeVerdict, err)
	}
	return &Outcome{Exchange: check.Exchange{Result: result, Timings: r.timings, Messages: r.tenant.Transcript()}, Place: r.place}, nil
}

// blame tells the service's faults from our own disk's and from bad luck.
func (r *run) blame(t compare.Type, err error) error {
	if err == nil || r.own.failed || errors.Is(err, compare.ErrNewSalt) || errors.Is(err, compare.ErrPutBack) {
		return err
	}
	if _, ok := errors.AsType[*compare.Misconduct](err); ok {
		return err
	}
	return &Untrusted{t, err}
}
