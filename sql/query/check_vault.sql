-- Tables in schema pgretain_vault that no purge will ever reach: not the partition of a vault table for a
-- day, or without the three columns that say where a row is from and when it goes.
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS display,
	EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'pgretain_purge_after') AS dated
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'pgretain_vault' AND c.relkind IN ('r', 'p', 'f', 'm')
AND NOT (c.relkind = 'p' AND 3 = (SELECT count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid
	AND a.attname IN ('pgretain_run', 'pgretain_rule', 'pgretain_purge_after')))
AND NOT (c.relispartition AND pg_catalog.pg_get_expr(c.relpartbound, c.oid) LIKE 'FOR VALUES FROM %'
	AND pg_catalog.pg_get_expr(c.relpartbound, c.oid) NOT LIKE '%MAXVALUE%')
ORDER BY display
