-- Requests that will be executed again, and what they had erased, as the log knows it.
SELECT q.id, i.row->>'rule', i.row->>'tbl',
	(i.row->>'erased')::bigint + (i.row->>'anonymized')::bigint + (i.row->>'quarantined')::bigint AS rows
FROM pgretain.request AS q
LEFT JOIN (
	SELECT DISTINCT ON (x.row->>'request', x.row->>'rule') x.row FROM pgretain.replay_row AS x
	WHERE x.tbl = 'request_item' ORDER BY x.row->>'request', x.row->>'rule', x.line DESC
) AS i ON (i.row->>'request')::uuid = q.id
WHERE q.state = 'executing' AND EXISTS (SELECT FROM pgretain.replay_row AS x WHERE x.tbl = 'request' AND x.row->>'id' = q.id::text)
ORDER BY q.id, i.row->>'rule'
