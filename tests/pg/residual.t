#!/usr/bin/env bash
# The search after an erasure finds what plain SQL finds, for few people (asked of the server) and for many (sieved
# here): in texts of any letters, in arrays, documents and their fields, partitions; numbers with and without their
# country; what two people share.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/erase_lib.sh"

few=3 many=40
seed=${RESIDUAL_SEED:-$RANDOM}
note "RESIDUAL_SEED=$seed"
q "SELECT setseed($seed / 32768.0)" >/dev/null
q <<SQL
CREATE SCHEMA s;
CREATE TABLE s.accounts (id text PRIMARY KEY, email text, phone text, alias text, closed_at timestamptz);
-- keys that are short, that are numbers, that are long enough to stand in a text
INSERT INTO s.accounts SELECT CASE n % 3 WHEN 0 THEN 'A' || n WHEN 1 THEN n::text ELSE 'Customer-000' || n END,
	'Person' || n || 'é@Ex.test', '+86139' || lpad((n * 7919 % 100000000)::text, 8, '0'), 'Jörg Ärger ' || n, NULL
	FROM generate_series(1, 100) n;
-- both go
UPDATE s.accounts SET phone = '+8613900000006' WHERE id IN (SELECT id FROM s.accounts WHERE alias ~ ' [56]\$');

-- one of them stays
UPDATE s.accounts SET phone = '+8613900000007' WHERE alias ~ ' (7|99)\$';
CREATE TABLE s.visits (account_id text, page text, at timestamptz);
INSERT INTO s.visits SELECT id, 'p', now() FROM s.accounts;
CREATE TABLE s.texts (id serial, a text COLLATE "C", b varchar(400) COLLATE "POSIX", c text[]);
CREATE TABLE s.parts (id serial, k int, words text) PARTITION BY LIST (k);
CREATE TABLE s.parts_1 PARTITION OF s.parts FOR VALUES IN (0, 1);
CREATE TABLE s.parts_2 PARTITION OF s.parts FOR VALUES IN (2);
CREATE TABLE s.docs (id serial, words text, j json, jb jsonb);
CREATE TABLE s.none (id serial, words text);

-- what may stand somewhere of a person, and what is only near to it
CREATE TABLE public.said AS SELECT a.id, k, CASE k
	WHEN 0 THEN a.email WHEN 1 THEN upper(a.email) WHEN 2 THEN 'x' || lower(a.email) || 'y' WHEN 3 THEN a.phone
	WHEN 4 THEN '0086' || substr(a.phone, 4) WHEN 5 THEN substr(a.phone, 4) WHEN 6 THEN a.alias
	WHEN 7 THEN upper(a.alias) WHEN 8 THEN a.id WHEN 9 THEN upper(a.id) WHEN 10 THEN left(a.email, -1) WHEN 11 THEN substr(a.phone, 5)
	WHEN 12 THEN 'Person' || n WHEN 13 THEN '' ELSE md5(a.id) END AS text
	FROM (SELECT *, row_number() OVER () AS n FROM s.accounts) a, generate_series(0, 15) k;
CREATE FUNCTION public.words(salt int) RETURNS text LANGUAGE sql VOLATILE AS \$\$
	SELECT string_agg(text, CASE WHEN random() < 0.5 THEN ' ' ELSE '' END ORDER BY random())
	FROM (SELECT text FROM public.said WHERE salt IS NOT NULL ORDER BY random() LIMIT floor(random() * 4)::int) x \$\$;
CREATE FUNCTION public.document(salt int) RETURNS jsonb LANGUAGE sql VOLATILE AS \$\$
	SELECT CASE floor(random() * 6)::int WHEN 0 THEN jsonb_build_object('account_id', id)
		WHEN 1 THEN jsonb_build_object('x', jsonb_build_array(1, jsonb_build_object('account_id', id)),
			'account_id', NULL)
		WHEN 2 THEN CASE WHEN id ~ '^[0-9]+\$' THEN jsonb_build_object('account_id', id::int) END
		WHEN 3 THEN jsonb_build_object('other_id', id) WHEN 4 THEN jsonb_build_object('account_id', id || '0')
		ELSE jsonb_build_object('words', public.words(salt)) END
	FROM s.accounts WHERE salt IS NOT NULL ORDER BY random() LIMIT 1 \$\$;
INSERT INTO s.texts (a, b, c) SELECT public.words(n), CASE WHEN n % 5 > 0 THEN public.words(n) END,
	CASE WHEN n % 3 = 0 THEN ARRAY[public.words(n), public.words(n)] END FROM generate_series(1, 900) n;
INSERT INTO s.parts (k, words) SELECT n % 3, public.words(n) FROM generate_series(1, 600) n;
INSERT INTO s.docs (words, j, jb) SELECT public.words(n), public.document(n)::json, public.document(n)
	FROM generate_series(1, 900) n;
-- more rows than are read at once, and more that show somebody than are judged at once
INSERT INTO s.texts (a) SELECT md5(n::text) FROM generate_series(1, 5000) n;
INSERT INTO s.texts (a) SELECT email FROM s.accounts, generate_series(1, 300) WHERE email ~ '[1-9]';
SQL
conf_new
head -c 32 /dev/urandom >"$CONF/key" && chmod 0400 "$CONF/key"
sed -i 's/"classes.cfg"/"classes.cfg", "subjects.cfg"/' "$PGRETAIN_CONFIG"
cat >"$CONF/subjects.cfg" <<'CFG'
subjects = { account = { root = "s.accounts"; key = "id"; identifiers = {
	email = { column = "email"; normalise = "email"; };
	phone = { column = "phone"; normalise = "e164"; country = "CN"; }; alias = { column = "alias"; }; }; }; };
