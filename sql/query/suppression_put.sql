-- Places the digests of request $1, given as an array of JSON objects; $3: the actor.
SELECT pgretain.suppression_put($1::uuid, $2::jsonb, $3::text)
