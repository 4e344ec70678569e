-- What identified people of type $1 at the assessment of requests that are under way: of these ($2: their keys, NULL: of
-- everybody), under this name ($3, NULL: any).
SELECT f.request, f.name, f.since::text, f.until::text, pg_catalog.encode(f.sealed, 'hex') AS sealed, s.subject_key, f.sole
FROM pgretain.request_frozen AS f
JOIN pgretain.request AS r ON r.id = f.request
JOIN pgretain.request_subject AS s ON s.request = f.request AND s.settled
WHERE f.kind = 'identifier' AND s.subject_type = $1 AND ($2::text[] IS NULL OR s.subject_key = ANY($2::text[]))
	AND ($3::text IS NULL OR f.name = $3) AND r.state NOT IN ('duplicate', 'denied_identity', 'expired', 'withdrawn', 'refused')
ORDER BY f.request, f.n
