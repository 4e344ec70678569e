-- Moves the rows of one unit into the vault.
WITH moved AS (
	DELETE FROM :relation AS t WHERE :unit AND :ready RETURNING :outgoing
)
INSERT INTO :vault (pgretain_run, pgretain_rule, pgretain_purge_after, :columns)
SELECT pg_catalog.current_setting('pgretain.run')::uuid, :rule, :purge_after, :moved FROM moved
