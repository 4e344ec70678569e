-- Publications that send changes of the relations $1, by themselves or as partitions of what is named.
SELECT r.oid, p.pubname, p.pubdelete, p.pubupdate
FROM pg_catalog.unnest($1::oid[]) AS r(oid)
CROSS JOIN pg_catalog.pg_publication AS p
WHERE EXISTS (
	SELECT 1 FROM pg_catalog.pg_publication_tables AS t
	JOIN pg_catalog.pg_namespace AS n ON n.nspname = t.schemaname
	JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename
	WHERE t.pubname = p.pubname
	AND (c.oid = r.oid OR c.oid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors(r.oid) AS a)))
ORDER BY r.oid, p.pubname
