#!/usr/bin/env bash
# explain: the cases that random rows seldom meet, one by one; what it refuses; its text.
. "$(dirname "$0")/lib.sh"

explain() { run_pgretain explain --format json "$@"; }
state() { json '"\(.state) \(.due) \(.winner)"'; }

# hold SCOPE TARGET CONDITION: prints its UUID
hold() {
	q "INSERT INTO pgretain.hold (id, scope, target, condition, reason, placed_by)
		VALUES (gen_random_uuid(), '$1', nullif('$2', ''), nullif('$3', ''), 'case 7', 'test') RETURNING id"
}

# ---- one by one -----------------------------------------------------------------------------

q "CREATE TABLE leap (id int PRIMARY KEY, at timestamptz, upto timestamptz);
INSERT INTO leap VALUES (1, '2024-02-29 10:00+00', NULL), (2, '2024-01-31 00:00+00', NULL),
	(3, '2020-01-01 00:00+00', 'infinity'), (4, 'infinity', NULL),
	(5, '2020-01-01 00:00+00', '2020-02-01 00:00+00'), (6, '2020-01-01 00:00+00', NULL);
CREATE TABLE two (a int, b text, at date, PRIMARY KEY (a, b));
INSERT INTO two VALUES (1, 'x=y', '2020-01-01'), (1, 'z', '2020-01-01');
CREATE TABLE item (id int PRIMARY KEY, leap_id int REFERENCES leap, note text);
INSERT INTO item VALUES (1, 1, 'a'), (2, 5, 'a'), (3, NULL, 'a');
CREATE TABLE person (id int PRIMARY KEY, name varchar(5), at date, upd timestamptz, fl numeric(6,2), js json,
	kind char(4));
INSERT INTO person VALUES (1, 'Zoe', '2015-05-05', '2016-01-01 00:00+00', 1.25, '{}', 'a'),
	(2, '[x]', '2015-05-05', '2017-07-07 12:00+00', 1, '{}', 'b'), (3, 'abcde', '2020-01-01', NULL, 1, '{}', 'b');
CREATE TABLE tick (id int PRIMARY KEY, at int8);
INSERT INTO tick SELECT i, extract(epoch FROM timestamptz '2020-01-01 00:00+00')::int8 * 1000 + i
FROM generate_series(1, 5) AS i;
CREATE TABLE cap (id int PRIMARY KEY, at date);
INSERT INTO cap VALUES (1, '2023-05-05');
CREATE TABLE jar (id int PRIMARY KEY, day int4);
INSERT INTO jar VALUES (1, 20200131), (2, 20241399)"
conf_new
conf_class law 'floor = ( { keep = "3 years"; basis = "Art. 31"; } );
	standards = ( { name = "upto"; until = "upto"; } ); zone = "UTC"; action = "delete";'
conf_class month 'floor = ( { keep = "1 month"; basis = "m"; } ); zone = "Asia/Shanghai"; action = "delete";'
conf_class hours 'floor = ( { keep = "36 hours"; basis = "h"; } ); zone = "UTC"; action = "delete";'
conf_class capped 'standards = ( { name = "long"; keep = "10 years"; purpose = "p"; } );
	cap = "2 years"; zone = "UTC"; action = "delete";'
conf_class anon 'floor = ( { keep = "1 year"; basis = "a"; } ); zone = "UTC"; action = "anonymize";'
conf_class vault 'floor = ( { keep = "1 month"; basis = "v"; } ); zone = "UTC"; action = "quarantine";
	vault = "30 days";'
conf_rule leap 'table = "public.leap"; class = "law"; start = "at"; events = { upto = "upto"; };
	where = "id < 100";'
conf_rule item 'table = "public.item"; follows = "leap"; action = "delete";'
conf_rule two 'table = "public.two"; class = "month"; start = "at";'
conf_rule person 'table = "public.person"; class = "anon"; start = { latest = [ "at", "upd" ]; };
	columns = { name = { op = "constant"; value = "[x]"; }; };'
conf_rule tick 'table = "public.tick"; class = "hours"; start = { column = "at"; unit = "ms"; };
	limits = { keep_newest = 2; };'
conf_rule cap 'table = "public.cap"; class = "capped"; start = "at";'
conf_rule jar 'table = "public.jar"; class = "vault"; start = { column = "day"; unit = "yyyymmdd"; };'
run_pgretain init
is "$rc" 0 'init'

explain leap id=1
is "$rc/$(json '"\(.due) \(.winner)"')" '0/2027-03-01T00:00:00Z floor:Art. 31' '29 Feb 2024 + 3 years'
explain leap id=1 --as-of 2027-02-28T23:59:59Z
is "$(json .state)" kept 'kept one second before'
explain leap id=1 --as-of 2027-03-01T00:00:00Z
is "$(json '"\(.state) \(.as_of)"')" 'due 2027-03-01T00:00:00Z' 'due at that instant'
explain leap id=2 --as-of 2024-06-01
is "$(state)" 'kept 2027-02-01T00:00:00Z floor:Art. 31' '31 Jan + 3 years'
explain leap id=3
is "$(state)" 'kept null standard:upto' 'until = infinity: kept, no date'
explain leap id=4
is "$(json '"\(.state) \(.due)"')" 'future null' 'a start of infinity is in the future'
explain leap id=5
is "$(json '.terms[] | "\(.term) \(.name) \(.start_column) \(.start) \(.keep) \(.end) \(.wins)"')" \
"floor null at 2020-01-01T00:00:00Z 3 years 2023-01-02T00:00:00Z true
standard upto upto 2020-02-01T00:00:00Z null 2020-02-01T00:00:00Z false" \
	'every term, with its start and end'
