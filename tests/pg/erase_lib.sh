# A small shop for the tests of erasure on demand: every way from a row to a person, a floor, a trigger that copies.
# shellcheck shell=bash disable=SC2034,SC2154
#   erase_shop            its tables, rows and configuration; init
#   request KEY [KIND]    a verified request of that account: $id
#   approved ID...        assess and approve: $out of assess
#   item RULE FIELD, parts RULE     of the request in $out; parts in the order of the balance
#   others                hash over every row that is not account 1's
#   night_job; night      a job of the step "requests" in the configuration; one night of it
erase_shop() {
q <<'SQL'
CREATE SCHEMA s;
CREATE TABLE s.accounts (id bigint PRIMARY KEY, email text, name text, closed_at timestamptz);
CREATE TABLE s.phones (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES s.accounts, number text NOT NULL,
	since timestamptz NOT NULL, until timestamptz);
CREATE TABLE s.orders (id bigint PRIMARY KEY, account_id bigint REFERENCES s.accounts, guest_phone text,
	receiver text, total int, created_at timestamptz NOT NULL, completed_at timestamptz, agreed_until date);
CREATE INDEX ON s.orders (account_id);
CREATE TABLE s.items (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES s.orders, engraving text);
CREATE INDEX ON s.items (order_id);
CREATE TABLE s.visits (id bigint PRIMARY KEY, account_id bigint, page text, at timestamptz);
CREATE TABLE s.devices (id bigint PRIMARY KEY, owner bigint, second_owner bigint, serial text, bound timestamptz);
CREATE TABLE s.shares (id bigint PRIMARY KEY, owner_type text, owner_id bigint, message text, at timestamptz);
CREATE TABLE s.history (id bigserial PRIMARY KEY, account_id bigint, before jsonb, at timestamptz DEFAULT now());
CREATE TABLE s.products (id int, title text);

INSERT INTO s.accounts SELECT n, 'person' || n || '@ex.test', 'Name ' || n, NULL FROM generate_series(1, 20) n;
-- 1's number was given to 2 last month
INSERT INTO s.phones VALUES (1, 1, '+8613900000001', '2020-01-01', now() - interval '1 month'),
	(2, 2, '+8613900000001', now() - interval '1 month', NULL), (3, 3, '+8613900000003', '2020-01-01', NULL);
INSERT INTO s.orders VALUES
	(10, 1, NULL, 'R10', 1, now() - interval '5 years', now() - interval '5 years', NULL),	-- floor over: goes
	(11, 1, NULL, 'R11', 1, now() - interval '1 year', now() - interval '1 year', NULL),	-- under the floor
	(12, 1, NULL, 'R12', 1, now() - interval '1 year', NULL, NULL),				-- floor without a start
	(13, NULL, '139 0000 0001', 'R13', 1, now() - interval '4 years', now() - interval '4 years', NULL),	-- a guest's, then 1's number
	(14, NULL, '+86 139-0000-0001', 'R14', 1, now() - interval '3 days', now() - interval '3 days', NULL),	-- 2's by then
	(15, 2, NULL, 'R15', 1, now() - interval '5 years', now() - interval '5 years', NULL),	-- another person's
	(16, 1, NULL, 'R16', 1, now() - interval '5 years', now() - interval '5 years', '2999-01-01'),	-- agreed to be kept
	(17, 1, NULL, 'R17', 1, now() - interval '6 years', now() - interval '6 years', NULL);	-- held below
INSERT INTO s.items SELECT id * 10 + k, id, 'for you ' || id FROM s.orders, generate_series(1, 2) k;
INSERT INTO s.visits SELECT n, 1 + n % 20, 'page', CASE WHEN n % 7 > 0 THEN now() END FROM generate_series(1, 200) n;
INSERT INTO s.devices VALUES (1, 1, 2, 'S1', now()), (2, 2, 1, 'S2', now()), (3, 1, NULL, 'S3',
	now()), (4, 4, 5, 'S4', now());
INSERT INTO s.shares VALUES (1, 'account', 1, 'm', now()), (2, 'device', 1, 'm', now()), (3, 'account', 2, 'm', now());
CREATE FUNCTION s.remember() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO s.history (account_id, before) VALUES (OLD.id, to_jsonb(OLD)); RETURN NULL; END $$;
CREATE TRIGGER remember AFTER UPDATE ON s.accounts FOR EACH ROW EXECUTE FUNCTION s.remember();
SQL

conf_new
head -c 32 /dev/urandom >"$CONF/key" && chmod 0400 "$CONF/key"
sed -i 's/"classes.cfg"/"classes.cfg", "subjects.cfg"/' "$PGRETAIN_CONFIG"
cat >"$CONF/subjects.cfg" <<'CFG'
subjects = { account = { root = "s.accounts"; key = "id"; identifiers = {
	email = { column = "email"; normalise = "email"; };
	phone = { table = "s.phones"; column = "number"; subject = "account_id"; valid_from = "since";
		valid_until = "until";
		normalise = "e164"; country = "CN"; }; }; }; };
key_file = "key";
no_backups = "a throw-away cluster";
CFG
conf_class account 'standards = ( { name = "c"; keep = "3 years"; } ); zone = "UTC"; action = "delete";'
conf_class txn 'floor = ( { keep = "3 years"; basis = "Law 31"; } );
	standards = ( { name = "agreed"; until = "agreed"; survives_erasure = true;
		purpose = "agreement"; } ); zone = "UTC"; action = "anonymize";'
conf_class log 'standards = ( { name = "p"; keep = "1 year"; } ); zone = "UTC"; action = "delete";'
conf_rule accounts 'table = "s.accounts"; class = "account"; start = "closed_at"; subject = { account = "id"; };
	columns = { email = "null"; name = "null"; }; minimise = [ "email", "name" ]; triggers = [ "remember" ];'
conf_rule phones 'table = "s.phones"; class = "account"; start = "until"; subject = { account = "account_id"; };'
conf_rule orders 'table = "s.orders"; class = "txn"; start = "completed_at"; events = { agreed = "agreed_until"; };
	subject = { account = ( "account_id", { identifier = "phone"; column = "guest_phone"; at = "created_at"; } ); };
	columns = { account_id = "null"; guest_phone = "null"; receiver = "null"; total = "keep";
		created_at = "keep"; completed_at = "keep"; agreed_until = "keep"; };
	minimise = [ "receiver" ];'
conf_rule items 'table = "s.items"; follows = "orders"; action = "anonymize";
	columns = { engraving = "null"; order_id = "keep"; }; minimise = [ "engraving" ];'
conf_rule visits 'table = "s.visits"; class = "log"; start = "at"; subject = { account = "account_id"; };'
conf_rule devices 'table = "s.devices"; class = "log"; start = "bound"; shared = true;
	subject = { account = ( "owner", "second_owner" ); };'
conf_rule shares 'table = "s.shares"; class = "log"; start = "at";
	subject = { account = { column = "owner_id"; when = "owner_type = '"'account'"'"; }; };'
conf_rule history 'table = "s.history"; class = "log"; start = "at"; subject = { account = "account_id"; };'
conf_add tables/t.cfg 'exempt = ( { table = "s.products"; reason = "no personal data"; } );'
run_pgretain init
[ "$rc" = 0 ] || bail_out "init: $err"
}

