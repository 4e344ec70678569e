-- Has the vault rows of rule $1 whose purge is due by $2?
SELECT pgretain.vault_waits($1::text, $2::timestamptz)
