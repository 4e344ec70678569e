#!/usr/bin/env bash
# slow
# Batches under load: time-outs make them smaller, others can work beside them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

batches() { q "SELECT $1 FROM pgretain.ledger WHERE kind = 'batch' AND rule = '$2'"; }

case_db

note 'C43: a trigger of 1 ms a row, a time-out of 200 ms'
case_conf 'max_percent = 100.0; statement_timeout = "200ms"; transaction_target = "50ms"; lanes = 2;'
q "CREATE TABLE slow (id int PRIMARY KEY, at timestamptz); CREATE INDEX ON slow (at);
	INSERT INTO slow SELECT n, CASE WHEN n > 2000 THEN $fresh ELSE $old END FROM generate_series(1, 2100) n;
	CREATE TABLE slowp (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE slowc (id int PRIMARY KEY, p int REFERENCES slowp);
	CREATE TABLE slowm (id int PRIMARY KEY, at timestamptz, v text);
	INSERT INTO slowp VALUES (1, $old), (2, $fresh);
	INSERT INTO slowc SELECT n, CASE WHEN n > 1000 THEN 2 ELSE 1 END FROM generate_series(1, 1050) n;
	INSERT INTO slowm SELECT n, $old, 'x' FROM generate_series(1, 1000) n;
	CREATE FUNCTION ms() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_sleep(0.001); IF TG_OP = ''DELETE'' THEN RETURN OLD; END IF; RETURN NEW; END';
	CREATE TRIGGER ms BEFORE DELETE ON slow FOR EACH ROW EXECUTE FUNCTION ms();
	CREATE TRIGGER ms BEFORE DELETE ON slowc FOR EACH ROW EXECUTE FUNCTION ms();
	CREATE TRIGGER ms BEFORE UPDATE ON slowm FOR EACH ROW EXECUTE FUNCTION ms();
	ANALYZE"
conf_rule slow 'table = "public.slow"; class = "c"; start = "at";'
conf_rule slowp 'table = "public.slowp"; class = "c"; start = "at"; children = { slowc = "cascade"; };'
conf_rule slowm 'table = "public.slowm"; class = "c"; start = "at"; action = "anonymize"; columns = { v = "null"; };'
case_keep 'SELECT * FROM slow WHERE id > 2000'
case_keep 'SELECT * FROM slowc WHERE p = 2'
case_keep 'SELECT id, at FROM slowm'
case_run
is "$rc $(counts deleted anonymized | sort | tr '\n' ' ')" '0 slow 2000 0 slowm 0 1000 slowp 1 0 ' \
	'all of it within one run' || note "$out"
is "$(of slowp cascaded | tr -d ' \n')" '{"public.slowc":1000}' 'the cascade too'
ok 'transactions of no more than 200 rows' test "$(batches 'max(rows)' slow)" -le 200
ok 'the cascade in as small ones' test "$(batches 'max(rows)' slowp)" -le 200
is "$(q 'SELECT (SELECT count(*) FROM slow), (SELECT count(v) FROM slowm), (SELECT count(*) FROM slowc)')" \
	'100|0|50' 'by plain SQL too'
same_counts
case_end

note 'C32: a key without an index behind a time-out'
case_conf 'max_percent = 100.0; statement_timeout = "400ms"; transaction_target = "100ms"; lanes = 1;'
q "CREATE TABLE np (id int PRIMARY KEY, at timestamptz);
	CREATE TABLE nc (id int PRIMARY KEY, np int REFERENCES np ON DELETE CASCADE, fat text DEFAULT repeat('x', 60));
	INSERT INTO np SELECT n, CASE WHEN n > 300 THEN $fresh ELSE $old END FROM generate_series(1, 320) n;
	INSERT INTO nc SELECT n, n % 300 + 1 FROM generate_series(1, 3000) n;
	INSERT INTO nc SELECT n, n % 20 + 301 FROM generate_series(3001, 40000) n;
	ANALYZE"
conf_rule np 'table = "public.np"; class = "c"; start = "at"; children = { nc = "cascade"; };'
case_keep 'SELECT * FROM np WHERE id > 300'
case_keep 'SELECT * FROM nc WHERE np > 300'
run_pgretain plan --format json
pages() { q "SELECT pg_relation_size('$1') / current_setting('block_size')::int"; }
is "$(json '.rules[] | select(.rule == "np") | .notes | map(select(test("page"))) | join("; ")')" \
	"reads $(pages np) page(s) of public.np; foreign key nc_np_fkey of public.nc has no index: each of 300 row(s) that go reads $(pages nc) page(s)" \
	'the plan shows what it costs'
run_pgretain plan
like "$(tr -s ' \n' ' ' <<<"$out")" "no index: each of 300 row\\(s\\) that go reads $(pages nc) page" 'for people too'
case_run
is "$rc $(of np deleted) $(of np cascaded | tr -d ' \n')" \
	'0 300 {"public.nc":3000}' 'it ends, by smaller units' || note "$out"
is "$(q 'SELECT (SELECT count(*) FROM np), (SELECT count(*) FROM nc)')" '20|37000' 'by plain SQL too'
same_counts
case_end

note 'C46: another session updates due and undue rows all the time'
case_conf
q "CREATE TABLE busy (id int PRIMARY KEY, at timestamptz, v int DEFAULT 0, fat text DEFAULT repeat('x', 100));
	INSERT INTO busy SELECT n, CASE WHEN n % 4 > 0 THEN $old ELSE $fresh END FROM generate_series(1, 400000) n;
	ANALYZE busy"
conf_rule busy 'table = "public.busy"; class = "c"; start = "at";'
case_keep 'SELECT id, at, fat FROM busy WHERE id % 4 = 0'
cat >"$W/update.sql" <<-'END'
	\set id random(1, 400000)
	UPDATE busy SET v = v + 1 WHERE id = :id;
END
pgbench -n -f "$W/update.sql" -c 2 -R 100 -T 120 -l --log-prefix="$W/latency" "$PGDATABASE" >"$W/pgbench" 2>&1 &
bench=$!
case_run
kill -INT $bench
wait $bench 2>/dev/null
is "$rc $(of busy deleted) $(of busy failed)" '0 300000 0' 'every due row went, those that moved too'
ok 'more than 10 transactions' test "$(of busy transactions)" -gt 10
# microseconds; a single DELETE would hold the rows that it met first to its end
longest=$(cat "$W"/latency.* | awk '$3 > m { m = $3 } END { print int(m / 1000) }')
ok 'the other session worked meanwhile' test "$(cat "$W"/latency.* | wc -l)" -gt 50
ok "it waited no longer than 2 s: $longest ms" test "$longest" -lt 2000
is "$(q 'SELECT count(*), count(*) FILTER (WHERE id % 4 > 0) FROM busy')" '100000|0' 'by plain SQL too'
same_counts
case_end

note 'progress has a true denominator'
case_conf
q "CREATE TABLE bypage (id int PRIMARY KEY, at timestamptz, fat text DEFAULT repeat('x', 500));
	INSERT INTO bypage SELECT n, CASE WHEN n % 4 = 0 THEN $fresh ELSE $old END FROM generate_series(1, 4000) n;
	CREATE TABLE byindex (id int PRIMARY KEY, at timestamptz, fat text DEFAULT repeat('x', 500)); CREATE INDEX ON byindex (at);
	INSERT INTO byindex SELECT n, CASE WHEN n <= 30 THEN $old ELSE $fresh END FROM generate_series(1, 4000) n;
	ANALYZE"
conf_rule bypage 'table = "public.bypage"; class = "c"; start = "at";'
conf_rule byindex 'table = "public.byindex"; class = "c"; start = "at";'
of_progress() { grep -m1 'event=progress' <<<"$err" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
all=$(pages bypage)
case_run bypage
is "$(of bypage strategy) $(of_progress rule) $(of_progress rows_all) $(of_progress pages_all)" "pages bypage 3000 $all" \
	'by pages: of as many as the table has'
ok 'none is done before it begins' test "$(of_progress pages)" -le "$all"
case_run byindex
is "$(of byindex strategy) $(of_progress rule) $(of_progress rows_all) $(of_progress pages_all)" 'index byindex 30 0' \
	'by index: of as many rows as are due'
done_testing
