package service

import "time"

// The hard limits of this package, on one page for whoever audits it. What an operator may set lower is in [Quota].
const (
	// MaxTemplateFiles and MaxTemplateBytes bound what a template is published from.
	MaxTemplateFiles = 1000
	MaxTemplateBytes = 32 << 20

	// MaxPage is how many entries one page of a list has.
	MaxPage = 200

	// MaxLabel is how many bytes a token's label or a tenant's name has.
	MaxLabel = 200

	// MaxTokenLife is how long a token may be valid.
	MaxTokenLife = 366 * 24 * time.Hour

	// MaxUploadPart is how many bytes of a submission are kept at once.
	MaxUploadPart = 1 << 20

	// bootstrapLife is how long the one-time token waits for the operator.
	bootstrapLife = 24 * time.Hour

	// rebuildPage is how many events are read at once.
	rebuildPage = 1000

	// maxPrepared is how many prepared templates are kept in memory.
	maxPrepared = 64
)

// Quota is what one tenant may have. Zero values mean the default.
type Quota struct {
	// OpenComparisons that are neither finished nor failed; default 50.
	OpenComparisons int
	// StoredBytes of messages; default 4 GiB.
	StoredBytes int64
}

func (q Quota) withDefaults() Quota {
	if q.OpenComparisons <= 0 {
		q.OpenComparisons = 50
	}
	if q.StoredBytes <= 0 {
		q.StoredBytes = 4 << 30
	}
	return q
}
