-- Puts back suppressions, given as an array of JSON objects of suppression_all; $2: the actor.
SELECT pgretain.suppression_restore($1::jsonb, $2::text)
