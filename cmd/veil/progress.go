package main

import (
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/veilschema/veil/compare/report"
)

// progress shows what is being done, on a terminal only.
type progress struct {
	bar  *progressbar.ProgressBar
	step string
	left int // steps before the bar would be full
}

// newProgress returns a progress of that many steps, silent where err is no
// terminal. Of more steps the bar shows the last ones nearly full.
func newProgress(err io.Writer, steps int) *progress {
	if _, ok := terminal(err); !ok {
		return &progress{}
	}
	return &progress{left: steps, bar: progressbar.NewOptions(steps,
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
	if p.step != "" && p.left > 1 {
		p.left--
		_ = p.bar.Add(1) // a progress bar that fails to draw is no reason to fail
	}
	p.step = step
	p.bar.Describe(report.Visible(step))
}

// end clears the line.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
