-- Run by every init, after the migrations: a restored database may have lost its grants.
GRANT USAGE ON SCHEMA pgretain TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgretain FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA pgretain FROM PUBLIC;

GRANT SELECT ON pgretain.migration, pgretain.ledger, pgretain.ledger_head, pgretain.lineage,
	pgretain.rule_text, pgretain.confirmed
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT SELECT ON pgretain.hold, pgretain.hold_epoch
	TO pgretain_runner, pgretain_clerk, pgretain_approver;
GRANT INSERT ON pgretain.hold TO pgretain_clerk, pgretain_approver;
GRANT UPDATE (state, review_at, release_asked_at, release_asked_by, released_at, released_by, reviewed_at, reviewed_by,
	identifier_value) ON pgretain.hold TO pgretain_approver;
GRANT EXECUTE ON FUNCTION pgretain.hold_advance TO pgretain_runner, pgretain_approver;

GRANT SELECT ON pgretain.request, pgretain.request_event, pgretain.request_transition, pgretain.request_ground
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT SELECT ON pgretain.request_subject, pgretain.request_identifier, pgretain.restricted
	TO pgretain_runner, pgretain_clerk, pgretain_approver;
GRANT SELECT ON pgretain.request_person TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT EXECUTE ON FUNCTION pgretain.request_deadline, pgretain.request_deadline_state, pgretain.request_begun,
	pgretain.request_restricted, pgretain.request_certified, pgretain.request_faults, pgretain.request_items,
	pgretain.request_item_text, pgretain.request_seen
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT EXECUTE ON FUNCTION pgretain.request_open, pgretain.request_move, pgretain.request_settle_subject,
	pgretain.request_ground_put, pgretain.request_may, pgretain.request_other
	TO pgretain_runner, pgretain_clerk, pgretain_approver;
GRANT SELECT ON pgretain.request_item, pgretain.request_plan, pgretain.request_run, pgretain.request_residual
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT INSERT, DELETE ON pgretain.request_frozen TO pgretain_runner;
GRANT SELECT ON pgretain.request_frozen	-- sealed: who plans and places holds asks whose it is
	TO pgretain_runner, pgretain_clerk, pgretain_approver;
REVOKE DELETE ON pgretain.request_item, pgretain.request_plan, pgretain.request_residual FROM pgretain_runner;
GRANT INSERT, UPDATE ON pgretain.request_item, pgretain.request_plan, pgretain.request_residual
	TO pgretain_runner;
GRANT INSERT ON pgretain.request_run TO pgretain_runner;
GRANT SELECT, INSERT ON pgretain.plan_definition TO pgretain_runner;
GRANT EXECUTE ON FUNCTION pgretain.request_vaulted, pgretain.vault_waits TO pgretain_runner;
GRANT SELECT (request, subject_type, kind, name, since, until, placed_at, found_at) ON pgretain.suppression
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT SELECT ON pgretain.suppression TO pgretain_runner;
GRANT EXECUTE ON FUNCTION pgretain.suppression_put, pgretain.suppression_restore, pgretain.suppression_expire,
	pgretain.suppression_found, pgretain.suppression_settle TO pgretain_runner;
GRANT SELECT (id, request, recipient, known_by, state, rules, rows, complete, created_at, next_at, attempts, tried_at,
	exit_status, reason, answer, delivered_at, evidence) ON pgretain.notice
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT SELECT, INSERT, UPDATE ON pgretain.notice TO pgretain_runner;
GRANT EXECUTE ON FUNCTION pgretain.suppression_drop TO pgretain_approver;

GRANT SELECT ON pgretain.backup_store, pgretain.backup_set, pgretain.erasure, pgretain.obligation, pgretain.backup_state
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT INSERT, UPDATE ON pgretain.backup_store, pgretain.backup_set TO pgretain_runner;
GRANT SELECT, INSERT ON pgretain.tombstone TO pgretain_runner;
GRANT SELECT (id, seq, run, request, rule, source_schema, source_table, action, columns, key_columns, at) ON pgretain.tombstone
	TO pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT EXECUTE ON FUNCTION pgretain.tombstone_settle TO pgretain_runner;
GRANT EXECUTE ON FUNCTION pgretain.erasure_note, pgretain.backup_judge, pgretain.backup_clear, pgretain.backup_lock,
	pgretain.backup_contains, pgretain.timeline_now, pgretain.backup_finish
	TO pgretain_runner;
GRANT EXECUTE ON FUNCTION pgretain.backup_residue
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT SELECT, INSERT, UPDATE ON pgretain.backup_rewriting TO pgretain_runner;

GRANT EXECUTE ON FUNCTION pgretain.append, pgretain.head_kept, pgretain.rule_text_put, pgretain.journal_take,
	pgretain.journal_done, pgretain.journal_begin
	TO pgretain_runner, pgretain_clerk, pgretain_approver;
REVOKE ALL ON FUNCTION pgretain.append_any FROM pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT EXECUTE ON FUNCTION pgretain.confirm, pgretain.hold_lock_shared TO pgretain_runner;
GRANT EXECUTE ON FUNCTION pgretain.job_key, pgretain.seal, pgretain.seal_field, pgretain.epoch_us,
	pgretain.vault_type
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;

GRANT USAGE ON SCHEMA pgretain_vault TO pgretain_runner;
GRANT SELECT ON pgretain.vault, pgretain.vault_rule, pgretain.vault_column, pgretain.vault_source,
	pgretain.vault_map TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT EXECUTE ON FUNCTION pgretain.vault_prepare, pgretain.vault_lock, pgretain.vault_drop
	TO pgretain_runner;
SELECT pgretain.vault_secure(v.vault, true) FROM pgretain.vault v;
SELECT pgretain.vault_secure(i.inhrelid, false) FROM pg_inherits i JOIN pgretain.vault v ON v.vault = i.inhparent;
