-- $1: a store. Its sets that are not gone: number, name, identity, was it read without trouble, what is about to take its place.
SELECT s.id, s.name, s.identity, s.trouble IS NULL, r.identity
FROM pgretain.backup_set AS s LEFT JOIN pgretain.backup_rewriting AS r ON r.set_id = s.id
WHERE s.store = $1::text AND s.gone_at IS NULL ORDER BY s.id
