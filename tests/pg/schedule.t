#!/usr/bin/env bash
# slow
# pgretain schedule: list and next of the two nights, tick and service with runs that end in every way.
# Where the run itself is not the matter, tools/sched_fake_run stands for the program: its `run` is the
# shell command in $FAKE_RUN. Time is moved by moving the ledger's entries, as nobody but a test can.
. "$(dirname "$0")/lib.sh"

BUILD=${BUILD:-$ROOT/build}
FAKE=$BUILD/tools/sched_fake_run
[ -x "$FAKE" ] || bail_out "no $FAKE: make check-build first"

# job NAME BODY: the only job from now on; job_too: one more
job_too() { printf 'job = { name = "%s"; database = "t"; steps = [ "rules" ]; %s };\n' "$1" "$2" >"$CONF/jobs/$1.cfg"; }
job() { rm -rf "$CONF/jobs"; mkdir "$CONF/jobs"; job_too "$@"; }
every='schedule = "* * * * *";'
never='schedule = "0 0 29 2 *"; zone = "UTC";'
started() { q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'run' AND detail::jsonb->>'event' = 'start'
	AND detail::jsonb->>'job' = '$1'"; }
on_record() { q "SELECT action, detail::jsonb->>'missed' FROM pgretain.ledger WHERE kind = 'schedule'
	AND detail::jsonb->>'job' = '$1' ORDER BY seq"; }
# what a run's start looks like in the ledger, as SQL that the fake run sends
record="psql -XAtq -c \"SELECT pgretain.append('run', gen_random_uuid(), NULL, NULL, NULL, NULL, NULL, 't',
	json_build_object('event', 'start', 'job', '\$1')::text)\" >/dev/null"
fake() { rc=0; "$FAKE" "$@" >"$W/out" 2>"$W/err" || rc=$?; out=$(<"$W/out") err=$(<"$W/err"); }
# ago JOB INTERVAL: its last start was so long ago
ago() {
	q "SELECT pgretain.append('run', gen_random_uuid(), NULL, NULL, NULL, NULL, NULL, 't',
		'{\"event\": \"start\", \"job\": \"$1\"}')" >/dev/null
	q "ALTER TABLE pgretain.ledger DISABLE TRIGGER append_only;
		UPDATE pgretain.ledger SET at = at - '$2'::interval WHERE detail::jsonb->>'job' = '$1';
		ALTER TABLE pgretain.ledger ENABLE ALWAYS TRIGGER append_only"
}
# a daily schedule whose last start lies three hours back: well past what counts as in time
q_hour() { q "SELECT extract(hour FROM now() AT TIME ZONE 'UTC' + '$1'::interval)::int"; }

conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule t 'table = "public.t"; class = "c"; start = "at";'
conf_add pgretain.cfg 'jobs = "jobs";'
q "CREATE TABLE t (id int PRIMARY KEY, at timestamptz);
	INSERT INTO t SELECT i, now() - make_interval(days => i * 100) FROM generate_series(1, 10) i"

# ---- next: case C53 ----
starts() { run_pgretain schedule next "$1" --from "$2" --format json; json '.starts[].at' | tr '\n' ' '; }
job nightly 'schedule = "30 2 * * *"; zone = "Europe/Berlin";'
is "$(starts 3 2026-03-28T00:00:00Z)" '2026-03-28T01:30:00Z 2026-03-29T01:00:00Z 2026-03-30T00:30:00Z ' \
	'Berlin, 02:30 missing: one start, at 03:00'
is "$(starts 3 2026-10-24T00:00:00Z)" '2026-10-24T00:30:00Z 2026-10-25T00:30:00Z 2026-10-26T01:30:00Z ' \
	'Berlin, 02:30 twice: one start, the first'
job nightly 'schedule = "0 0 * * *"; zone = "America/Sao_Paulo";'
is "$(starts 3 2018-11-03T00:00:00Z)" '2018-11-03T03:00:00Z 2018-11-04T03:00:00Z 2018-11-05T02:00:00Z ' \
	'São Paulo, a day that begins at 01:00'
job nightly 'schedule = "30 2 * * *"; zone = "Pacific/Apia";'
is "$(starts 3 2011-12-29T00:00:00Z)" '2011-12-29T12:30:00Z 2011-12-30T12:30:00Z 2011-12-31T12:30:00Z ' \
	'Samoa, a day that does not exist'
