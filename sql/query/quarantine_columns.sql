-- Copies key and columns of one unit's rows into the vault, then overwrites the columns.
WITH picked AS (
	SELECT t.ctid AS pgretain_ctid, :outgoing FROM :relation AS t WHERE :unit AND :ready FOR UPDATE
), kept AS (
	INSERT INTO :vault (pgretain_run, pgretain_rule, pgretain_purge_after, :columns)
	SELECT pg_catalog.current_setting('pgretain.run')::uuid, :rule, :purge_after, :moved FROM picked AS moved
)
UPDATE :relation AS t SET :assignments FROM picked WHERE t.ctid = picked.pgretain_ctid :returning
