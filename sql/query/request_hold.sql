-- G4: a court's interest in a person's data is a hold. id, type, key, reason, review, actor, rule (NULL: all that is theirs).
INSERT INTO pgretain.hold (id, scope, subject_type, subject_key, reason, review_at, placed_by, target)
VALUES ($1::uuid, 'subject', $2::text, $3::text, $4::text, $5::timestamptz, $6::text, $7::text)
