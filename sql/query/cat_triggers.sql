-- Enabled user triggers and rewrite rules of the relations $1 that act on UPDATE or DELETE. Up to PostgreSQL 14 what a
-- partition has from its parent counts as internal; so do a constraint's own triggers, which are none of the user's.
SELECT t.tgrelid AS rel, t.tgname AS name, 'trigger' AS kind, (t.tgtype & 2) <> 0 AS before_event, (t.tgtype & 1) <> 0 AS each_row,
	(t.tgtype & 8) <> 0 AS on_delete, (t.tgtype & 16) <> 0 AS on_update, p.prosrc AS body,
	pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) AS function, false AS instead
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE t.tgrelid = ANY($1::oid[]) AND t.tgenabled IN ('O', 'A') AND (t.tgtype & 24) <> 0
AND (NOT t.tgisinternal OR (t.tgparentid <> 0 AND NOT EXISTS (
	SELECT 1 FROM pg_catalog.pg_constraint AS k WHERE k.oid = t.tgconstraint AND k.contype <> 't')))
UNION ALL
SELECT r.ev_class, r.rulename, 'rule', false, false, r.ev_type = '4', r.ev_type = '2',
	pg_catalog.pg_get_ruledef(r.oid), '', r.is_instead
FROM pg_catalog.pg_rewrite AS r
WHERE r.ev_class = ANY($1::oid[]) AND r.ev_type IN ('2', '4') AND r.ev_enabled IN ('O', 'A')
ORDER BY 1, 2