key_file = "key";
no_backups = "a throw-away cluster";
CFG
conf_class log 'standards = ( { name = "p"; keep = "1 year"; } ); zone = "UTC"; action = "delete";'
conf_rule accounts 'table = "s.accounts"; class = "log"; start = "closed_at"; subject = { account = "id"; };'
conf_rule visits 'table = "s.visits"; class = "log"; start = "at"; subject = { account = "account_id"; };'
conf_add tables/t.cfg 'exempt = ( { table = "s.texts"; reason = "r"; }, { table = "s.parts"; reason = "r"; },
	{ table = "s.docs"; reason = "r"; }, { table = "s.none"; reason = "r"; } );'
run_pgretain init
is "$rc" 0 "init $err"

# requests FIRST LAST: verified requests of these people; $ids
requests() {
	mapfile -t ids < <(q "WITH a AS (SELECT id AS key, gen_random_uuid() AS id FROM s.accounts
			WHERE substr(alias, 12)::int BETWEEN $1 AND $2),
		r AS (INSERT INTO pgretain.request (id, kind, state, subject_type, received_at, respond_by, opened_at,
				opened_by, verified_at)
			SELECT id, 'erasure', 'verified', 'account', now(), now() + interval '15 days', now(), 'clerk', now()
			FROM a)
		INSERT INTO pgretain.request_subject (request, subject_type, subject_key, settled)
		SELECT id, 'account', key, true FROM a RETURNING request")
	q "CREATE TABLE IF NOT EXISTS public.sought AS TABLE s.accounts; SELECT 1" >/dev/null
}
# What plain SQL finds of those whose request is in $ids: request, table, rows of theirs, rows of whom nobody can tell
expected() {
	q "WITH p AS (SELECT b.request, a.* FROM public.sought a JOIN pgretain.request_subject b ON b.subject_key = a.id
			WHERE b.request = ANY ('{$(IFS=,; echo "${ids[*]}")}')),
		t(name, owner, text, doc) AS (
			SELECT 's.texts', NULL, concat_ws(E'\n', a, b, c::text) COLLATE \"default\", '' FROM s.texts
			UNION ALL SELECT 's.parts', NULL, words, '' FROM s.parts
			UNION ALL SELECT 's.docs', NULL, concat_ws(E'\n', words, j::text, jb::text),
				concat_ws(E'\n', j::jsonb::text, jb::text)
				FROM s.docs
			UNION ALL SELECT 's.accounts', id, concat_ws(E'\n', id, email, phone, alias), '' FROM s.accounts
			UNION ALL SELECT 's.visits', account_id, concat_ws(E'\n', account_id, page), '' FROM s.visits),
		hit AS (SELECT p.request, t.name, t.owner <> p.id AS not_theirs,
			strpos(lower(t.text), lower(p.email)) > 0 OR strpos(lower(t.text), lower(p.alias)) > 0
				OR (length(p.id) >= 12 AND strpos(lower(t.text), lower(p.id)) > 0)
				OR t.doc ~ ('\"account_id\": \"?' || p.id || '\"?[,}]') AS theirs,
			strpos(t.text, substr(p.phone, 4)) > 0 AS by_phone,
			EXISTS (SELECT FROM s.accounts o WHERE o.phone = p.phone) AS shared
			FROM p, t)
		SELECT request, name, count(*) FILTER (WHERE not_theirs IS NOT TRUE AND (theirs OR NOT shared)),
			count(*) FILTER (WHERE not_theirs OR (NOT theirs AND shared))
		FROM hit WHERE theirs OR by_phone GROUP BY 1, 2 ORDER BY 1, 2"
}
got() {
	q "SELECT r.request, p->>'table', p->>'found', p->>'others'
		FROM pgretain.request_residual r, jsonb_array_elements(places) p
		WHERE r.request = ANY ('{$(IFS=,; echo "${ids[*]}")}') ORDER BY 1, 2"
}
sums() {
	q "SELECT count(*) FROM pgretain.request_residual r
		WHERE request = ANY ('{$(IFS=,; echo "${ids[*]}")}') AND tables = 6
			AND (found, others) = (SELECT coalesce(sum((p->>'found')::int), 0), coalesce(sum((p->>'others')::int), 0)
			FROM jsonb_array_elements(places) p)"
}
erased() {	# WHAT FIRST LAST
	requests "$2" "$3"
	approved "${ids[@]}"
	run_pgretain erase "${ids[@]}" --format json
	is "$rc" 2 "$1: something is left, a human is needed $err"
	expected >"$W/expected"
	got >"$W/got"
	ok "$1: what plain SQL finds, no row more or less" diff "$W/expected" "$W/got"
	is "$(sums)" "$(($3 - $2 + 1))" "$1: its sums, over every table"
}
erased 'many at once' 1 "$many"
is_eq "$(awk -F'|' '{ n += $3 } END { print (n > 8192) }' "$W/expected")" 1 'more rows than are judged at once'
isnt "$(grep -c '|s\.texts|[0-9]*|[1-9]' "$W/got")" 0 'what another person may have left is told apart'
erased 'few' $((many + 1)) $((many + few))
done_testing
