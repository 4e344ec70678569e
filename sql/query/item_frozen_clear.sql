-- Forgets what was frozen of these requests: the certificate is final, or it is frozen anew.
DELETE FROM pgretain.request_frozen AS f WHERE f.request = ANY($1::uuid[])
