# What comes under fire in the crash tests: requests, and what follows from them outside of the database.
# shellcheck shell=bash disable=SC2034,SC2154

crash_rows='erase night replay scan rewrite clean'
declare -A crash_share=([erase]=3 [night]=2 [replay]=3 [scan]=1 [rewrite]=1 [clean]=1)
declare -A crash_points=(
	[erase]="$crash_do erasure_begun erasure_settle erasure_ending erasure_result $crash_log"
	[night]="erasure_begun erasure_settle erasure_ending erasure_result commit committed notice_claimed notice_sent
		recurrence_seen $crash_log"
	[replay]="$crash_do erasure_begun erasure_settle erasure_ending erasure_result replay_erased run_started run_ending
		replay_gate $crash_log"
	[scan]="backup_listed ledger_append commit committed backup_settle $crash_log"
	[rewrite]='backup_written backup_proved ledger_append backup_replace backup_replaced commit committed head_export
		log_torn log_head'
	[clean]="backup_written backup_proved backup_intended backup_replace backup_replaced commit committed $crash_log"
)

# ---- a request ------------------------------------------------------------------------------------------

erase_prepare() {
	db_new t
	erase_shop
	request 1
	approved "$id"
	erase_cmd=(erase "$id" --format json) erase_rc=0
}
erase_faults() {	# the batches of whole rows, others' rows, and how far it says it is, by plain SQL
	q "SELECT format('%s: gone %s, ledger %s', t, gone, rows) FROM (VALUES
			('s.visits', 200 - (SELECT count(*) FROM s.visits)), ('s.shares', 3 - (SELECT count(*) FROM s.shares)),
			('s.phones', 3 - (SELECT count(*) FROM s.phones)),
			('s.accounts', 20 - (SELECT count(*) FROM s.accounts))) AS v (t, gone)
			LEFT JOIN LATERAL (SELECT coalesce(sum(rows), 0) AS rows FROM pgretain.ledger
				WHERE kind = 'batch' AND tbl = t AND action = 'delete') l ON true WHERE gone <> rows
		UNION ALL SELECT 'others'' rows: ' || t FROM (VALUES
			('visits', (SELECT count(*) FROM s.visits WHERE account_id <> 1), 190),
			('orders', (SELECT count(*) FROM s.orders), 8), ('items', (SELECT count(*) FROM s.items), 16),
			('names', (SELECT count(*) FROM s.accounts WHERE name = 'Name ' || id AND id > 1), 19),
			('receivers', (SELECT count(*) FROM s.orders WHERE receiver = 'R' || id AND id IN (14, 15)), 2)
			) AS v (t, n, want) WHERE n <> want
		UNION ALL SELECT format('state %s, %s batches', state, n) FROM pgretain.request,
			(SELECT count(*) AS n FROM pgretain.ledger WHERE kind = 'batch') x
			WHERE CASE state WHEN 'approved' THEN n > 0 OR EXISTS (SELECT FROM pgretain.ledger
					WHERE kind = 'run' AND detail::jsonb ->> 'event' = 'start')
				WHEN 'partially_deferred' THEN n = 0 ELSE state <> 'executing' END"
}
erase_done() {
	q "SELECT 'state ' || state FROM pgretain.request WHERE state <> 'partially_deferred'
		UNION ALL SELECT 'unbalanced: ' || rule FROM pgretain.request_item WHERE matched <> erased + anonymized
			+ quarantined + deferred + held + retained + not_found + failed
		UNION ALL SELECT 'visits of the person' FROM s.visits WHERE account_id = 1
		UNION ALL SELECT 'a link to the person' FROM s.devices WHERE 1 IN (owner, second_owner)"
}
erase_final() {
	snap "SELECT 'o', to_jsonb(x) FROM s.orders x UNION ALL SELECT 'i', to_jsonb(x) FROM s.items x UNION ALL
		SELECT 'a', to_jsonb(x) FROM s.accounts x UNION ALL SELECT 'v', to_jsonb(x) FROM s.visits x UNION ALL
		SELECT 'd', to_jsonb(x) FROM s.devices x UNION ALL SELECT rule, to_jsonb(ARRAY[matched, erased,
		anonymized, quarantined, deferred, minimised, held, retained, not_found, failed])
		FROM pgretain.request_item WHERE rule <> 'history'"
}
erase_moved() { q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'batch'"; }

# ---- a night's step: an approved request, its recipient, and somebody who has come back -------------------

night_prepare() {
	local mail=$W/mail
	db_new t
	erase_shop
	mkdir "$CONF/jobs" "$CONF/bin"
	printf '#!/bin/sh\ncat >>"%s"\n' "$mail" >"$CONF/bin/mailer"
	chmod +x "$CONF/bin/mailer"
	echo 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t"; steps = [ "requests" ]; };' \
		>"$CONF/jobs/night.cfg"
	conf_add pgretain.cfg 'jobs = "jobs";'
	conf_add subjects.cfg 'recurrence = "reopen";
		recipients = { mailer = { argv = [ "bin/mailer" ]; known_by = "email"; rules = "visits"; }; };'
	request 8
	approved "$id"
	run_pgretain erase "$id"
	[ "$rc/$(state_of "$id")" = 0/completed ] || bail_out "somebody erased: $err"
	back=$id
	q "INSERT INTO s.accounts VALUES (308, 'person8@ex.test', 'Name 8')"
	request 3
	approved "$id"
	gone=$id
	night_cmd=(run --job night --format json) night_rc=2
}
night_fresh() { : >"$W/mail"; crash_adopt; }
night_mend() { q "UPDATE pgretain.notice SET next_at = clock_timestamp() WHERE state = 'waiting'"; }	# time goes by
night_faults() {
	local mail
	mail=$(grep -c "$gone" "$W/mail")
	q "SELECT format('%s: gone %s, ledger %s', t, gone, rows) FROM (VALUES
			('s.visits', 200 - (SELECT count(*) FROM s.visits)), ('s.phones', 3 - (SELECT count(*) FROM s.phones)),
			('s.accounts', 20 - (SELECT count(*) FROM s.accounts WHERE id <= 20))) AS v (t, gone)
			LEFT JOIN LATERAL (SELECT coalesce(sum(rows), 0) AS rows FROM pgretain.ledger
				WHERE kind = 'batch' AND tbl = t AND action = 'delete') l ON true WHERE gone <> rows
		UNION ALL SELECT 'others'' rows: ' || t FROM (VALUES
			('visits', (SELECT count(*) FROM s.visits WHERE account_id NOT IN (3, 8)), 180),
			('accounts', (SELECT count(*) FROM s.accounts WHERE id NOT IN (3, 8)), 19),
			('phones', (SELECT count(*) FROM s.phones WHERE account_id <> 3), 2)) AS v (t, n, want) WHERE n <> want
		UNION ALL SELECT format('%s, %s notices, %s digests', state, n, s) FROM pgretain.request r,
			(SELECT count(*) AS n FROM pgretain.notice WHERE request = '$gone') x,
			(SELECT count(*) AS s FROM pgretain.suppression WHERE request = '$gone') y
			WHERE id = '$gone' AND ((state = 'completed') <> (n > 0) OR (n > 0) <> (s > 0)
				OR state NOT IN ('approved', 'executing', 'completed'))
		UNION ALL SELECT format('%s, attempt %s, %s told, %s entries', state, attempts, $mail, e)
			FROM pgretain.notice n, (SELECT count(*) AS e FROM pgretain.ledger
				WHERE run = '$gone' AND kind = 'notice' AND action = 'deliver') x
			WHERE request = '$gone' AND ((state = 'delivered') <> (e = 1) OR (state = 'delivered') <> (sealed IS NULL)
				OR e > 1 OR $mail > attempts OR $mail < e)
		UNION ALL SELECT format('%s, %s entries, means %s', state, e, k) FROM pgretain.request r,
			(SELECT count(*) AS e FROM pgretain.ledger WHERE run = '$back' AND action = 'reopen') x,
			(SELECT max(subject_key) AS k FROM pgretain.request_subject WHERE request = '$back' AND settled) y
			WHERE id = '$back' AND (state, e, k) NOT IN (('completed', 0, '8'), ('reopened', 1, '308'))
		UNION ALL SELECT format('%s entries, found: %s', e, f) FROM
			(SELECT count(*) AS e FROM pgretain.ledger WHERE run = '$back' AND action = 'recurrence') x,
			(SELECT count(found_at) > 0 AS f FROM pgretain.suppression WHERE request = '$back') y
			WHERE e > 1 OR f AND e = 0"
}
night_done() {
	q "SELECT 'the erased one is ' || state FROM pgretain.request WHERE id = '$gone' AND state <> 'completed'
		UNION ALL SELECT 'who came back is ' || state FROM pgretain.request WHERE id = '$back' AND state <> 'reopened'
		UNION ALL SELECT 'a notice is ' || state FROM pgretain.notice WHERE state <> 'delivered'
		UNION ALL SELECT 'rows of the person' FROM s.visits WHERE account_id = 3
		UNION ALL SELECT 'unbalanced: ' || rule FROM pgretain.request_item WHERE matched <> erased + anonymized
			+ quarantined + deferred + held + retained + not_found + failed
		UNION ALL SELECT 'runs left open: ' || n FROM (SELECT count(*) FILTER (WHERE e = 'start')
			- count(*) FILTER (WHERE e IN ('end', 'interrupted')) AS n
			FROM (SELECT detail::jsonb ->> 'event' AS e FROM pgretain.ledger WHERE kind = 'run') x) y WHERE n <> 0"
}
night_final() {
	snap "SELECT 'a', to_jsonb(x) FROM s.accounts x UNION ALL SELECT 'v', to_jsonb(x) FROM s.visits x UNION ALL
		SELECT 'r', to_jsonb(ARRAY[id::text, state]) FROM pgretain.request UNION ALL
		SELECT 'n', to_jsonb(ARRAY[request::text, state]) FROM pgretain.notice UNION ALL
		SELECT 's', to_jsonb(ARRAY[request::text, kind, name, encode(digest, 'hex')])
		FROM pgretain.suppression UNION ALL
		SELECT rule, to_jsonb(ARRAY[matched, erased, deferred, held, retained, not_found, failed])
		FROM pgretain.request_item WHERE request = '$gone' AND rule <> 'history'"
}
night_moved() {
	echo "$(grep -c . "$W/mail") $(q "SELECT sum(rows) FROM pgretain.ledger WHERE kind = 'batch'") $(q \
		"SELECT count(*) FROM pgretain.ledger WHERE kind IN ('request', 'notice', 'suppression')")"
}

