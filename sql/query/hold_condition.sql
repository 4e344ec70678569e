-- What in the condition under the view of this session does not always answer alike: volatile functions,
-- and row locks.
WITH action AS (
	SELECT w.ev_action::text AS tree FROM pg_rewrite w WHERE w.ev_class = to_regclass($1)
), used AS (
	SELECT m[1]::oid AS oid FROM action, regexp_matches(tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g') AS m
	UNION
	SELECT o.oprcode FROM action, regexp_matches(tree, ':opno (\d+)', 'g') AS m, pg_operator o WHERE o.oid = m[1]::oid
)
SELECT n.nspname || '.' || p.proname FROM used u JOIN pg_proc p ON p.oid = u.oid
	JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.provolatile = 'v'
UNION ALL
SELECT 'FOR UPDATE' FROM action WHERE tree ~ ':hasForUpdate true'
LIMIT 1
