#!/bin/sh
# The process is confined before it reads the first byte, as root and as a user, whatever the input is; what it then needs
# still works.  What it can no longer do is tried in tests/unit/test_sandbox.c.  usage: sandbox.sh PROGRAM CAPTURES
set -u
program=$1 captures=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
failed=0
LC_ALL=C
export LC_ALL
capture=$captures/ok-tls13.pcapng

complain() {
	echo "sandbox.sh: $*" >&2
	failed=1
}

"$program" analyze -v "$capture" >"$work/out" 2>"$work/err"
if grep -q 'no sandbox:' "$work/err"; then
	cat "$work/err"
	exit 77 # a build with a sanitizer
fi
missing=$(cat "$work/err") # what this kernel does not have

field() { sed -n "s/^$1:[[:space:]]*//p" "$2" 2>/dev/null; }

# confined HOW...: runs `HOW... PROGRAM analyze PIPE` and looks at the process while it waits for the first byte
confined() {
	rm -f "$work/pipe"
	mkfifo "$work/pipe"
	chmod 666 "$work/pipe"
	"$@" "$program" analyze --json "$work/report" - <"$work/pipe" >/dev/null &
	child=$!
	exec 3>"$work/pipe"
	tries=0
	while [ "$(field Seccomp "/proc/$child/status")" != 2 ] && [ $tries -lt 100 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	cp "/proc/$child/status" "$work/status"
	cat "$capture" >&3
	exec 3>&-
	wait $child || complain "'$*' gave status $?"
	[ "$(field NoNewPrivs "$work/status")" = 1 ] || complain "'$*' may get privileges"
	[ "$missing" ] || [ "$(field Seccomp "$work/status")" = 2 ] || complain "'$*' may call everything"
	case $(field CapEff "$work/status") in
	0000000000000000 | 0000000000000002) ;; # writing where others own the folder
	*) complain "'$*' has capabilities: $(field CapEff "$work/status")" ;;
	esac
	tail -n 1 "$work/report" | grep -q '"record":"conclusion"' || complain "'$*' wrote no report"
	rm -f "$work/report"
}

confined env
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 777 "$work"
	confined setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all
	chmod 755 "$work"
fi

# The same findings with and without it, from every kind of input.
reports() { # ARGUMENT...
	"$program" analyze --json "$work/with" "$@" >/dev/null 2>&1
	with=$?
	"$program" analyze --no-sandbox --json "$work/without" "$@" >/dev/null 2>&1
	[ $? -eq $with ] && cmp -s "$work/with" "$work/without" || complain "confined, '$*' gives something else"
}
for how in gzip zstd lz4; do
	command -v $how >/dev/null && $how -c "$captures/proxy-407.pcapng" >"$work/packed.$how" 2>/dev/null &&
		reports "$work/packed.$how"
done
reports "$captures"/*.pcapng
reports --filter 'port https or port domain' "$capture"
reports --endpoints "$captures/../filters/endpoints.tsv" "$capture"
reports --max-memory 1 "$captures/mixed-start.pcapng"
reports "$work/nothing" "$capture"
# A message of the system in another language, where there is one.
LC_ALL=ja_JP.UTF-8 "$program" analyze "$capture" >/dev/null || complain 'another language fails'
exit $failed
