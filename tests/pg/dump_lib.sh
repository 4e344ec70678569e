# For tests of archives; after lib.sh. pg_restore loops for ever on some broken ones: always a time limit.
# shellcheck shell=bash

# past the wrapper of Debian, which takes longer than the program
bin=$(pg_config --bindir 2>/dev/null) && [ -x "$bin/pg_restore" ] && PATH=$bin:$PATH
DUMPTOOL=${BUILD:-$ROOT/build}/tools/dumptool

# dumptool VERB FILE …: by hand of src/dump; said: its refusal. A crash fails the file.
dumptool() {
	local status=0
	timeout 60 "$DUMPTOOL" "$@" 2>"$W/said" || status=$?
	[ "$status" -le 1 ] || error "dumptool $* ended $status: $(tail -n 30 "$W/said")"
	return "$status"
}
said() { cat "$W/said"; }

# restored ARCHIVE [OPTION…]: as SQL text, without the key that differs from run to run.
restored() {
	timeout 60 pg_restore -f - "${@:2}" "$1" >"$W/restored" 2>"$W/restored.err" ||
		error "pg_restore $1 ended $?: $(head -n 5 "$W/restored.err")"
	grep -avE '^\\(un)?restrict ' "$W/restored"
}

same_restore() { # OLD NEW DESC
	restored "$1" >"$W/old.sql"
	restored "$2" >"$W/new.sql"
	[ -s "$W/old.sql" ] || error "$1 restores nothing"
	ok "$3" cmp "$W/old.sql" "$W/new.sql"
}
