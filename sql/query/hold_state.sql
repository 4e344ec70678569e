-- One hold, as a release finds it. $2: the cool-down.
SELECT h.state, h.release_asked_by, h.release_asked_at + $2::interval <= clock_timestamp(),
	to_char((h.release_asked_at + $2::interval) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
	h.scope, CASE WHEN h.scope IN ('table', 'rows') THEN h.target END, h.placed_by
FROM pgretain.hold h WHERE h.id = $1::uuid
