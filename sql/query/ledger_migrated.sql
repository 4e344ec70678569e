-- Remembers one applied file: version, name, sha256.
INSERT INTO pgretain.migration (version, name, sha256) VALUES ($1::int, $2::text, $3::text)
