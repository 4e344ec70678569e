#!/usr/bin/env bash
# An archive of ten thousand tables with their keys, of which one has a rule: nothing in it takes the square of that.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/backup_lib.sh"

q 'CREATE SCHEMA shop; CREATE TABLE shop.t (id int PRIMARY KEY, at timestamptz)'
conf_new
conf_class c 'floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC"; action = "delete";'
conf_rule t 'table = "shop.t"; class = "c"; start = "at";'
run_pgretain init
confirmed_run
n=10000
script() {	# as pg_dump writes it; $1: rows of the table with a rule
	printf -- "--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\n"
	printf 'CREATE TABLE shop.t (\n    id integer NOT NULL,\n    at timestamp with time zone\n);\n\n'
	seq $n | sed 's/.*/CREATE TABLE shop.x& (\n    id integer NOT NULL,\n    up integer\n);\n/'
	seq $n | sed 's/.*/COPY shop.x& (id, up) FROM stdin;\n1\t\\N\n2\t1\n\\.\n\n/'
	printf 'COPY shop.t (id, at) FROM stdin;\n%s\\.\n\n\n' "$1"
	seq $n | sed 's/.*/ALTER TABLE ONLY shop.x&\n    ADD CONSTRAINT x&_pkey PRIMARY KEY (id);\n\n/'
	seq 2 $n | awk '{ printf "ALTER TABLE ONLY shop.x%d\n    ADD CONSTRAINT x%d_fkey FOREIGN KEY (up) REFERENCES shop.x%d(id);\n\n\n",
		$1, $1, $1 - 1 }'
	printf -- '--\n-- PostgreSQL database dump complete\n--\n\n'
}
old=$'1\t2001-01-01 00:00:00+00\n' new=$'2\t2999-01-01 00:00:00+00\n'
script "$old$new" >"$W/a.sql"
script "$new" >"$W/want.sql"
TIMEFORMAT=%U
{ time rewrite "$W/a.sql"; } 2>"$W/seconds"
is "$rc $(status)" '0 rewritten' 'rewritten' || note "$err$(head -c 500 <<<"$out")"
is "$(table shop.t rows_in) $(table shop.t dropped)" '2 1' 'one row of two goes'
ok 'and nothing else' cmp "$W/a.sql" "$W/want.sql"
seconds=$(tail -n 1 "$W/seconds")
ok "with less than 10 seconds of CPU ($seconds)" test "${seconds%.*}" -lt 10
done_testing
