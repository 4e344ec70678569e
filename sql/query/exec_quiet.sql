-- Transaction ids: the oldest that may still run, the next to come; and the blocks of the relations $1.
SELECT pg_snapshot_xmin(s.now)::text::int8, pg_snapshot_xmax(s.now)::text::int8,
	(SELECT coalesce(sum(pg_relation_size(r.oid) / current_setting('block_size')::int8), 0)::int8
	 FROM unnest($1::oid[]) AS r(oid))
FROM (SELECT pg_current_snapshot() AS now) AS s
