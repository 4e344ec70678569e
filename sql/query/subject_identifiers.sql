-- What identifies these people ($1: their keys), each with the time for which it was theirs.
SELECT DISTINCT s.:key::text AS key, :value AS value, (:since)::timestamptz::text AS since, (:until)::timestamptz::text AS until
FROM :relation AS s WHERE s.:key = ANY($1::text[]:::type[]) AND :value IS NOT NULL AND :value <> ''
