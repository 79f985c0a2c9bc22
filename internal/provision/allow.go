package provision

import (
	"errors"

	"github.com/veilschema/veil/internal/allowlist"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/provisioner/plan"
)

// allowed refuses DDL of a template that has what no template may have, before any of it is loaded.
func allowed(from check.Source) error {
	if from.Text != nil {
		if err := allowlist.File(from.Name, from.Text); err != nil {
			return check.Refuse(err)
		}
	}
	for _, path := range from.DDL {
		text, err := check.ReadDDL(path)
		if err != nil {
			return err
		}
		if err := allowlist.File(path, text); err != nil {
			return check.Refuse(err)
		}
	}
	return nil
}

// safe is the validator that refuses statements that may not run in a tenant's database.
func safe(p *plan.Plan) []plan.Refusal {
	var out []plan.Refusal
	for i := range p.Steps {
		s := &p.Steps[i]
		for _, sql := range s.SQL {
			err := allowlist.Statement(sql)
			var refused *allowlist.Refused
			if errors.As(err, &refused) {
				for _, r := range refused.Refusals {
					out = append(out, plan.Refusal{What: s.Goal, Why: r.Reason})
				}
			} else if err != nil {
				out = append(out, plan.Refusal{What: s.Goal, Why: err.Error()})
			}
		}
	}
	return out
}
