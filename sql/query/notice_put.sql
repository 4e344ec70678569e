-- A notice ($1) of request $2 to recipient $3, who knows the person by $4: rows $6 of rules $5, complete $7, sealed $8 (NULL: the
-- person has no such identifier). No row: the recipient was told all of that before.
INSERT INTO pgretain.notice (id, request, recipient, known_by, state, rules, rows, complete, sealed)
SELECT $1::uuid, $2::uuid, $3::text, $4::text, CASE WHEN $8::text IS NULL THEN 'void' ELSE 'waiting' END, $5::text[], $6::bigint,
	$7::boolean, pg_catalog.decode($8::text, 'hex')
WHERE $6::bigint > 0 AND NOT EXISTS (SELECT FROM pgretain.notice AS n WHERE n.request = $2::uuid AND n.recipient = $3::text
	AND n.rows >= $6::bigint AND (n.complete OR NOT $7::boolean))
RETURNING id
