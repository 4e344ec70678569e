-- What was applied, in order.
SELECT version, name, sha256 FROM pgretain.migration ORDER BY version
