package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Bundle reads what an auditor needs to check a comparison that came to its verdicts. It waits a few seconds for the log to be signed that far.
func (c *Client) Bundle(ctx context.Context, id uuid.UUID) ([]byte, error) {
	for attempt := 1; ; attempt++ {
		out, err := c.octets(ctx, comparisonPath(id, "bundle"), octetStream, maxBundle)
		e, refused := errors.AsType[*Error](err)
		if !refused || e.Status != http.StatusConflict || e.Code != CodePending || attempt == bundleAttempts {
			return out, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(bundlePause):
		}
	}
}

const (
	// maxBundle is how many bytes of a bundle are read.
	maxBundle = 1 << 30
	// bundleAttempts is how often it is asked for, bundlePause the time between.
	bundleAttempts = 20
	bundlePause    = 500 * time.Millisecond
)
