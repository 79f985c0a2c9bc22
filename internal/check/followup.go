package check

import (
	"context"
	"fmt"

	"github.com/veilschema/veil/compare"
	"github.com/veilschema/veil/compare/schema"
	"github.com/veilschema/veil/compare/template"
)

// Answers are what a follow-up comparison found.
type Answers struct {
	// Columns says of each column that was asked about what it has instead of
	// what the template wants, under the template's names.
	Columns template.Answers
	// Template is the follow-up's, Exchange its messages and verdicts.
	Template *template.Template
	Exchange *Exchange
}

// FollowUp asks a tenant which types and defaults it has instead of the
// template's, as far as its policy allows. It is a second comparison with a session
// of its own, of the facts that the first one submitted with questions that follow from what it disclosed;
// o is what the first one was made with. It returns nil where the policy allows nothing, or
// where there is nothing to ask, and no message is exchanged then.
func FollowUp(ctx context.Context, first *Outcome, o Options) (*Answers, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	var kinds []schema.Kind
	for _, k := range []schema.Kind{schema.KindColumnType, schema.KindDefault} {
		if o.Withholding.AllowsFollowUp(k) {
			kinds = append(kinds, k)
		}
	}
	questions, err := template.FollowUp(first.Template, first.Exchange.Result.Verdicts, kinds...)
	if err != nil || questions == nil {
		return nil, err
	}
	prepared, err := compare.Prepare(questions)
	if err != nil {
		return nil, &Refused{err}
	}
	o.Progress("asking about what differs")
	exchange, err := o.exchange(ctx, prepared, first.Facts)
	if err != nil {
		return nil, fmt.Errorf("the follow-up comparison: %w", err)
	}
	columns, err := template.ReadAnswers(questions, exchange.Result.Verdicts)
	if err != nil {
		return nil, err
	}
	return &Answers{Columns: columns, Template: questions, Exchange: exchange}, nil
}
