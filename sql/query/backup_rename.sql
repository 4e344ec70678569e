-- $1: a set, $2: the name under which the same file lies now.
UPDATE pgretain.backup_set SET name = $2::text WHERE id = $1::bigint
