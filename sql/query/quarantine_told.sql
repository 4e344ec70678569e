-- As query/quarantine, and says of each row what backups from before are searched for.
WITH moved AS (
	DELETE FROM :relation AS t WHERE :unit AND :ready RETURNING :outgoing, :told
), kept AS (
	INSERT INTO :vault (pgretain_run, pgretain_rule, pgretain_purge_after, :columns)
	SELECT pg_catalog.current_setting('pgretain.run')::uuid, :rule, :purge_after, :moved FROM moved
)
SELECT true, :tale FROM moved AS picked
