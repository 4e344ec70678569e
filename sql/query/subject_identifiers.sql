-- What identifies these people ($1: their keys), each with the time for which it was theirs, and whether it never was anybody
-- else's.
WITH mine AS (
	SELECT DISTINCT s.:key::text AS key, :value AS value, (:since)::timestamptz AS since, (:until)::timestamptz AS until
	FROM :relation AS s WHERE s.:key = ANY($1::text[]:::type[]) AND :value IS NOT NULL AND :value <> ''
), bearers AS (
	SELECT :value AS value, count(DISTINCT s.:key) AS n FROM :relation AS s
	WHERE :timed AND :value IN (SELECT m.value FROM mine AS m) GROUP BY 1
)
SELECT m.key, m.value, m.since::text, m.until::text, coalesce(b.n = 1, false) AS sole
FROM mine AS m LEFT JOIN bearers AS b ON b.value = m.value