is "$(json '"\(.schema) \(.rule) \(.table) \(.key.id)"')" 'pgretain.explain/1 leap public.leap 5' 'whose row it is'

explain item id=1
is "$(json '"\(.state) \(.due) \(.terms[0].start_column)"')" 'kept 2027-03-01T00:00:00Z at' \
	"a follower has its parent's terms"
explain item id=2
is "$(json '"\(.state) \(.due)"')" 'due 2023-01-02T00:00:00Z' '... and state'
explain item id=3
is "$(json '"\(.state) \(.due) \(.winner)"')" 'indeterminate null null' 'without a parent: indeterminate'
q 'UPDATE leap SET id = 105 WHERE id = 6; INSERT INTO item VALUES (4, 105)'
explain item id=4
is "$(json '"\(.state) \(.due)"')" 'kept null' 'with a parent outside `where`: kept'
like "$(json '.notes[0]')" 'outside that rule' '... and it says so'
explain leap id=105
is "$(json '"\(.state) \(.due)"')" 'outside null' 'outside `where`'
h=$(hold rows leap 'id = 5')
explain item id=2
is "$(json '"\(.state) \(.due) \(.holds | length) \(.holds[0].hold)"')" "held 2023-01-02T00:00:00Z 1 $h" \
	'a hold on the parent covers what follows it, and the date is still told'
h2=$(hold all '' '')
explain leap id=5
is "$(json '[.holds[].hold] | sort | join(" ")')" "$(printf '%s\n' "$h" "$h2" | sort | xargs)" 'two holds on one row'
explain leap id=1
is "$(json '"\(.state) \([.holds[].hold] | join(" "))"')" "kept $h2" \
	'a row that is not due is kept, with its hold named'
q "UPDATE pgretain.hold SET state = 'released', released_at = now()"

explain two a=1 b=x=y
is "$(json '"\(.state) \(.due) \(.key.b)"')" 'due 2020-02-01T16:00:00Z x=y' 'several key columns, a value with = in it'
explain two a=1
is "$rc/$out" 1/ 'several rows: 1'
like "$err" 'public.two has several such rows' '... with a sentence'
explain two a=9 b=z
is "$rc/$out" 1/ 'no row: 1'
like "$err" 'public.two has no such row' '... with a sentence'

explain person id=1
is "$(state)" 'due 2017-01-02T00:00:00Z floor:a' 'latest: the later start'
is "$(json '.terms[0].start_column')" upd '... is the one that is named'
explain person id=2
is "$(state)" 'already 2018-07-08T00:00:00Z floor:a' 'final form already, and since when it was due'
explain person name=abcdeXYZ
is "$rc" 1 'a value longer than the column is not cut to fit'
explain person kind=a
is "$(json '.key.kind')" a 'char(n) compares without its padding'
explain person fl=1.254
is "$rc" 1 'a number is not rounded to fit'
canary='Canary-77'
for word in "id=$canary" "at=$canary" "fl=$canary" "js=$canary"; do
	explain person "$word"
	is "$rc/$out/$(grep -c "$canary" <<<"$err")" 1//0 "${word%=*}: refused without repeating the value"
	is "$(grep -c '^pgretain: ' <<<"$err")" 1 '... in one error'
	like "$err" "column ${word%=*} of public.person is " '... that names the column'
done
explain person nmae=1
is "$rc" 1 'no such column: 1'
like "$err" 'no column nmae.*did you mean name' '... with the nearest'
explain persno id=1
is "$rc" 1 'no such rule: 1'
like "$err" 'no rule "persno".*did you mean person' '... with the nearest'
explain person
is "$rc" 1 'a rule without a key: 1'
explain person id
is "$rc" 1 'a word without = : 1'

explain tick id=1
is "$(state)" 'due 2020-01-02T12:00:00.001Z floor:h' 'hours are exact, milliseconds are read'
explain tick id=5
is "$(state)" 'kept 2020-01-02T12:00:00.005Z floor:h' 'keep_newest spares the newest'
like "$(json '.notes | join(" ")')" 'keep_newest' '... and it says so'
explain jar id=1
is "$(state)" 'due 2020-03-01T00:00:00Z floor:v' 'yyyymmdd: 31 Jan + 1 month'
like "$(json '.notes | join(" ")')" 'quarantine it, and a purge erase it after ' 'quarantine says when the purge comes'
explain jar id=2
is "$(json '"\(.state) \(.due) \(.winner) \(.terms[0].remark)"')" \
	'anomalous null null its date makes no sense' 'no calendar day: anomalous'
explain cap id=1 --as-of 2025-01-01
is "$(state)/$(json '.terms[0].remark')" "kept 2025-05-06T00:00:00Z standard:long/ends at the class's cap of 2 years" \
	'a cap ends a standard'

# ---- people ---------------------------------------------------------------------------------

run_pgretain explain leap id=1
like "$out" '2027-03-01T00:00:00Z \(2027-03-01 00:00:00 in UTC\)' 'text: the date, and as the clocks there show it'
like "$out" '\* +floor +at +2024-02-29T10:00:00Z +3 years +2027-03-01T00:00:00Z' 'text: the term that decides is marked'
q "CREATE TABLE child (id int PRIMARY KEY, leap_id int CONSTRAINT to_leap REFERENCES leap, at date);
	INSERT INTO child VALUES (1, 5, current_date)"
conf_rule child 'table = "public.child"; class = "month"; start = "at";'
run_pgretain explain leap id=5
like "$out" 'Rows of public.child refer to it \(to_leap\) and stay' 'text: what blocks it is named'
q 'ALTER TABLE leap RENAME COLUMN at TO begun'
explain leap id=1
is "$rc" 1 'a rule that does not fit the catalogue: 1'
like "$err" 'column at does not exist' '... with its sentence'
done_testing
