#!/usr/bin/env bash
# Which rows are due: one cutoff, whose clock, the newest rows, a renamed column.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

case_db
# ---- C08, C09: one cutoff, and whose clock ------------------------------------------------------

note 'C08: a start that becomes due while the run goes on'
case_conf
conf_class hour 'floor = ( { keep = "1 hour"; basis = "law"; } ); zone = "UTC"; action = "delete";'
q "CREATE TABLE parent (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE RESTRICT, at timestamptz);
	INSERT INTO parent VALUES (1, now() - interval '2 hours');
	INSERT INTO child SELECT id, id, at FROM parent;
	CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(5); RETURN OLD; END';
	CREATE TRIGGER slow BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION slow()"
conf_rule parent 'table = "public.parent"; class = "hour"; start = "at";'
conf_rule child 'table = "public.child"; class = "hour"; start = "at";'
run_pgretain plan --format json
plan_out=$out
q "INSERT INTO parent VALUES (2, now() - interval '1 hour' + interval '4 seconds');
	INSERT INTO child SELECT id, id, at FROM parent WHERE id = 2"
run_pgretain run --confirm "$(json .fingerprint)" --format json
run_out=$out
is "$rc" 0 'ends well'
is "$(q 'SELECT id FROM parent')/$(q 'SELECT id FROM child')" 2/2 'neither of the young ones was touched'
is "$(q 'SELECT count(*) FROM parent WHERE at <= now() - interval $$1 hour$$')" 1 'though its hour is over by now'
is_eq "$(q "SELECT count(DISTINCT as_of) FROM pgretain.ledger WHERE run = '$(json .run)'")" 1 \
	'one cutoff in every entry of the ledger'
out=$plan_out balance 'the plan balances'
out=$run_out balance 'the run balances'
run_pgretain run --format json
is "$rc $(counts deleted | tr '\n' ' ')" '0 child 1 parent 1 ' 'the next run takes both'
run_pgretain run --format json
is "$rc $(counts deleted | tr '\n' ' ')" '0 child 0 parent 0 ' 'one more run moves nothing'

note "C09: the host's clock is days off"
if ! command -v faketime >/dev/null; then bail_out 'no faketime: scripts/setup installs it'; fi
case_conf 'max_percent = 100.0; max_clock_skew = "5s";'
q "CREATE TABLE clock (id int PRIMARY KEY, at timestamptz);
	INSERT INTO clock VALUES (1, now() - interval '1 year' + interval '1 hour'), (2, now() - interval '3 years')"
conf_rule clock 'table = "public.clock"; class = "c"; start = "at";'
case_keep 'SELECT * FROM clock WHERE id = 1'
run_pgretain plan --format json
fp=$(json .fingerprint) all=$(snap 'TABLE clock') entries=$(q 'SELECT count(*) FROM pgretain.ledger')
for skew in '+2 days' '-2 days' '+10 seconds'; do
	rc=0
	faketime -f "$skew" "$PGRETAIN" run --confirm "$fp" >"$W/out" 2>"$W/err" || rc=$?
	is "$rc" 1 "$skew: refused"
	is_eq "$(grep -oE '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z' "$W/err" | sort -u | wc -l)" 2 'both clocks are named' ||
		note "$(cat "$W/err")"
	is "$(snap 'TABLE clock')/$(q 'SELECT count(*) FROM pgretain.ledger')" "$all/$entries" 'nothing was written'
done
rc=0
faketime -f '+2 days' "$PGRETAIN" plan --format json >"$W/out" 2>"$W/err" || rc=$?
is "$rc $(jq -r '.rules[0].due' "$W/out")" '0 1' "a plan goes by the server's clock"
case_run
is "$rc $(of clock deleted)" '0 1' 'with the right time: the due row alone'
unlike "$err" 'event=clock.back' 'without a word about clocks'
case_end
# as if the server's clock had been a year ahead for a night: the newest entry is of then
q "BEGIN; SET LOCAL session_replication_role = replica; ALTER TABLE pgretain.ledger DISABLE TRIGGER append_only;
	UPDATE pgretain.ledger SET at = at + interval '1 year' WHERE seq = (SELECT max(seq) FROM pgretain.ledger);
	ALTER TABLE pgretain.ledger ENABLE ALWAYS TRIGGER append_only; COMMIT"
run_pgretain run --format json
is "$rc $(of clock deleted) $(q 'SELECT count(*) FROM clock')" '0 0 1' "the server's clock has gone back: what is due is less"
like "$err" 'event=clock.back ledger="?'"$(date -u -d '+1 year' +%Y)" 'and somebody is told to look'

# ---- C13: nothing is kept silently ---------------------------------------------------------------

note 'C13: 100 expired rows'
case_conf
q "CREATE TABLE feed (id int PRIMARY KEY, at timestamptz);
	INSERT INTO feed SELECT n, $old - n % 7 * interval '1 day' FROM generate_series(1, 100) n;
	CREATE TABLE feed2 AS TABLE feed; ALTER TABLE feed2 ADD PRIMARY KEY (id)"
