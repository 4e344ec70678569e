#!/usr/bin/env bash
# report and metrics: what the ledger tells, in text, JSON, HTML and Prometheus' format. The entries are
# appended by hand, so that every figure is known beforehand; the rest is asked in plain SQL.
. "$(dirname "$0")/lib.sh"

# append KIND RUN RULE TABLE ACTION ROWS DETAIL
append() {
	q "SELECT pgretain.append(\$a\$$1\$a\$, nullif('$2','')::uuid, nullif(\$a\$$3\$a\$,''), nullif(\$a\$$4\$a\$,''),
		nullif('$5',''), nullif('$6','')::bigint, '2026-01-01Z', 'tester', \$a\$$7\$a\$)" >/dev/null
}
uuid() { printf '00000000-0000-4000-8000-00000000000%s' "$1"; }
jr() { jq -r "$1" <<<"$out"; }

conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule orders 'table = "public.orders"; class = "c"; start = "at";'
mkdir -p "$CONF/jobs"
cat >"$CONF/jobs/nightly.cfg" <<'END'
job = { name = "nightly"; schedule = "30 1 * * *"; zone = "Asia/Shanghai"; steps = [ "rules" ]; };
END
printf 'jobs = "jobs";\n' >>"$PGRETAIN_CONFIG"
q 'CREATE TABLE orders (id int PRIMARY KEY, at timestamptz)'

# ---- no ledger ----
run_pgretain report
is_eq "$rc" 1 'report without a ledger: exit 1'
like "$err" 'has no ledger' 'and why'
like "$err" 'do: pgretain init' 'and what to do'
echo old >"$W/m.prom"
run_pgretain metrics --output "$W/m.prom"
is_eq "$rc" 1 'metrics without a ledger: exit 1'
is "$(<"$W/m.prom")" old 'and the file stays as it was'

run_pgretain init
is_eq "$rc" 0 'init'
run_pgretain report --format json
is "$rc/$(jr '[.done, .runs, .troubles] | map(length) | add')" 0/0 'an empty past is an empty report'
run_pgretain report
like "$out" 'Nothing\.' 'and says so in text'

