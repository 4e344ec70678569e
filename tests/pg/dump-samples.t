#!/usr/bin/env bash
# The archives of public databases that pg_dump of many versions wrote: read, written anew, and read by
# pg_restore as before; what is no archive is refused by the name of what it is.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/dump_lib.sh"

archives=${PGRETAIN_ARCHIVES:-$ROOT/../shared/archives}
if [ ! -d "$archives" ]; then
	echo "1..0 # SKIP the sample archives are not in $archives (\$PGRETAIN_ARCHIVES says where they are)"
	tap_done=true
	exit 0
fi

# FILE FORMAT CODEC MINOR: what is known of each; pg_restore 15 reads up to 1.14
while read -r file format codec minor; do
	from=$archives/$file
	is "$(dumptool list "$from" | sed 's/ encoding.*//;q')" "$format codec $codec wrapper none version 1.$minor" \
		"$file: what it is"
	ok "$file: copied" dumptool copy "$from" "$W/copy"
	ok "$file: every row asked for and written anew" dumptool filter "$from" "$W/filter"
	if [ "$minor" -le 14 ]; then
		same_restore "$from" "$W/copy" "$file: the copy restores alike"
		same_restore "$from" "$W/filter" "$file: the one written anew too"
	else
		# its positions are recorded: nothing differs
		ok "$file: the copy is the same bytes" cmp "$from" "$W/copy"
	fi
	rm -rf "$W/copy" "$W/filter"
done <<-'END'
	northwind-1.10-custom.dump custom gzip 10
	northwind-1.12-custom.dump custom gzip 12
	northwind-1.13-custom.dump custom gzip 13
	dvdrental-1.14-custom.dump custom gzip 14
	chinook-1.15-custom.dump custom gzip 15
	northwind-1.15-custom.dump custom gzip 15
	dvdrental-1.16.tar tar none 16
END

ok_not 'a zip called tar is refused' dumptool verify "$archives/zip-called.tar"
like "$(said)" 'found a zip file; not touched' 'as what it is'

done_testing