conf_rule feed 'table = "public.feed"; class = "c"; start = "at";'
conf_rule feed2 'table = "public.feed2"; class = "c"; start = "at"; limits = { keep_newest = 1; };'
newest=$(q 'SELECT id FROM feed ORDER BY at DESC, id DESC LIMIT 1')
case_keep "SELECT * FROM feed2 WHERE id = $newest"
case_run
is "$rc" 0 'ends well'
is "$(of feed deleted) $(of feed skipped)" '100 0' 'no hidden default: all go'
is "$(of feed2 deleted) $(of feed2 skipped)" '99 1' 'keep_newest = 1: one is spared'
like "$(of feed2 reason)" 'keep_newest = 1' 'and said why'
is "$(q 'SELECT count(*) FROM feed')/$(q 'SELECT string_agg(id::text, $$,$$) FROM feed2')" "0/$newest" \
	'the newest by start, a tie by key'
same_counts
case_end

note 'C13: keep_newest with ties, partitions, no key, NULL starts, more than there are'
case_conf
q "CREATE TABLE p (k int, at timestamptz, PRIMARY KEY (k, at)) PARTITION BY RANGE (at);
	CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2010-01-01') TO ('2015-01-01');
	CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM ('2015-01-01') TO ('2016-01-01');
	CREATE TABLE p_d PARTITION OF p DEFAULT;
	INSERT INTO p SELECT n, timestamptz '2014-12-30' + n / 4 * interval '1 day' FROM generate_series(1, 20) n;
	CREATE TABLE nokey (v text, at timestamptz);
	INSERT INTO nokey SELECT 'same', timestamptz '2015-03-03' FROM generate_series(1, 9);
	INSERT INTO nokey VALUES ('null', NULL), ('null', NULL);
	CREATE TABLE few (id int PRIMARY KEY, at timestamptz);
	INSERT INTO few VALUES (1, '2015-03-03'), (2, '2015-03-04'), (3, NULL)"
for t in p:7 nokey:4 few:5; do
	conf_rule "${t%:*}" "table = \"public.${t%:*}\"; class = \"c\"; start = \"at\";
		limits = { keep_newest = ${t#*:}; };"
done
want=$(q 'SELECT string_agg(k::text, $$,$$ ORDER BY k) FROM (SELECT k FROM p ORDER BY at DESC, k DESC LIMIT 7) x')
case_keep "SELECT * FROM p WHERE k IN ($want)"
case_keep 'SELECT * FROM nokey WHERE at IS NULL'
case_keep 'TABLE few'
case_run
is "$rc" 0 'ends well'
is "$(q 'SELECT string_agg(k::text, $$,$$ ORDER BY k) FROM p')" "$want" \
	'partitioned: the seven newest by start and key'
is "$(of p deleted) $(of p skipped)" '13 7' 'counted'
is "$(q "SELECT count(*) FILTER (WHERE v = 'same'), count(*) FILTER (WHERE v = 'null') FROM nokey")" '4|2' \
	'no key: four of the like rows stay'
is "$(of few deleted) $(of few skipped) $(of few indeterminate)" '0 2 1' 'fewer than keep_newest: none goes'
same_counts
case_end

# ---- C14: a renamed column ------------------------------------------------------------------------

note 'C14: the column has another name now'
case_conf
q "CREATE TABLE t (id int PRIMARY KEY, at timestamptz); INSERT INTO t VALUES (1, $old), (2, $fresh);
	CREATE TABLE u (id int PRIMARY KEY, at timestamptz, ended timestamptz);
	INSERT INTO u VALUES (1, $old, $old), (2, $fresh, NULL);
	CREATE TABLE gone (id int PRIMARY KEY, at timestamptz, mail text); INSERT INTO gone VALUES (1, $old, 'x')"
conf_rule t 'table = "public.t"; class = "c"; start = "at";'
conf_rule u 'table = "public.u"; class = "c"; start = "at";'
conf_rule wh 'table = "public.u"; class = "c"; start = "at"; where = "ended IS NULL AND nonsense = 1";'
conf_rule op 'table = "public.gone"; class = "c"; start = "at"; action = "anonymize"; columns = { mail = "null"; };'
q 'ALTER TABLE t RENAME at TO created; ALTER TABLE gone RENAME mail TO email'
case_keep 'TABLE t'
case_keep 'TABLE gone'
case_keep 'SELECT * FROM u WHERE id = 2'
case_run
is "$plan_rc/$rc" 2/2 'neither plan nor run ends with 0'
is "$(of t status) $(of op status) $(of wh status) $(of u status)" 'failed failed failed done' 'the others are done'
is "$(of u deleted)/$(q 'SELECT string_agg(id::text, $$,$$) FROM u')" 1/2 'by plain SQL too'
like "$(of t reason)" 'column at.*t\.cfg:[0-9]+' 'the place in the file is named'
like "$(of op reason)" 'column mail.*t\.cfg:[0-9]+' "that of an operator's column too"
case_end 2
q 'DROP TABLE gone'
run_pgretain run --format json
is "$rc $(of op status)" '2 failed' 'a table that is gone: failed, never skipped in silence'
done_testing
