-- $1: a store. Its sets that are not gone: number, name, identity, was it read without trouble.
SELECT s.id, s.name, s.identity, s.trouble IS NULL FROM pgretain.backup_set AS s
WHERE s.store = $1::text AND s.gone_at IS NULL ORDER BY s.id
