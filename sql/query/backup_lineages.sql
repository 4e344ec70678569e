-- The database's name, the server's clock, whose ledgers are its past, and the size of WAL segments in bytes.
SELECT current_database(), clock_timestamp()::text, l.lineage, pg_size_bytes(current_setting('wal_segment_size'))
FROM pgretain.lineage AS l ORDER BY l.id
