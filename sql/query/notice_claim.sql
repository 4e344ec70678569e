-- Takes the next notice of recipient $1 that is due, for $2 milliseconds, in which nobody else takes it; $3: of these requests
-- alone, or NULL.
UPDATE pgretain.notice AS n SET attempts = n.attempts + 1, tried_at = clock_timestamp(),
	next_at = clock_timestamp() + $2::bigint * interval '1 millisecond'
FROM pgretain.request AS r, pgretain.request_subject AS s
WHERE r.id = n.request AND s.request = r.id AND s.settled
	AND n.id = (SELECT w.id FROM pgretain.notice AS w
		WHERE w.state = 'waiting' AND w.recipient = $1::text AND w.next_at <= clock_timestamp()
			AND ($3::uuid[] IS NULL OR w.request = ANY($3::uuid[]))
		ORDER BY w.next_at, w.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING n.id, n.request, r.kind, s.subject_type, n.known_by, encode(n.sealed, 'hex') AS sealed, to_json(n.rules)::text AS rules,
	n.complete, n.created_at::text, n.attempts
