-- Rows of a vault table (or of one of its days) by rule, run and purge date, and how many a hold covers.
SELECT t.pgretain_rule, t.pgretain_run,
	rtrim(rtrim(to_char(t.pgretain_purge_after AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z',
	count(*), count(*) FILTER (WHERE :held), t.pgretain_purge_after <= :before
FROM :from
WHERE t.pgretain_purge_after >= :lo AND t.pgretain_purge_after < :hi
GROUP BY t.pgretain_rule, t.pgretain_run, t.pgretain_purge_after
ORDER BY t.pgretain_rule COLLATE "C", t.pgretain_purge_after, t.pgretain_run
