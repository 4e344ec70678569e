-- One entry, as query/ledger_append; none, and the caller rolls back, unless all that the plan relies on is as it
-- was (:same). Sent when what was done holds its locks: from then on nobody changes it.
SELECT pgretain.append($1::text, $2::uuid, $3::text, $4::text, $5::text, $6::bigint, $7::timestamptz, $8::text, $9::text)
WHERE (:same)
