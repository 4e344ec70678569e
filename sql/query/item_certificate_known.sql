-- The certificate with the digest $1: request, number of the entry, when, how it stands, state; and whether its items are
-- stored as they were then, unless the request has moved on since. Entries from before items were kept have none.
SELECT l.run, l.seq, l.at::text,
	coalesce(x.detail ->> 'standing', CASE WHEN (x.detail ->> 'final')::boolean THEN 'final' ELSE 'interim' END), x.detail ->> 'state',
	x.detail ? 'items', NOT x.detail ? 'items' OR x.detail -> 'items' = pgretain.request_items(l.run)
		OR EXISTS (SELECT FROM pgretain.ledger AS n WHERE n.run = l.run AND n.kind = 'request' AND n.seq > l.seq
			AND n.action IN ('execute', 'settle', 'assess', 'replay'))
FROM pgretain.ledger AS l CROSS JOIN LATERAL (SELECT l.detail::jsonb AS detail) AS x
WHERE l.kind = 'request' AND l.action = 'certificate' AND x.detail ->> 'certificate' = $1::text
ORDER BY l.seq DESC LIMIT 1
