#!/usr/bin/env bash
# Random people, floors, holds and grounds. What must happen to each row is worked out in plain SQL before anything is
# done: no row of anybody else is touched, nothing under floor, hold or ground goes, all else does; every item
# balances; nothing is completed early, and everything in the end.
# PGRETAIN_SEED=N repeats a run, PGRETAIN_ROUNDS=N asks for more.
TEST_TIMEOUT=${TEST_TIMEOUT:-600}
. "$(dirname "$0")/lib.sh"

seed=${PGRETAIN_SEED:-$((RANDOM % 10000))}
rounds=${PGRETAIN_ROUNDS:-6}
note "PGRETAIN_SEED=$seed"
RANDOM=$seed

q <<'SQL'
CREATE SCHEMA p; CREATE SCHEMA x;
CREATE TABLE p.people (id int PRIMARY KEY, mail text);
CREATE TABLE p.a (id int PRIMARY KEY, person int REFERENCES p.people, note text, extra text, at timestamptz);
CREATE TABLE p.b (id int PRIMARY KEY, a int NOT NULL REFERENCES p.a, txt text);
CREATE TABLE p.c (id int PRIMARY KEY, owner_type text, owner_id int, x text, at timestamptz);
CREATE TABLE p.d (id int PRIMARY KEY, one int, two int, x text, at timestamptz);
CREATE TABLE p.e (id int PRIMARY KEY, person int NOT NULL REFERENCES p.people ON DELETE CASCADE, at timestamptz);
CREATE TABLE p.f (id int PRIMARY KEY, b int NOT NULL REFERENCES p.b, x text, at timestamptz);
CREATE INDEX ON p.a (person); CREATE INDEX ON p.b (a); CREATE INDEX ON p.e (person); CREATE INDEX ON p.f (b);
SQL
conf_new
head -c 32 /dev/urandom >"$CONF/key" && chmod 0400 "$CONF/key"
sed -i 's/"classes.cfg"/"classes.cfg", "subjects.cfg"/' "$PGRETAIN_CONFIG"
cat >"$CONF/subjects.cfg" <<'CFG'
subjects = { person = { root = "p.people"; key = "id"; identifiers = { mail = { column = "mail";
	normalise = "email"; }; }; }; };
key_file = "key";
no_backups = "none";
CFG
conf_class std 'standards = ( { name = "s"; keep = "9 years"; } ); zone = "UTC"; action = "delete";'
conf_class two 'floor = ( { keep = "2 years"; basis = "Law 2"; } ); zone = "UTC"; action = "anonymize";'
conf_class one 'floor = ( { keep = "1 year"; basis = "Law 1"; } ); zone = "UTC"; action = "delete";'
conf_rule people 'table = "p.people"; class = "std"; start = { column = "id"; unit = "s"; };
	subject = { person = "id"; }; plausible_from = "1970-01-01";
	children = { e = "cascade"; };'
conf_rule a 'table = "p.a"; class = "two"; start = "at"; subject = { person = "person"; };
	columns = { person = "null"; note = "null"; extra = "null"; at = "keep"; }; minimise = [ "extra" ];'
conf_rule b 'table = "p.b"; follows = "a"; action = "anonymize"; columns = { txt = "null"; a = "keep"; };'
conf_rule c 'table = "p.c"; class = "one"; start = "at"; subject = { person = { column = "owner_id";
	when = "owner_type = '"'p'"'"; }; };
	columns = { x = "null"; }; minimise = [ "x" ];'
conf_rule d 'table = "p.d"; class = "std"; start = "at"; shared = true;
	subject = { person = ( "one", "two" ); }; columns = { x = "null"; };'
conf_rule e 'table = "p.e"; class = "one"; start = "at"; subject = { person = "person"; };'
conf_rule f 'table = "p.f"; class = "one"; start = "at"; subject = { person = { follows = "b"; }; };'
mkdir -p "$CONF/jobs"
echo 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t";
	steps = [ "requests" ]; };' >"$CONF/jobs/n.cfg"
