package executor_test

import "github.com/veilschema/veil/compare/schema"

// keyObstacles are those of keys, foreign keys, checks and indexes.
var keyObstacles = []obstacle{
	{
		says:     "a missing key, index and check are added",
		tenant:   `CREATE TABLE t (a int NOT NULL, b int); INSERT INTO t VALUES (1, 1), (2, 2)`,
		template: `CREATE TABLE t (a int PRIMARY KEY, b int CHECK (b > 0)); CREATE INDEX ON t (b)`,
	},
	{
		says:     "a primary key makes columns refuse NULL that may have it again afterwards",
		tenant:   `CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, NULL)`,
		template: `CREATE TABLE t (a int PRIMARY KEY, b int)`,
	},
	{
		says:     "the name of an index is taken",
		tenant:   `CREATE TABLE t (a int, b int); CREATE INDEX t_a_idx ON t (b); INSERT INTO t VALUES (1, 1), (2, 2)`,
		template: `CREATE TABLE t (a int, b int); CREATE INDEX t_a_idx ON t (a)`,
		does:     []string{"adapt index public.t by btree (a)"},
	},
	{
		says:     "the name of a constraint is taken by a table, a longest one at that",
		tenant:   `CREATE TABLE t (a int NOT NULL); CREATE TABLE ääääääääääääääääääääääääääääääx ()`,
		template: `CREATE TABLE t (a int CONSTRAINT ääääääääääääääääääääääääääääääx PRIMARY KEY)`,
		does:     []string{"adapt add the primary key (a) to public.t"},
	},
	{
		says: "a key cannot make room and is left",
		tenant: `CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL); INSERT INTO t VALUES (1, 1);
			CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql BEGIN ATOMIC SELECT a, b FROM t GROUP BY a; END`,
		template: `CREATE TABLE t (a int NOT NULL, b int PRIMARY KEY)`,
		asks:     []string{"other_primary_key:public.t:primary_key:8cca9bdc: skip"},
		answers:  "other_primary_key:public.t:primary_key:8cca9bdc skip",
		does:     []string{"skip add the primary key (b) to public.t"},
		missing:  []string{"primary_key public.t: (b)"},
	},
	{
		says: "a foreign key of the same columns does something else",
		tenant: `CREATE TABLE p (a int PRIMARY KEY, b int, UNIQUE (b, a)); CREATE TABLE t (x int, a int, b int, CONSTRAINT fk FOREIGN KEY (b, a) REFERENCES p (b, a) ON DELETE CASCADE);
			COMMENT ON CONSTRAINT fk ON t IS 'mine'; INSERT INTO p VALUES (1, 1); INSERT INTO t VALUES (1, 1, 1)`,
		template: `CREATE TABLE p (a int PRIMARY KEY, b int, UNIQUE (b, a)); CREATE TABLE t (x int, a int, b int, FOREIGN KEY (b, a) REFERENCES p (b, a) ON DELETE SET NULL)`,
		does:     []string{"adapt add the foreign key (a, b) references public.p (a, b) on delete set null to public.t"},
	},
	{
		says:     "rows break a key",
		tenant:   `CREATE TABLE t (a int NOT NULL, b int); INSERT INTO t VALUES (1, 1), (1, 2)`,
		template: `CREATE TABLE t (a int NOT NULL, b int, UNIQUE (a)); CREATE INDEX ON t (b)`,
		asks:     []string{"rows:public.t:unique:f89bf797: skip"},
		answers:  "rows:public.t:unique:f89bf797 skip",
		does:     []string{"skip add the unique constraint (a) to public.t"},
		missing:  []string{"unique public.t: (a)"},
	},
	{
		says:     "references that point nowhere are cleared and come back",
		tenant:   `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, n text); INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 'x'), (7, 'x'), (7, 'x'), (NULL, 'y')`,
		template: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p, n text)`,
		asks:     []string{"rows:public.t:foreign_key:982ed47d: clear fill skip"},
		answers:  "rows:public.t:foreign_key:982ed47d clear",
		does:     []string{"adapt add the foreign key (a) references public.p (a) to public.t"},
		check:    `SELECT string_agg(coalesce(a::text, '-'), ' ' ORDER BY a) FROM t`,
		want:     "1 - - -",
	},
	{
		says: "references are filled while triggers and rules of the tenant's look away",
		tenant: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int NOT NULL, n text DEFAULT 'mine'); CREATE TABLE log (what text);
			INSERT INTO p VALUES (1); INSERT INTO t VALUES (1), (7), (8);
			CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := 'changed'; INSERT INTO public.log VALUES ('changed'); RETURN NEW; END $$;
			CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER touch;
			CREATE RULE r AS ON UPDATE TO t DO ALSO INSERT INTO log VALUES ('rule')`,
		template: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int NOT NULL REFERENCES p, n text)`,
		asks:     []string{"rows:public.t:foreign_key:982ed47d: fill skip"},
		answers:  "rows:public.t:foreign_key:982ed47d fill 1",
		does:     []string{"adapt add the foreign key (a) references public.p (a) to public.t"},
		check:    `SELECT concat((SELECT string_agg(a || n, ' ') FROM t), (SELECT count(*) FROM log))`,
		want:     "1mine 1mine 1mine0",
	},
	{
		says:     "a deferrable constraint and an exclusion constraint",
		tenant:   `CREATE TABLE t (a int, r int4range); INSERT INTO t VALUES (1, '[1,2)'), (2, '[2,3)')`,
		template: `CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED, r int4range, EXCLUDE USING gist (r WITH &&))`,
	},
	{
		says: "a key makes room, with all that it has besides its definition",
		tenant: `CREATE TABLE t (a int, b int NOT NULL, CONSTRAINT t_pkey PRIMARY KEY (a) WITH (fillfactor = 70));
			CREATE TABLE child (a int REFERENCES t ON DELETE CASCADE);
			COMMENT ON CONSTRAINT t_pkey ON t IS 'mine'; COMMENT ON INDEX t_pkey IS 'index';
			ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey; ALTER TABLE t CLUSTER ON t_pkey;
			INSERT INTO t VALUES (1, 1), (2, 2); INSERT INTO child VALUES (1)`,
		template: `CREATE TABLE t (a int NOT NULL, b int PRIMARY KEY)`,
		does:     []string{"adapt add the primary key (b) to public.t"},
	},
	{
		says: "a forbidden key, foreign key, check and index go, and come back as they were",
		tenant: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, b int, c int, CONSTRAINT fk FOREIGN KEY (a) REFERENCES p, CONSTRAINT "odd ""name" CHECK (b > 0));
			CREATE UNIQUE INDEX i ON t (b) WITH (fillfactor = 70); COMMENT ON INDEX i IS 'mine'; ALTER TABLE t ADD CONSTRAINT u UNIQUE (c) WITH (fillfactor = 60);
			COMMENT ON CONSTRAINT fk ON t IS 'mine'; COMMENT ON CONSTRAINT "odd ""name" ON t IS 'mine'; COMMENT ON CONSTRAINT u ON t IS 'mine'`,
		template: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int, b int, c int)`,
		forbidden: []schema.Fact{
			{Kind: schema.KindForeignKey, Schema: "public", Table: "t", Detail: "(a) references public.p (a)"},
			{Kind: schema.KindCheck, Schema: "public", Table: "t", Detail: "(b > 0)"},
			{Kind: schema.KindIndex, Schema: "public", Table: "t", Detail: "unique btree (b)"},
			{Kind: schema.KindUnique, Schema: "public", Table: "t", Detail: "(c)"},
		},
		does: []string{
			"adapt remove what is forbidden: unique public.t: (c)", "adapt remove what is forbidden: foreign_key public.t: (a) references public.p (a)",
			"adapt remove what is forbidden: check public.t: (b > 0)", "adapt remove what is forbidden: index public.t: unique btree (b)",
		},
	},
	{
		says:      "a forbidden primary key makes room for another",
		tenant:    `CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL); INSERT INTO t VALUES (1, 1)`,
		template:  `CREATE TABLE t (a int, b int PRIMARY KEY)`,
		forbidden: []schema.Fact{{Kind: schema.KindPrimaryKey, Schema: "public", Table: "t", Detail: "(a)"}},
		does:      []string{"adapt remove what is forbidden: primary_key public.t: (a)"},
	},
	{
		says: "a forbidden foreign key goes while its column changes",
		tenant: `CREATE TABLE p (a bigint PRIMARY KEY); CREATE TABLE t (a int CONSTRAINT fk REFERENCES p); CREATE VIEW v AS SELECT a FROM t;
			INSERT INTO p VALUES (1); INSERT INTO t VALUES (1)`,
		template:  `CREATE TABLE p (a bigint PRIMARY KEY); CREATE TABLE t (a bigint)`,
		forbidden: []schema.Fact{{Kind: schema.KindForeignKey, Schema: "public", Table: "t", Detail: "(a) references public.p (a)"}},
		does: []string{
			"adapt remove what is forbidden: foreign_key public.t: (a) references public.p (a)", "adapt around the changes of types", "adapt around the changes of types",
		},
	},
	{
		says:      "forced row security goes",
		tenant:    `CREATE TABLE t (a int); INSERT INTO t VALUES (1); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY`,
		template:  `CREATE TABLE t (a int)`,
		forbidden: []schema.Fact{{Kind: schema.KindRowSecurity, Schema: "public", Table: "t", Detail: "forced"}},
	},
	{
		says:     "two keys of the same columns, of which one is the template's",
		tenant:   `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p, CONSTRAINT second FOREIGN KEY (a) REFERENCES p ON DELETE CASCADE); CREATE INDEX ON t (a); CREATE INDEX ON t (a)`,
		template: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int REFERENCES p)`,
	},
	{
		says:     "a partitioned table's key makes room",
		tenant:   `CREATE TABLE t (k int, a int NOT NULL, CONSTRAINT mine PRIMARY KEY (k)) PARTITION BY LIST (k); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); COMMENT ON CONSTRAINT mine ON t IS 'x'; COMMENT ON INDEX t1_pkey IS 'part'; INSERT INTO t VALUES (1, 1)`,
		template: `CREATE TABLE t (k int NOT NULL, a int, PRIMARY KEY (k, a)) PARTITION BY LIST (k)`,
		does:     []string{"adapt add the primary key (k, a) to public.t"},
	},
}
