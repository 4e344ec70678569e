-- The first local day after as_of + the vault's period, as an instant, and never less than
-- that period from the present: $1 as_of, $2 interval, $3 zone.
SELECT ((pg_catalog.date_trunc('day', (greatest($1::timestamptz, pg_catalog.now()) AT TIME ZONE $3::text) + $2::interval) + interval '1 day')
	AT TIME ZONE $3::text)::text
