-- Holds that keep rows now, and the epoch they were read at.
SELECT h.id, h.scope, h.target, h.subject_type, h.subject_key, h.condition, h.reason
FROM pgretain.hold AS h WHERE h.state IN ('active', 'review_due', 'release_pending') ORDER BY h.id
