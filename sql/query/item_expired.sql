-- Requests that wait for something the person was asked for, and that should have come before $1.
SELECT r.id FROM pgretain.request AS r
WHERE r.finished_at IS NULL AND r.state IN ('awaiting_identity', 'awaiting_fee') AND r.answer_until <= $1::timestamptz
	AND NOT pgretain.request_begun(r)
ORDER BY r.id
