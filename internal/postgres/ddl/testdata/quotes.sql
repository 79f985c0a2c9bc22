DO $body$ BEGIN RAISE NOTICE $$a;b$$; END $body$;
SELECT E'\';' '\\', U&'d\0061t;a', B'101', "a;""b", 'it''s' /* ; /* ' */ ; */;
SET standard_conforming_strings = off;
SELECT '\';'
	'\\;';
CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b);
