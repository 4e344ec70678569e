#!/usr/bin/env bash
# slow
# What stands in the way: triggers, rules, locks, hidden rows, holds placed meanwhile, a killed run.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/case_lib.sh"

run_bg() { "$PGRETAIN" run --confirm "$(json .fingerprint)" --format json >"$W/bg" 2>"$W/bg.err" & pid=$!; }
run_bg_end() { rc=0; wait "$pid" || rc=$?; out=$(<"$W/bg") err=$(<"$W/bg.err") run_out=$out run_rc=$rc; }
waiting() { [ "$(q 'SELECT count(*) FROM pg_locks WHERE NOT granted')" -gt 0 ]; }
make() { q "CREATE TABLE $1 (id int PRIMARY KEY, at timestamptz, v text DEFAULT 'x');
	INSERT INTO $1 SELECT n, CASE WHEN n <= ${2:-10} THEN $old ELSE $fresh END FROM generate_series(1,
		${2:-10} + 2) n"; }
rule() { conf_rule "$1" "table = \"public.$1\"; class = \"c\"; start = \"at\"; ${2:-}"; }
mask='action = "anonymize"; columns = { v = "null"; };'

case_db
q "CREATE FUNCTION raise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''zz-secret@ex''; END';
	CREATE FUNCTION keep3() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN IF OLD.id = 3 THEN RETURN NULL; END IF; IF TG_OP = ''DELETE'' THEN RETURN OLD; END IF;
		RETURN NEW; END';
	CREATE FUNCTION undo3() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN IF OLD.id = 3 THEN NEW.v := OLD.v; END IF; RETURN NEW; END';
	CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN OLD; END'"

# ---- C45 and its kind ------------------------------------------------------------------------------------

note 'C45: a trigger that raises'
make audit; make audit2; make fine
q 'CREATE TRIGGER r BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION raise();
	CREATE TRIGGER r BEFORE UPDATE OR DELETE ON audit2 FOR EACH STATEMENT EXECUTE FUNCTION raise()'
rule audit; rule audit2 "$mask"; rule fine
case_keep 'TABLE audit'
case_keep 'TABLE audit2'
case_keep 'SELECT * FROM fine WHERE id > 10'
case_run
is "$rc $(counts status deleted anonymized failed | sort | tr '\n' ' ')" \
	'2 audit "failed" 0 0 10 audit2 "failed" 0 0 10 fine "done" 10 0 0 ' 'failed, the other is done'
like "$(of audit reason)" 'P0001' 'with its SQLSTATE'
is "$(q "SELECT detail::jsonb->>'sqlstate' FROM pgretain.ledger WHERE run = '$(json .run)' AND rule = 'audit'
	AND kind = 'step'")" P0001 'in the ledger too'
unlike "$out$err" 'zz-secret' "the trigger's own words are not repeated"
is "$(q "SELECT count(*) FROM pgretain.ledger l WHERE l::text ~ 'zz-secret'")" 0 'nor kept'
is "$(q "SELECT string_agg(DISTINCT tgenabled, '') FROM pg_trigger WHERE tgname = 'r'")" O 'no trigger was disabled'
case_end 2

note 'triggers that keep a row in silence, or change what is written; DO INSTEAD'
case_conf
for t in null_del null_upd undo instead instead_u partly; do make $t; done
q 'CREATE TRIGGER k BEFORE DELETE ON null_del FOR EACH ROW EXECUTE FUNCTION keep3();
	CREATE TRIGGER k BEFORE UPDATE ON null_upd FOR EACH ROW EXECUTE FUNCTION keep3();
	CREATE TRIGGER k BEFORE UPDATE ON undo FOR EACH ROW EXECUTE FUNCTION undo3();
	CREATE RULE nothing AS ON DELETE TO instead DO INSTEAD NOTHING;
	CREATE RULE nothing AS ON UPDATE TO instead_u DO INSTEAD NOTHING;
	CREATE RULE part AS ON DELETE TO partly WHERE OLD.id = 3 DO INSTEAD NOTHING'
rule null_del; rule null_upd "$mask"; rule undo "$mask"; rule instead; rule instead_u "$mask"; rule partly
case_keep 'SELECT * FROM null_del WHERE id IN (3, 11, 12)'
case_keep 'SELECT * FROM null_upd WHERE id IN (3, 11, 12)'
case_keep 'SELECT * FROM undo WHERE id IN (3, 11, 12)'
case_keep 'TABLE instead'
case_keep 'TABLE instead_u'
case_keep 'SELECT * FROM partly WHERE id IN (3, 11, 12)'
case_run
is "$rc $(counts due deleted anonymized failed | grep -v undo | sort | tr '\n' ' ')" \
	'2 instead 10 0 0 10 instead_u 10 0 0 10 null_del 10 9 0 1 null_upd 10 0 9 1 partly 10 9 0 1 ' \
	'what stayed is failed, never counted as gone' || note "$out"
is "$(counts status | cut -d' ' -f2 | sort -u)" '"failed"' 'each rule failed'
is "$(of undo status)" failed 'a row that does not reach its final form: failed'
is "$(of undo anonymized)" "$(q 'SELECT count(*) FROM undo WHERE v IS NULL')" 'counted by the server'
for t in null_del:k null_upd:k undo:k instead:nothing instead_u:nothing partly:part; do
	like "$(of "${t%:*}" reason)" \
		"${t#*:} of public\.${t%:*}|trigger of public\.${t%:*}" "${t%:*}: its keeper is named"
done
is "$(q 'SELECT (SELECT count(*) FROM null_del), (SELECT count(v) FROM null_upd), (SELECT count(*) FROM instead)')" \
	'3|3|12' 'by plain SQL too'
case_end 2

note 'a trigger that raises at the commit, and a child that appears there'
case_conf 'max_percent = 100.0; lanes = 1;'
make late; make born; make fine2
q "CREATE CONSTRAINT TRIGGER r AFTER DELETE ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
		WHEN (OLD.id = 3) EXECUTE FUNCTION raise();
	CREATE TABLE kid (id int GENERATED ALWAYS AS IDENTITY, born int REFERENCES born DEFERRABLE INITIALLY DEFERRED);
	CREATE FUNCTION bear() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN INSERT INTO public.kid (born) VALUES (OLD.id); RETURN OLD; END';
	CREATE TRIGGER b BEFORE DELETE ON born FOR EACH ROW WHEN (OLD.id = 4) EXECUTE FUNCTION bear()"
rule late; rule born 'children = { kid = "cascade"; };'; rule fine2
conf_add tables/t.cfg 'exempt = ( { table = "public.kid"; reason = "no personal data"; } );'
case_keep 'SELECT * FROM late WHERE id IN (3, 11, 12)'
case_keep 'SELECT * FROM born WHERE id IN (4, 11, 12)'
case_keep 'TABLE kid'
case_run
is "$rc $(of late status) $(of born status) $(of fine2 status)" '2 failed failed done' 'failed, the other is done'
is "$(of late deleted) $(of born deleted)" "$(q "SELECT 12 - (SELECT count(*) FROM late), 12 - (SELECT count(*)
	FROM born)" |
	tr '|' ' ')" 'what was rolled back at the commit is not counted'
