-- The ledger's newest lineage beside what this server is, and the head. The control file of a freshly
-- promoted server still tells the old timeline: the name of the current WAL file does not.
SELECT l.lineage,
	l.head_kept_since IS NOT NULL AS head_kept,
	l.system_identifier = s.system_identifier AS same_system,
	l.database_oid = d.oid::bigint AS same_database,
	l.timeline = t.timeline AS same_timeline,
	h.seq,
	'sha256:' || encode(h.hash, 'hex') AS hash,
	coalesce(l.kept_seq, 0) AS kept_seq,
	coalesce(l.replaying, false) AS replaying
FROM pg_control_system() s
JOIN pg_database d ON d.datname = current_database()
CROSS JOIN LATERAL (SELECT CASE WHEN pg_is_in_recovery()
	THEN (SELECT timeline_id FROM pg_control_checkpoint())
	ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline) t
LEFT JOIN pgretain.ledger_head h ON true
LEFT JOIN LATERAL (SELECT * FROM pgretain.lineage ORDER BY id DESC LIMIT 1) l ON true
