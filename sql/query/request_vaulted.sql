-- One rule's rows of the people of a request that stand in a vault table: how many each run has put there, and their purge.
-- A row that several of them share is counted for each.
SELECT k.pgretain_type AS type, k.pgretain_key AS key, t.pgretain_run::text AS run, count(*) AS rows,
	min(t.pgretain_purge_after)::text AS first, max(t.pgretain_purge_after)::text AS last
FROM :from CROSS JOIN LATERAL (
	:whose
) AS k WHERE :rule AND :mine GROUP BY 1, 2, 3
