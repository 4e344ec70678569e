-- Deletes the digests of request $1: its person has come back of their own will. $2: evidence, $3: the actor.
SELECT pgretain.suppression_drop($1::uuid, $2::text, $3::text)
