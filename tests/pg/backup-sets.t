#!/usr/bin/env bash
# Archives of the catalogue made clean: what that ends, and what it must not end.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/backup_lib.sh"

# t: an old log. u: a term that begins when a case is closed. v: kept until a date that a customer may change.
q <<'SQL' || bail_out 'no data'
CREATE SCHEMA shop;
CREATE TABLE shop.t (id int PRIMARY KEY, at timestamptz NOT NULL, v text);
CREATE TABLE shop.u (id int PRIMARY KEY, closed timestamptz, v text);
CREATE TABLE shop.v (id int PRIMARY KEY, at timestamptz NOT NULL, until timestamptz, v text);
INSERT INTO shop.t SELECT i, now() - i * interval '30 days', 'canary' FROM generate_series(1, 40) i;
INSERT INTO shop.u SELECT i, CASE WHEN i > 5 THEN now() - i * interval '30 days' END, 'canary' FROM generate_series(1, 40) i;
INSERT INTO shop.v SELECT i, now() - interval '2 years', now() + interval '1 year', 'canary' FROM generate_series(1, 8) i;
SQL
conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_class h 'floor = ( { keep = "1 hour"; basis = "law"; } ); action = "delete";'
conf_class k 'floor = ( { keep = "1 year"; basis = "law"; } ); standards = ( { name = "s"; until = "agreed"; } ); zone = "UTC"; action = "delete";'
conf_rule t 'table = "shop.t"; class = "c"; start = "at";'
conf_rule u 'table = "shop.u"; class = "h"; start = "closed";'
conf_rule v 'table = "shop.v"; class = "k"; start = "at"; events = { agreed = "until"; };'
B=$W/dumps
mkdir -m 700 "$B"
conf_add pgretain.cfg "backups = {
	nightly = { kind = \"pg_dump\"; path = \"$B\"; pattern = \"*.dump\"; keep = \"35 days\"; rewrite = true; };
	asis = { kind = \"pg_dump\"; path = \"$B\"; pattern = \"*.asis\"; keep = \"35 days\"; }; };"
run_pgretain init
is "$rc" 0 'init' || bail_out "$err"
confirmed_run
is "$rc $(of u deleted)" '0 35' 'the first night'

scan() { run_pgretain backup scan --format json; }
sets() { run_pgretain backup rewrite --format json "$@"; }
set_field() { json ".sets[] | select(.set == \"$1\") | .$2"; }
set_state() { q "SELECT state FROM pgretain.backup_state WHERE store || '/' || name = '$1' AND gone_at IS NULL"; }
open_runs() { q "SELECT count(*) FROM pgretain.obligation o JOIN pgretain.backup_set s ON s.id = o.set_id
	WHERE store || '/' || name = '$1' AND cleared_at IS NULL"; }
unmet() { q "SELECT string_agg(DISTINCT unmet, '; ') FROM pgretain.obligation o JOIN pgretain.backup_set s ON s.id = o.set_id
	WHERE store || '/' || name = '$1' AND cleared_at IS NULL"; }
run_now() { run_pgretain run --format json "$@"; [ "$rc" = 0 ] || error "run: $err"; }

# ---- what today's rules say of a dump is all that the run has erased ----
q "INSERT INTO shop.t SELECT 100 + i, now() - interval '13 months', 'canary' FROM generate_series(1, 6) i"
pg_dump -Fc -f "$B/a.dump"
pg_dump -Fd -f "$B/b.dump"
pg_dump -Fc -f "$B/c.asis"
q "DELETE FROM shop.t WHERE id = 106"	# by the application: it is in the dumps
scan
is "$rc $(set_state nightly/a.dump)" '0 clean' 'nothing was erased since'
sets
is "$rc $(json '.sets | length')" '0 0' 'so there is nothing to rewrite'
run_now t
is "$(of t deleted)" 5 'five rows are erased'
scan
is "$(open_runs nightly/a.dump) $(open_runs nightly/b.dump) $(open_runs asis/c.asis)" '1 1 1' 'all three hold them'
before=$(sha256sum "$B/a.dump" "$B/c.asis")
sets --dry-run
is "$rc $(json '[.sets[] | .set + " " + .status] | join(", ")')" \
	'0 nightly/a.dump would_rewrite, nightly/b.dump would_rewrite' 'dry run: those that the policy names'
is "$(sha256sum "$B/a.dump" "$B/c.asis")" "$before" 'nothing is written'
is "$(open_runs nightly/a.dump)" 1 'nothing is settled'
sets
is "$rc $(json '[.sets[] | .set + " " + .status] | join(", ")')" \
	'0 nightly/a.dump rewritten, nightly/b.dump rewritten' 'rewritten' || note "$err"
is "$(json '[.sets[0].tables[] | select(.table == "shop.t") | .rows_in, .dropped, .rows_out] | join(" ")')" '18 6 12' 'the tables are told'
is "$(set_field nightly/a.dump 'runs, .holds' | xargs)" '1 0' 'and that a run is no longer held'
is "$(set_state nightly/a.dump) $(set_state nightly/b.dump) $(set_state asis/c.asis)" 'cleared cleared isolated' 'the catalogue knows'
is "$(q "SELECT how, evidence->>'sha256', (evidence->>'clean_seq')::bigint >= e.last_seq, evidence #>> '{tables,0,dropped}'
	FROM pgretain.obligation o JOIN pgretain.backup_set s ON s.id = o.set_id JOIN pgretain.erasure e USING (run) WHERE s.name = 'a.dump'")" \
	"rewritten|sha256:$(sha256sum "$B/a.dump" | cut -c1-64)|t|6" 'with counts, digest and clean_seq as evidence'
is "$(q "SELECT identity, size FROM pgretain.backup_set WHERE name = 'a.dump'")" \
	"$(stat -c 'size %s inode %i' "$B/a.dump") time $(date -r "$B/a.dump" +%s.%N)|$(stat -c %s "$B/a.dump")" 'the set is what lies there now'
is "$(q "SELECT count(*), sum(rows) FROM pgretain.ledger WHERE kind = 'backup' AND action = 'rewrite'")" '2|12' 'and the ledger counts the rows'
restore "$B/a.dump" back
is "$(PGDATABASE=back q 'SELECT count(*) FROM shop.t')" 12 'restored, they are not there'
scan
is "$rc $(json '.changes | length') $(set_state nightly/a.dump)" '0 0 cleared' 'a new listing finds what it knows'
is "$(q "SELECT count(*) FROM pgretain.backup_set WHERE gone_at IS NOT NULL")" 0 'no set is gone'
sets
is "$rc $(json '.sets | length')" '0 0' 'and nothing is left to do'
run_pgretain backup rewrite
like "$out" 'No archive .* holds' 'in words too'

# ---- by name ----
run_pgretain backup rewrite asis/c.asis
is "$rc $(set_state asis/c.asis)" '0 cleared' 'by name, whatever the policy says'
like "$out" 'asis/c.asis: rewritten' 'told by its name'
like "$out" 'No longer holds rows of 1 run' 'and what that ended'
run_pgretain backup rewrite nightly/none
is "$rc" 1 'no such set'
like "$err" 'there is no backup "nightly/none"' 'named'

# ---- what the rules of today can't say ----
q "UPDATE shop.u SET closed = now() - interval '2 days' WHERE id = 1"
pg_dump -Fc -f "$B/d.dump"
q "UPDATE shop.u SET closed = now() - interval '2 hours' WHERE id IN (2, 3)"	# open in d.dump
scan
run_now u
is "$(of u deleted)" 3 'rows whose term began after the dump'
is "$(q "SELECT key FROM pgretain.tombstone WHERE run = '$(json .run)' ORDER BY key")" $'{2}\n{3}' 'those that began after the oldest dump are remembered'
# as if the dump had come back after that was forgotten
q "DELETE FROM pgretain.tombstone; UPDATE pgretain.erasure SET forgotten_at = now()"
scan
sets
is "$rc $(set_field nightly/d.dump status)" '0 rewritten' 'is rewritten'
is "$(set_field nightly/d.dump 'tables[] | select(.table == "shop.u") | .dropped')" 1 'without the row that it shows as due'
is "$(open_runs nightly/d.dump) $(set_state nightly/d.dump)" '1 isolated' 'but counts as holding the rows of that run'
like "$(unmet nightly/d.dump)" 'rule "u" .*term began after' 'and why is told'
run_pgretain backup show nightly/d.dump
like "$out" 'term began after' 'by show'
restore "$B/d.dump" back
is "$(PGDATABASE=back q 'SELECT count(*) FROM shop.u WHERE id IN (2, 3)')" 2 'rightly: they are there'
sets
is "$(json '.sets | length')" 0 'it is not rewritten again for nothing'

q "UPDATE shop.v SET until = now() - interval '1 day' WHERE id = 1"	# agreed otherwise after the dump
run_now v
is "$(of v deleted)" 1 'a date that was changed'
scan; sets nightly/d.dump
is "$(open_runs nightly/d.dump)" 2 'a dump that shows the older date still holds the row'
like "$(unmet nightly/d.dump)" 'date until which rows of rule "v"' 'and why'
restore "$B/d.dump" back
is "$(PGDATABASE=back q 'SELECT count(*) FROM shop.v WHERE id = 1')" 1 'rightly: it is there'

# a class that became longer: what was due then is not due now
q "INSERT INTO shop.t SELECT 200 + i, now() - interval '13 months', 'canary' FROM generate_series(1, 4) i"
pg_dump -Fc -f "$B/e.dump"
run_now t
cp "$CONF/classes.cfg" "$W/classes"
sed -i '/^ *c *=/,/};/s/1 year/2 years/' "$CONF/classes.cfg"
isnt "$(cat "$CONF/classes.cfg")" "$(cat "$W/classes")" 'a longer class'
run_now t
scan; sets nightly/e.dump
is "$rc $(set_field nightly/e.dump status)" '0 unchanged' 'under it nothing goes from the dump'
is "$(open_runs nightly/e.dump)" 1 'and nothing is met by that'
like "$(unmet nightly/e.dump)" 'rule "t" is another one' 'why'
cp "$W/classes" "$CONF/classes.cfg"
run_pgretain plan t --format json
run_now --confirm "$(json .fingerprint)" t
sets nightly/e.dump
is "$rc $(set_field nightly/e.dump status) $(set_state nightly/e.dump)" '0 rewritten cleared' 'the class as it was: rewritten and met'

# a hold keeps rows in archives as well
q "INSERT INTO shop.t SELECT 300 + i, now() - interval '13 months', 'canary' FROM generate_series(1, 4) i"
pg_dump -Fc -f "$B/f.dump"
run_now t
run_pgretain hold add --scope 'table=t' --reason A-1
hold=$(grep -oE '[0-9a-f-]{36}' <<<"$out" | head -1)
scan; sets nightly/f.dump
is "$(set_field nightly/f.dump status) $(open_runs nightly/f.dump)" 'unchanged 1' 'held: nothing goes, nothing is met'
like "$(unmet nightly/f.dump)" '4 row\(s\) of rule "t".* held' 'why'
run_pgretain hold release "$hold"
sets
is "$(set_field nightly/f.dump status) $(set_state nightly/f.dump)" 'rewritten cleared' 'without the hold it goes by itself'

# ---- files that are not what was listed ----
fresh() {	# NAME: a dump from before an erasure, listed
	q "INSERT INTO shop.t SELECT coalesce(max(id), 0) + 1, now() - interval '13 months', 'canary' FROM shop.t"
	pg_dump -Fc -f "$B/$1"
	run_now t
	scan
	[ "$(open_runs "nightly/$1")" = 1 ] || error "$1 holds nothing"
	kept=$(sha256sum "$B/$1")
}
untouched() {	# NAME REASON
	is "$rc $(set_field "nightly/$1" status)" '2 refused' "$1: refused"
	like "$(set_field "nightly/$1" reason)" "$2" "$1: and why"
	like "$err" "$2" "$1: on stderr too"
	is "$(sha256sum "$B/$1")" "$kept" "$1: as it was"
	is "$(open_runs "nightly/$1")" 1 "$1: the obligation stays"
}
fresh g.dump
: >"$B/g.dump.asc"
sets
untouched g.dump 'signature'
rm "$B/g.dump.asc"
(exec 9<"$B/g.dump"; flock 9; sleep 30) & locker=$!
wait_for 5 sh -c "! flock -n '$B/g.dump' true"
sets nightly/g.dump
untouched g.dump 'lock'
kill $locker; pkill -P $locker sleep 2>/dev/null; wait $locker 2>/dev/null
cp -p "$B/g.dump" "$W/g"; q 'SELECT pg_sleep(0.01)'; pg_dump -Fc -f "$B/new" && mv "$B/new" "$B/g.dump"
kept=$(sha256sum "$B/g.dump")
sets nightly/g.dump
untouched g.dump 'not the file that was listed'
rm "$B/g.dump"
sets nightly/g.dump
is "$rc $(set_field nightly/g.dump status) $(open_runs nightly/g.dump)" '2 failed 1' 'a file that is gone: failed, not cleared'
cp -p "$W/g" "$B/g.dump"
scan
sets
is "$(set_state nightly/g.dump)" cleared 'there again, and listed'

fresh h.dump
head -c $(($(stat -c %s "$B/h.dump") - 40)) "$B/h.dump" >"$W/h" && cat "$W/h" >"$B/h.dump"
scan; kept=$(sha256sum "$B/h.dump")
sets
is "$rc $(set_field nightly/h.dump status)" '2 refused' 'a cut archive: refused'
is "$(sha256sum "$B/h.dump")" "$kept" 'and as it was'
isnt "$(open_runs nightly/h.dump)" 0 'it counts as holding everything'
rm "$B/h.dump"

# ---- --file of a listed archive is that set ----
fresh i.dump
sets --file "$B/i.dump"
is "$rc $(json '.sets[0].set, .sets[0].status' | xargs) $(set_state nightly/i.dump)" '0 nightly/i.dump rewritten cleared' '--file knows it'

# ---- as the role that runs at night ----
q "CREATE ROLE night LOGIN IN ROLE pgretain_runner; GRANT USAGE ON SCHEMA shop TO night; GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO night"
fresh m.dump
sed "s/user=$PGUSER/user=night/" "$PGRETAIN_CONFIG" >"$CONF/night.cfg"
run_pgretain --config "$CONF/night.cfg" backup scan
is "$rc" 0 'a runner lists' || note "$err"
sets --config "$CONF/night.cfg"
is "$rc $(set_field nightly/m.dump status) $(set_state nightly/m.dump)" '0 rewritten cleared' 'and rewrites' || note "$err"

run_pgretain backup verify nightly --format json
is "$rc $(json '[.sets[] | .status] | unique | join(" ")')" '0 whole' 'verify of a whole store'
is "$(json '.sets | length')" "$(find "$B" -maxdepth 1 -name '*.dump' | wc -l)" 'each of its archives'
head -c 200 "$B/i.dump" >"$B/j.dump"
scan
run_pgretain backup verify --format json
is "$rc $(json '[.sets[] | select(.status == "refused") | .set] | join(" ")')" '2 nightly/j.dump' 'without words: all'

# ---- the step of a job ----
rm "$B/j.dump"
mkdir "$CONF/jobs"
echo 'job = { name = "b"; schedule = "0 6 * * *"; zone = "UTC"; database = "t"; steps = [ "backups", "report" ]; };' >"$CONF/jobs/b.cfg"
echo 'jobs = "jobs";' >>"$PGRETAIN_CONFIG"
ended() { q "SELECT detail::jsonb ->> 'exit' FROM pgretain.ledger WHERE kind = 'run' AND detail::jsonb ->> 'event' = 'end'
	ORDER BY seq DESC LIMIT 1"; }
fresh k.dump
cp -p "$B/k.dump" "$B/k.asis"	# of a store that is not to be rewritten
fresh l.dump
: >"$B/l.dump.sig"
asis=$(sha256sum "$B/k.asis")
run_pgretain run --job b
is "$rc $(ended)" '2 2' 'a signature: the job asks for a human'
like "$err" 'l.dump: a signature' 'and says which'
is "$(set_state nightly/k.dump) $(set_state nightly/l.dump) $(set_state asis/k.asis)" 'cleared isolated isolated' \
	'what the policy allows is clean, the rest holds'
is "$(sha256sum "$B/l.dump" "$B/k.asis")" "$kept
$asis" 'and is as it was'
rm "$B/l.dump.sig"
cp "$B/k.asis" "$B/.gone.dump.pgretain-new"; mkdir "$B/.b.dump.pgretain-new"; cp "$B/k.asis" "$B/.b.dump.pgretain-new/1.dat"
run_pgretain run --job b --format json
is "$(find "$B" -name '.*pgretain-new')" '' 'what a dead one has left behind, with its rows, goes'
is "$rc $(ended) $(set_state nightly/l.dump)" '0 0 cleared' 'the next night makes it clean'
unlike "$out" 'pgretain.backup' 'no report of the step is mixed into that of the run'

unlike "$out$err" canary 'no value is told'
ok_not 'nor is one in the catalogue or the ledger' grep -q canary <(q "SELECT x FROM pgretain.obligation x; SELECT x FROM pgretain.ledger x;
	SELECT x FROM pgretain.backup_set x")
run_pgretain ledger verify
is "$rc" 0 'the ledger is whole'
done_testing
