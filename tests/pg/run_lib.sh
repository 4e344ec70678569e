# A run over every kind of effect, and its books, for tests that disturb it. shellcheck shell=bash disable=SC2154
#
#   fixture            the database `f`, without a ledger: template of all others
#   fresh [NAME]       the current database becomes a new copy of it, with a ledger; $fp confirms its plan
#   books DESC         assertion: what is gone, by plain SQL, is what the ledger's batches say, table by
#                      table; no half chain; every person is whole; the hashes of the ledger are
#   done_well DESC     assertion: everything that was due is gone and nothing else, by plain SQL
#   runs EVENT         how many runs have such an entry in the ledger
#   undisturbed        hash of all tables after a run that nothing disturbed

. "$(dirname "${BASH_SOURCE[0]}")/run_fixture.sh"

run_in_small_units() { run_conf 20ms "$W/conf.$PGDATABASE"; }

fixture() { db_new f; run_schema 600 150 0.0003; }

fresh() {
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS ${1:-t} WITH (FORCE);
		CREATE DATABASE ${1:-t} TEMPLATE f STRATEGY file_copy" || bail_out 'no copy'
	export PGDATABASE=${1:-t}
	run_in_small_units
	run_pgretain init
	# the fingerprint covers rules and catalogue: all copies have the same
	[ -n "${fp:-}" ] || fp=$(pgretain plan --format json | jq -r .fingerprint)
}

books() {
	local bad
	bad=$(q 'SELECT faults()')
	run_pgretain ledger verify
	[ "$rc" = 0 ] || bad+=" ledger verify: exit $rc $out $err"
	is "$bad" '' "$1"
}

done_well() { is "$(q "SELECT sums()::text FROM sums() WHERE due <> gone")" '' "$1"; }

runs() { q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'run' AND detail::jsonb->>'event' = '$1'"; }

act() { run_pgretain run --confirm "$fp" --format json "$@"; }

undisturbed() {
	fresh
	act
	is "$rc" 0 'an undisturbed run'
	balance
	books 'its books'
	done_well 'all that was due is gone'
	want=$(run_final)
}
