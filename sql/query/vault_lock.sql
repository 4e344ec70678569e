-- Nobody else reads or writes partition $1 of the vault until this transaction ends.
SELECT pgretain.vault_lock($1::oid)
