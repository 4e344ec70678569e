-- Which of these identifiers ($1, normalised; $2: whose key) another person bears now: their places in the arrays.
SELECT v.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS v(value, key, n)
WHERE EXISTS (SELECT FROM :relation AS s WHERE :value = v.value AND s.:key::text IS DISTINCT FROM v.key)
