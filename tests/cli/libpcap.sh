#!/bin/sh
# libpcap is needed by what uses it and by nothing else.  usage: libpcap.sh PROGRAM CAPTURES
set -u
program=$1 captures=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
LC_ALL=C
export LC_ALL
capture=$captures/ok-tls13.pcapng

complain() {
	echo "libpcap.sh: $*" >&2
	failed=1
}

# A system without it: what is found in its place is no library.
mkdir "$work/lib"
: >"$work/lib/libpcap.so.1"
: >"$work/lib/libpcap.so.0.8"
without() { LD_LIBRARY_PATH=$work/lib "$program" "$@" >"$work/out" 2>"$work/err" </dev/null; }

# needs ARGUMENT...: says in one line what is missing, and ends with status 3
needs() {
	without "$@"
	got=$?
	[ $got -eq 3 ] || complain "'$*' gave status $got without libpcap"
	[ "$(wc -l <"$work/err")" -eq 1 ] || complain "'$*' took more than one line: $(cat "$work/err")"
	grep -q 'libpcap cannot be loaded (.*libpcap.so.*); install it' "$work/err" || complain "'$*' said '$(cat "$work/err")'"
}

without --version || complain "--version gave status $? without libpcap"
"$program" analyze --json "$work/with.json" "$capture" >"$work/with" 2>&1
without analyze --json "$work/without.json" "$capture"
[ $? -eq 0 ] || complain "an analysis without libpcap failed: $(cat "$work/err")"
cmp -s "$work/with" "$work/out" || complain 'an analysis without libpcap says something else'
cmp -s "$work/with.json" "$work/without.json" || complain 'an analysis without libpcap writes something else'

rm -f "$work/report"
needs analyze --filter 'tcp port 443' --json "$work/report" "$capture"
[ ! -e "$work/report" ] || complain 'a report was begun'
if [ "$(id -u)" -eq 0 ]; then # who may not capture is told that first
	needs capture --interface lo --until 1 --write "$work/capture.pcapng"
	[ ! -e "$work/capture.pcapng" ] || complain 'a capture was begun'
fi

# And with it.
"$program" analyze --filter 'tcp port 443' --json - "$capture" 2>"$work/err" | grep -q '"record":"conclusion"' ||
	complain "no report with a filter: $(cat "$work/err")"
exit $failed
