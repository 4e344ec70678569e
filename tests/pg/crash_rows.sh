# What comes under fire in the crash tests, and its books by plain SQL: see crash_lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154
. "$(dirname "${BASH_SOURCE[0]}")/run_fixture.sh"

crash_rows='run purge release hold'
# how many of 20 random events each gets
declare -A crash_share=([run]=7 [purge]=1 [release]=1 [hold]=1)
declare -A crash_points=(
	[run]="run_confirmed run_started $crash_do exec_prepare lane_rollback lane_dependent partition_begin partition_drop
		partition_commit run_ending $crash_log"
	[purge]='ledger_append commit committed head_export log_torn log_head'
	[release]='ledger_append commit committed head_export log_torn log_head'
	[hold]="ledger_append commit committed $crash_log"
)

# ---- retention: delete, anonymize, quarantine, chains, partitions ------------------------------------

crash_shop() {	# the database t
	db_new t
	run_schema 120 380 0.001
	run_conf 60ms
	run_pgretain init
	[ "$rc" = 0 ] || bail_out "init: $err"
}

run_prepare() {
	crash_shop
	# the fingerprint covers rules and catalogue: all copies have the same
	run_cmd=(run --confirm "$(pgretain plan --format json | jq -r .fingerprint)" --format json)
	run_rc=0
}
run_faults() { q 'SELECT faults()'; }
run_done() {
	q "SELECT 'still there: ' || sums FROM sums() WHERE due <> gone
		UNION ALL SELECT 'runs left open: ' || n FROM (SELECT count(*) FILTER (WHERE e = 'start')
			- count(*) FILTER (WHERE e IN ('end', 'interrupted')) AS n
			FROM (SELECT detail::jsonb ->> 'event' AS e FROM pgretain.ledger WHERE kind = 'run') x) y WHERE n <> 0"
	jq -r "$balance_filter" <<<"$out" 2>&1
}
run_moved() { q "SELECT sum(rows) FROM pgretain.ledger WHERE kind IN ('batch', 'quarantine')"; }

# ---- the vault: 80 rows of visits, of three purge dates ------------------------------------------------

vault_prepare() {	# DATE DATE
	local plan
	crash_shop
	plan=$(pgretain plan --format json | jq -r .fingerprint)
	run_pgretain run --confirm "$plan" --format json
	[ "$rc/$(of visits quarantined)" = 0/80 ] || bail_out "the vault: $err"
	q "CREATE VIEW stored AS SELECT * FROM $(q 'SELECT vault FROM pgretain.vault')"
	vault_age "$1" 'id % 3 = 1'
	vault_age "$2" 'id % 6 = 2'
}

# as time would have made it
vault_age() {	# DATE CONDITION
	local v
	v=$(q "SELECT relname FROM pg_class WHERE oid = (SELECT vault::regclass FROM pgretain.vault)")
	q "SET timezone = 'UTC'; SET search_path = pgretain_vault, public;
		CREATE TABLE \"$v@${1//-/}\" PARTITION OF \"$v\" FOR VALUES FROM ('$1') TO (date '$1' + 1);
		UPDATE \"$v\" SET pgretain_purge_after = '$1' WHERE $2"
}
vault_did="(SELECT coalesce(sum(rows), 0) FROM pgretain.ledger
	WHERE kind = 'quarantine' AND action IN ('purge', 'release'))"

# One day goes as a partition; of the next one some rows are held; the third is not over.
purge_prepare() {
	vault_prepare 2024-05-01 2024-06-01
	run_pgretain hold add --scope 'rows=visits:id < 60 AND id % 6 = 2' --reason A-1
	[ "$rc" = 0 ] || bail_out "hold: $err"
	purge_cmd=(quarantine purge --format json) purge_rc=0
}
purge_faults() {
	q "SELECT format('%s of 80 rows in the vault, %s purged', n, $vault_did)
			FROM (SELECT count(*) AS n FROM stored) x WHERE n + $vault_did <> 80
		UNION ALL SELECT 'a row came back' FROM visits HAVING count(*) <> 40
		UNION ALL SELECT 'a held row is gone' FROM stored WHERE id < 60 AND id % 6 = 2 HAVING count(*) <> 10"
}
purge_done() {
	q "SELECT 'past its date: ' || id FROM stored WHERE pgretain_purge_after < now()
		AND NOT (id < 60 AND id % 6 = 2) LIMIT 3"
}
purge_final() { snap 'SELECT id, at, ip, pad, pgretain_purge_after FROM stored'; }
purge_moved() { q "SELECT $vault_did"; }

release_prepare() {
	vault_prepare 2098-05-01 2098-06-01
	release_cmd=(quarantine release visits --format json) release_rc=0
}
release_faults() {
	q "SELECT format('%s of 80 rows back, %s in the vault, %s in the ledger', b, s, $vault_did)
			FROM (SELECT count(*) - 40 AS b FROM visits) x, (SELECT count(*) AS s FROM stored) y
			WHERE b + s <> 80 OR b <> $vault_did
		UNION ALL SELECT 'in both: ' || count(*) FROM stored JOIN visits USING (id) HAVING count(*) > 0"
}
release_done() {
	q "SELECT 'not the rows that were: ' || count(*) FROM visits WHERE at = at(id) AND ip = '10.0.0.1' AND pad = pad()
		HAVING count(*) <> 120"
}
release_final() { snap 'TABLE visits'; }
release_moved() { q "SELECT $vault_did"; }

# ---- a hold's review ------------------------------------------------------------------------------------

hold_prepare() {
	local h
	crash_shop
	run_pgretain hold add --scope table=hits --reason A-1 --review 2098-01-01
	[ "$rc" = 0 ] || bail_out "hold: $err"
	h=$(q 'SELECT id FROM pgretain.hold')
	hold_cmd=(hold review "$h" --review 2099-01-01 --format json) hold_rc=0
}
hold_faults() {	# both or neither
	q "SELECT 'the hold and the ledger differ' FROM pgretain.hold h
		WHERE (review_at = '2099-01-01Z') <> EXISTS (SELECT FROM pgretain.ledger
			WHERE kind = 'hold' AND action = 'review')
		OR state <> 'active' OR (review_at = '2099-01-01Z') <> (reviewed_at IS NOT NULL)"
}
hold_done() { q "SELECT 'not reviewed' FROM pgretain.hold WHERE review_at <> '2099-01-01Z'"; }
hold_final() { q 'SELECT id, state, review_at FROM pgretain.hold'; }
hold_moved() { :; }