is "$(q "SELECT coalesce(sum(rows), 0) FROM pgretain.ledger WHERE kind = 'batch'
	AND rule = 'born'")" "$(of born deleted)" \
	'nor in the ledger'
like "$(of late reason) $(of born reason)" 'P0001.*23503' 'each with its SQLSTATE'
case_end 2

# ---- locks ---------------------------------------------------------------------------------------------------

note 'a row that another session holds for the whole run'
case_conf 'max_percent = 100.0; lock_timeout = "200ms";'
make lk; make lku; make lkx
rule lk; rule lku "$mask"; rule lkx
case_keep 'SELECT * FROM lk WHERE id IN (5, 11, 12)'
case_keep 'SELECT * FROM lku WHERE id IN (5, 11, 12)'
session_open a
session a 'BEGIN; SELECT 1 FROM lk WHERE id = 5 FOR UPDATE; SELECT 1 FROM lku WHERE id = 5 FOR KEY SHARE;
	LOCK TABLE lkx IN SHARE MODE'
case_run
is "$rc $(counts deleted anonymized failed | sort | tr '\n' ' ')" '2 lk 9 0 1 lku 0 10 0 lkx 0 0 10 ' \
	'that row is failed, all others done; a key share lock does not disturb an update' ||
	note "$(counts reason)"
