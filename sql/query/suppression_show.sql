-- What remains of the person of request $1: digests, since when, until when, and since when some are in the tables again.
-- $2: how long digests are kept.
SELECT count(*), min(s.placed_at)::text, (max(s.placed_at) + $2::interval)::text, min(s.found_at)::text
FROM pgretain.suppression AS s WHERE s.request = $1::uuid
