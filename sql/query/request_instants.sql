-- What the clocks of zone $5 show at $1 .. $4, as instants.
SELECT ($1::timestamp AT TIME ZONE $5::text)::text, ($2::timestamp AT TIME ZONE $5::text)::text,
	($3::timestamp AT TIME ZONE $5::text)::text, ($4::timestamp AT TIME ZONE $5::text)::text
