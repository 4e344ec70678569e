-- Drops partition $1 of the vault if every row's purge date is at or before $2; gives their number.
SELECT pgretain.vault_drop($1::oid, $2::timestamptz)
