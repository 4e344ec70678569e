# What the tests of pgretain check share. Sourced after lib.sh.
# shellcheck shell=bash

year='floor = ( { keep = "1 year"; basis = "law"; } ); zone = "UTC";'

# a new file set: class c deletes after a year, class a anonymizes
fresh() {
	conf_new
	conf_class c "$year action = \"delete\";"
	conf_class a "$year action = \"anonymize\";"
}
# every finding says why, and what to do: told_all at the end
untold=
check() {
	run_pgretain check --format json "$@"
	untold+=$(jq -r '.findings[] | select((.why // "") == "" or (.remedy // "") == "") | "\(.id): \(.message)\n"' <<<"$out")
}
told_all() { is "$untold" '' 'every finding, of every check above, says why and what to do'; }

# findings by a filter over one of them, then what to print
findings() { jq -r --arg a "$1" "[.findings[] | select($2) | $3] | sort | join(\"${4:-\\n}\")" <<<"$out"; }
# of a rule: ids, severity:ids, sentences with places and remedies
about() { findings "$1" '.rule == $a' .id ' '; }
graded() { findings "$1" '.rule == $a' '.severity + ":" + .id' ' '; }
says() { findings "$1" '.rule == $a' '.place + ": " + .message + " " + (.remedy // "")'; }
# of no rule: those of one id
of_none() { findings "$1" '.rule == null and .id == $a' '.place + ": " + .message'; }

# rules named as their tables
del() { conf_rule "$1" "table = \"public.$1\"; class = \"c\"; start = \"at\"; ${2:-}"; }
anon() {	# NAME [COLUMNS [KEYS]]: columns at (kept) and email (null), and more
	conf_rule "$1" "table = \"public.$1\"; class = \"a\"; start = \"at\";
		columns = { at = \"keep\"; email = \"null\"; ${2:-} }; ${3:-}"
}
# table NAME [COLUMNS [KIND]]: with an old and a fresh row that bear a canary
table() {
	q "CREATE ${3:-} TABLE $1 (id int PRIMARY KEY, at timestamptz, email text ${2:+, $2});
	   INSERT INTO $1 (id, at, email)
	   VALUES (1, now() - interval '2 years', 'zz-canary@ex'), (2, now(), 'zz-canary@ex')"
}