like "$(of lk reason)" '55P03|locked' 'and says why'
is "$(ids lk) $(q 'SELECT count(*) FROM lkx')" '5,11,12 12' 'by plain SQL too'
balance 'the run balances'
session a COMMIT
run_pgretain run --format json
is "$rc $(counts deleted failed | sort | tr '\n' ' ')" '0 lk 1 0 lku 0 0 lkx 10 0 ' \
	'once released the next run completes it'

note 'a table that another session rewrites for the whole run is not waited for without end'
q 'INSERT INTO lk SELECT g, '"now() - interval '3 years'"' FROM generate_series(21, 25) g;
	INSERT INTO lkx SELECT g, '"now() - interval '3 years'"' FROM generate_series(21, 25) g'
session a 'BEGIN; LOCK TABLE lkx IN ACCESS EXCLUSIVE MODE'
run_pgretain run --format json
is "$rc" 1 'the run is refused before its first write'
like "$err" 'public\.lkx under ACCESS EXCLUSIVE' 'and says which table it is'
is "$(q 'SELECT count(*) FROM lk WHERE id > 20')" 5 'nothing was changed'
session a COMMIT
run_pgretain run --format json
is "$rc $(of lk deleted) $(of lkx deleted)" '0 5 5' 'the next run takes them'

note 'a row locked for three seconds'
case_conf
make lk3
rule lk3
run_pgretain plan --format json
plan_out=$out
session a 'BEGIN; SELECT 1 FROM lk3 WHERE id = 5 FOR UPDATE'
session_send a 'SELECT pg_sleep(3); COMMIT'
run_bg
run_bg_end
session_wait a
is "$rc $(of lk3 deleted)" '0 10' 'is retried, and done'
case_keep 'SELECT * FROM lk3 WHERE id > 10'
same_counts
case_end

note 'rows that another session refreshes or removes between count and act'
case_conf 'max_percent = 100.0; lanes = 1; lock_timeout = "20s";'
make ch; make chm
rule ch; rule chm "$mask"
run_pgretain plan --format json
plan_out=$out
session a 'BEGIN; UPDATE ch SET at = now() WHERE id IN (4, 5); DELETE FROM ch WHERE id = 6;
	UPDATE chm SET at = now() WHERE id = 4'
run_bg
ok 'the run waits' wait_for 60 waiting
session a COMMIT
run_bg_end
is "$rc $(counts due deleted anonymized changed failed | sort | tr '\n' ' ')" '0 ch 10 7 0 3 0 chm 10 0 9 1 0 ' \
	'they are changed, not failed' || note "$out"
is "$(ids ch) $(q 'SELECT id FROM chm WHERE v IS NOT NULL AND id <= 10')" '4,5,11,12 4' 'refreshed rows survive'
case_keep 'TABLE ch'
case_end

note 'rows that move behind the sweep'
case_conf 'max_percent = 100.0; lanes = 1; transaction_target = "1ms"; lock_timeout = "20s";'
q "CREATE TABLE mv (id int PRIMARY KEY, at timestamptz, n int DEFAULT 0, fat text DEFAULT repeat('x', 1900));
	INSERT INTO mv SELECT n, CASE WHEN n % 10 = 0 THEN $fresh ELSE $old END FROM generate_series(1, 400) n;
	CREATE TRIGGER gate BEFORE DELETE ON mv FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION gate()"
