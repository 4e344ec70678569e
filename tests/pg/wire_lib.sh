# A bad wire in front of the server (tests/tools/wire.c). shellcheck shell=bash disable=SC2034
#
#   wire OPTION...    one comes up; the present configuration leads over it
#   wire_end          it goes, the configuration is as before; $cuts = how often it cut

WIRE=${WIRE:-$(dirname "$PGRETAIN")/tools/wire}
[ -x "$WIRE" ] || bail_out "no program $WIRE: make tools"

wire() {
	mkdir -p "$W/w"
	rm -f "$W/wire.in"
	mkfifo "$W/wire.in"
	"$WIRE" "$W/w/.s.PGSQL.$PGPORT" "$PGHOST/.s.PGSQL.$PGPORT" "$@" <"$W/wire.in" >"$W/wire.out" 2>&1 &
	wire_pid=$!
	exec {wire_fd}>"$W/wire.in"
	wait_for 20 grep -q ready "$W/wire.out" || bail_out "no wire: $(<"$W/wire.out")"
	cp "$PGRETAIN_CONFIG" "$W/direct.cfg"
	sed -i "s,host=[^ ]* ,host=$W/w ," "$PGRETAIN_CONFIG"
}

wire_end() {
	exec {wire_fd}>&-
	wait "$wire_pid" || error "the wire ended $?: $(<"$W/wire.out")"
	cp "$W/direct.cfg" "$PGRETAIN_CONFIG"
	cuts=$(grep -c cut "$W/wire.out")
}
