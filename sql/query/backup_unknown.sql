-- Which of the tables ($1 schemas, $2 names) are not in this database?
SELECT x.s || '.' || x.n FROM unnest($1::text[], $2::text[]) AS x (s, n)
WHERE NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS p ON p.oid = c.relnamespace
	WHERE p.nspname = x.s AND c.relname = x.n AND c.relkind IN ('r', 'p', 'f'))
