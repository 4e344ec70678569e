-- Holds that keep rows now, and those released since $1 (NULL: none): the run that was on its way leaves
-- what they kept to the next one.
SELECT h.id, h.scope, h.target, h.subject_type, h.subject_key, h.condition, h.reason, h.relation,
	h.identifier, h.identifier_value, h.subject_keys::text
FROM pgretain.hold AS h
WHERE h.state IN ('active', 'review_due', 'release_pending') OR (h.state = 'released' AND h.released_at > $1::timestamptz)
ORDER BY h.id
