-- Tables of users that another session keeps under ACCESS EXCLUSIVE.
SELECT string_agg(DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.relname), ', ')
FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
