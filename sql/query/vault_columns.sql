-- Columns of all vault tables, in order: vault table, name, type there, the source's column now (NULL: it
-- was dropped), its type, whether they are the same, whether it is a generated one now.
SELECT m.vault::oid, m.name, m.type, m.source_column, m.source_type, coalesce(m.same, false), coalesce(m.generated, false)
FROM pgretain.vault_map AS m
ORDER BY m.vault, m.place
