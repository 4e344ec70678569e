-- Deletes digests that were kept for the interval $1; $2: the actor.
SELECT pgretain.suppression_expire($1::interval, $2::text)
