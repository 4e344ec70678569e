-- One entry: kind, run, rule, table, action, rows, as_of, actor, detail.
SELECT pgretain.append($1::text, $2::uuid, $3::text, $4::text, $5::text, $6::bigint, $7::timestamptz, $8::text, $9::text)
