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

done_testing
