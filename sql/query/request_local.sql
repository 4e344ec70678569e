-- The instant $1 on the clocks of zone $2.
SELECT ($1::timestamptz AT TIME ZONE $2::text)::text