# a request that is verified, by the tables that `request` writes
request() {	# KEY [KIND]: $id
	id=$(q "INSERT INTO pgretain.request (id, kind, state, subject_type, received_at, respond_by,
		opened_at, opened_by, verified_at)
		VALUES (gen_random_uuid(), '${2:-erasure}', 'verified', 'account', now(),
			now() + interval '15 days', now(), 'clerk', now()) RETURNING id")
	q "INSERT INTO pgretain.request_subject (request, subject_type, subject_key, settled)
		VALUES ('$id', 'account', '$1', true)"
}
item() { json ".items[] | select(.rule == \"$1\") | .$2"; }
parts() { json ".items[] | select(.rule == \"$1\") | [.matched, .erased, .anonymized, .quarantined,
	.deferred, .held, .retained, .not_found, .failed] | join(\" \")"; }
# every row but those of the given tables' given rows
others() { snap "SELECT * FROM (
	SELECT 'a' t, to_jsonb(x) j FROM s.accounts x WHERE id <> 1 UNION ALL SELECT 'p', to_jsonb(x)
		FROM s.phones x WHERE account_id <> 1
	UNION ALL SELECT 'o', to_jsonb(x) FROM s.orders x WHERE id IN (14, 15) UNION ALL SELECT 'i',
		to_jsonb(x) FROM s.items x WHERE order_id IN (14, 15)
	UNION ALL SELECT 'v', to_jsonb(x) FROM s.visits x WHERE account_id <> 1 UNION ALL SELECT 'd',
		to_jsonb(x) FROM s.devices x WHERE id = 4
	UNION ALL SELECT 's', to_jsonb(x) FROM s.shares x WHERE id <> 1) y"; }
approved() {
	local assessed
	run_pgretain request assess "$@" --format json
	[ "$rc" = 0 ] || { error "assess $*: $err"; return 1; }
	assessed=$out
	run_pgretain request approve "$@" --expect "$(json .fingerprint)" --format json
	[ "$rc" = 0 ] || error "approve $*: $err"
	out=$assessed
}
parts_of() { q "SELECT concat_ws(' ', matched, erased, anonymized, quarantined, deferred, held,
	retained, not_found, failed)
	FROM pgretain.request_item WHERE request = '$1' AND rule = '$2'"; }
state_of() { q "SELECT state FROM pgretain.request WHERE id = '$1'"; }
unbalanced() { q "SELECT count(*) FROM pgretain.request_item
	WHERE matched <> erased + anonymized + quarantined + deferred + held + retained
	+ not_found + failed"; }

night_job() {
	mkdir -p "$CONF/jobs"
	echo 'job = { name = "night"; schedule = "0 1 * * *"; zone = "UTC"; database = "t"; steps = [ "requests" ]; };' \
		>"$CONF/jobs/n.cfg"
	echo 'jobs = "jobs";' >>"$PGRETAIN_CONFIG"
}
night() { run_pgretain run --job night --format json; }
