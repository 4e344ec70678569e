-- An instant ($1) as the clocks of a zone ($2) show it.
SELECT pg_catalog.to_char($1::timestamptz AT TIME ZONE $2::text, 'YYYY-MM-DD HH24:MI:SS')
