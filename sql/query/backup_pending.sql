-- Which of the requests $1 may still stand in a backup: an obligation of one of their runs is open, or one of the stores $2
-- had no good listing since their last row went. Request, sets that hold, stores that say nothing yet.
SELECT r.id, count(DISTINCT o.set_id) FILTER (WHERE o.cleared_at IS NULL AND o.set_id IS NOT NULL) AS sets,
	(SELECT string_agg(x.store, ', ' ORDER BY x.n) FROM unnest($2::text[]) WITH ORDINALITY AS x (store, n)
	 WHERE NOT EXISTS (SELECT FROM pgretain.backup_store AS b WHERE b.store = x.store AND b.good_at > max(e.at))) AS stores
FROM unnest($1::uuid[]) AS r (id)
JOIN pgretain.request_run AS q ON q.request = r.id
JOIN pgretain.erasure AS e ON e.run = q.run
LEFT JOIN pgretain.obligation AS o ON o.run = q.run
GROUP BY r.id
