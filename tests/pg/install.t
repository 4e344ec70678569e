#!/usr/bin/env bash
# install-cron and install-systemd: exactly what they write, and what they refuse. No server is asked.
. "$(dirname "$0")/lib.sh"

cron() { rc=0; out=$("$ROOT/scripts/install-cron" "$@" 2>"$W/err") || rc=$?; err=$(<"$W/err"); }
units() { rc=0; out=$("$ROOT/scripts/install-systemd" "$@" 2>"$W/err") || rc=$?; err=$(<"$W/err"); }
tree() { (cd "$1" && find . -type f | sort | tr '\n' ' '); }
# the one value of KEY in a unit
key() { sed -n "s/^$2=//p" "$1"; }

# ---- cron ----
D=$W/cron
cron --program /usr/local/bin/pgretain --destdir "$D"
is "$rc" 0 'install-cron ends well'
is "$(tree "$D")" './etc/cron.d/pgretain ' 'one file, no temporary one beside it'
is "$(stat -c %a "$D/etc/cron.d/pgretain")" 644 'mode that cron accepts'
entry='* * * * * pgretain /usr/local/bin/pgretain --config /etc/pgretain/pgretain.cfg schedule tick'
is "$(grep -c '^\*' "$D/etc/cron.d/pgretain")" 1 'one entry'
is "$(grep '^\*' "$D/etc/cron.d/pgretain")" "$entry 2>&1 | logger -t pgretain -p daemon.info" \
	'each minute, as its user, to syslog'
ok_not 'nothing that cron would read as a newline' grep -q '%' "$D/etc/cron.d/pgretain"
is "$(tail -c 1 "$D/etc/cron.d/pgretain" | od -An -c | tr -d ' ')" '\n' \
	'ends with a newline: cron ignores a last line without'
is "$(grep -v -e '^#' -e '^\*' "$D/etc/cron.d/pgretain")" "SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" 'nothing else but shell and path'

cron --program /opt/p/pgretain --user ret_1 --config /srv/x.cfg --dry-run --destdir "$W/none"
is "$rc" 0 'dry run ends well'
like "$out" '\* \* \* \* \* ret_1 /opt/p/pgretain --config /srv/x.cfg schedule tick' 'dry run prints the entry'
ok_not 'dry run writes nothing' test -e "$W/none"
cron --program /opt/p/pgretain --user ret_1 --destdir "$D"
is "$(grep -c '^\*' "$D/etc/cron.d/pgretain")" 1 'a second time replaces the file'
like "$(<"$D/etc/cron.d/pgretain")" ' ret_1 /opt/p/pgretain ' 'by the new one'

# the entry's command, as cron gives it to sh, with a program and a logger that tell
mkdir -p "$W/bin"
printf '#!/bin/sh\necho "started $*"; echo problem >&2\n' >"$W/bin/pgretain"
printf '#!/bin/sh\necho "logger $*"; cat\n' >"$W/bin/logger"
chmod +x "$W/bin/pgretain" "$W/bin/logger"
cron --program "$W/bin/pgretain" --dry-run
command=$(sed -n 's/^\* \* \* \* \* pgretain //p' <<<"$out")
is "$(PATH=$W/bin:$PATH sh -c "$command" | sort)" "logger -t pgretain -p daemon.info
problem
started --config /etc/pgretain/pgretain.cfg schedule tick" 'the command works in a shell; both outputs are logged'

refused() {	# DESCRIPTION WORDS... ; says what in $err
	local d=$1
	shift
	"$@" --destdir "$W/refused"
	is "$rc" 1 "$d: exit 1"
	is "$(wc -l <<<"$err")" 1 "$d: one sentence"
	ok_not "$d: nothing written" test -e "$W/refused"
}
refused 'shell in the config path' cron --program /bin/p --config '/etc/x;reboot'
refused '% in the config path' cron --program /bin/p --config '/etc/50%'
refused 'relative program' cron --program bin/p
refused 'blank in the program' cron --program '/opt/my p'
refused 'newline in the user' cron --program /bin/p --user 'a
root'
refused 'empty user' cron --program /bin/p --user ''
refused 'unknown option' cron --program /bin/p --users x
cron --remove --destdir "$D"
is "$rc/$(tree "$D")" 0/ 'remove'