# ---- after a restore -----------------------------------------------------------------------------------
# The backup knows of nobody; the log knows of one who was erased, of a hold over another and what that left of an
# erasure, of an open request. A visit is overdue.

replay_prepare() {
	db_new t
	erase_shop
	conf_add pgretain.cfg "replay_log = \"$W/log.replay\";"
	run_pgretain init
	confirmed_run visits >/dev/null
	q "UPDATE s.visits SET at = now() - interval '400 days' WHERE id = 9"
	PGDATABASE=postgres q 'CREATE DATABASE backup TEMPLATE t STRATEGY file_copy'
	request 1
	approved "$id"
	run_pgretain erase "$id"
	[ "$rc/$(state_of "$id")" = 0/partially_deferred ] || bail_out "somebody erased: $err"
	gone=$id
	run_pgretain hold add --scope subject=account:3 --reason A-1
	request 3
	approved "$id"
	run_pgretain erase "$id"
	[ "$rc/$(state_of "$id")" = 0/partially_held ] || bail_out "somebody held: $err"
	held=$id
	request 5
	run_pgretain run visits --format json
	[ "$rc/$(of visits deleted)" = 0/1 ] || bail_out "a visit: $err"
	mv "$W/log.replay" "$W/log.lost"
	PGDATABASE=postgres q 'ALTER DATABASE t RENAME TO lost; ALTER DATABASE backup RENAME TO t'
	replay_cmd=(replay --format json) replay_rc=0
}
replay_fresh() {
	cp "$W/log.lost" "$LOG"
	log_from=$(wc -l <"$LOG")
}
replay_faults() {
	q "WITH did AS (SELECT coalesce(sum(rows), 0) AS n FROM pgretain.ledger WHERE kind = 'batch'),
			gate AS (SELECT count(*) FILTER (WHERE action = 'replay') AS begun,
				count(*) FILTER (WHERE action = 'replayed') AS ended FROM pgretain.ledger WHERE kind = 'lineage')
		SELECT format('%s: gone %s, ledger %s', t, gone, rows) FROM (VALUES
			('s.visits', 200 - (SELECT count(*) FROM s.visits)), ('s.shares', 3 - (SELECT count(*) FROM s.shares)),
			('s.phones', 3 - (SELECT count(*) FROM s.phones)),
			('s.accounts', 20 - (SELECT count(*) FROM s.accounts))) AS v (t, gone)
			LEFT JOIN LATERAL (SELECT coalesce(sum(rows), 0) AS rows FROM pgretain.ledger
				WHERE kind = 'batch' AND tbl = t AND action = 'delete') l ON true WHERE gone <> rows
		UNION ALL SELECT 'others'' rows: ' || t FROM (VALUES
			('visits', (SELECT count(*) FROM s.visits WHERE account_id <> 1 AND id <> 9), 189),
			('orders', (SELECT count(*) FROM s.orders), 8),
			('phones', (SELECT count(*) FROM s.phones WHERE id <> 1), 2),
			('accounts', (SELECT count(*) FROM s.accounts WHERE name = 'Name ' || id AND id > 1), 19)
			) AS v (t, n, want) WHERE n <> want
		UNION ALL SELECT 'rows went without the hold' FROM did WHERE n > 0
			AND NOT EXISTS (SELECT FROM pgretain.hold WHERE state = 'active')
		UNION ALL SELECT 'rows went before the replay' FROM did, gate WHERE n > 0 AND begun = 0
		UNION ALL SELECT format('begun %s times, ended %s times', begun, ended) FROM gate
			WHERE begun > 1 OR ended > begun
		UNION ALL SELECT 'open: ' || replaying FROM gate, (SELECT replaying FROM pgretain.lineage
			ORDER BY id DESC LIMIT 1) l WHERE replaying <> (begun > ended)
		UNION ALL SELECT 'open too early' FROM gate WHERE ended > 0 AND EXISTS (SELECT FROM s.visits
			WHERE account_id = 1 OR id = 9)
		UNION ALL SELECT 'rows of the log are left' FROM pgretain.replay_row"
}
replay_done() {
	q "SELECT 'not open' WHERE NOT EXISTS (SELECT FROM pgretain.ledger WHERE kind = 'lineage' AND action = 'replayed')
		UNION ALL SELECT format('%s is %s', id, state) FROM pgretain.request WHERE state <> CASE id
			WHEN '$gone' THEN 'partially_deferred' WHEN '$held' THEN 'partially_held' ELSE 'verified' END
		UNION ALL SELECT 'requests: ' || count(*) FROM pgretain.request HAVING count(*) <> 3
		UNION ALL SELECT 'unbalanced: ' || rule FROM pgretain.request_item WHERE matched <> erased + anonymized
			+ quarantined + deferred + held + retained + not_found + failed
		UNION ALL SELECT 'a link to the person' FROM s.devices WHERE 1 IN (owner, second_owner)
		UNION ALL SELECT 'rows of the person' FROM s.phones WHERE account_id = 1"
}
replay_final() {
	echo "$(erase_final) $(snap "SELECT 'p', to_jsonb(x) FROM s.phones x UNION ALL SELECT 's', to_jsonb(x)
		FROM s.shares x UNION ALL SELECT 'h', to_jsonb(ARRAY[id::text, state]) FROM pgretain.hold UNION ALL
		SELECT 'r', to_jsonb(ARRAY[id::text, state]) FROM pgretain.request")"
}
replay_moved() { q "SELECT count(*), sum(rows) FROM pgretain.ledger WHERE kind IN ('batch', 'lineage', 'request')"; }

