-- Where the rows of small groups are that still have something to suppress.
SELECT t.ctid FROM :relation AS t WHERE (:rows) AND (:full) AND :quasi IN (
	SELECT x.q FROM (SELECT :quasi AS q, :person AS person FROM :from WHERE :rows) AS x GROUP BY x.q
	HAVING count(DISTINCT x.person) + count(*) FILTER (WHERE x.person IS NULL) < :wanted)
ORDER BY t.ctid
