-- Where WAL stands: the difference of two of these is what the server wrote in between.
SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8
