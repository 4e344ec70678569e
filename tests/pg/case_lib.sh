# What the case-*.t files share; sourced behind lib.sh.
# shellcheck shell=bash disable=SC2034
#
#   case_db [NAME]          fresh database with the ledger in it, and a file set (case_conf)
#   case_conf [LIMITS]      fresh file set: class c = one year from `at`, zone UTC, delete
#   case_keep QUERY         rows that are not due: their bytes must be the same at the end
#   case_run [ARG...]       plan, then the confirmed run
#   counts FIELD...         of every rule in $out: "rule FIELD FIELD ...", one a line
#   ids FROM-ITEM           the ids there, in order: 1,2,3
#   same_counts             assertion: the plan foretold what the run did
#   case_end [RC [ARG...]]  the three common checks: balance in plan and run, one more run moves
#                           nothing (and ends RC, default 0), rows not due are as they were

old="now() - interval '2 years'"
fresh="now() - interval '10 days'"

case_db() {
	db_new "${1:-t}"
	case_conf
	run_pgretain init
	is "$rc" 0 "init of ${1:-t}"
}

case_conf() {
	conf_new
	conf_limits "${1:-max_percent = 100.0;}"
	conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
	kept_queries=() kept_snaps=()
}

case_keep() { kept_queries+=("$1"); kept_snaps+=("$(snap "$1")"); }

case_run() { confirmed_run "$@"; run_out=$out run_rc=$rc; }

counts() {
	jq -r --args '$ARGS.positional as $f | .rules[] | .rule + ([.[$f[]] | " \(tojson)"] | add)' "$@" <<<"$out"
}

ids() { q "SELECT string_agg(id::text, ',' ORDER BY id) FROM $1"; }

counted='[.rules[] | del(.cutoff, .strategy, .strategy_reason, .status, .reason, .notes, .seconds,
	.wal_bytes, .transactions, .already)]'

same_counts() {
	local both
	mapfile -t both < <(printf '%s\n' "$run_out" "$plan_out" | jq -cS "$counted")
	is "${both[0]-no run}" "${both[1]-no plan}" "${1:-the run did what the plan said}"
}

case_end() {
	local want=${1:-0} i bad moved
	shift "$(($# > 0))"
	run_pgretain run --format json "$@"
	mapfile -t bad < <(balance_lines "$plan_out" "$run_out" "$out")
	balances "${bad[0]-no JSON}" 'the plan balances'
	balances "${bad[1]-no JSON}" 'the run balances'
	moved=$(json '[.rules[] | .deleted, .anonymized, .quarantined, (.cascaded, .unset | .[])] | add // 0')
	is "$rc/$moved" "$want/0" 'one more run moves nothing'
	balances "${bad[2]-no JSON}" 'and balances'
	for i in "${!kept_queries[@]}"; do
		is "$(snap "${kept_queries[i]}")" "${kept_snaps[i]}" "as they were: ${kept_queries[i]}"
	done
}
