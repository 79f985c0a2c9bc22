package main

import (
	"io"

	"github.com/schollz/progressbar/v3"
)

// progress shows what is being done, on a terminal only.
type progress struct {
	bar  *progressbar.ProgressBar
	step string
}

// newProgress returns a progress of that many steps, silent where err is no
// terminal.
func newProgress(err io.Writer, steps int) *progress {
	if _, ok := terminal(err); !ok {
		return &progress{}
	}
	return &progress{bar: progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(err),
		progressbar.OptionSetWidth(24),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionEnableColorCodes(colored(err)),
	)}
}

// begin says that a step begins; the same step again changes nothing.
func (p *progress) begin(step string) {
	if p.bar == nil || step == p.step {
		return
	}
	if p.step != "" {
		_ = p.bar.Add(1) // a progress bar that fails to draw is no reason to fail
	}
	p.step = step
	p.bar.Describe(step)
}

// end clears the line.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
