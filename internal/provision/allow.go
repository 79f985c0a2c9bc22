package provision

import (
	"errors"

	"github.com/veilschema/veil/internal/allowlist"
	"github.com/veilschema/veil/internal/check"
	"github.com/veilschema/veil/provisioner/plan"
)

// allowed refuses DDL of a template that has what no template may have, before any of it is loaded.
func allowed(from check.Source) error {
	for _, t := range from.Texts {
		if err := allowlist.File(t.Name, t.Text); err != nil {
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

// unsafe returns why a step's SQL may not run in a tenant's database.
func unsafe(s *plan.Step) []string {
	take := allowlist.Statement
	if s.Action == plan.Remove {
		take = allowlist.Removal
	}
	var why []string
	for _, sql := range s.SQL {
		err := take(sql)
		var refused *allowlist.Refused
		switch {
		case errors.As(err, &refused):
			for _, r := range refused.Refusals {
				why = append(why, r.Reason)
			}
		case err != nil:
			why = append(why, err.Error())
		}
	}
	return why
}
