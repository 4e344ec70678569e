#!/usr/bin/env bash
# Both faces of every anonymization operator over the same rows: the law's vectors, then 10,000 random
# values a type. build/tools/anonfaces holds the cases; this file is the types that they need.
export TEST_TIMEOUT=${TEST_TIMEOUT:-900}	# a million rows; minutes on a busy machine
. "$(dirname "$0")/lib.sh"

tool=${BUILD:-$ROOT/build}/tools/anonfaces
q <<'SQL'
CREATE SCHEMA faces;
CREATE SCHEMA shop;
CREATE TYPE shop."mood(x)" AS ENUM ('sad', 'ok', 'happy', 'very "odd"');
CREATE DOMAIN shop.mood_domain AS shop."mood(x)";
CREATE DOMAIN shop.label AS varchar(12);
CREATE DOMAIN shop.amount AS numeric(8,2);
CREATE DOMAIN shop.birthday AS date;
CREATE DOMAIN shop.doc AS jsonb;
CREATE TYPE shop.pair AS (a int, b text);
CREATE COLLATION shop.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SQL

mapfile -t cases < <("$tool" list)
is "$(printf '%s\n' "${cases[@]}" | grep -c '^vector ')" 34 'all vectors of the law are run'
is "$(printf '%s\n' "${cases[@]}" | sed '/^vector /d; /^negative /d; s/ .*//' | sort -u | tr '\n' ' ')" \
	'bucket constant empty ip_prefix json_keep map null prefix tombstone trunc ' \
	'random values for every operator'
mapfile -t results < <("$tool" case "${cases[@]}" 2>"$W/said")
for i in "${!cases[@]}"; do
	is "${results[i]-ended}" "ok ${cases[i]}" "${cases[i]}"
done
[ ! -s "$W/said" ] || note "$(<"$W/said")" >&2
done_testing
