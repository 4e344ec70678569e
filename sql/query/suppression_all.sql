-- Every suppression, as a JSON object each: what the log outside carries. pgretain.suppression_restore takes an array of them.
SELECT jsonb_build_object('request', s.request, 'subject_type', s.subject_type, 'kind', s.kind, 'name', s.name,
	'digest', encode(s.digest, 'hex'), 'made_with', encode(s.made_with, 'hex'), 'since', s.since, 'until', s.until,
	'placed_at', s.placed_at)::text
FROM pgretain.suppression AS s ORDER BY s.placed_at, s.request, s.kind, s.name, s.digest
