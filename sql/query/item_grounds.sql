-- Grounds with the codes $3 that keep rows of these requests ($1) at the instant $2, by person.
SELECT g.request, g.rule, g.code, g.review_at::text, s.subject_type, s.subject_key
FROM pgretain.request_ground AS g
JOIN pgretain.request_subject AS s ON s.request = g.request AND s.settled
WHERE g.request = ANY($1::uuid[]) AND g.code = ANY($3::text[])
	AND (g.review_at IS NULL OR g.review_at > $2::timestamptz)
ORDER BY g.rule, g.code, s.subject_type, s.subject_key
