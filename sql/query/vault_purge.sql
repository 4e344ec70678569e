-- Purges rows of a day that can't be dropped whole: those past their date that no hold covers.
WITH gone AS (
	DELETE FROM :vault AS v WHERE v.pgretain_purge_after >= :lo AND v.pgretain_purge_after < :hi
		AND v.pgretain_purge_after <= least(:before, pg_catalog.now())
		AND (v.tableoid, v.ctid) IN (SELECT t.pgretain_part, t.pgretain_tid FROM :from
			WHERE t.pgretain_purge_after >= :lo AND t.pgretain_purge_after < :hi
				AND t.pgretain_purge_after <= :before AND (:held) IS NOT TRUE LIMIT :limit)
	RETURNING v.pgretain_rule, v.pgretain_run, v.pgretain_purge_after
)
SELECT g.pgretain_rule, g.pgretain_run,
	rtrim(rtrim(to_char(g.pgretain_purge_after AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z',
	count(*)
FROM gone AS g
GROUP BY g.pgretain_rule, g.pgretain_run, g.pgretain_purge_after