# ---- systemd ----
D=$W/timer
units --program "$W/bin/pgretain" --user postgres --destdir "$D" --writable /var/backups --writable /srv
is "$rc" 0 'install-systemd ends well'
is "$(tree "$D")" './etc/systemd/system/pgretain.service ./etc/systemd/system/pgretain.timer ' 'service and timer'
s=$D/etc/systemd/system/pgretain.service t=$D/etc/systemd/system/pgretain.timer
is "$(stat -c %a "$s" "$t" | sort -u)" 644 'mode'
is "$(key "$s" Type)" oneshot 'a tick is a oneshot'
is "$(key "$s" ExecStart)" "$W/bin/pgretain --config /etc/pgretain/pgretain.cfg schedule tick" 'that starts what is due'
is "$(key "$s" TimeoutStartSec)" infinity 'a run may take the night'
is "$(key "$s" User)" postgres 'as the user'
is "$(key "$s" KillMode)" mixed 'SIGTERM reaches the scheduler alone'
is "$(key "$t" OnCalendar)" '*-*-* *:*:00' 'each minute'
is "$(key "$t" AccuracySec)" 1s 'on the minute'
is "$(key "$t" WantedBy)" timers.target 'at boot'
is "$(key "$s" WantedBy)" '' 'the service itself is not enabled'
for line in NoNewPrivileges=yes CapabilityBoundingSet= AmbientCapabilities= ProtectSystem=strict \
	ProtectHome=read-only PrivateTmp=yes PrivateDevices=yes ProtectKernelModules=yes ProtectKernelTunables=yes \
	ProtectControlGroups=yes 'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6' RestrictNamespaces=yes \
	RestrictSUIDSGID=yes LockPersonality=yes MemoryDenyWriteExecute=yes SystemCallArchitectures=native \
	SystemCallFilter=@system-service ReadWritePaths=/var/backups ReadWritePaths=/srv UMask=0077; do
	ok "hardened: $line" grep -qx -- "$line" "$s"
done

S=$W/service
units --mode service --program "$W/bin/pgretain" --user postgres --destdir "$S"
s=$S/etc/systemd/system/pgretain.service
is "$(tree "$S")" './etc/systemd/system/pgretain.service ' 'service mode: no timer'
is "$(key "$s" Type)" exec 'it stays'
is "$(key "$s" ExecStart)" "$W/bin/pgretain --config /etc/pgretain/pgretain.cfg schedule run" 'as schedule run'
is "$(key "$s" ExecReload)" "/bin/kill -HUP \$MAINPID" 'reload'
is "$(key "$s" Restart)" on-failure 'started again after a failure'
is "$(key "$s" WantedBy)" multi-user.target 'at boot'
is "$(grep -c ReadWritePaths "$s")" 0 'no writable folder unless asked for'

units --mode service --program "$W/bin/pgretain" --destdir "$D"
ok_not 'changing to service mode removes the timer' test -e "$D/etc/systemd/system/pgretain.timer"
like "$out" 'systemctl disable --now pgretain.timer' 'and says how to stop it'

# systemd is installed where the tests are developed, not in every container
if command -v systemd-analyze >/dev/null; then
	units --program "$W/bin/pgretain" --user postgres --destdir "$D"
	is "$(systemd-analyze verify "$D"/etc/systemd/system/pgretain.* "$s" 2>&1)" '' 'systemd finds nothing wrong'
	exposure() { systemd-analyze security --offline=true --no-pager --threshold=25 "$1" >"$W/exposure"; }
	ok 'systemd calls the exposure OK' exposure "$s"
else
	note 'no systemd-analyze here: the structure alone was checked'
	for unit in "$D"/etc/systemd/system/pgretain.* "$s"; do
		is "$(grep -vcE '^(#.*|\[(Unit|Service|Timer|Install)\]|[A-Z][A-Za-z]+=.*|)$' "$unit")" 0 "lines of $unit"
	done
fi

units --dry-run --program /bin/p --destdir "$W/none"
like "$out" 'ExecStart=/bin/p ' 'dry run prints the service'
like "$out" 'OnCalendar=' 'and the timer'
ok_not 'dry run writes nothing' test -e "$W/none"
refused 'unknown mode' units --program /bin/p --mode daily
refused '% in the program' units --program '/bin/%h'
refused 'blank in a folder' units --program /bin/p --writable '/srv/a b'
refused 'user with a newline' units --program /bin/p --user 'a
[Service]'
refused 'relative config' units --program /bin/p --config x.cfg
units --remove --destdir "$D"
is "$rc/$(tree "$D")" 0/ 'remove'


