#!/usr/bin/env bash
# The test library's own test: what must fail a test file does, and assertions can fail.
. "$(dirname "$0")/lib.sh"

cat >"$W/fake" <<'END'
#!/bin/sh
case $1 in
crash) kill -SEGV $$ ;;
bug) exit 70 ;;
sanitizer) echo '==1==ERROR: AddressSanitizer: heap-use-after-free' >&2; exit 1 ;;
plan) echo '{ "fingerprint": "sha256:f0", "rules": [] }' ;;
run) printf '{ "exit": 0, "args": "%s", "rules": [ ' "$*"
	printf '{ "rule": "a", "due": %s, "deleted": 3, "anonymized": 1, "quarantined": 0, ' "${DUE:-5}"
	printf '"held": 1, "blocked": 0, "deferred": 0, "failed": 0, "skipped": 0, "changed": 0 } ] }\n' ;;
esac
END
chmod +x "$W/fake"

# outcome TEXT: runs TEXT as a test file; prints its status and its TAP
outcome() {
	printf '%s\n' ". '$ROOT/tests/pg/lib.sh'" "$1" >"$W/inner.t"
	PGRETAIN=$W/fake bash "$W/inner.t" 2>/dev/null
	echo "status $?"
}

good=$(outcome 'ok a true; ok_not b false; is 1 1 c; isnt 1 2 d; is_eq 07 7 e; like abc ^a f
	unlike abc x g; q "SELECT 1" >/dev/null; ok h q_fails 42P01 "TABLE nowhere"; done_testing')
is "$(grep -c '^ok' <<<"$good")" 8 'assertions pass'
like "$good" $'1\.\.8\nstatus 0$' 'and the file ends well'

bad=$(outcome 'ok a false; ok_not b true; is 1 2 c; isnt 1 1 d; is_eq x 1 e; like abc x f
	unlike abc ^a g; ok h q_fails 42P01 "SELECT 1"; ok i q_fails 42601 "TABLE nowhere"; done_testing')
is "$(grep -c '^not ok' <<<"$bad")" 9 'each assertion can fail'
like "$bad" $'1\.\.9\nstatus 1$' 'and the file fails'

like "$(outcome 'ok a true')" 'Bail out!.*status 255' 'no done_testing'
like "$(outcome 'done_testing')" 'status 1$' 'no assertion at all'
like "$(outcome 'plan 2; ok a true; done_testing')" '1\.\.2.*status 1$' 'fewer tests than planned'
like "$(outcome 'q "SELEKT"; ok a true; done_testing')" 'SELEKT.*status 1$' 'a failing statement'
like "$(outcome 'is "$(q "TABLE nowhere")" "" a; done_testing')" 'ok 1.*status 1$' \
	'a failing statement in a subshell'
for kind in crash bug sanitizer; do
	like "$(outcome "run_pgretain $kind; ok a true; done_testing")" 'status 1$' "the program: $kind"
done
like "$(outcome 'crash_ok=1; run_pgretain bug; is $rc 70 a; done_testing')" 'status 0$' \
	'unless it is expected'
like "$(outcome 'confirmed_run; balance; like "$out" "run --confirm sha256:f0" a; is "$(of a due)" 5 b
	done_testing')" 'ok 3.*status 0$' 'confirmed_run confirms what plan said; counts balance'
like "$(DUE=6 outcome 'confirmed_run; balance; done_testing')" 'not ok 1' 'an imbalance is seen'
like "$(DUE=null outcome 'confirmed_run; balance; done_testing')" 'not ok 1' 'a missing count too'
like "$(outcome 'run_pgretain plan; balance; done_testing')" 'not ok 1' 'no rules balance nothing'
like "$(outcome 'run_pgretain run; idle_again; done_testing')" 'not ok 1' 'work in a second run is seen'
like "$(outcome 'run_pgretain run; of a nothing; ok a true; done_testing')" 'status 1$' 'no such field'
like "$(outcome 'run_pgretain run; of b due; ok a true; done_testing')" 'status 1$' 'no such rule'
like "$(PGRETAIN=/nowhere bash "$W/inner.t" 2>&1)" 'Bail out! no program /nowhere' 'no program'

q 'CREATE TABLE s (a int, b text); INSERT INTO s VALUES (1, NULL), (2, $$x$$)'
before=$(snap 'TABLE s')
is "$(snap 'SELECT * FROM s ORDER BY a DESC')" "$before" 'snap does not depend on order'
q 'UPDATE s SET b = $$y$$ WHERE a = 2'
isnt "$(snap 'TABLE s')" "$before" 'snap sees a changed value'
done_testing
