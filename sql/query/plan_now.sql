-- The instant that the plan is made for: $1, or the server's clock.
SELECT coalesce($1::timestamptz, pg_catalog.clock_timestamp())::text,
	(coalesce($1::timestamptz, pg_catalog.clock_timestamp()) > pg_catalog.clock_timestamp()) AS future,
	pg_catalog.pg_is_in_recovery() AS standby, pg_catalog.clock_timestamp()::text AS now
