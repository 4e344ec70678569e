-- How the last listing of each store went: store, listed_at, good_at, trouble, sets that are there.
SELECT b.store, b.listed_at::text, b.good_at::text, b.trouble,
	(SELECT count(*) FROM pgretain.backup_set AS s WHERE s.store = b.store AND s.gone_at IS NULL)
FROM pgretain.backup_store AS b ORDER BY b.store COLLATE "C"
