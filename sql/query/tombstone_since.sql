-- Before which instant every start reads the same in all backups of the stores $1: the beginning of the oldest set.
-- -infinity: not known, since a store was never listed, or a set does not say. NULL: there are no backups.
SELECT CASE WHEN EXISTS (SELECT FROM unnest($1::text[]) AS x (store) WHERE NOT EXISTS (
		SELECT FROM pgretain.backup_store AS b WHERE b.store = x.store AND b.good_at IS NOT NULL)) THEN '-infinity'
	ELSE (SELECT min(coalesce(s.started_at, '-infinity')) FROM pgretain.backup_set AS s
		WHERE s.gone_at IS NULL AND s.kind <> 'wal' AND s.store = ANY ($1::text[])) END::text AS since
