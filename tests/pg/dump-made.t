#!/usr/bin/env bash
# Archives that pg_dump makes here of hostile content (the kind of C103, C104, C108, C109), in every form it has; written anew whole, without
# some rows, with other values. Expected is what plain text tools make of pg_restore's text.
# slow
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dump_lib.sh"

PGDATABASE=postgres q "CREATE DATABASE hostile TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
export PGDATABASE=hostile
psql_quiet -f "$ROOT/tests/fixtures/dump/hostile.sql" >/dev/null || bail_out 'hostile.sql fails'
D=$W/d
mkdir "$D"
dump() { pg_dump "${@:2}" -f "$D/$1" || error "pg_dump ${*:2} fails"; }
new() { rm -rf "$W/new"; dumptool "$1" "$2" "$W/new" "${@:3}" >"$W/counts"; }

# text ARCHIVE: its SQL
text() {
	case $1 in
	*.sql) cat "$1" ;;
	*.gz | *.lz4 | *.zst) unpacked "$1" ;;
	*) restored "$1" ;;
	esac
}
unpacked() { case $1 in *.gz) gzip -dc <"$1" ;; *.lz4) lz4 -dcq <"$1" ;; *) zstd -dcq <"$1" ;; esac; }

# as NAME DESC: the text of what was written as $W/new, by NAME's kind, is $W/want
as() {
	local kind=${1##*.}
	[ "$kind" = "$1" ] || { ln -sfn new "$W/new.$kind"; set -- "$1" "$2"; }
	text "$W/new${kind:+.$kind}" >"$W/got"
	ok "$2" cmp "$W/want" "$W/got"
}

whole() { # NAME: nothing asked; every row asked for and kept
	text "$D/$1" >"$W/text"
	[ -s "$W/text" ] || error "$1 has no text"
	cp "$W/text" "$W/want"
	ok "$1: copied" new copy "$D/$1"
	as "$1" "$1: the copy is the same"
	ok "$1: written anew" new filter "$D/$1"
	as "$1" "$1: and the same"
}

without() { # NAME N, after whole
	"$tools/dumptext" drop "$2" <"$W/text" >"$W/want"
	ok "$1: row $2 of each table dropped" new drop "$D/$1" "$2"
	as "$1" "$1: exactly these lines are gone"
}

tools=$ROOT/tests/tools
dump c.dump -Fc
dump c0.dump -Fc -Z0
dump c9.dump -Fc -Z9
dump root.dump -Fc --load-via-partition-root
dump quoted.dump -Fc --quote-all-identifiers
dump d.dir -Fd
dump d0.dir -Fd -Z0 -j2
dump t.tar -Ft
dump p.sql
dump p.sql.gz -Z6
dump i.sql --inserts
dump ci.dump -Fc --column-inserts
dump ri.tar -Ft --rows-per-insert=3
dump conflict.dir -Fd --inserts --on-conflict-do-nothing --rows-per-insert=100
pg_dump -Fc | cat >"$D/pipe.dump"
lz4 -q "$D/p.sql" "$D/p.sql.lz4"
zstd -q "$D/p.sql" -o "$D/p.sql.zst"

for a in c.dump c0.dump c9.dump root.dump quoted.dump pipe.dump d.dir d0.dir t.tar p.sql p.sql.gz p.sql.lz4 \
	p.sql.zst; do
	whole "$a"
	without "$a" 2
	case $a in c0.dump | p.sql) without "$a" 0 ;; esac
done
for a in i.sql ci.dump ri.tar conflict.dir; do whole "$a"; done

# ---- other versions and codecs: pg_restore reads what was written when it is put back into its own ----

