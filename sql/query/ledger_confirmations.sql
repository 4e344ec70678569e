-- What runs may use.
SELECT rule, definition, fingerprint FROM pgretain.confirmed ORDER BY rule