# ---- backups: the one that a request waits for is gone -----------------------------------------------------

scan_prepare() {
	local dumps=$W/dumps
	mkdir -m 700 "$dumps"
	db_new t
	erase_shop
	sed -i '/^no_backups/d' "$CONF/subjects.cfg"
	conf_add pgretain.cfg "backups = { nightly = { kind = \"pg_dump\"; path = \"$dumps\"; keep = \"35 days\"; }; };"
	q 'DELETE FROM s.items; DELETE FROM s.orders; DELETE FROM s.devices'	# nothing that a floor keeps
	pg_dump -Fc -f "$dumps/before.dump" || bail_out pg_dump
	run_pgretain backup scan
	request 1
	approved "$id"
	run_pgretain erase "$id"
	[ "$rc/$(state_of "$id")" = 0/backup_pending ] || bail_out "somebody waits for a backup: $err"
	rm "$dumps/before.dump"
	pg_dump -Fc -f "$dumps/after.dump" || bail_out pg_dump
	scan_cmd=(backup scan --format json) scan_rc=0
}
scan_faults() {
	q "WITH gone AS (SELECT count(*) AS n FROM pgretain.ledger WHERE kind = 'backup' AND action = 'scan'
			AND detail::jsonb ? 'gone')
		SELECT 'complete while a backup holds the rows' FROM pgretain.request WHERE state = 'completed'
			AND EXISTS (SELECT FROM pgretain.obligation WHERE cleared_at IS NULL)
		UNION ALL SELECT 'state ' || state FROM pgretain.request WHERE state NOT IN ('backup_pending', 'completed')
		UNION ALL SELECT format('%s is gone, %s entries', name, n) FROM gone, pgretain.backup_set
			WHERE name = 'before.dump' AND (gone_at IS NOT NULL) <> (n = 1)
		UNION ALL SELECT format('%s is there, %s entries', name, n) FROM pgretain.backup_set,
			(SELECT count(*) AS n FROM pgretain.ledger WHERE kind = 'backup' AND action = 'scan'
				AND detail::jsonb -> 'new' @> '[{\"set\": \"after.dump\"}]') x WHERE name = 'after.dump' AND n <> 1
		UNION ALL SELECT format('cleared: %s, %s entries', how, n) FROM gone, pgretain.obligation o
			WHERE cleared_at IS NOT NULL AND (n = 0 OR how <> 'expired')
		UNION ALL SELECT 'frozen: ' || n || ', ' || state FROM pgretain.request,
			(SELECT count(*) AS n FROM pgretain.request_frozen) x WHERE (state = 'completed') <> (n = 0)"
}
scan_done() { q "SELECT 'state ' || state FROM pgretain.request WHERE state <> 'completed'"; }
scan_final() {
	snap "SELECT 'r', to_jsonb(ARRAY[id::text, state]) FROM pgretain.request UNION ALL
		SELECT 'b', to_jsonb(ARRAY[store, name, (gone_at IS NULL)::text]) FROM pgretain.backup_set UNION ALL
		SELECT 'o', to_jsonb(ARRAY[name, run::text, how]) FROM pgretain.obligation
		JOIN pgretain.backup_set ON id = set_id"
}
scan_moved() { q "SELECT count(*) FROM pgretain.ledger WHERE kind <> 'backup'"; }

