-- Run by every init. Roles belong to the cluster: a second database finds them there, and another
-- session may make them at the same time.
DO $$
DECLARE
	role text;
BEGIN
	FOREACH role IN ARRAY ARRAY['pgretain_runner', 'pgretain_clerk', 'pgretain_approver', 'pgretain_auditor'] LOOP
		CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role);
		BEGIN
			EXECUTE format('CREATE ROLE %I NOLOGIN', role);
			EXECUTE format('COMMENT ON ROLE %I IS %L', role, CASE role
				WHEN 'pgretain_runner' THEN 'pgretain: runs the rules; appends to the ledger, never changes it'
				WHEN 'pgretain_clerk' THEN 'pgretain: opens and shows requests'
				WHEN 'pgretain_approver' THEN 'pgretain: approves requests and confirms releases'
				ELSE 'pgretain: reads ledger, reports and certificates; no personal data' END);
		EXCEPTION WHEN duplicate_object OR unique_violation THEN
			NULL;
		END;
	END LOOP;
END
$$;
