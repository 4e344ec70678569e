-- How many persons share each combination of what could single them out. :person is NULL where a row has
-- no subject: such rows count singly. :linked: the row refers to one that is still personal.
SELECT min(g.n) AS k, count(*) FILTER (WHERE g.n < :wanted) AS small, min(g.l) AS l,
	coalesce(sum(g.singles), 0)::int8 AS singles, coalesce(bool_or(g.linked), false) AS linked
FROM (
	SELECT count(DISTINCT x.person) + count(*) FILTER (WHERE x.person IS NULL) AS n,
		count(*) FILTER (WHERE x.person IS NULL) AS singles, bool_or(x.linked) AS linked, :diversity AS l
	FROM (SELECT :quasi AS q, :person AS person, (:linked) IS TRUE AS linked :sensitive FROM :from WHERE :rows) AS x
	GROUP BY x.q
) AS g
