-- Rows of one line of query/tombstone_groups ($1 to $8): entry, start as an instant and as local time of zone $9
-- (microseconds since 1970), digest, the key's parts.
SELECT t.seq, encode(t.entry, 'hex') AS entry, pgretain.epoch_us(t.mark) AS mark,
	pgretain.epoch_us((t.mark AT TIME ZONE $9) AT TIME ZONE 'UTC') AS local, encode(t.key_digest, 'hex') AS digest :parts
FROM pgretain.tombstone AS t
WHERE t.rule IS NOT DISTINCT FROM $1::text AND t.source_schema = $2 AND t.source_table = $3 AND t.action = $4
	AND t.columns IS NOT DISTINCT FROM $5::text[] AND t.key_columns = $6::text[]
	AND encode(t.made_with, 'hex') IS NOT DISTINCT FROM $7::text AND (t.key IS NOT NULL) = $8::boolean
ORDER BY t.id
