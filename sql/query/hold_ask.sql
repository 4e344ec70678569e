-- The first of two persons asks for the release. The hold goes on holding.
UPDATE pgretain.hold SET state = 'release_pending', release_asked_at = clock_timestamp(), release_asked_by = $2
WHERE id = $1::uuid AND state IN ('active', 'review_due')
