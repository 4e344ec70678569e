-- A hold on a person may be about one rule's rows of theirs alone (a ground G4 on a part of a request).
DO $$
DECLARE
	old	name;
BEGIN
	SELECT c.conname INTO STRICT old FROM pg_constraint c WHERE c.conrelid = 'pgretain.hold'::regclass AND c.contype = 'c'
		AND pg_get_constraintdef(c.oid) LIKE '%(target IS NOT NULL)%';
	EXECUTE format('ALTER TABLE pgretain.hold DROP CONSTRAINT %I', old);
END
$$;
ALTER TABLE pgretain.hold ADD CONSTRAINT hold_target_check
	CHECK (CASE WHEN scope IN ('table', 'class', 'rows') THEN target IS NOT NULL WHEN scope = 'subject' THEN true ELSE target IS NULL END);
COMMENT ON COLUMN pgretain.hold.target IS 'rule (scope table, rows; scope subject: only its rows) or class';

ALTER TABLE pgretain.request_frozen ADD COLUMN sole boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN pgretain.request_frozen.sole IS 'the identifier never was anybody else''s';