rule mv
case_keep 'SELECT id, at, fat FROM mv WHERE id % 10 = 0'
run_pgretain plan --format json
plan_out=$out
session a 'SELECT pg_advisory_lock(4711)'
run_bg
ok 'the run waits in its first unit' wait_for 60 waiting
q 'UPDATE mv SET n = 1 WHERE id > 200'
session a 'SELECT pg_advisory_unlock(4711)'
run_bg_end
is "$rc $(of mv deleted) $(q 'SELECT count(*) FROM mv')" '0 360 40' 'a last pass finds them'
same_counts
case_end

# ---- C74: a hold placed in the middle -------------------------------------------------------------------------

note 'C74: a hold that is placed while the run goes on'
case_conf 'max_percent = 100.0; lanes = 2; transaction_target = "1ms"; lock_timeout = "20s";'
q "CREATE TABLE hd (id int PRIMARY KEY, at timestamptz, fat text DEFAULT repeat('x', 1900));
	INSERT INTO hd SELECT n, $old FROM generate_series(1, 400) n;
	CREATE TABLE hi (id int PRIMARY KEY, hd int REFERENCES hd);
	INSERT INTO hi SELECT n, n FROM generate_series(1, 400) n;
	CREATE TRIGGER gate BEFORE DELETE ON hd FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION gate()"
rule hd
conf_rule hi 'table = "public.hi"; follows = "hd"; action = "delete";'
case_keep 'SELECT * FROM hd WHERE id = 399'
case_keep 'SELECT * FROM hi WHERE id = 399'
run_pgretain plan --format json
plan_out=$out
session_open b
session a 'SELECT pg_advisory_lock(4711)'
run_bg
ok 'the run waits in its first unit' wait_for 60 waiting
session_send b "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
	VALUES ('11111111-2222-3333-4444-555555555555', 'rows', 'hd', 'id = 399', 'case 1', 'anna')"
sleep 0.5
session a 'SELECT pg_advisory_unlock(4711)'
session_wait b
run_bg_end
is "$rc $(counts due deleted held changed failed | sort | tr '\n' ' ')" '0 hd 400 399 1 0 0 hi 400 399 1 0 0 ' \
	'the held row stays, with what follows it' || note "$out$err"
is "$(ids hd) $(ids hi)" '399 399' 'by plain SQL too'
is_eq "$(q "SELECT count(DISTINCT detail::jsonb->>'epoch') FROM pgretain.ledger WHERE kind = 'batch'
	AND run = '$(json .run)'")" 2 'batches record the epoch that they saw'
case_end
q "UPDATE pgretain.hold SET state = 'released', released_at = now(), released_by = 'anna' WHERE state = 'active'"

# ---- hidden rows ------------------------------------------------------------------------------------------------

note 'rows that row-level security hides: an error, never 0 due'
case_conf
make rls; make open
q "CREATE ROLE pgn LOGIN IN ROLE pgretain_runner;
	GRANT SELECT, UPDATE, DELETE ON rls, open TO pgn; GRANT USAGE ON SCHEMA public TO pgn;
	ALTER TABLE rls ENABLE ROW LEVEL SECURITY;
	CREATE POLICY one ON rls USING (id = 11)"
sed -i 's/user=postgres/user=pgn/' "$PGRETAIN_CONFIG"
rule rls; rule open
case_keep 'TABLE rls'
case_keep 'SELECT * FROM open WHERE id > 10'
case_run
is "$plan_rc $rc $(counts status deleted | sort | tr '\n' ' ')" '2 2 open "done" 10 rls "failed" 0 ' \
	'failed in plan and run, the other is done'
like "$(of rls reason)" 'row-level security of public.rls' 'and says why'
case_end 2

# ---- C52: a run that was killed -----------------------------------------------------------------------------------

