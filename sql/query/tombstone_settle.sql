-- Deletes tombstones that no backup of the stores $1 needs any more, since the margin $2; $3: the actor.
SELECT pgretain.tombstone_settle($1::text[], $2::interval, $3::text)
