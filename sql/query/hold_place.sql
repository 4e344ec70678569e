-- Places a hold. Waits for the batches in flight: the trigger takes their lock exclusively.
INSERT INTO pgretain.hold (id, scope, target, relation, subject_type, subject_key, condition, identifier, identifier_value,
	subject_keys, reason, review_at, placed_by, state)
VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10::text[], $11, $12::timestamptz, $13, $14)
