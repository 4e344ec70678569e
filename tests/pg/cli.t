#!/usr/bin/env bash
# The command frame: exit codes, options before and behind, help with working examples, reports that
# cannot be written. Needs no server. PGRETAIN_GOLDEN=update writes tests/golden/help anew.
set -u
ROOT=$(cd "$(dirname "$0")/../.." && pwd -P)
PGRETAIN=${PGRETAIN:-$ROOT/build/pgretain}
[ "${PGRETAIN#/}" != "$PGRETAIN" ] || PGRETAIN=$ROOT/$PGRETAIN
[ -x "$PGRETAIN" ] || { echo "Bail out! no program $PGRETAIN: make first"; exit 255; }
W=$(mktemp -d) || exit 255
trap 'rm -rf "$W"' EXIT
cd "$ROOT" || exit 255
unset PGRETAIN_CONFIG NO_COLOR

n=0 failed=0
result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; return; fi
	failed=$((failed + 1))
	echo "not ok $n - $2"
}
is() { [ "$1" = "$2" ]; result $? "$3"; [ "$1" = "$2" ] || printf '# got: %s\n# want: %s\n' "$1" "$2"; }
has() { [[ $1 == *"$2"* ]]; result $? "$3"; [[ $1 == *"$2"* ]] || printf '# %s\n# lacks: %s\n' "$1" "$2"; }
run() { rc=0; "$PGRETAIN" "$@" >"$W/out" 2>"$W/err" </dev/null || rc=$?; out=$(<"$W/out") err=$(<"$W/err"); }

