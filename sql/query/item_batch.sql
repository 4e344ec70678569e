-- How many requests are worked on at once: a quarter of the table of locks, and not more than memory is for.
SELECT least(5000, greatest(1, current_setting('max_locks_per_transaction')::bigint * current_setting('max_connections')::bigint / 4))
