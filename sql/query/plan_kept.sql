-- Rows of people that approved grounds ($1: codes) keep from a run as of $2, until their review. A ground on a whole request
-- refuses it, and keeps nothing.
SELECT g.rule, g.code, s.subject_type, s.subject_key
FROM pgretain.request_ground AS g
JOIN pgretain.request AS r ON r.id = g.request
JOIN pgretain.request_subject AS s ON s.request = r.id AND s.settled
WHERE g.rule IS NOT NULL AND g.code = ANY($1::text[]) AND (g.review_at IS NULL OR g.review_at > $2::timestamptz)
	AND r.state NOT IN ('duplicate', 'denied_identity', 'expired', 'withdrawn', 'refused')
ORDER BY g.rule, g.code, s.subject_type, s.subject_key
