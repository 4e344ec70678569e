-- The texts $1 in the small letters of the server, which folds the tables' texts too.
SELECT lower(v.value COLLATE "default") FROM unnest($1::text[]) WITH ORDINALITY AS v(value, n) ORDER BY v.n
