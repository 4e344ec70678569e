#!/usr/bin/env bash
# Triggers and rewrite rules (domain.md 3; cases C30, C45): what writes old values elsewhere, refuses or
# keeps rows is named before the first write, and a plan fails for the first kind.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/check_lib.sh"

# fires NAME EVENTS BODY [WHEN]: a trigger NAME on table NAME
fires() {
	q "CREATE FUNCTION f_$1() RETURNS trigger LANGUAGE plpgsql AS \$f\$ $3 \$f\$;
	   CREATE TRIGGER \"tr $1\" $2 ON $1 FOR EACH ROW ${4:-} EXECUTE FUNCTION f_$1()"
}
fresh
run_pgretain init

# ---- C30: the audit copy ----
q 'CREATE TABLE audit (at timestamptz DEFAULT now(), j jsonb)'
table acc
fires acc 'AFTER UPDATE OR DELETE' 'BEGIN INSERT INTO audit (j) VALUES (to_jsonb(OLD)); RETURN NULL; END'
anon acc
table ok; del ok
check
is "$rc/$(about acc)" 1/trigger-writes 'an audit copy is an error'
like "$(says acc)" 'trigger tr acc of public.acc \(function public.f_acc\) writes to public.audit' \
	'trigger, function and target are named'
like "$(says acc)" 'triggers = \[ "tr acc" \]' 'with what to write'
is "$(about ok)" '' 'the other rule has nothing'
run_pgretain plan --format json
is "$rc/$(of acc status)/$(of ok status)" 2/failed/done 'the plan fails that rule alone'
like "$(of acc reason)" 'tr acc .*public.audit' 'and names trigger and target'
before=$(snap 'TABLE acc')
confirmed_run
is "$rc/$(of acc status)/$(of ok deleted)" 2/failed/1 'so does the run'
is "$(snap 'TABLE acc')/$(q 'SELECT count(*) FROM audit')" "$before/0" 'before the first write'

# each of three decisions mends it
fresh; anon acc "" 'triggers = [ "tr acc" ];'
check; is "$rc/$(about acc)" 0/ 'listed in triggers'
fresh; anon acc; conf_add tables/t.cfg 'exempt = ( { table = "public.audit"; reason = "looked at"; } );'
check; is "$rc/$(about acc)" 0/ 'the target exempted'
fresh; anon acc; conf_rule audit 'table = "public.audit"; class = "c"; start = "at";'
check; is "$rc/$(about acc)" 0/ 'the target under a rule'
run_pgretain plan --format json
is "$rc/$(of acc status)" 0/done 'and the plan stands'

# ---- what a text may look like; each is found ----
fresh
q 'CREATE SCHEMA "Hist %s"; CREATE TABLE "Hist %s"."T ""q""" (v text);
   CREATE TABLE hist (v text); CREATE VIEW hv AS TABLE hist'
i=0 want=() text=()
case_() {
	i=$((i + 1)); want[i]=$1 text[i]=$2
	table "w$i" 'n int'; fires "w$i" "${3:-BEFORE DELETE}" "$2"
	case ${3:-} in *UPDATE*) anon "w$i" 'n = "keep";' ;; *) del "w$i" ;; esac
}
q "CREATE FUNCTION helper(t text) RETURNS void LANGUAGE sql AS 'INSERT INTO hist VALUES (t)'"
case_ 'public.hist' 'BEGIN insert into hist values (OLD.email); RETURN OLD; END'
case_ 'public.hist' "BEGIN /* a /* b */ */ INSERT -- x
	INTO public . hist VALUES (OLD.email); RETURN OLD; END"
case_ '"Hist %s"."T ""q"""' 'BEGIN INSERT INTO "Hist %s"."T ""q""" VALUES (OLD.email); RETURN OLD; END'
case_ 'public.hist' 'BEGIN UPDATE ONLY hist SET v = OLD.email; RETURN OLD; END'
case_ 'public.hist' 'BEGIN DELETE FROM hist WHERE v = OLD.email; RETURN OLD; END'
case_ 'public.hist' 'BEGIN MERGE INTO hist USING (SELECT 1) s ON false
	WHEN NOT MATCHED THEN INSERT VALUES (OLD.email); RETURN OLD; END'
case_ 'public.hv' 'BEGIN INSERT INTO hv VALUES (OLD.email); RETURN OLD; END'
case_ 'public.hist' "BEGIN EXECUTE 'INSERT INTO hist VALUES (\$1)' USING OLD.email; RETURN OLD; END"
case_ 'name its text puts together' \
	"BEGIN EXECUTE format('INSERT INTO %I VALUES (\$1)', TG_TABLE_NAME || '_h') USING OLD.email; RETURN OLD; END"
case_ 'name its text puts together' \
	"BEGIN EXECUTE 'UPDATE ' || quote_ident(TG_TABLE_NAME) || ' SET n = 1'; RETURN OLD; END"
case_ 'public.hist' 'BEGIN PERFORM public.helper(OLD.email); RETURN OLD; END'
case_ 'is no table now' 'BEGIN INSERT INTO later VALUES (OLD.email); RETURN OLD; END'
case_ 'public.hist' 'BEGIN IF false THEN INSERT INTO hist VALUES (OLD.email); END IF; RETURN NULL; END' 'AFTER DELETE'
n=$i
check
for ((i = 1; i <= n; i++)); do
	says=$(says "w$i")
	is "$(grep -cF "${want[i]}" <<<"$says")" 1 "found: ${text[i]//$'\n'/ }"
	[[ $(about "w$i") == *trigger-writes* ]] || note "w$i: $(about "w$i")"
