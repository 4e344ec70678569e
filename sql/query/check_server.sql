-- The server and the session. $1: oids of ruled tables, for their size.
SELECT pg_catalog.clock_timestamp()::text AS now, pg_catalog.pg_is_in_recovery() AS standby,
	pg_catalog.current_setting('wal_compression') = 'off' AS plain_wal,
	(SELECT coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::int8
	 FROM pg_catalog.pg_class AS c WHERE c.oid = ANY($1::oid[])) AS bytes,
	pg_catalog.current_setting('server_version_num')::int >= 150000 AS lz4