# ---- make install: what it puts where ----
D=$W/installed
install() { rc=0; out=$("$ROOT/scripts/install" "$PGRETAIN" "$D" /usr /etc 2>"$W/err") || rc=$?; err=$(<"$W/err"); }
from() { (cd "$ROOT/$1" && find . -type f ! -name '.*' | sed "s|^\./|$2|"); }
install
is "$rc/$err" 0/ 'install ends well'
is "$(cd "$D" && find . -type f | sort)" "$({
	echo ./usr/bin/pgretain
	printf './usr/share/pgretain/%s\n' install-cron install-systemd restore-gate
	printf './usr/share/doc/pgretain/%s\n' README.md LICENSE src/README.md sql/README.md
	from config ./usr/share/doc/pgretain/examples/; from jobs ./usr/share/doc/pgretain/examples/jobs/
	from config ./etc/pgretain/; from jobs ./etc/pgretain/jobs/
} | sort)" 'program, scripts, documents, the shipped files as examples and as configuration'
is "$(cd "$D" && find . -type f -perm 755 | sort | tr '\n' ' ')" \
	'./usr/bin/pgretain ./usr/share/pgretain/install-cron ./usr/share/pgretain/install-systemd ./usr/share/pgretain/restore-gate ' \
	'what is run can be run'
is "$(cd "$D" && find . -type f ! -perm 755 ! -perm 644)$(cd "$D" && find . -type d ! -perm 755)" '' 'the rest is there to read'
ok 'the program is the one that was built' cmp "$PGRETAIN" "$D/usr/bin/pgretain"
rc=0
out=$(PGRETAIN_CONFIG=$D/etc/pgretain/pgretain.cfg "$D/usr/bin/pgretain" check --config-only --format json 2>"$W/err") || rc=$?
is "$rc/$(json .errors)/$(<"$W/err")" 0/0/ 'the installed configuration is whole, its jobs too'
is "$(PGRETAIN_CONFIG=$D/etc/pgretain/pgretain.cfg "$D/usr/bin/pgretain" schedule list --format json | jq -r '.jobs | length')" \
	"$(find "$ROOT/jobs" -name '*.cfg' | wc -l)" 'all of its jobs are found'
echo '# mine' >"$D/etc/pgretain/classes.cfg"
rm "$D/etc/pgretain/jobs/nightly.cfg"
echo old >"$D/usr/share/doc/pgretain/examples/classes.cfg"
install
is "$rc $(<"$D/etc/pgretain/classes.cfg")" '0 # mine' 'a second time: configuration that is there stays'
ok 'what is missing comes back' test -f "$D/etc/pgretain/jobs/nightly.cfg"
ok 'the example is the shipped one again' cmp "$ROOT/config/classes.cfg" "$D/usr/share/doc/pgretain/examples/classes.cfg"

# ---- setup, where packages are missing and nobody may install them ----
mkdir "$W/deb"
cat >"$W/deb/dpkg-query" <<-'END'
	#!/bin/sh
	# all are installed but one, and one that is half removed
	for p in "$@"; do case $p in -*|\$*) ;; *"{"*) ;; jq) ;; gcc) echo "rc gcc" ;; *) echo "ii $p" ;; esac; done
END
printf '#!/bin/sh\necho "$0 $*" >>"%s/tried"; exit 1\n' "$W" | tee "$W/deb/sudo" >"$W/deb/apt-get"
printf '#!/bin/sh\n[ "$1" = -u ] && echo 1000 || exec /usr/bin/id "$@"\n' >"$W/deb/id"
chmod +x "$W"/deb/*
setup() { rc=0; out=$(PATH=$W/deb:$PATH PGRETAIN_SETUP=${1-} "$ROOT/scripts/setup" 2>"$W/err") || rc=$?; err=$(<"$W/err"); }
setup
is "$rc/$out" 1/ 'setup without rights ends 1'
like "$err" 'packages are missing: gcc jq ' 'it names what is missing, and nothing else'
is "$(grep -c 'run once: ' <<<"$err")/$(sed -n 's/.*run once: //p' <<<"$err")" "1/sudo $(readlink -f "$ROOT/scripts/setup")" \
	'and the one line to run'
is "$(sed 's/.*deb.//' "$W/tried")" 'sudo -n true' 'it asks whether it may without a password, and installs nothing'
setup skip
is "$rc/$out$err" 0/ 'PGRETAIN_SETUP=skip leaves the machine as it is'
cat >"$W/deb/dpkg-query" <<-'END'
	#!/bin/sh
	for p in "$@"; do echo "ii $p"; done
END
setup
is "$rc/$out$err" 0/ 'with all of them there it says nothing'
done_testing