# ---- a past ----
a=$(uuid 1) b=$(uuid 2) c=$(uuid 3)
evil='public."O<b>&""\x"'
append run "$a" '' '' '' '' '{"event": "start", "job": "nightly"}'
append batch "$a" orders public.orders delete 100 '{}'
append batch "$a" orders public.orders delete 50 '{}'
append batch "$a" orders public.order_notes delete 31 '{}'
append step "$a" evil "$evil" delete 0 '{"status": "failed", "sqlstate": "55P03", "reason": "rows stay locked"}'
append step "$a" orders public.orders delete 181 '{"status": "done"}'
append run "$a" '' '' '' 181 '{"event": "end", "exit": 2}'
mark=$(q "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
append run "$b" '' '' '' '' '{"event": "start", "job": null}'
append batch "$b" evil "$evil" anonymize 7 '{}'
append batch "$b" orders public.orders delete 1 '{}'
append run "$b" '' '' '' 8 '{"event": "interrupted"}'
append run "$c" '' '' '' '' '{"event": "start", "job": "weekly"}'
append batch "$c" orders public.orders delete 2 '{}'
before=$(snap 'TABLE pgretain.ledger') entries=$(q 'SELECT count(*) FROM pgretain.ledger')

run_pgretain report --format json
is "$rc/$(jr .schema)/$(jr .database)" 0/pgretain.report/1/t 'report as JSON'
is "$(jr '.done[] | [.rule, .table, .action, .rows, .runs] | @csv' | sort)" \
	"$(q "SELECT format('\"%s\",\"%s\",\"%s\",%s,%s', rule, replace(tbl, '\"', '\"\"'), action, sum(rows),
		count(DISTINCT run)) FROM pgretain.ledger WHERE kind = 'batch' GROUP BY rule, tbl, action" | sort)" \
	'rows by rule, table and action are the ledger'\''s batches'
is "$(jr '[.done[].rows] | add')" 191 'all rows: 100 + 50 + 31 + 7 + 1 + 2; steps and runs are not counted twice'
is "$(jr '.runs[] | [.run, .job, .state, .exit, .rows, .actor] | @json')" \
"[\"$a\",\"nightly\",\"done\",2,181,\"tester\"]
[\"$b\",null,\"interrupted\",null,8,\"tester\"]
[\"$c\",\"weekly\",\"interrupted\",null,2,\"tester\"]" 'runs in order: done, interrupted, cut off'
is "$(jr '.troubles[] | [.run, .rule, .table, .status, .sqlstate, .reason] | @json')" \
	"$(jq -cn --arg a "$a" --arg t "$evil" '[$a, "evil", $t, "failed", "55P03", "rows stay locked"]')" \
	'what failed, and why'
is "$(jr '.ledger | "\(.entries) \(.head)"')" \
	"$(q "SELECT count(*) || ' sha256:' || encode((array_agg(hash ORDER BY seq DESC))[1], 'hex')
		FROM pgretain.ledger")" 'entries and head'
is "$(jr '.holds | "\(.open) \(.overdue)"')" '0 0' 'no holds'

# a run whose job's lock somebody holds is alive
session_open s
session s "SELECT pg_advisory_lock(pgretain.job_key('weekly'))"
run_pgretain report --format json
is "$(jr "[.runs[].state] | join(\" \")")" 'done interrupted running' 'a run with its lock is running'
session_close s

# ---- the period ----
run_pgretain report --format json --until "$mark"
is "$(jr '[.runs[].run] | join(" ")')/$(jr '[.done[].rows] | add')" "$a/181" '--until: what came later is not in it'
is "$(q "SELECT '$(jr .until)'::timestamptz = '$mark'::timestamptz, '$(jr .since)'::timestamptz =
	'$mark'::timestamptz - interval '30 days'")" 't|t' 'the period is the one asked for, 30 days long'
first=$out
run_pgretain report --format json --as-of "$mark"
is "$out" "$first" '--as-of is the same'
run_pgretain report --format json --since "$mark"
is "$(jr '[.runs[].run] | join(" ")')/$(jr '[.done[].rows] | add')/$(jr '.troubles | length')" "$b $c/10/0" \
	'--since: what came before is not in it'
run_pgretain report --format json --since 2026-02-01 --until 2026-03-01
is "$rc/$(jr .since)/$(jr .until)/$(jr '.runs | length')" '0/2026-02-01T00:00:00Z/2026-03-01T00:00:00Z/0' \
	'dates are days of UTC'
is "$(jr '.next[] | [.job, .start, .schedule, .zone] | @json')" \
	'["nightly","2026-03-01T17:30:00Z","30 1 * * *","Asia/Shanghai"]' '01:30 in Shanghai is 17:30 UTC of the day before'
run_pgretain report --since 2026-03-01 --until 2026-02-01
is_eq "$rc" 1 'an empty period: exit 1'
like "$err" 'the period from 2026-03-01T00:00:00Z to 2026-02-01T00:00:00Z is empty' 'and why'
run_pgretain report --since yesterday
is_eq "$rc" 1 'no instant: exit 1'
like "$err" '^pgretain: --since is yesterday, which is no instant' 'and why'
run_pgretain report --until 2026-03-01 --as-of 2026-03-01
is_eq "$rc" 1 'both --until and --as-of: exit 1'

# ---- faces ----
run_pgretain report
like "$out" 'orders +public\.orders +delete +153 +3' 'text: rows and runs'
like "$out" '\(by hand\) +interrupted' 'text: a run by hand'
like "$out" 'failed +55P03 +rows stay locked' 'text: trouble'
run_pgretain report --format html
like "$out" '^<!DOCTYPE html>' 'HTML'
ok 'HTML: names are escaped' grep -qF 'public.&#34;O&#60;b&#62;&#38;&#34;&#34;' <<<"$out"
ok_not 'HTML: and stand nowhere else' grep -qF '<b>' <<<"$out"
ok_not 'HTML: no scripts, nothing from elsewhere' grep -qiE '<script|https?:|url\(' <<<"$out"
is "$(grep -o '<t[dhr][ >]' <<<"$out" | wc -l)" "$(grep -oE '</t[dhr]>' <<<"$out" | wc -l)" \
	'HTML: cells and rows are closed'
run_pgretain report --until "$mark" --format json --output "$W/r.json"
is "$rc/$out/$(<"$W/r.json")" "0//$first" '--output holds what stdout would have'
run_pgretain report --output "$W/none/r.json"
is_eq "$rc" 1 'a folder that is not there: exit 1'
like "$err" 'No such file or directory' 'and why'

# ---- holds ----
q "INSERT INTO pgretain.hold (id, scope, reason, placed_by, review_at) VALUES
	(gen_random_uuid(), 'all', 'case 1', 'x', '2020-01-01Z'), (gen_random_uuid(), 'all', 'case 2', 'x', NULL);
	INSERT INTO pgretain.hold (id, scope, reason, placed_by, state, released_at) VALUES
	(gen_random_uuid(), 'all', 'case 3', 'x', 'released', now())"
run_pgretain report --format json
is "$(jr '.holds | "\(.open) \(.overdue)"')" '2 1' 'two open holds, one past its review'

# ---- metrics ----
run_pgretain metrics
is_eq "$rc" 0 'metrics'
value() { grep -F "$1 " "$W/out" | sed 's/.* //'; }
is "$(value 'pgretain_last_run_exit_code{database="t",job="nightly"}')" 2 'exit code of the nightly job'
is "$(value 'pgretain_last_run_exit_code{database="t",job=""}')" 4 'an interrupted run is 4'
is "$(value 'pgretain_last_run_exit_code{database="t",job="weekly"}')" '' 'none while it has not ended'
is "$(value 'pgretain_last_run_rows{database="t",job="nightly"}')" 181 'its rows'
is "$(value 'pgretain_last_run_end_timestamp_seconds{database="t",job="nightly"}')" \
	"$(q "SELECT extract(epoch FROM at)::bigint FROM pgretain.ledger WHERE run = '$a' AND kind = 'run'
		ORDER BY seq DESC LIMIT 1")" 'and when it ended'
is "$(value 'pgretain_rows_total{database="t",rule="orders",table="public.orders",action="delete"}')" 153 \
	'rows of a rule'
is "$(value 'pgretain_rows_total{database="t",rule="evil",table="public.\"O<b>&\"\"\\x\"",action="anonymize"}')" 7 \
	'labels are escaped'
is "$(value 'pgretain_holds_open{database="t"}')/$(value 'pgretain_holds_overdue{database="t"}')" 2/1 'holds'
is "$(value 'pgretain_ledger_entries{database="t"}')" "$(q 'SELECT count(*) FROM pgretain.ledger')" 'entries'
is "$(value 'pgretain_replay_needed{database="t"}')" 0 'nothing to replay'
is "$(grep -c '^pgretain_last_success' "$W/out")" 0 'no success yet'
head_re='^# (HELP|TYPE) pgretain_[a-z_]+ .+$'
sample_re='^pgretain_[a-z_]+\{([a-z]+="([^"\\]|\\.)*",?)+\} [0-9]+$'
is "$(grep -vcE "$head_re|$sample_re" "$W/out")" 0 'every line is well-formed'
is "$(grep '^# TYPE' "$W/out" | sort | uniq -d)" '' 'each metric is declared once'
append run "$(uuid 4)" '' '' '' '' '{"event": "start", "job": "nightly"}'
append run "$(uuid 4)" '' '' '' 0 '{"event": "end", "exit": 0}'
run_pgretain metrics --output "$W/m.prom"
is "$rc/$out" 0/ 'metrics into a file'
cp "$W/m.prom" "$W/out"
is "$(value 'pgretain_last_success_timestamp_seconds{database="t",job="nightly"}')" \
	"$(q "SELECT extract(epoch FROM at)::bigint FROM pgretain.ledger ORDER BY seq DESC LIMIT 1")" 'the last success'
run_pgretain metrics --format json
is_eq "$rc" 1 'metrics as JSON: exit 1'

# ---- an auditor ----
q "CREATE ROLE aud LOGIN IN ROLE pgretain_auditor"
sed -i "s/user=$PGUSER /user=aud /" "$PGRETAIN_CONFIG"
run_pgretain report --format json
is "$rc/$(jr .holds)/$(jr '[.done[].rows] | add')" 0/null/191 'an auditor sees all but the holds'
run_pgretain report
like "$out" 'may not look at them' 'and the text says so'
run_pgretain metrics
is "$rc/$(grep -c '^pgretain_holds' "$W/out")" 0/0 'metrics too'

is "$(snap "SELECT * FROM pgretain.ledger WHERE seq <= $entries")" "$before" 'nothing of all this changed an entry'
is_eq "$(q 'SELECT count(*) FROM pgretain.ledger')" $((entries + 2)) 'and nothing wrote one'

# ---- after a run of the program itself ----
sed -i "s/user=aud /user=$PGUSER /" "$PGRETAIN_CONFIG"
q "INSERT INTO orders SELECT i, '2020-01-01Z'::timestamptz + i * interval '1 day' FROM generate_series(1, 30) i;
	INSERT INTO orders SELECT i, now() FROM generate_series(31, 40) i;
	UPDATE pgretain.hold SET state = 'released', released_at = now()"
mark=$(q "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
confirmed_run
is "$rc/$(q 'SELECT count(*) FROM orders')" 0/10 'a run'
uuid=$(json .run)
run_pgretain report --format json --since "$mark"
is "$(jr '.done[] | [.rule, .action, .rows, .runs] | @json')" '["orders","delete",30,1]' 'the report tells what is gone'
is "$(jr '.runs[] | [.run, .state, .exit, .rows] | @json')" "[\"$uuid\",\"done\",0,30]" 'and which run did it'
is_eq "$(jr '.troubles | length')" 0 'without trouble'
run_pgretain metrics
is "$(value 'pgretain_last_run_exit_code{database="t",job=""}')" 0 'metrics know its end'
is "$(value 'pgretain_last_run_rows{database="t",job=""}')" 30 'and its rows'
done_testing
