-- What pgretain_runner lacks on a ruled table and on what inherits from it (partitions too): $1 the table
-- as written in SQL, $2 privileges, $3 empty, or a table as the rule's `children` name it, which is meant then.
-- No row: no such table.
WITH RECURSIVE ruled (oid) AS (
	SELECT c.oid
	FROM pg_class c
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE CASE $3::text WHEN '' THEN c.oid = to_regclass($1::text)
		ELSE c.relkind IN ('r', 'p') AND ($3 IN (format('%I.%I', n.nspname, c.relname), n.nspname || '.' || c.relname)
			OR c.relname = $3 AND n.oid = (SELECT p.relnamespace FROM pg_class p WHERE p.oid = to_regclass($1)))
		END
	UNION
	SELECT i.inhrelid FROM pg_inherits i JOIN ruled r ON i.inhparent = r.oid
)
SELECT n.nspname, c.relname,
	NOT has_schema_privilege('pgretain_runner', n.oid, 'USAGE') AS no_usage,
	(SELECT string_agg(p.name, ', ' ORDER BY p.place)
		FROM unnest(string_to_array($2::text, ' ')) WITH ORDINALITY AS p (name, place)
		WHERE NOT has_table_privilege('pgretain_runner', c.oid, p.name)) AS missing
FROM ruled r
JOIN pg_class c ON c.oid = r.oid
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY n.nspname, c.relname
