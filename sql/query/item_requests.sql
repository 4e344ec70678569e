-- Requests with the person whom each means. $1: their ids.
SELECT r.id, r.kind, r.state, s.subject_type, s.subject_key, r.fingerprint, r.approved_fingerprint,
	r.executed_at IS NOT NULL AS executed, p.plan, p.fingerprint AS frozen, r.opened_by,
	pgretain.request_begun(r) AS begun
FROM pgretain.request AS r
LEFT JOIN pgretain.request_person AS s ON s.request = r.id AND s.settled
LEFT JOIN pgretain.request_plan AS p ON p.request = r.id
WHERE r.id = ANY($1::uuid[])
ORDER BY s.subject_type, s.subject_key, r.id
