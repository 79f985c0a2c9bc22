package eventlog

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// OfCommand returns the events that a command made, in order, as far as the transaction's scope sees them; none where it was not carried out.
// A caller asks before it decides anything; [Append] asks again, under the head's lock.
func OfCommand(ctx context.Context, tx pgx.Tx, command uuid.UUID) ([]Event, error) {
	events, err := query(ctx, tx, ` WHERE command = $1 ORDER BY part LIMIT $2`, command, MaxEvents)
	if err != nil {
		return nil, fmt.Errorf("the events of the command %s cannot be read: %w", command, err)
	}
	return events, nil
}
