-- Is all that the plan relies on as it was? :found is what the plan saw; of the relations :whole their children too.
SELECT coalesce((SELECT pg_catalog.string_agg(pg_catalog.concat_ws(':', s.oid, s.shape,
	CASE WHEN s.oid = ANY(:whole) THEN s.children END), ',' ORDER BY s.oid) FROM (:shape) AS s) = :found, false)
