-- The items of these requests ($1) as they were left.
SELECT i.request, i.rule, i.tbl, i.action, i.matched, i.erased, i.anonymized, i.quarantined, i.deferred, i.minimised,
	i.held, i.retained, i.not_found, i.failed, i.live, i.unchanged, i.vaulted, i.executed, i.until::text, i.wake_at::text,
	i.grounds::text, i.sqlstate, i.seq
FROM pgretain.request_item AS i WHERE i.request = ANY($1::uuid[]) ORDER BY i.request, i.rule COLLATE "C"
