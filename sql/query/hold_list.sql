-- All holds, the newest last. A person's key and a condition only to whom may read the table that they
-- speak of; an identifier's value to nobody. $1: types and roots of the persons, in pairs.
SELECT h.id, h.scope,
	CASE WHEN h.scope IN ('subject', 'identifier') THEN h.subject_type ELSE h.target END AS target,
	coalesce(h.identifier, CASE WHEN h.scope = 'subject' THEN h.target END) AS part,
	CASE WHEN coalesce(has_table_privilege(to_regclass(k.root), 'SELECT'), false) THEN h.subject_key END AS subject_key,
	CASE WHEN coalesce(has_table_privilege(to_regclass(h.relation), 'SELECT'), false) THEN h.condition END AS condition,
	h.reason,
	CASE WHEN h.state = 'active' AND h.review_at <= now() THEN 'review_due' ELSE h.state END AS state,
	to_char(h.review_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS review_at,
	to_char(h.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS placed_at, h.placed_by,
	to_char(h.release_asked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS release_asked_at, h.release_asked_by,
	to_char(h.released_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS released_at, h.released_by
FROM pgretain.hold h
LEFT JOIN unnest($1::text[], $2::text[]) AS k(type, root) ON k.type = h.subject_type
ORDER BY h.placed_at, h.id
