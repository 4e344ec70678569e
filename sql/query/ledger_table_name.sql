-- A table's name as the ledger writes it: quoted where needed.
SELECT string_agg(quote_ident(part), '.' ORDER BY place)
FROM unnest(parse_ident($1::text)) WITH ORDINALITY AS p (part, place)
