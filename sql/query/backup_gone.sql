-- $1: a store, $2: the sets that a good listing has. All others of the store are gone: number, name, kind.
UPDATE pgretain.backup_set AS s SET gone_at = clock_timestamp()
WHERE s.store = $1::text AND s.gone_at IS NULL AND s.id <> ALL ($2::bigint[])
RETURNING s.id, s.name, s.kind
