-- Forgets what was frozen of these requests: it is frozen anew.
DELETE FROM pgretain.request_frozen AS f WHERE f.request = ANY($1::uuid[])
