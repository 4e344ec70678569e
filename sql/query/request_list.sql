-- Requests, those first whose deadline is next. $1: the instant that counts; $2: only that state, or NULL.
SELECT r.id, r.kind, r.state, r.subject_type, r.jurisdiction, r.received_at::text, pgretain.request_deadline(r)::text,
	pgretain.request_deadline_state(r, $1::timestamptz), r.wake_at::text, r.extension_reason, r.duplicate_of
FROM pgretain.request AS r
WHERE $2::text IS NULL OR r.state = $2::text
ORDER BY r.finished_at IS NOT NULL, pgretain.request_deadline(r), r.id
