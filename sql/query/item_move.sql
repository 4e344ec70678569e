-- One transition of a request: id, from, event, to, actor, evidence, columns, note.
SELECT m.moved, m.state FROM pgretain.request_move($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::jsonb, $8::jsonb) AS m
