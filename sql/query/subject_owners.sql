-- Who bears these identifiers ($1, normalised) now.
SELECT DISTINCT :value AS value, s.:key::text AS key FROM :relation AS s WHERE :value = ANY($1::text[])