# refused WHAT-STDERR-HOLDS HINT-OR-EMPTY ARG...: exit 1, silent stdout, one sentence and one remedy
refused() {
	local sentence=$1 hint=$2 name lines
	shift 2
	run "$@"
	printf -v name "%q " pgretain "$@"
	is "$rc/$out" 1/ "$name: exit 1, nothing on stdout"
	has "$err" "pgretain: $sentence" "$name: says what is wrong"
	[ -z "$hint" ] || has "$err" "  do: $hint" "$name: says what to do"
	lines=$'\n'$err
	lines=${lines//$'\n'pgretain: /$'\1'}
	is "${lines//[^$'\1']/}" $'\1' "$name: in one sentence"
}

# ---- what is asked ----
run --version
is "$rc/$out/$err" "0/pgretain 0.1.0/" 'version'
run sql --version
is "$rc/$out" "0/pgretain 0.1.0" 'version behind a command'
refused 'say what to do' 'see all commands: pgretain help'
refused 'there is no command sqk' 'did you mean pgretain sql?' sqk list
refused 'there is no command zzzzzz' 'see all commands' zzzzzz
refused 'there is no command hlp' 'did you mean pgretain help?' help hlp
refused 'there is no option --formt' 'did you mean --format?' --formt json sql list
refused 'there is no option --formt' 'did you mean --format?' sql list --formt json
refused 'there is no option --zzzzzzzz' 'see pgretain sql --help' sql list --zzzzzzzz
refused 'there is no option --form' 'did you mean --format?' sql list --form json
refused '--format is yaml, but must be text or json' '' sql list --format yaml
refused '--format is html, but must be text or json' '' sql list --format html
refused '--log-level is loud' '' --log-level loud sql list
refused '--log-format is xml' '' sql list --log-format xml
refused 'option --format needs a value' '' sql list --format
refused 'option --format needs a value, and --no-progress looks like an option' 'if it is the value' \
	sql list --format --no-progress
refused 'option --database has an empty value' '' sql list --database ''
refused 'option --format is given twice' '' --format json sql list --format json
refused 'option --no-progress takes no value' '' sql list --no-progress=no
refused 'pgretain sql does not take --as-of' '' sql list --as-of 2026-01-01
refused 'pgretain sql needs a word behind it: list or show' '' sql
refused 'pgretain sql has no lisst, only list or show' 'did you mean pgretain sql list?' sql lisst
refused 'pgretain sql show needs NAME' 'see pgretain sql --help' sql show
refused 'pgretain sql list does not take the word x' '' sql list x
refused 'this program has no statement query/ledger_hea' 'did you mean pgretain sql show query/ledger_head?' \
	sql show query/ledger_hea
refused '--actor holds a control character' '' --actor $'a\nb' sql list
refused 'there is no command a?[2Jb' '' $'a\e[2Jb'

# ---- where options stand ----
run --format json sql list
before=$out
is "$rc" 0 'a global option before the command'
run sql --format=json list
is "$rc/$out" "0/$before" 'between command and verb'
run sql list --format json
is "$rc/$out" "0/$before" 'behind all words'
is "$(jq -r .schema <<<"$out")" pgretain.sql/1 'it is JSON'
is "$(jq -r '.statements[].name' <<<"$out")" \
	"$(cd sql && find . -name '*.sql' | sed 's|^\./||; s|\.sql$||' | LC_ALL=C sort)" 'sql list names every file'
run --log-format json sql show nothing-like-it
is "$rc/$(jq -r .class <<<"$err")" 1/usage 'a JSON log keeps errors as JSON'

# ---- which configuration, which database ----
refused "$W/nowhere.cfg: the configuration can't be read: No such file" '' --config "$W/nowhere.cfg" report
export PGRETAIN_CONFIG=$W/env.cfg
refused "$W/env.cfg: the configuration can't be read" '' report
refused "$W/nowhere.cfg: the configuration can't be read" '' report --config "$W/nowhere.cfg"
PGRETAIN_CONFIG='' refused '/etc/pgretain/pgretain.cfg: ' '' report
cat >"$W/env.cfg" <<'END'
databases = { a = { conninfo = "service=pgretain_none"; tables = [ "a.cfg" ]; };
              shop = { conninfo = "service=pgretain_none"; tables = [ "b.cfg" ]; }; };
include = [ "c.cfg" ];
END
echo 'rules = { };' | tee "$W/a.cfg" >"$W/b.cfg"
echo 'classes = { };' >"$W/c.cfg"
refused 'the configuration has 2 databases: a, shop' 'say which one, e.g. --database a' report
refused 'the configuration has no database shpo' 'did you mean --database shop?' report --database shpo
refused "can't connect" 'check conninfo' --database shop report
refused "can't connect" 'check conninfo' metrics --database shop --output "$W/metrics"
[ ! -e "$W/metrics" ]
result $? 'no connection: no file'
sed -i 's/^include/incude = 1;\n&/; s/^databases/limits = { lanes = -1; };\n&/' "$W/env.cfg"
run report --database shop
is "$rc/$(grep -c "^pgretain: $W/env.cfg:[0-9]*: " "$W/err")" 1/2 'all errors of the files in one go, with their lines'
run report --database shop --log-format json
is "$rc/$(jq -r 'select(.event == "config") | .line' "$W/err" | paste -sd' ')" '1/1 4' 'as JSON too'
unset PGRETAIN_CONFIG
# seen before the server is asked
refused '--since is never, which is no instant' '' report --since never --config "$ROOT/config/pgretain.cfg"

# ---- sql ----
bad=''
while IFS= read -r file; do
	name=${file#sql/} shown=$("$PGRETAIN" sql show "${name%.sql}"; echo .)
	IFS= read -r -d '' text <"$file"
	[ "$shown" = "$text." ] || bad+=" $file"
done < <(find sql -name '*.sql')
is "$bad" '' 'sql show gives each file byte for byte'

# ---- reports that nobody gets ----
"$PGRETAIN" help >/dev/full 2>"$W/err"
is "$?" 1 'a full device: exit 1'
has "$(<"$W/err")" 'could not be written to standard output: No space left on device' 'and why'
"$PGRETAIN" help >&- 2>"$W/err"
is "$?" 1 'a closed stdout: exit 1'
has "$(<"$W/err")" 'could not be written' 'and why'
# once `true` has ended the pipe has no reader
exec 7> >(exec true)
sleep 0.2
"$PGRETAIN" help >&7 2>"$W/err"
is "$?" 1 'a closed pipe: exit 1, no signal'
has "$(<"$W/err")" 'Broken pipe' 'and why'
exec 7>&-
"$PGRETAIN" zzz >&- 2>&- <&-
is "$?" 1 'all three streams closed: still an exit code'

# ---- help ----
run help
overview=$out
is "$rc/$err" 0/ 'help'
is "$("$PGRETAIN" --help)" "$overview" '--help is help'
run help sql list
is "$rc" 1 'help takes one word'
commands=$(awk '/^Options of every/ { exit } /^  [a-z]/ { print $1 }' <<<"$overview")
has "$commands" sql 'the overview lists commands'

# Each example is run with --help behind it, which reads all of its options and acts on none.
example_parses() {
	local words
	words=$(sed -e 's/^  pgretain *//' -e 's/   *.*//' -e 's/ [|<>#].*//' <<<"$1")
	eval "set -- $words"
	"$PGRETAIN" "$@" --help >/dev/null 2>"$W/err"
}

is "$(awk 'length > 100' <<<"$overview")" "" "the overview fits 100 columns"

for c in $commands; do
	run help "$c"
	text=$out
	is "$rc/$("$PGRETAIN" "$c" --help)" "0/$text" "$c: help and --help are the same"
	is "$("$PGRETAIN" --help "$c")" "$text" "$c: --help before it too"
	has "$text" "Usage: pgretain $c" "$c: usage"
	examples=$(sed -n '/^Example/,$p' <<<"$text" | grep '^  pgretain ')
	[ -n "$examples" ]
	result $? "$c: an example"
	bad=''
	while IFS= read -r line; do example_parses "$line" || bad+="$line: $(<"$W/err")"; done <<<"$examples"
	is "$bad" '' "$c: the examples are understood"
	is "$(awk 'length > 100' <<<"$text")" '' "$c: lines fit 100 columns"
done

for c in overview $commands; do
	golden=tests/golden/help/$c.txt
	# what each command is for stands in its own file
	if [ "$c" = overview ]; then text=$(sed '/^Usage/,/^Options/ { /^Usage/b; /^Options/!d }' <<<"$overview")
	else text=$("$PGRETAIN" help "$c"); fi
	[ "${PGRETAIN_GOLDEN:-}" != update ] || printf '%s\n' "$text" >"$golden"
	if [ -e "$golden" ]; then is "$text" "$(<"$golden")" "$c: as in $golden"; else
		result 1 "$c: $golden is missing (PGRETAIN_GOLDEN=update tests/pg/cli.t, then read it)"; fi
done
for golden in tests/golden/help/*.txt; do
	c=$(basename "$golden" .txt)
	[[ $c == overview || $'\n'$commands$'\n' == *$'\n'$c$'\n'* ]]
	result $? "$golden belongs to a command"
done

echo "1..$n"
[ "$failed" = 0 ]
