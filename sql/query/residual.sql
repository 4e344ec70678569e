-- How many of :rows (a table as t; with h, those of its rows in which a sieve has seen somebody) show what was frozen
-- ($1 text in small letters, $2 whose, $3 their keys, $4 and $5 when it was theirs, $6 it is somebody else's now), and
-- how many of them are another person's.
SELECT x.n, count(*) FILTER (WHERE NOT x.other) AS found, count(*) FILTER (WHERE x.other) AS others
FROM (
	SELECT v.n, bool_and((:other) IS TRUE) AS other
	FROM :rows
	JOIN unnest($1::text[], $2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::boolean[])
		AS v(value, n, key, since, until, elsewhere) ON :whose (strpos(:text, v.value) > 0:fields)
	GROUP BY v.n, t.tableoid, t.ctid
) AS x GROUP BY x.n
