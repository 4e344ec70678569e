-- A restored database: $1 is its new lineage, $2 the actor. Until its replay ends nothing else acts on it.
WITH now_here AS (
	INSERT INTO pgretain.lineage (lineage, system_identifier, database_oid, timeline, replaying, head_kept_since)
	SELECT $1::uuid, s.system_identifier, d.oid::bigint,
		('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int, true, clock_timestamp()
	FROM pg_control_system() s
	JOIN pg_database d ON d.datname = current_database()
	RETURNING lineage
)
SELECT pgretain.append('lineage', NULL, NULL, NULL, 'replay', NULL, NULL, $2::text,
	jsonb_build_object('lineage', n.lineage, 'before', o.lineage)::text)
FROM now_here n
LEFT JOIN LATERAL (SELECT lineage FROM pgretain.lineage ORDER BY id DESC LIMIT 1) o ON true
