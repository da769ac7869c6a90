#!/bin/sh
# What the program says to wrong usage, and that it says it in one line and with status 3.  usage: usage.sh PROGRAM
set -u
program=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
unset NO_COLOR
LC_ALL=C
export LC_ALL

complain() {
	echo "usage.sh: $*" >&2
	failed=1
}

# expect STATUS PATTERN ARGS...: the pattern is looked for in both outputs; a failure is one line on standard error.
expect() {
	status=$1 pattern=$2
	shift 2
	"$program" "$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ "$got" -eq "$status" ] || complain "'$*' gave status $got, not $status: $(cat "$work/err")"
	cat "$work/out" "$work/err" | grep -q -e "$pattern" || complain "'$*' did not say '$pattern'"
	if [ "$status" -eq 3 ]; then
		[ "$(wc -l <"$work/err")" -eq 1 ] || complain "'$*' took more than one line: $(cat "$work/err")"
		[ ! -s "$work/out" ] || complain "'$*' wrote to standard output, too"
	fi
}

expect 3 'no command given'
expect 3 "unknown command 'x.pcap'; .* pathproof analyze FILE" x.pcap
expect 3 "unknown option '--frob'" --frob
expect 0 'Usage: pathproof' --help
expect 0 '^pathproof [0-9]' --version

expect 3 'no file given' analyze
expect 3 "unknown option '--jsn'; see 'pathproof analyze --help'" analyze --jsn x a.pcap
expect 3 'needs a value: FILE' analyze --json
expect 3 'takes no value' analyze --quiet=1 a.pcap
expect 3 '--html is not available in this version' analyze --html page a.pcap
expect 3 '--evidence is not available in this version' analyze --evidence=x a.pcap
expect 3 '--share is not available in this version' analyze --share a.pcap
expect 3 '--allow-list is not available in this version' analyze --allow-list azfw a.pcap
expect 3 '--no-redact is not available in this version' analyze --no-redact a.pcap
expect 3 '--lang ja is not available in this version' analyze --lang ja a.pcap
expect 3 "--lang is en, not 'xx'" analyze --lang xx a.pcap
expect 3 '--color is auto, always or never' analyze --color sometimes a.pcap
expect 3 '--jobs is a number' analyze --jobs 0 a.pcap
expect 3 '--jobs is a number' analyze --jobs 4x a.pcap
expect 3 '--max-memory is a size' analyze --max-memory 1T a.pcap
expect 3 "--proxy is HOST:PORT, not 'proxy'" analyze --proxy proxy a.pcap
expect 3 "unknown agent 'nosuch'; known are: .*arc" analyze --agent nosuch a.pcap
expect 3 'No such file or directory' analyze "$work/missing.pcap"
expect 3 'No such file or directory' analyze --endpoints "$work/missing.tsv" a.pcap
expect 3 'No such file or directory' analyze --service-tags "$work/missing.json" a.pcap
expect 0 '--max-memory SIZE' analyze --help
"$program" analyze --help | grep -q -e '--html\|--share\|--markdown' && complain 'help lists what there is not'

echo 'no capture' >"$work/text"
expect 3 'is no capture file' analyze "$work/text"
expect 3 'is no capture file' analyze -- "$work/text"
python3 - "$work" <<-'pack'
	import bz2, lzma, sys, tarfile, zipfile
	work = sys.argv[1]
	for name, module in ("text.bz2", bz2), ("text.xz", lzma):
	    open(f"{work}/{name}", "wb").write(module.compress(b"no capture"))
	with zipfile.ZipFile(f"{work}/text.zip", "w") as zip:
	    zip.write(f"{work}/text")
	for name, mode in ("text.tar", "w"), ("text.tgz", "w:gz"):
	    with tarfile.open(f"{work}/{name}", mode) as tar:
	        tar.add(f"{work}/text", "text")
pack
for packed in bz2 xz zip tar tgz; do
	expect 3 "text.$packed' is packed in a way that is not read: unpack it" analyze "$work/text.$packed"
done
printf 'GMBU\0\0\0\0' >"$work/netmon"
expect 3 "netmon' is a capture in another format: make a pcapng of it" analyze "$work/netmon"
printf '\0\0\1\0\370\2\0\0%064d\2\0\2\300' 0 >"$work/etl"
expect 3 "etl' is a Windows event trace (ETL): make a pcapng of it" analyze "$work/etl"
printf '\n\r\r\n' >"$work/cut"
expect 3 "cut' ends within its first header" analyze "$work/cut"
: >"$work/empty"
expect 3 "'$work/empty'" analyze "$work/empty"
expect 3 "'$work/text' is an input" analyze --json "$work/text" "$work/text"
expect 3 'No such file or directory' analyze --json "$work/no/out" "$work/text"
grep -q 'no capture' "$work/text" || complain 'an input was overwritten'

# A file name cannot drive the terminal.
name=$(printf '%s/\033[31mred\n' "$work")
expect 3 'x1b\[31mred' analyze "$name"

expect 0 arc agents
expect 0 needs agents arc
expect 3 'unknown agent' agents nosuch
expect 3 'one name at a time' agents arc ama
expect 0 entra-id endpoints
expect 0 'entra-id' endpoints login.microsoftonline.com
expect 0 'other' endpoints nosuch.example 192.0.2.1
expect 3 "no rule 'XX-99'" rules XX-99
expect 3 'one id at a time' rules A B

if [ -c /dev/full ]; then
	"$program" endpoints >/dev/full 2>"$work/err"
	[ $? -eq 3 ] || complain 'a full disk went unnoticed'
	grep -q 'cannot write to standard output: No space left' "$work/err" || complain 'a full disk was not told'
fi
exit $failed
