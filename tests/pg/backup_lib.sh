# What tests of archives share. shellcheck shell=bash disable=SC2034,SC2154
#
#   archive FORM [PG_DUMP-OPTION...]   $A = an archive of the current database's schema shop, of that form:
#                                      custom custom0 directory tar plain plain.gz inserts columns root
#   restore ARCHIVE DB                 into a fresh database, which is not the current one afterwards
#   state DB                           every row of schema shop, as text, sorted
#   rewrite ARCHIVE [ARG...]           backup rewrite --file, as JSON
#   table TABLE FIELD                  of the only set of $out

archive() {
	local form=$1
	shift
	A=$W/a.$form
	rm -rf "$A"
	case $form in
	custom) set -- -Fc "$@" ;;
	custom0) set -- -Fc -Z0 "$@" ;;
	directory) set -- -Fd -j2 "$@" ;;
	tar) set -- -Ft "$@" ;;
	plain) set -- -Fp "$@" ;;
	plain.gz) set -- -Fp -Z6 "$@" ;;
	inserts) set -- -Fp --rows-per-insert=7 "$@" ;;
	columns) set -- -Fc --column-inserts "$@" ;;
	root) set -- -Fc --load-via-partition-root "$@" ;;
	*) bail_out "no form $form" ;;
	esac
	pg_dump -n shop "$@" -f "$A" || error "pg_dump $* fails"
}

sniff() { # text or archive?
	case $(head -c 5 "$1" 2>/dev/null | tr -d '\0') in
	PGDMP | '') echo archive ;;
	*) [[ $1 == *.gz* ]] && echo gz || { [[ $1 == *.tar* ]] && echo archive || echo text; } ;;
	esac
}

restore() {
	local was=$PGDATABASE kind=archive
	db_new "$2"
	[ -d "$1" ] || kind=$(sniff "$1")
	case $kind in
	text) q <"$1" >/dev/null ;;
	gz) gzip -dc <"$1" | q >/dev/null ;;
	archive) pg_restore -e -d "$2" "$1" || error "pg_restore $1 fails" ;;
	esac
	export PGDATABASE=$was
}

state() { # a table without rows says nothing: a partition that was dropped looks so too
	PGDATABASE=$1 q "SELECT format('COPY (SELECT %L, x::text FROM ONLY %s x) TO STDOUT', oid::regclass, oid::regclass)
		FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind = 'r'
\\gexec" | LC_ALL=C sort
}

rewrite() { run_pgretain backup rewrite --format json --file "$@"; }
status() { json '.sets[0].status'; }
table() {
	jq -r --arg t "$1" --arg f "$2" '[.sets[0].tables[] | select(.table == $t)] |
		if length != 1 then error("\(length) tables \($t)") else .[0][$f] end' <<<"$out" ||
		error "table $1 $2: $(head -c 600 <<<"$out")"
}

# conf_for DB CMD...: the same configuration, for another database
conf_for() {
	local db=$1 was=$PGDATABASE
	shift
	sed -i "s/dbname=[a-z0-9_]*/dbname=$db/" "$PGRETAIN_CONFIG"
	export PGDATABASE=$db
	"$@"
	export PGDATABASE=$was
	sed -i "s/dbname=[a-z0-9_]*/dbname=$was/" "$PGRETAIN_CONFIG"
}
