-- Settings of a lane for one step: index scans, sequential scans, run, lock_timeout, statement_timeout.
SELECT set_config('enable_bitmapscan', 'off', false), set_config('enable_indexscan', $1::text, false),
	set_config('enable_seqscan', $2::text, false), set_config('pgretain.run', $3::text, false),
	set_config('lock_timeout', $4::text, false), set_config('statement_timeout', $5::text, false)
