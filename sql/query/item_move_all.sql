-- One transition of many requests: ids, from, to, columns, notes ('' for none) in arrays; event, actor. Which moved, and what
-- state each has.
SELECT m.moved, m.state
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS x(id, was, next, set, note, n)
CROSS JOIN LATERAL pgretain.request_move(x.id, x.was, $6::text, x.next, $7::text, NULL, nullif(x.set, '')::jsonb,
	nullif(x.note, '')::jsonb) AS m
ORDER BY x.n
