-- Up to which instant is purged: $1, or now; and whether that lies in the future.
SELECT coalesce($1::timestamptz, pg_catalog.now())::text, coalesce($1::timestamptz > pg_catalog.now(), false)
