package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/internal/eventlog"
)

// Comparison is what the events of one comparison add up to.
type Comparison struct {
	ID     uuid.UUID
	Tenant uuid.UUID
	Opened ComparisonOpenedBody
	// Last is the type of the last event.
	Last string
	// Messages are those of the protocol, by type.
	Messages map[compare.Type]Blob
	// Concluded is there once the verdicts were accepted; ConcludedBy is that event.
	Concluded   *ComparisonDisclosedBody
	ConcludedBy eventlog.Event
}

// Deleted says whether the messages and the report were deleted.
func (c *Comparison) Deleted() bool { return c.Last == ComparisonDeleted }

// follows says after which event each one may come. What ends a comparison may come after all but an end, and a deletion after all but another one.
var follows = map[string]string{
	ComparisonAccepted: ComparisonOpened, ComparisonSubmitted: ComparisonAccepted, ComparisonEvaluated: ComparisonSubmitted,
	ComparisonCommitted: ComparisonEvaluated, ComparisonDisclosed: ComparisonCommitted,
}

// Fold reads the events of one comparison, in order and from its first. It refuses what no service writes: events of several comparisons or tenants,
// gaps, an order that the protocol does not have, times that go back further than clocks differ.
func Fold(events []eventlog.Event) (*Comparison, error) {
	if len(events) == 0 {
		return nil, errors.New("there are no events")
	}
	c := &Comparison{Messages: map[compare.Type]Blob{}, Tenant: events[0].Tenant}
	for i, e := range events {
		if e.Version != int64(i)+1 || e.Stream != events[0].Stream || e.Tenant != c.Tenant {
			return nil, fmt.Errorf("event %d of the comparison is version %d of %s", i+1, e.Version, e.Stream)
		}
		if i > 0 && e.Sequence <= events[i-1].Sequence {
			return nil, fmt.Errorf("event %d of the comparison is entry %d of the log, before the one that it follows", i+1, e.Sequence)
		}
		if err := c.apply(e); err != nil {
			return nil, fmt.Errorf("event %d of the comparison, entry %d of the log (%s): %w", i+1, e.Sequence, e.Type, err)
		}
		c.Last = e.Type
	}
	return c, nil
}

func (c *Comparison) apply(e eventlog.Event) error {
	if want, ok := follows[e.Type]; ok && c.Last != want {
		return fmt.Errorf("it comes after %s, and has to come after %s", c.Last, want)
	}
	switch e.Type {
	case ComparisonOpened:
		return c.open(e)
	case ComparisonAccepted:
		return c.took(e, compare.TypeAccept, true)
	case ComparisonSubmitted:
		return c.took(e, compare.TypeSubmission, false)
	case ComparisonEvaluated:
		b, err := data[ComparisonEvaluatedBody](e)
		c.Messages[compare.TypeResponse] = b.Response
		return errors.Join(err, c.same(b.ID))
	case ComparisonCommitted:
		return c.took(e, compare.TypeCommitment, true)
	case ComparisonDisclosed:
		return c.conclude(e)
	case ComparisonFailed, ComparisonMisconduct:
		if c.Last == "" || c.ended() {
			return errors.New("nothing was going on any more that could end")
		}
	case ComparisonDeleted:
		if c.Last == "" || c.Deleted() {
			return errors.New("there was nothing to delete")
		}
	default:
		return errors.New("it is no event of a comparison")
	}
	b, err := data[ComparisonEndedBody](e)
	return errors.Join(err, c.same(b.ID))
}

func (c *Comparison) ended() bool {
	return c.Last == ComparisonDisclosed || c.Last == ComparisonFailed || c.Last == ComparisonMisconduct || c.Deleted()
}

func (c *Comparison) open(e eventlog.Event) error {
	if c.Last != "" {
		return errors.New("it was opened before")
	}
	b, err := data[ComparisonOpenedBody](e)
	if err != nil {
		return err
	}
	if e.Stream != "comparison/"+b.ID.String() {
		return fmt.Errorf("it opens the comparison %s in the stream %s", b.ID, e.Stream)
	}
	c.ID, c.Opened = b.ID, b
	c.Messages[compare.TypeOpen], c.Messages[compare.TypeOffer] = b.Open, b.Offer
	return nil
}

// took reads that a message was taken, and answered where it has to be.
func (c *Comparison) took(e eventlog.Event, t compare.Type, answered bool) error {
	b, err := data[TakenBody](e)
	if err != nil {
		return err
	}
	return c.taken(b, t, answered)
}

func (c *Comparison) taken(b TakenBody, t compare.Type, answered bool) error {
	if (b.Answer != nil) != answered {
		return fmt.Errorf("the %s has an answer where there is none, or none where there is one", t)
	}
	c.Messages[t] = b.Took
	if answered {
		c.Messages[t+1] = *b.Answer
	}
	return c.same(b.ID)
}

func (c *Comparison) conclude(e eventlog.Event) error {
	b, err := data[ComparisonDisclosedBody](e)
	if err != nil {
		return err
	}
	c.Concluded, c.ConcludedBy = &b, e
	return c.taken(b.TakenBody, compare.TypeDisclosure, true)
}

func (c *Comparison) same(id uuid.UUID) error {
	if id != c.ID {
		return fmt.Errorf("it is about the comparison %s", id)
	}
	return nil
}

// data reads the body of an event. Members that nobody knows are refused, because nobody would have looked at them.
func data[B any](e eventlog.Event) (B, error) {
	var out B
	var body Envelope
	if err := strict(e.Body, &body); err != nil {
		return out, fmt.Errorf("its body cannot be read: %w", err)
	}
	if err := strict(body.Data, &out); err != nil {
		return out, fmt.Errorf("its body cannot be read: %w", err)
	}
	return out, nil
}

func strict(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(to)
}