# ---- an archive of before: of 300 orders 200 are due ------------------------------------------------------

rewrite_prepare() {
	db_new t
	q "CREATE TABLE orders (id int PRIMARY KEY, at timestamptz, note text);
		INSERT INTO orders SELECT i, CASE WHEN i % 3 = 0 THEN timestamptz '2099-01-01Z' ELSE '2019-01-01Z' END,
			'n' || i FROM generate_series(1, 300) i"
	conf_new
	conf_class kill 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
	conf_rule orders 'table = "public.orders"; class = "kill"; start = "at";'
	run_pgretain init
	pg_dump -Fc -t orders -f "$W/archive" || bail_out pg_dump
	rewrite_all=$(q 'SELECT md5(string_agg(id::text, chr(10) ORDER BY id)) FROM orders')
	rewrite_left=$(q 'SELECT md5(string_agg(id::text, chr(10) ORDER BY id)) FROM orders WHERE id % 3 = 0')
	confirmed_run >/dev/null
	rewrite_cmd=(backup rewrite --format json --file "$W/archives/a.dump") rewrite_rc=0
}
rewrite_fresh() {
	rm -rf "$W/archives"
	mkdir "$W/archives"
	cp "$W/archive" "$W/archives/a.dump"
	crash_adopt
}
rewrite_ids() {
	printf %s "$(pg_restore -a -f - "$W/archives/a.dump" |
		awk '/^COPY/ { on = 1; next } /^\\\./ { on = 0 } on { print $1 }' | sort -n)" | md5sum | cut -d' ' -f1
}
rewrite_faults() {	# one or the other, whole; what the ledger says has been done
	local ids
	ids=$(rewrite_ids)
	case $ids in
	"$rewrite_all") q "SELECT 'the ledger says it was rewritten' FROM pgretain.ledger WHERE kind = 'backup'" ;;
	"$rewrite_left") q "SELECT format('%s rows of %s', rows, tbl) FROM pgretain.ledger WHERE kind = 'backup'
		AND (rows, tbl, action) <> (200, 'public.orders', 'rewrite')" ;;
	*) echo "neither the old nor the new archive: $ids" ;;
	esac
	q "SELECT 'rows went from the database' FROM orders HAVING count(*) <> 100"
}
rewrite_done() {
	[ "$(rewrite_ids)" = "$rewrite_left" ] || echo 'not rewritten'
	[ "$(ls -A "$W/archives")" = a.dump ] || echo "left beside it: $(ls -A "$W/archives" | paste -sd' ')"
}
rewrite_final() { rewrite_ids; }
rewrite_moved() { q "SELECT count(*) FROM pgretain.ledger WHERE kind = 'backup'"; }

