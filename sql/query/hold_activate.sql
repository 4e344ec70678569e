-- A draft comes into force.
UPDATE pgretain.hold SET state = 'active' WHERE id = $1::uuid AND state = 'draft'
