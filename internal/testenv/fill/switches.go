package fill

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// toggle is something of a table that would interfere with plain inserts, with the statements that switch it off and on again.
type toggle struct{ off, on string }

// readSwitches finds the triggers and rules that fire, and row security that binds the owner.
func (c *catalog) readSwitches(ctx context.Context, tx pgx.Tx, _ []string) error {
	var (
		rel           uint32
		what, name    string
		always, force bool
	)
	return each(ctx, tx, `
		SELECT tgrelid, 'TRIGGER', tgname::text, tgenabled = 'A', false FROM pg_trigger
			WHERE tgrelid = ANY ($1::oid[]) AND NOT tgisinternal AND tgenabled IN ('O', 'A')
		UNION ALL SELECT ev_class, 'RULE', rulename, ev_enabled = 'A', false FROM pg_rewrite
			WHERE ev_class = ANY ($1::oid[]) AND ev_enabled IN ('O', 'A')
		UNION ALL SELECT oid, '', '', false, true FROM pg_class
			WHERE oid = ANY ($1::oid[]) AND relrowsecurity AND relforcerowsecurity
		ORDER BY 1, 2, 3`,
		[]any{c.oids()}, []any{&rel, &what, &name, &always, &force}, func() {
			alter := "ALTER TABLE ONLY " + c.byOID[rel].sql() + " "
			if force {
				c.switches = append(c.switches, toggle{alter + "NO FORCE ROW LEVEL SECURITY", alter + "FORCE ROW LEVEL SECURITY"})
				return
			}
			thing := fmt.Sprintf("%s %s", what, pgx.Identifier{name}.Sanitize())
			on := alter + "ENABLE " + thing
			if always {
				on = alter + "ENABLE ALWAYS " + thing
			}
			c.switches = append(c.switches, toggle{alter + "DISABLE " + thing, on})
		})
}

func (c *catalog) switchOff(ctx context.Context, tx pgx.Tx) error {
	return c.flip(ctx, tx, func(t toggle) string { return t.off })
}

func (c *catalog) switchOn(ctx context.Context, tx pgx.Tx) error {
	return c.flip(ctx, tx, func(t toggle) string { return t.on })
}

func (c *catalog) flip(ctx context.Context, tx pgx.Tx, side func(toggle) string) error {
	for _, t := range c.switches {
		if _, err := tx.Exec(ctx, side(t)); err != nil {
			return fmt.Errorf("%s: %w", side(t), err)
		}
	}
	return nil
}