# ---- two dumps of before, in the catalogue: a listing before each, as in the step of a job ---------------------

clean_prepare() {
	rewrite_prepare
	mkdir "$W/kept"
	conf_add pgretain.cfg "backups = { n = { kind = \"pg_dump\"; path = \"$W/archives\"; keep = \"9 days\";
		rewrite = true; }; };"
	q "INSERT INTO orders SELECT i, '2019-01-01Z', 'n' FROM generate_series(1, 300) i WHERE i % 3 > 0"
	pg_dump -Fc -f "$W/kept/a.dump" && pg_dump -Fd -f "$W/kept/b.dump" || bail_out pg_dump
	run_pgretain run --format json
	[ "$rc/$(of orders deleted)" = 0/200 ] || bail_out "a night: $err"
	clean_cmd=(backup rewrite --format json) clean_rc=0
}
clean_fresh() {
	rm -rf "$W/archives"
	cp -rp "$W/kept" "$W/archives"
	crash_adopt
	clean_mend
}
clean_mend() { run_pgretain backup scan; [ "$rc" = 0 ] || error "scan: $err"; }
clean_ids() {	# ARCHIVE
	printf %s "$(pg_restore -a -n public -f - "$W/archives/$1" |
		awk '/^COPY/ { on = 1; next } /^\\\./ { on = 0 } on { print $1 }' | sort -n)" | md5sum | cut -d' ' -f1
}
clean_faults() {	# one or the other, whole; what catalogue and ledger say is true
	local a ids
	for a in a.dump b.dump; do
		ids=$(clean_ids "$a")
		case $ids in
		"$rewrite_all") q "SELECT '$a is cleared, and has its rows' FROM pgretain.obligation o JOIN pgretain.backup_set s
				ON s.id = o.set_id WHERE s.name = '$a' AND o.cleared_at IS NOT NULL
			UNION ALL SELECT '$a: rewritten, says the ledger' FROM pgretain.ledger WHERE action = 'rewrite'
				AND detail::jsonb ->> 'set' = 'n/$a'" ;;
		"$rewrite_left") ;;
		*) echo "neither the old nor the new archive: $a $ids" ;;
		esac
		q "SELECT format('$a: %s entries, %s cleared', n, c) FROM (SELECT count(*) AS n FROM pgretain.ledger
				WHERE action = 'rewrite' AND detail::jsonb ->> 'set' = 'n/$a' AND rows = 200) x,
			(SELECT count(*) AS c FROM pgretain.obligation o JOIN pgretain.backup_set s ON s.id = o.set_id
				WHERE s.name = '$a' AND o.how = 'rewritten' AND (o.evidence #>> '{tables,0,dropped}')::int = 200) y
			WHERE n <> c OR n > 1"
	done
	q "SELECT name || ' is gone' FROM pgretain.backup_set WHERE gone_at IS NOT NULL
		UNION ALL SELECT 'twice in the catalogue: ' || name FROM pgretain.backup_set GROUP BY name HAVING count(*) > 1
		UNION ALL SELECT 'rows went from the database' FROM orders HAVING count(*) <> 100"
}
clean_done() {
	q "SELECT 'not cleared: ' || name FROM pgretain.backup_set s WHERE NOT EXISTS (SELECT FROM pgretain.obligation o
			WHERE o.set_id = s.id AND o.how = 'rewritten')
		UNION ALL SELECT 'sets: ' || count(*) FROM pgretain.backup_set HAVING count(*) <> 2
		UNION ALL SELECT 'still about to be: ' || identity FROM pgretain.backup_rewriting
		UNION ALL SELECT 'another digest: ' || name FROM pgretain.backup_set WHERE name = 'a.dump'
			AND rewritten ->> 'sha256' <> 'sha256:$(sha256sum "$W/archives/a.dump" | cut -c1-64)'"
	[ "$(ls -A "$W/archives" | paste -sd' ')" = 'a.dump b.dump' ] || echo "left there: $(ls -A "$W/archives")"
}
clean_final() { echo "$(clean_ids a.dump) $(clean_ids b.dump)"; }
clean_moved() { q "SELECT count(*) FROM pgretain.ledger WHERE action = 'rewrite'"; }