echo 'jobs = "jobs";' >>"$PGRETAIN_CONFIG"
run_pgretain init
is "$rc" 0 "init $err"

fill() {	# random rows: starts from now to four years ago, now and then none
	q "SELECT setseed($1 / 100000.0); TRUNCATE pgretain.suppression;	-- other people under the numbers of the last round
	TRUNCATE p.people, p.a, p.b, p.c, p.d, p.e, p.f;
	INSERT INTO p.people SELECT n, 'mail' || n || '@ex.test' FROM generate_series(1, 12) n;
	CREATE TEMP TABLE r AS SELECT n, 1 + (random() * 11)::int AS x, 1 + (random() * 11)::int AS y,
		CASE WHEN random() < 0.9 THEN now() - random() * interval '4 years' END AS at FROM generate_series(1, 240) n;
	INSERT INTO p.a SELECT n, x, 'note' || n, 'extra' || n, at FROM r WHERE n <= 60;
	INSERT INTO p.b SELECT n, 1 + (random() * 59)::int, 'txt' || n FROM r WHERE n <= 80;
	INSERT INTO p.c SELECT n, CASE WHEN random() < 0.7 THEN 'p' ELSE 'q' END, x, 'x' || n, at FROM r WHERE n <= 80;
	INSERT INTO p.d SELECT n, x, y, 'x' || n, at FROM r WHERE n <= 40;
	INSERT INTO p.e SELECT n, x, at FROM r WHERE n <= 30;
	INSERT INTO p.f SELECT n, 1 + (random() * 79)::int, 'x' || n, at FROM r WHERE n <= 40" >/dev/null
}
rows="SELECT 'people' AS tbl, id, to_jsonb(t) AS j FROM p.people t UNION ALL SELECT 'a', id,
	to_jsonb(t) FROM p.a t UNION ALL SELECT 'b', id, to_jsonb(t) FROM p.b t
	UNION ALL SELECT 'c', id, to_jsonb(t) FROM p.c t UNION ALL SELECT 'd', id, to_jsonb(t)
		FROM p.d t UNION ALL SELECT 'e', id, to_jsonb(t) FROM p.e t
	UNION ALL SELECT 'f', id, to_jsonb(t) FROM p.f t"
