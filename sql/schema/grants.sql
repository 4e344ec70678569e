-- Run by every init, after the migrations: a restored database may have lost its grants.
GRANT USAGE ON SCHEMA pgretain TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgretain FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA pgretain FROM PUBLIC;

GRANT SELECT ON pgretain.migration, pgretain.ledger, pgretain.ledger_head, pgretain.lineage,
	pgretain.rule_text, pgretain.confirmed
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
GRANT SELECT ON pgretain.hold, pgretain.hold_epoch
	TO pgretain_runner, pgretain_clerk, pgretain_approver;

GRANT EXECUTE ON FUNCTION pgretain.append, pgretain.head_kept, pgretain.rule_text_put
	TO pgretain_runner, pgretain_clerk, pgretain_approver;
GRANT EXECUTE ON FUNCTION pgretain.confirm, pgretain.hold_lock_shared TO pgretain_runner;
GRANT EXECUTE ON FUNCTION pgretain.job_key, pgretain.seal, pgretain.seal_field, pgretain.epoch_us
	TO pgretain_runner, pgretain_clerk, pgretain_approver, pgretain_auditor;