# the same question asked of PostgreSQL
job nightly 'schedule = "15 12 * * MON-FRI"; zone = "America/New_York"; window = "12:00-13:00";'
run_pgretain schedule next 261 --from 2026-01-01T00:00:00Z --format json
is "$(json '.starts[].at' | md5sum)" "$(q "SELECT to_char((d + interval '12:15') AT TIME ZONE 'America/New_York'
	AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
	FROM generate_series(timestamp '2026-01-01', '2026-12-31', '1 day') d
	WHERE extract(isodow FROM d) < 6 ORDER BY d" | md5sum)" 'a year of weekdays, as PostgreSQL reckons them'
run_pgretain schedule next 1 --from 2026-07-01T00:00:00Z
is "$out" 'nightly  2026-07-01T16:15:00Z  2026-07-01 12:15 -04:00  America/New_York' 'as text: UTC and local'

# ---- list, errors ----
job_too second "$never catch_up = true;"
run_pgretain schedule list
is "$rc" 0 'list ends well'
like "$out" 'nightly +15 12 \* \* MON-FRI +America/New_York +12:00-13:00 +t ' 'a line for each job'
run_pgretain schedule list --format json
is "$(json '.jobs[] | [.job, .schedule, .zone, .window, .catch_up, .database, .steps[0]] | @csv')" \
	'"nightly","15 12 * * MON-FRI","America/New_York","12:00-13:00",false,"t","rules"
"second","0 0 29 2 *","UTC",,true,"t","rules"' 'list as JSON'
bad() { job bad "$1"; run_pgretain schedule list; is "$rc" 1 "$2: exit 1"; like "$err" "$2" 'the sentence names it';
	like "$err" 'jobs/bad.cfg:[0-9]+' 'and the place'; }
bad 'schedule = "30 25 * * *";' 'hour "25" is out of range; allowed is 0-23'
bad 'schedule = "0 0 30 FEB *";' 'never fires'
bad 'schedule = "0 0 * * *"; zone = "Europe/Berln";' 'Europe/Berln'
bad 'schedule = "0 0 * * *"; window = "1-5";' 'window.* "1-5"'
bad 'schedule = "0 1 * * *"; window = "01:30-05:30";' 'never starts'
job nightly "$every"
run_pgretain schedule next 3 --job nigthly
is "$rc" 1 'unknown job: exit 1'
like "$err" 'did you mean nightly' 'the nearest one is named'

# ---- tick ----
run_pgretain schedule tick
is "$rc" 1 'without init: exit 1'
like "$err" 'init' 'and what to do'
ok 'the ledger is made' "$FAKE" ledger ''

export FAKE_RUN
FAKE_RUN="$record; echo \"ran \$1: \$ARGS\""
job a "$every"
fake --actor night schedule tick
is "$rc" 0 'tick ends well'
like "$out" "^ran a: --config $CONF/pgretain.cfg --actor night --no-progress run --job a\$" 'the job was started, once'
is_eq "$(started a)" 1 'and is in the ledger'
# one more tick within the same minute; should the minute have turned, one start more is right
minute=$(q "SELECT date_trunc('minute', at) FROM pgretain.ledger
	WHERE detail::jsonb->>'job' = 'a' ORDER BY seq LIMIT 1")
fake schedule tick
is "$([ "$(started a)" = 1 ] || q "SELECT date_trunc('minute', clock_timestamp()) > '$minute'")" \
	"$([ "$(started a)" = 1 ] || echo t)" 'not again in the same minute'
job d "$never"
fake schedule tick
is "$rc/$out" 0/ 'nothing due: exit 0, no output'
rm -rf "$CONF/jobs"; mkdir "$CONF/jobs"

job b "$every"; job_too c "$every"; job_too d "$never"
FAKE_RUN="$record; case \$1 in b) exit 2 ;; c) exit 3 ;; esac"
fake schedule tick
is "$rc" 3 'exit code: the worst of the jobs (2 and 3)'
job b1 "$every"; job_too c1 "$every"
FAKE_RUN="$record; case \$1 in b1) exit 2 ;; c1) kill -SEGV \$\$ ;; esac"
fake schedule tick
is "$rc" 70 'a crash is the worst'
job c2 "$every"; job_too b2 "$every"
FAKE_RUN="$record; case \$1 in b2) exit 2 ;; c2) kill -KILL \$\$ ;; esac"
fake schedule tick
is "$rc" 2 'killed is interrupted: resumable, less than 2'

# never two at once
job e "$every"
FAKE_RUN="$record; touch $W/e.on; until [ -e $W/e.go ]; do sleep 0.05; done"
"$FAKE" schedule tick 2>"$W/e.err" &
first=$!
ok 'a long job runs' wait_for 20 test -e "$W/e.on"
FAKE_RUN="echo twice" fake --log-level debug schedule tick
is "$rc/$out" 0/ 'a second tick leaves it alone'
like "$err" 'schedule.busy job=e' 'and says so when asked for debug'
touch "$W/e.go"
wait $first
is $? 0 'the first tick ends with its job'
session_open S
session S "SELECT pg_advisory_lock(pgretain.job_key('e2'))" >/dev/null
job e2 "$every"
fake schedule tick
is_eq "$(started e2)" 0 'nor beside a run that somebody started by hand'
session_close S

# missed
h=$(q_hour '-3 hours')
job f "schedule = \"0 $h * * *\"; zone = \"UTC\";"
ago f '4 days'
FAKE_RUN="$record; echo ran"
fake schedule tick
is "$rc/$out" 0/ 'without catch_up a missed start is dropped'
like "$err" 'schedule.missed job=f .*missed=4' 'with a line in the log'
is "$(on_record f)" 'missed|4' 'and an entry in the ledger'
fake schedule tick
is "$rc/$out$err" 0/ 'once'
job g "schedule = \"0 $h * * *\"; zone = \"UTC\"; catch_up = true;"
ago g '4 days'
fake schedule tick
is "$rc/$out" 0/ran 'with catch_up it is made up'
like "$err" 'schedule.start job=g .*missed=3' 'by one start for all'
fake schedule tick
is "$rc/$out" 0/ 'once'
w=$(printf '%02d:00-%02d:00' "$(q_hour '2 hours')" "$(q_hour '4 hours')")
job h "schedule = \"0 $h * * *\"; zone = \"UTC\"; catch_up = true; window = \"$w\";"
ago h '4 days'
fake schedule tick
is "$rc/$out" 0/ 'outside its window it waits'
is_eq "$(started h)" 1 'nothing was started'
w=$(printf '%02d:00-%02d:00' "$(q_hour '-1 hours')" "$(q_hour '2 hours')")
job h "schedule = \"0 $h * * *\"; zone = \"UTC\"; catch_up = true; window = \"$w\";"
fake schedule tick
is "$rc/$out" 0/ran 'inside it starts'

# refused before it left a trace
FAKE_RUN='exit 1'
job i "$every"
fake schedule tick; is "$rc" 1 'refused: exit 1'
fake schedule tick; is "$rc" 1 'tried again as long as it is in time'
job j "schedule = \"0 $h * * *\"; zone = \"UTC\"; catch_up = true;"
ago j '2 days'
fake schedule tick; is "$rc" 1 'a late one is refused'
is "$(on_record j)" 'refused|0' 'that is on record'
fake schedule tick; is "$rc" 0 'and not tried again until its next time'

# signals
FAKE_RUN="$record; trap 'touch $W/term; exit 4' TERM; touch $W/k.on; while :; do sleep 0.05; done"
job k "$every"
"$FAKE" schedule tick 2>"$W/k.err" &
first=$!
ok 'a job runs' wait_for 20 test -e "$W/k.on"
kill -TERM $first
wait $first
is $? 4 'SIGTERM to tick: passed on, waited for, its exit code'
ok 'the job got it' test -e "$W/term"

# ---- service ----
service() { "$FAKE" schedule run >"$W/s.out" 2>"$W/s.err" & service=$!; }
says() { grep -q "$1" "$W/s.err"; }
job l "$never"
service
ok 'the service says that it is ready' wait_for 20 says 'schedule.ready jobs=1'
job_too m "$never"
kill -HUP $service
ok 'SIGHUP: the configuration is read again' wait_for 20 says 'schedule.reload jobs=2'
job_too n 'schedule = "61 * * * *";'
kill -HUP $service
ok 'one with errors is refused' wait_for 20 says 'schedule.reload configuration='
ok 'with the sentence' says 'minute "61" is out of range'
cpu() { awk '{print $14 + $15}' "/proc/$service/stat"; }
before=$(cpu); sleep 1
is_eq "$(($(cpu) - before))" 0 'it sleeps: no CPU while idle'
kill -TERM $service
wait $service
is $? 0 'SIGTERM when idle: exit 0'
FAKE_RUN="$record; trap 'exit 4' TERM; while :; do sleep 0.05; done"
job o "$every"
service
started_o() { [ "$(started o)" = 1 ]; }
ok 'it starts what is due' wait_for 20 started_o
kill -TERM $service
wait $service
is $? 4 'SIGTERM with a job running: passed on, waited for'
FAKE_RUN="$record"
job p "$every"
service
started_p() { [ "$(started p)" -ge 2 ]; }
ok 'a job of every minute is started again in the next' wait_for 90 started_p
kill -TERM $service
wait $service
is $? 0 'and the service ends well'
is "$(q "SELECT max(n) FROM (SELECT count(*) n FROM pgretain.ledger WHERE detail::jsonb->>'job' = 'p'
	GROUP BY date_trunc('minute', at)) x")" 1 'never twice in one minute'

# ---- the real run ----
confirmed_run
job q "$every"
q "INSERT INTO t VALUES (100, now() - interval '5 years')"
run_pgretain schedule tick
is "$rc" 0 'tick with the real run'
is_eq "$(q 'SELECT count(*) FROM t WHERE id = 100')" 0 'the row that was due is gone'
is_eq "$(started q)" 1 'the run is in the ledger under its job'

# ---- windows by hand, and their end ----
q "INSERT INTO t VALUES (101, now() - interval '5 years')"
job w "$every zone = \"UTC\"; window = \"$(printf '%02d:00-%02d:00' "$(q_hour '2 hours')" "$(q_hour '4 hours')")\";"
run_pgretain run --job w
is "$rc" 1 'outside its window a job is refused by hand too'
like "$err" "job \"w\" runs in its window $(printf '%02d:00-%02d:00' "$(q_hour '2 hours')" "$(q_hour '4 hours')")" 'which is named'
is "$(q 'SELECT count(*) FROM t WHERE id = 101')/$(started w)" 1/0 'nothing has changed'
run_pgretain run --job w --dry-run --format json
is "$rc:$(of t due)" 0:1 'its plan can be looked at'

# two rules of 80 wide rows and 0.1 s each; by the program's clock the window ends four seconds after the start
q "CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN OLD; END';
	CREATE TABLE w1 (id int PRIMARY KEY, at timestamptz, v text); CREATE TABLE w2 (LIKE w1 INCLUDING ALL);
	INSERT INTO w1 SELECT i, now() - interval '5 years', repeat('x', 1900) FROM generate_series(1, 80) i; INSERT INTO w2 TABLE w1;
	CREATE TRIGGER nap BEFORE DELETE ON w1 FOR EACH ROW EXECUTE FUNCTION nap();
	CREATE TRIGGER nap BEFORE DELETE ON w2 FOR EACH ROW EXECUTE FUNCTION nap()"
for t in w1 w2; do conf_rule $t "table = \"public.$t\"; class = \"c\"; start = \"at\";"; done
conf_limits 'max_percent = 100.0; max_clock_skew = "5min"; lanes = 1; transaction_target = "1ms";'
conf_add pgretain.cfg 'jobs = "jobs";'
run_pgretain plan --format json
fp=$(json .fingerprint)
end=$((($(date +%s) / 60 + 1) * 60))
job v "$every zone = \"UTC\"; window = \"$(date -u -d "@$((end - 3600))" +%H:%M)-$(date -u -d "@$end" +%H:%M)\";"
rc=0
faketime -f "+$((end - 4 - $(date +%s)))s" "$PGRETAIN" run --job v --confirm "$fp" --format json >"$W/out" 2>"$W/err" || rc=$?
out=$(<"$W/out") err=$(<"$W/err")
is "$rc" 4 'the window ends in the middle: exit 4' || note "$err"
gone=$(q 'SELECT 160 - (SELECT count(*) FROM w1) - (SELECT count(*) FROM w2)')
ok "some rows are gone ($gone)" test "$gone" -gt 0 -a "$gone" -lt 80
balance 'its books'
is_eq "$(json '[.rules[] | select(.rule | test("^w")) | .deleted] | add')" "$gone" 'it tells what is gone'
is_eq "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'batch' AND rule IN ('w1', 'w2')")" "$gone" 'so does the ledger'
is "$(json '[.rules[] | select(.skipped > 0) | .reason | test("the window has ended")] | (length >= 2) and all')" true \
	'what is left is skipped, with the reason'
is "$(q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'run' AND detail::jsonb->>'event' = 'interrupted' AND run = '$(json .run)'")" 1 \
	'the run is on record as interrupted'
q 'DROP TRIGGER nap ON w1; DROP TRIGGER nap ON w2'
job v "$every"
run_pgretain run --job v --format json
is "$rc/$(q 'SELECT (SELECT count(*) FROM w1) + (SELECT count(*) FROM w2)')" 0/0 'the next one completes'
is_eq "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'batch' AND rule IN ('w1', 'w2')")" 160 'each row once'

# a server that is away
export PGRETAIN_CONFIG=$CONF/pgretain.cfg
sed -i 's/host=[^ "]*/host=\/nowhere/' "$PGRETAIN_CONFIG"
fake schedule tick
is "$rc" 1 'no server: exit 1'
like "$err" "can't connect" 'with the reason'

done_testing
