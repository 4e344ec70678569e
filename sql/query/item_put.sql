-- Keeps items, given as an array of JSON objects.
INSERT INTO pgretain.request_item AS i
SELECT * FROM pg_catalog.jsonb_populate_recordset(NULL::pgretain.request_item, $1::jsonb)
ON CONFLICT (request, rule) DO UPDATE SET (tbl, action, matched, erased, anonymized, quarantined, deferred, minimised, held,
	retained, not_found, failed, live, unchanged, executed, until, wake_at, grounds, sqlstate, seq, vaulted) =
	(excluded.tbl, excluded.action, excluded.matched, excluded.erased, excluded.anonymized, excluded.quarantined,
	excluded.deferred, excluded.minimised, excluded.held, excluded.retained, excluded.not_found, excluded.failed,
	excluded.live, excluded.unchanged, excluded.executed, excluded.until, excluded.wake_at, excluded.grounds,
	excluded.sqlstate, excluded.seq, excluded.vaulted)
