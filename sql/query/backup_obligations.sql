-- $1: a set. Its obligations: run, rows, when it was erased, position, requests of that run, since, cleared_at, how, evidence,
-- why the last rewriting did not end it.
SELECT o.run, e.rows, e.at::text, e.lsn::text,
	coalesce((SELECT json_agg(r.request ORDER BY r.request) FROM pgretain.request_run AS r WHERE r.run = o.run), '[]'),
	o.since::text, o.cleared_at::text, o.how, coalesce(o.evidence, 'null'), o.unmet
FROM pgretain.obligation AS o JOIN pgretain.erasure AS e USING (run)
WHERE o.set_id = $1::bigint ORDER BY e.last_seq