# what must happen to the rows of people $1 (an SQL list): the fate of each row, by the law's text alone.
# x.hold(tbl, rest): rows with id % 7 = rest are held; x.keep(tbl, person, code): under a ground. G7 keeps the row, not what
# it shows of the person; G8 keeps it theirs, without identifiers
fates() {
	q "DROP TABLE IF EXISTS x.fate; CREATE TABLE x.fate AS
	WITH who AS (SELECT unnest(ARRAY[$1]) AS k),
	mine AS (
		SELECT 'a' AS tbl, a.id, a.person AS k, a.id AS a, NULL::int AS b FROM p.a JOIN who ON k = person
		UNION ALL SELECT 'b', b.id, a.person, a.id, b.id FROM p.b JOIN p.a ON a.id = b.a JOIN who ON k = a.person
		UNION ALL SELECT 'c', c.id, owner_id, NULL, NULL FROM p.c JOIN who ON k = owner_id WHERE owner_type = 'p'
		UNION ALL SELECT 'd', d.id, k, NULL, NULL FROM p.d JOIN who ON k IN (one, two)
		UNION ALL SELECT 'e', e.id, person, NULL, NULL FROM p.e JOIN who ON k = person
		UNION ALL SELECT 'f', f.id, a.person, a.id, b.id FROM p.f JOIN p.b ON b.id = f.b
			JOIN p.a ON a.id = b.a JOIN who ON k = a.person),
	state AS (SELECT m.*,
		EXISTS (SELECT FROM x.hold h WHERE h.tbl = m.tbl AND m.id % 7 = h.rest)
			-- a hold covers what follows the row, what would cascade from it, and its mapped attachments
			OR m.tbl IN ('b', 'f') AND EXISTS (SELECT FROM x.hold h WHERE h.tbl = 'a' AND m.a % 7 = h.rest)
			OR m.tbl = 'f' AND EXISTS (SELECT FROM x.hold h WHERE h.tbl = 'b' AND m.b % 7 = h.rest)
			OR m.tbl = 'e' AND EXISTS (SELECT FROM x.hold h WHERE h.tbl = 'people' AND m.k % 7 = h.rest) AS held,
		EXISTS (SELECT FROM x.keep g WHERE g.person = m.k AND g.code <> 'G7'
			AND (g.tbl = m.tbl OR g.tbl = 'a' AND m.tbl = 'b')) AS kept,
		EXISTS (SELECT FROM x.keep g WHERE g.person = m.k AND g.tbl = m.tbl AND g.code = 'G7') AS anon,
		EXISTS (SELECT FROM x.keep g WHERE g.person = m.k AND g.tbl = m.tbl AND g.code = 'G8') AS strip,
		CASE m.tbl WHEN 'd' THEN true
			-- at least N years: until the end of that day
			WHEN 'a' THEN (SELECT date_trunc('day',
				at AT TIME ZONE 'UTC' + interval '2 years') + interval '1 day' <= now() AT TIME ZONE 'UTC'
				FROM p.a x WHERE x.id = m.a)
			WHEN 'b' THEN (SELECT date_trunc('day',
				at AT TIME ZONE 'UTC' + interval '2 years') + interval '1 day' <= now() AT TIME ZONE 'UTC'
				FROM p.a x WHERE x.id = m.a)
			WHEN 'c' THEN (SELECT date_trunc('day',
				at AT TIME ZONE 'UTC' + interval '1 year') + interval '1 day' <= now() AT TIME ZONE 'UTC'
				FROM p.c x WHERE x.id = m.id)
			WHEN 'e' THEN (SELECT date_trunc('day',
				at AT TIME ZONE 'UTC' + interval '1 year') + interval '1 day' <= now() AT TIME ZONE 'UTC'
				FROM p.e x WHERE x.id = m.id)
			WHEN 'f' THEN (SELECT date_trunc('day',
				at AT TIME ZONE 'UTC' + interval '1 year') + interval '1 day' <= now() AT TIME ZONE 'UTC'
				FROM p.f x WHERE x.id = m.id)
		END IS TRUE AS past FROM mine m),
	-- an order stays while something that only it leads to must stay
	way AS (SELECT s.*, s.tbl = 'a' AND EXISTS (SELECT FROM state o WHERE o.a = s.a AND o.k = s.k
		AND o.tbl IN ('b', 'f') AND (o.held OR o.kept OR NOT o.past)) AS own FROM state s),
	-- and what follows it stays with it
	lot AS (SELECT w.*, own OR tbl = 'b' AND EXISTS (SELECT FROM way o WHERE o.tbl = 'a'
		AND o.a = w.a AND o.own) AS blocked FROM way w)
	SELECT tbl, id, k, held, kept, past, blocked, strip, NOT held AND NOT kept AND past AND NOT blocked AND anon AS detach,
		NOT held AND NOT kept AND past AND NOT blocked AND NOT anon AS goes FROM lot;
	INSERT INTO x.fate SELECT 'people', k, k, held, kept, true, blocked, false, false, NOT held AND NOT kept AND NOT blocked
	FROM (SELECT k, EXISTS (SELECT FROM x.hold h WHERE h.tbl = 'people' AND k % 7 = h.rest) AS held,
		EXISTS (SELECT FROM x.keep g WHERE g.person = k AND g.tbl = 'people') AS kept,
		EXISTS (SELECT FROM x.fate f WHERE f.k = w.k AND f.tbl IN ('a', 'e') AND NOT f.goes) AS blocked
		FROM unnest(ARRAY[$1]) AS w (k)) x;
	DROP TABLE IF EXISTS x.was; CREATE TABLE x.was AS $rows"
}
# rows whose lot was not what it had to be, each with its table and number
wrong() {
	q "WITH now AS ($rows), pair AS (SELECT w.tbl, w.id, w.j AS before, n.j AS after FROM x.was w
		LEFT JOIN now n USING (tbl, id))
	SELECT string_agg(x, ', ') FROM (
		SELECT 'touched ' || tbl || id FROM pair b WHERE before IS DISTINCT FROM after
			AND NOT EXISTS (SELECT FROM x.fate f WHERE f.tbl = b.tbl AND f.id = b.id)
		UNION ALL SELECT 'held or kept ' || tbl || id FROM pair b WHERE before IS DISTINCT
			FROM CASE WHEN EXISTS (SELECT FROM x.fate f WHERE f.tbl = b.tbl AND f.id = b.id AND f.strip AND NOT f.held)
				THEN after || jsonb_build_object('x', before -> 'x') ELSE after END
			AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = b.tbl AND f.id = b.id AND (f.held OR f.kept))
			AND NOT (tbl = 'd' AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = b.tbl AND f.id = b.id AND f.goes))
		UNION ALL SELECT 'gone before its time ' || tbl || id FROM pair b WHERE after IS NULL
			AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = b.tbl AND f.id = b.id AND NOT f.goes)
		UNION ALL SELECT 'lost its link ' || id FROM pair b WHERE tbl = 'a'
			AND after ->> 'person' IS NULL AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = 'a'
			AND f.id = b.id AND NOT f.goes)
		UNION ALL SELECT 'lost its owner ' || id FROM pair b WHERE tbl = 'c' AND after ->> 'owner_id' IS NULL
			AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = 'c' AND f.id = b.id AND NOT f.goes AND NOT f.detach)
		UNION ALL SELECT 'still shows them c' || id FROM pair b WHERE tbl = 'c'
			AND coalesce(after ->> 'owner_id', after ->> 'x') IS NOT NULL
			AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = 'c' AND f.id = b.id AND f.detach)
		UNION ALL SELECT 'still there ' || tbl || id FROM pair b WHERE tbl IN ('people', 'c', 'e',
			'f') AND after IS NOT NULL AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = b.tbl AND f.id = b.id AND f.goes)
		UNION ALL SELECT 'not anonymized a' || id FROM pair b WHERE tbl = 'a'
			AND coalesce(after ->> 'person', after ->> 'note', after ->> 'extra') IS NOT NULL
			AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = 'a' AND f.id = b.id AND f.goes)
		UNION ALL SELECT 'not anonymized b' || id FROM pair b WHERE tbl = 'b'
			AND after ->> 'txt' IS NOT NULL AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = 'b'
			AND f.id = b.id AND f.goes)
		UNION ALL SELECT 'not minimised ' || tbl || id FROM pair b WHERE tbl IN ('a', 'c')
			AND coalesce(after ->> 'extra', after ->> 'x') IS NOT NULL
			AND EXISTS (SELECT FROM x.fate f WHERE f.tbl = b.tbl AND f.id = b.id AND NOT f.goes
				AND NOT f.held AND (NOT f.kept OR f.strip))
		UNION ALL SELECT 'the other''s link d' || id FROM pair b JOIN x.fate f USING (tbl, id) WHERE tbl = 'd' AND
			(before ->> 'one' <> f.k::text AND after ->> 'one' IS NULL AND NOT EXISTS (SELECT
				FROM x.fate g WHERE g.tbl = 'd' AND g.id = b.id AND g.k::text = before ->> 'one' AND g.goes)
			OR before ->> 'two' <> f.k::text AND after ->> 'two' IS NULL AND NOT EXISTS (SELECT
				FROM x.fate g WHERE g.tbl = 'd' AND g.id = b.id AND g.k::text = before ->> 'two' AND g.goes))
	) AS t (x)"
}
unbalanced() { q "SELECT count(*) FROM pgretain.request_item
	WHERE matched <> erased + anonymized + quarantined + deferred + held + retained + not_found + failed
	OR failed > 0"; }

q 'CREATE TABLE x.hold (tbl text, rest int); CREATE TABLE x.keep (tbl text, person int, code text)'
for ((n = 1; n <= rounds; n++)); do
	fill $((RANDOM))
	q "UPDATE pgretain.hold SET state = 'released', released_at = now() WHERE state <> 'released';
		TRUNCATE x.hold, x.keep"
	people=() ids=()
	k=$((RANDOM % 12)) step=$((1 + RANDOM % 4))
	for ((i = 0; i <= RANDOM % 3; i++)); do people+=("$((1 + (k + i * step) % 12))"); done
	for t in a b c d e f people; do
		[ $((RANDOM % 3)) -gt 0 ] || { r=$((RANDOM % 7))
			q "INSERT INTO x.hold VALUES ('$t', $r);
			INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
				VALUES (gen_random_uuid(), 'rows', '$t', 'id % 7 = $r', 'r', 'x')"; }
	done
	for k in "${people[@]}"; do
		id=$(q "INSERT INTO pgretain.request (id, kind, state, subject_type, received_at,
			respond_by, opened_at, opened_by, verified_at)
			VALUES (gen_random_uuid(), 'erasure', 'verified', 'person', now(),
				now() + interval '15 days', now(), 'clerk', now()) RETURNING id")
		q "INSERT INTO pgretain.request_subject (request, subject_type, subject_key, settled)
			VALUES ('$id', 'person', '$k', true)"
		ids+=("$id")
		for t in a c e f; do
			code=G3
			[ $t != c ] || { codes=(G3 G7 G7 G8 G8); code=${codes[RANDOM % 5]}; }
			odds=6; [ $t != c ] || odds=2
			[ $((RANDOM % odds)) -gt 0 ] || q "INSERT INTO x.keep VALUES ('$t', $k, '$code');
				INSERT INTO pgretain.request_ground (request, rule, code, scope, evidence, approver, review_at)
				VALUES ('$id', '$t', '$code', 'rule', 'ref', 'boss',
					CASE WHEN '$code' <> 'G7' THEN now() + interval '1 year' END)"
		done
	done
	list=$(IFS=,; echo "${people[*]}")
	fates "$list"
	run_pgretain request assess "${ids[@]}" --format json
	[ "$rc" = 0 ] || error "assess: $err"
	run_pgretain request approve "${ids[@]}" --expect "$(json .fingerprint)"
	[ "$rc" = 0 ] || error "approve: $err"
	run_pgretain erase "${ids[@]}" --format json
	is "$rc" 0 "round $n, people $list: done $(tail -n 2 "$W/err")"
	is "$(wrong)" '' "round $n: every row has its lot"
	is "$(unbalanced)" 0 "round $n: items balance, nothing failed"
	is "$(q "SELECT count(*) FROM pgretain.request r
		JOIN pgretain.request_subject s ON s.request = r.id WHERE r.state = 'completed'
		AND r.id = ANY('{$(IFS=,; echo "${ids[*]}")}') AND EXISTS (SELECT FROM x.fate f
			WHERE f.k::text = s.subject_key AND NOT f.goes AND NOT f.detach)")" 0 \
		"round $n: nothing is completed early"
	# all reasons end: everything goes
	q "UPDATE pgretain.hold SET state = 'released', released_at = now() WHERE state <> 'released';
		TRUNCATE x.hold, x.keep;
		UPDATE pgretain.request_ground SET review_at = now() - interval '1 second';
		UPDATE p.a SET at = '2010-01-01'; UPDATE p.c SET at = '2010-01-01';
			UPDATE p.e SET at = '2010-01-01'; UPDATE p.f SET at = '2010-01-01';
		UPDATE pgretain.request SET wake_at = now() - interval '1 second' WHERE wake_at IS NOT NULL"
	fates "$list"
	run_pgretain run --job night --format json
	is "$rc" 0 "round $n: the night ends well $(tail -n 2 "$W/err")"
	is "$(wrong)" '' "round $n: in the end everything of them is gone, and nothing else"
	is "$(q "SELECT string_agg(DISTINCT state, ' ') FROM pgretain.request WHERE id = ANY('{$(IFS=,;
		echo "${ids[*]}")}')")" completed "round $n: completed"
	is "$(unbalanced)" 0 "round $n: items balance"
done
done_testing
