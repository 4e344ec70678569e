-- Rows that runs of requests $1 moved into the vault by rules $2 (one each) and that are not purged yet; the first and the
-- last purge. By place in the arrays. Requests that the same runs worked on share the answer.
WITH x AS MATERIALIZED (
	SELECT a.n, a.request, a.rule,
		ARRAY(SELECT r.run FROM pgretain.request_run AS r WHERE r.request = a.request ORDER BY r.run) AS runs
	FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS a(request, rule, n)
), one AS MATERIALIZED (
	SELECT DISTINCT ON (x.rule, x.runs) x.rule, x.runs, x.request FROM x ORDER BY x.rule, x.runs
), v AS MATERIALIZED (
	SELECT one.rule, one.runs, coalesce(sum(w.rows), 0)::bigint AS rows, min(w.purge_after) AS first, max(w.purge_after) AS last
	FROM one LEFT JOIN LATERAL pgretain.request_vaulted(one.request, one.rule) AS w ON true
	GROUP BY one.rule, one.runs
)
SELECT x.n, v.rows, v.first::text, v.last::text FROM x JOIN v ON v.rule = x.rule AND v.runs = x.runs
