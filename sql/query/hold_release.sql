-- Releases a hold that still is in state $3, asked for by $4 (NULL: nobody).
UPDATE pgretain.hold SET state = 'released', released_at = clock_timestamp(), released_by = $2
WHERE id = $1::uuid AND state = $3 AND release_asked_by IS NOT DISTINCT FROM $4