done

# ---- texts that write nothing elsewhere; none is found ----
fresh
i=$n
case_ '' 'BEGIN NEW.n := coalesce(NEW.n, 0) + 1; RETURN NEW; END' 'BEFORE UPDATE'
case_ '' "BEGIN IF TG_OP = 'UPDATE' THEN NEW.n := 1; END IF; RETURN NEW; END" 'BEFORE INSERT OR UPDATE'
case_ '' '-- INSERT INTO hist VALUES (OLD.email)
	BEGIN PERFORM 1 FROM hist FOR UPDATE; RETURN OLD; END'
case_ '' "BEGIN RAISE NOTICE 'delete from hist and insert into %', OLD.id; RETURN OLD; END"
case_ '' "BEGIN CREATE TEMP TABLE IF NOT EXISTS scratch (v text);
	INSERT INTO scratch VALUES (OLD.email); RETURN OLD; END"
case_ '' "DECLARE s text := 'insert into hist'; BEGIN RETURN OLD; END"
case_ '' 'BEGIN INSERT INTO hist VALUES (NEW.email) ON CONFLICT DO NOTHING; RETURN NEW; END' 'BEFORE INSERT'
m=$i
check
for ((i = n + 1; i <= m; i++)); do
	is "$(about "w$i")" '' "nothing: ${text[i]//$'\n'/ }"
done
# UPDATE OF other columns does not fire
table uo 'n int'; fires uo 'AFTER UPDATE OF n' \
	'BEGIN INSERT INTO hist VALUES (OLD.email); RETURN NULL; END'; anon uo 'n = "keep";'
table ue 'n int'; fires ue 'AFTER UPDATE OF n, email' \
	'BEGIN INSERT INTO hist VALUES (OLD.email); RETURN NULL; END'; anon ue 'n = "keep";'
table off; fires off 'AFTER DELETE' 'BEGIN INSERT INTO hist VALUES (OLD.email); RETURN NULL; END'; del off
q 'ALTER TABLE off DISABLE TRIGGER "tr off"'
check
is "$(about uo)/$(about ue)/$(about off)" /trigger-writes/ \
	'UPDATE OF: only for columns that the rule writes; disabled: never'

# ---- a rule that cascades wakes its children's triggers ----
q 'CREATE TABLE kid (id int PRIMARY KEY, ok int REFERENCES ok, email text); CREATE INDEX ON kid (ok)'
fires kid 'AFTER DELETE' 'BEGIN INSERT INTO hist VALUES (OLD.email); RETURN NULL; END'
fresh; del ok 'children = { kid = "cascade"; };'
check
is "$(about ok)" trigger-writes 'the trigger of a table that cascades'
like "$(says ok)" 'tr kid of public.kid' 'is named'
q 'DROP TABLE kid'

# ---- partitions: one finding, not one for each ----
q "CREATE TABLE pt (at timestamptz, email text) PARTITION BY RANGE (at);
   CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM ('2000-01-01') TO ('2010-01-01');
   CREATE TABLE pt2 PARTITION OF pt DEFAULT"
fires pt 'AFTER DELETE' 'BEGIN INSERT INTO hist VALUES (OLD.email); RETURN NULL; END'
fresh; del pt
check
is "$(about pt)" trigger-writes 'a trigger of a partitioned table'

# ---- C45: the append-only table; and rows that are kept ----
fresh
q "CREATE TABLE ao (id int PRIMARY KEY, at timestamptz, email text);
   CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS \$\$
   BEGIN RAISE EXCEPTION 'append only, never delete from %', TG_TABLE_NAME; END \$\$;
   CREATE TRIGGER ao_guard BEFORE UPDATE OR DELETE ON ao FOR EACH ROW EXECUTE FUNCTION never();
   INSERT INTO ao VALUES (1, now() - interval '2 years', 'x')"
del ao
table maybe 'n int'; fires maybe 'BEFORE DELETE' \
	"BEGIN IF OLD.n = 7 THEN RAISE EXCEPTION 'no'; END IF; RETURN OLD; END"; del maybe
table kept 'n int'; fires kept 'BEFORE DELETE' \
	'BEGIN IF OLD.n = 7 THEN RETURN NULL; END IF; RETURN OLD; END'; del kept
table ruled; q 'CREATE RULE "keep %s" AS ON DELETE TO ruled DO INSTEAD NOTHING'; del ruled
table also; q 'CREATE RULE copy AS ON DELETE TO also DO ALSO INSERT INTO hist VALUES (OLD.email)'; del also
check
is "$(about ao)" trigger-refuses 'a trigger that refuses every row is an error'
like "$(says ao)" 'ao_guard of public.ao \(function public.never\)' 'and is named'
is "$(about maybe)/$(about kept)" trigger-raises/trigger-keeps 'one that may refuse or keep rows is a warning'
is "$(about ruled)/$(about also)" rule-keeps/trigger-writes 'DO INSTEAD keeps rows, DO ALSO writes elsewhere'
like "$(says ruled)" 'keep %s of public.ruled' 'the rewrite rule is named'
run_pgretain plan --format json
is "$(of ao status)" done 'a plan does not judge what only a row can tell'
fresh; del maybe 'triggers = [ "tr maybe" ];'; del kept 'triggers = [ "tr kept", "gone %s" ];'
check
is "$rc/$(about maybe)/$(about kept)" 0//name-stale 'listed ones are silent, a listed one that is not there is told'
unlike "$out$err" 'zz-canary' 'no value is shown'
told_all
done_testing