note 'C52: kill -9 in mid-run; again at once, and after the server came back'
for how in once restart; do
	case_conf 'max_percent = 100.0; lanes = 1; transaction_target = "1ms"; lock_timeout = "20s";'
	q "DROP TABLE IF EXISTS kill9; CREATE TABLE kill9 (id int PRIMARY KEY, at timestamptz,
		fat text DEFAULT repeat('x', 1900));
		INSERT INTO kill9 SELECT n, CASE WHEN n > 400 THEN $fresh ELSE $old END FROM generate_series(1, 410) n;
		CREATE TRIGGER gate BEFORE DELETE ON kill9 FOR EACH ROW WHEN (OLD.id = 200) EXECUTE FUNCTION gate()"
	rule kill9
	case_keep 'SELECT * FROM kill9 WHERE id > 400'
	run_pgretain plan --format json
	plan_out=$out since=$(q 'SELECT coalesce(max(seq), 0) FROM pgretain.ledger')
	session a 'SELECT pg_advisory_lock(4711)'
	run_bg
	ok 'the run is in the middle' wait_for 60 waiting
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	if [ $how = once ]; then
		session a 'SELECT pg_advisory_unlock(4711)'
	else
		session_close a; session_close b
		"$ROOT/scripts/pgtmp" crash "$PGTMP_DIR" && "$ROOT/scripts/pgtmp" start "$PGTMP_DIR" || bail_out 'no restart'
	fi
	run_pgretain run --format json
	run_out=$out
	done_before=$(q "SELECT coalesce(sum(rows), 0) FROM pgretain.ledger WHERE seq > $since AND kind = 'batch'
		AND run <> '$(json .run)'")
	is "$rc $(of kill9 deleted) $(q 'SELECT count(*) FROM kill9')" "0 $((400 - done_before)) 10" \
		"$how: it goes on where the other stopped ($done_before were done)"
	is_eq "$(q "SELECT sum(rows) FROM pgretain.ledger WHERE seq > $since AND kind = 'batch'")" \
		400 'ledger and table agree'
	is "$(q "SELECT count(*) FROM pgretain.ledger WHERE seq > $since AND kind = 'run'
		AND detail::jsonb->>'event' = 'interrupted'")" 1 'the open run is settled as interrupted'
	killed=$(q "SELECT run FROM pgretain.ledger WHERE seq > $since AND kind = 'run' AND detail::jsonb->>'event' = 'interrupted'")
	"$PGRETAIN" ledger show --run "$killed" --format json >"$W/out" 2>&1
	isnt "$(q "SELECT count(*) FROM pgretain.ledger WHERE run = '$killed' AND kind = 'batch'")" 0 'it had committed batches'
	is "$(jq -c '[.entries[] | select(.kind == "batch") | (.rule_text // "") | test("^delete public\\.kill9.*1 year")] | [length, all]' "$W/out")" \
		"[$(q "SELECT count(*) FROM pgretain.ledger WHERE run = '$killed' AND kind = 'batch'"),true]" \
		'by which rule text: of each of them'
	"$PGRETAIN" report --format json >"$W/out" 2>&1
	like "$(jq -r '.runs[] | .state' "$W/out" | sort | uniq -c | tr -s ' \n' ' ')" 'interrupted' 'the report shows it'
	case_end
done

# ---- a standby -----------------------------------------------------------------------------------------------

note 'a standby: a plan is made, a run is refused'
case_conf
make sb
rule sb
mkdir "$PGTMP_DIR/sb"
pg_basebackup -D "$PGTMP_DIR/sb/data" -c fast -R -X stream || bail_out 'no base backup'
echo "unix_socket_directories = '$PGTMP_DIR/sb'" >>"$PGTMP_DIR/sb/data/postgresql.conf"
[ "$(id -u)" != 0 ] || chown -R "$(stat -c %U "$PGTMP_DIR/data")" "$PGTMP_DIR/sb"
chmod 700 "$PGTMP_DIR/sb/data"
"$ROOT/scripts/pgtmp" start "$PGTMP_DIR/sb" || bail_out 'no standby'
sed -i "s,host=$PGHOST,host=$PGTMP_DIR/sb," "$PGRETAIN_CONFIG"
run_pgretain plan --format json
is "$rc $(of sb due)" '0 10' 'the plan counts'
run_pgretain run --confirm "$(json .fingerprint)"
is "$rc" 1 'the run is refused'
like "$err" 'standby' 'and says why'
"$ROOT/scripts/pgtmp" stop "$PGTMP_DIR/sb"
done_testing
