-- People who have asked for a copy and are known to be who they say, until it is given out or its deadline passes
-- ($1: as of when).
SELECT DISTINCT s.subject_type, s.subject_key
FROM pgretain.request AS r JOIN pgretain.request_subject AS s ON s.request = r.id AND s.settled
WHERE r.kind = 'access' AND r.verified_at IS NOT NULL AND r.answered_at IS NULL AND r.finished_at IS NULL
	AND $1::timestamptz < coalesce(r.extended_until, r.respond_by)
ORDER BY 1, 2
