-- Somebody has looked and keeps the hold; a release that was asked for is off.
UPDATE pgretain.hold SET state = 'active', review_at = $3::timestamptz, reviewed_at = clock_timestamp(), reviewed_by = $2,
	release_asked_at = NULL, release_asked_by = NULL
WHERE id = $1::uuid AND state IN ('active', 'review_due', 'release_pending')
