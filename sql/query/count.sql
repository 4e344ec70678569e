-- How many rows of a rule are past due, and what will happen to them.
SELECT count(*) FILTER (WHERE x.open) AS due,
	count(*) FILTER (WHERE x.open AND x.held) AS held,
	count(*) FILTER (WHERE x.open AND NOT x.held AND NOT x.waits AND x.spared) AS skipped,
	count(*) FILTER (WHERE x.open AND NOT x.held AND NOT x.waits AND NOT x.spared AND x.stays) AS blocked,
	count(*) FILTER (WHERE NOT x.open) AS already,
	count(*) FILTER (WHERE x.open AND NOT x.held AND x.waits) AS deferred
FROM (
	SELECT (:open) IS TRUE AS open, (:held) IS TRUE AS held, (:waits) IS TRUE AS waits, (:spared) IS TRUE AS spared,
		(:stays) IS TRUE AS stays
	FROM :from WHERE :due
) AS x
