-- The items of a certificate, from its entry $1, like those that are stored.
SELECT l.run, i.rule, i.tbl, i.action, i.matched, i.erased, i.anonymized, i.quarantined, i.deferred, i.minimised,
	i.held, i.retained, i.not_found, i.failed, i.live, i.unchanged, i.vaulted, coalesce(i.executed, false), i.until::text,
	i.wake_at::text, coalesce(i.grounds::text, '[]'), i.sqlstate, i.seq
FROM pgretain.ledger AS l
CROSS JOIN LATERAL pg_catalog.jsonb_populate_recordset(NULL::pgretain.request_item, l.detail::jsonb -> 'items') AS i
WHERE l.seq = $1::bigint ORDER BY i.rule COLLATE "C"
