-- Digests that are looked for: of requests whose erasure is done and that nobody has reopened; $1: of that one alone, or NULL.
SELECT s.request, s.subject_type, s.name, encode(s.digest, 'hex') AS digest, encode(s.made_with, 'hex') AS made_with,
	s.since::text, s.until::text, encode(k.digest, 'hex') AS key
FROM pgretain.suppression AS s
LEFT JOIN pgretain.request AS r ON r.id = s.request
LEFT JOIN LATERAL (SELECT x.digest FROM pgretain.suppression AS x WHERE x.request = s.request AND x.kind = 'key' LIMIT 1) AS k ON true
WHERE s.kind = 'identifier' AND coalesce(r.state IN ('completed', 'backup_pending'), true)
	AND ($1::uuid IS NULL OR s.request = $1::uuid)
