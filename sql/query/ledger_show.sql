-- Entries with the rule's text that was in force: rule, table, since, until, run, kind; NULL = any.
-- A batch has the text of its run's step, or of the run's beginning: a killed run has no step.
WITH run_text AS MATERIALIZED (
	SELECT DISTINCT ON (run, rule) run, rule, digest
	FROM (SELECT seq, run, rule, detail::jsonb->>'rule_text' AS digest
		FROM pgretain.ledger
		WHERE kind = 'step' AND detail::jsonb ? 'rule_text'
		UNION ALL
		SELECT s.seq, s.run, x.rule, x.digest
		FROM pgretain.ledger s, jsonb_each_text(s.detail::jsonb->'rules') AS x (rule, digest)
		WHERE s.kind = 'run' AND s.detail::jsonb->>'event' = 'start') AS t
	ORDER BY run, rule, seq DESC
)
SELECT l.seq, l.kind, l.run, l.rule, l.tbl, l.action, l.rows,
	rtrim(rtrim(to_char(l.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS as_of,
	rtrim(rtrim(to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z' AS at,
	l.actor, l.login, l.detail, encode(l.prev, 'hex') AS prev, encode(l.hash, 'hex') AS hash,
	t.digest, t.text
FROM pgretain.ledger l
LEFT JOIN run_text s ON s.run = l.run AND s.rule = l.rule
LEFT JOIN pgretain.rule_text t ON t.digest = coalesce(l.detail::jsonb->>'rule_text', s.digest)
WHERE ($1::text IS NULL OR l.rule = $1::text)
	AND ($2::text IS NULL OR l.tbl = $2::text)
	AND ($3::timestamptz IS NULL OR l.at >= $3::timestamptz)
	AND ($4::timestamptz IS NULL OR l.at < $4::timestamptz)
	AND ($5::uuid IS NULL OR l.run = $5::uuid)
	AND ($6::text IS NULL OR l.kind = $6::text)
ORDER BY l.seq
