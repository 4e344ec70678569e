-- The database's name, the server's clock, and whose ledgers are its past.
SELECT current_database(), clock_timestamp()::text, l.lineage FROM pgretain.lineage AS l ORDER BY l.id
