# What the tests of init, ledger and lineage share; sourced behind lib.sh.
# shellcheck shell=bash disable=SC2034

runner=pgretain_runner
uuid=11111111-2222-3333-4444-555555555555

# One statement of the program, with text parameters, through psql.
statement() { # NAME [PARAMETER...]
	local name=$1 args
	shift
	args=$(printf "%s, " "$@")
	q "PREPARE s AS $("$PGRETAIN" sql show "$name"); EXECUTE s${1:+(${args%, })}"
}

new_db() { # NAME: current database, with a configuration for it
	db_new "$1"
	configure
}

configure() {
	conf_new
	conf_class c \
		'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
	conf_rule r 'table = "shop.\"Or ders\""; class = "c"; start = "at";'
}

# SQL as one of the roles.
as() { printf 'SET ROLE %s; %s' "$1" "$2"; }

shop() { q 'CREATE SCHEMA shop; CREATE TABLE shop."Or ders" (id int PRIMARY KEY, at timestamptz)'; }

entries() { q 'SELECT count(*) FROM pgretain.ledger'; }

# Entries of a run as the engine writes them; the second one is of the odd kind.
fill() {
	q "SELECT pgretain.rule_text_put(E'class c: keep 1 year\nrule r');
	SELECT pgretain.append('run', '$uuid', NULL, NULL, NULL, NULL, '2026-11-24 17:30:00.25+00', 'anna',
		'{\"event\":\"start\",\"job\":\"nightly\"}');
	SELECT pgretain.append('odd', NULL, '', 'shop.\"Or ders\"', 'é|,3:x', -9007199254740991,
		'0044-03-15 12:00:00.000001 BC', NULL, '{ \"b\":1.50, \"a\" : [] }');
	SELECT pgretain.append('step', '$uuid', 'r', 'shop.\"Or ders\"', 'delete', NULL, NULL, 'anna',
		(SELECT json_build_object('rule_text', digest) FROM pgretain.rule_text)::text);
	SELECT pgretain.append('batch', '$uuid', 'r', 'shop.\"Or ders\"', 'delete', 7, NULL, 'anna', NULL);
	SELECT pgretain.append('batch', '$uuid', 'r', 'shop.\"Or ders\"', 'delete', 5, NULL, 'anna', '{}');
	SELECT pgretain.append('run', '$uuid', NULL, NULL, NULL, 12, NULL, 'anna', '{\"event\":\"end\"}')" >/dev/null
}
