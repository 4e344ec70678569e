-- Forgets what was frozen: the certificate is final, or it is frozen anew.
DELETE FROM pgretain.request_frozen AS f WHERE f.request = $1::uuid
