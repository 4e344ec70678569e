-- Rows that go (or lose their link) with a rule's rows, and the most that go with one of them.
SELECT coalesce(sum(x.n), 0)::int8, coalesce(max(x.n), 0) FROM (
	SELECT count(*) AS n FROM :from WHERE :condition GROUP BY :keys
) AS x
