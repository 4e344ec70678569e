-- The vault table and today's partition of it: $1 name, $2 source, $3 columns, $4 whole rows, $5 rule,
-- $6 purge date.
SELECT pgretain.vault_prepare($1::text, $2::text::regclass, $3::text[], $4::boolean, $5::text, $6::timestamptz)
