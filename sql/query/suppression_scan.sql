-- One column of identifiers, as they are compared: value, whose, from when, until when. The values are hashed by the client:
-- the key never travels, and no value stands in a statement.
SELECT :value AS value, (:key)::text AS key, coalesce((:since)::timestamptz, '-infinity')::text AS since,
	coalesce((:until)::timestamptz, 'infinity')::text AS until
FROM :relation AS s WHERE :value <> ''
