-- The replay has ended: $1 is the lineage that it opened, $2 the actor.
WITH opened AS (
	UPDATE pgretain.lineage SET replaying = false WHERE lineage = $1::uuid AND replaying RETURNING lineage
)
SELECT pgretain.append('lineage', NULL, NULL, NULL, 'replayed', NULL, NULL, $2::text,
	jsonb_build_object('lineage', o.lineage)::text) FROM opened o
