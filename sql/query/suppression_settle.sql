-- The reopened request $1 means this person from here on: type $2, key $3.
SELECT pgretain.suppression_settle($1::uuid, $2::text, $3::text)
