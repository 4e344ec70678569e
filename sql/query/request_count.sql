-- One rule's rows of the people of a request: how many are each person's, and what happens to them.
-- A row that several of them share is counted for each.
SELECT x.pgretain_type AS type, x.pgretain_key AS key,
	count(*) FILTER (WHERE x.open) AS live,
	count(*) FILTER (WHERE x.open AND x.held) AS held,
	count(*) FILTER (WHERE x.open AND NOT x.held AND x.retained) AS retained,
	count(*) FILTER (WHERE x.open AND NOT x.held AND NOT x.retained AND NOT x.due) AS deferred,
	count(*) FILTER (WHERE x.open AND NOT x.held AND NOT x.retained AND x.due AND x.stays) AS blocked,
	count(*) FILTER (WHERE NOT x.open) AS done,
	count(*) FILTER (WHERE x.open AND NOT x.held AND NOT x.retained AND (NOT x.due OR x.stays) AND x.minimised) AS minimised,
	min(x.until) FILTER (WHERE x.open AND NOT x.held AND NOT x.retained AND NOT x.due)::text AS until_first,
	max(x.until) FILTER (WHERE x.open AND NOT x.held AND NOT x.retained AND NOT x.due)::text AS until_last,
	count(*) FILTER (WHERE x.open AND NOT x.held AND NOT x.retained AND NOT x.due AND x.until IS NULL) AS undated
FROM (
	SELECT k.pgretain_type, k.pgretain_key, (:open) IS TRUE AS open, (:held) IS TRUE AS held, (:retained) IS TRUE AS retained,
		(:due) IS TRUE AS due, (:stays) IS TRUE AS stays, (:minimised) IS TRUE AS minimised, (:until) AS until
	FROM :from CROSS JOIN LATERAL (
		:whose
	) AS k WHERE :mine AND :where
) AS x GROUP BY 1, 2