transcoded() { # FROM MINOR CODEC [seek]
	local a=$W/transcoded kind=${1##*.}
	rm -rf "$a" "$W/back"*
	"$tools/transcode" "$D/$1" "$a" "${@:2}" || error "transcode $* fails"
	is "$(dumptool list "$a" | sed 's/.* version \([^ ]*\) .*/\1/;q')" "1.$2" "1.$2 $3: what it is"
	ok "1.$2 $3: row 2 of each table dropped" new drop "$a" 2
	"$tools/transcode" "$W/new" "$W/back" 14 gzip || error "transcode back fails"
	restored "$W/back" | no_access_method | cmp - "$W/want"
	tap_result $? "1.$2 $3: exactly these lines are gone"
}
# before 1.14 no archive says it
no_access_method() { sed '/^SET default_table_access_method = heap;$/,+1d'; }
restored "$D/c.dump" | no_access_method | "$tools/dumptext" drop 2 >"$W/want"
transcoded c.dump 11 gzip
transcoded c.dump 13 none seek
transcoded c.dump 15 none
transcoded c.dump 15 gzip seek
transcoded c.dump 15 lz4
transcoded c.dump 16 lz4 seek
transcoded c.dump 16 zstd
restored "$D/d.dir" | no_access_method | "$tools/dumptext" drop 2 >"$W/want"
transcoded d.dir 15 lz4
transcoded d.dir 16 zstd

# ---- other values ----

value=$'t\tb\\n\nq\'\r\v\f\b\\'
for a in c0.dump d.dir t.tar p.sql; do
	text "$D/$a" | "$tools/dumptext" set 1 "$value" >"$W/want"
	ok "$a: a field of each row set" new set "$D/$a" 1 "$value"
	as "$a" "$a: and nothing else differs"
done
text "$D/c.dump" | "$tools/dumptext" set 2 '\N' >"$W/want"
ok 'c.dump: NULL set' new set "$D/c.dump" 2 '\N'
as c.dump 'c.dump: and nothing else differs'

# ---- a whole cluster in one script ----

export PGDATABASE=postgres
q "CREATE DATABASE \"it's a \"\"base\"\"\"; CREATE DATABASE second"
for name in "it's a \"base\"" second; do
	PGDATABASE=$name q "CREATE SCHEMA s; CREATE TABLE s.a (i int, t text); CREATE TABLE a (LIKE s.a);
		INSERT INTO s.a VALUES (1, 'x'), (2, E'y\nz'), (3, ''); INSERT INTO a TABLE s.a; SELECT lo_from_bytea(5, 'abc')" \
		>/dev/null
done
pg_dumpall --exclude-database=hostile -f "$D/all.sql" || error 'pg_dumpall fails'
whole all.sql
without all.sql 2
is "$(dumptool list "$D/all.sql" | sed -n 's/^\(.*\) (i,t)$/\1/p' | sort | uniq -c | tr -s ' \n' ' ')" ' 2 public.a 2 s.a ' \
	'the tables of both databases'
pg_dumpall -f "$D/mixed.sql" || error 'pg_dumpall fails'
ok_not 'a cluster of two encodings is refused' dumptool verify "$D/mixed.sql"
like "$(said)" 'expected one client_encoding, found two \(byte' 'with its reason and place'
export PGDATABASE=hostile

# ---- INSERTs: what a server reads of them, in the order of the rows ----

# partitions of hashes over an enum are another's: its members' numbers differ from database to database
said_by_server() {
	pg_dump --data-only -T 'hashed*' >"$W/said.sql" 2>"$W/said.err" || error "pg_dump: $(cat "$W/said.err")"
	grep -avE '^\\(un)?restrict ' "$W/said.sql"
}
said_by_server >"$W/all.sql"
for a in i.sql ci.dump ri.tar conflict.dir; do
	ok "$a: row 2 of each table dropped" new drop "$D/$a" 2
	case $a in *.sql) cp "$W/new" "$W/new.txt" ;; *) restored "$W/new" >"$W/new.txt" ;; esac
	PGDATABASE=postgres q "DROP DATABASE IF EXISTS again;
		CREATE DATABASE again TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
	PGDATABASE=again psql_quiet -f "$W/new.txt" >/dev/null || error "$a: what was written does not restore"
	PGDATABASE=again said_by_server >"$W/got"
	"$tools/dumptext" drop 2 <"$W/all.sql" >"$W/want"
	ok "$a: exactly these rows are gone" cmp "$W/want" "$W/got"
done
done_testing
