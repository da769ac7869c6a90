#!/bin/sh
# An output never destroys: what was there stays until the new one is whole.  usage: output.sh PROGRAM CAPTURES
set -u
program=$1 captures=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
LC_ALL=C
export LC_ALL
capture=$captures/ok-tls13.pcapng

complain() {
	echo "output.sh: $*" >&2
	failed=1
}

# fails PATTERN COMMAND...: status 3 and one line on standard error, with the pattern
fails() {
	pattern=$1
	shift
	"$@" 2>"$work/err" >/dev/null
	got=$?
	[ "$got" -eq 3 ] || complain "'$*' gave status $got, not 3"
	[ "$(wc -l <"$work/err")" -eq 1 ] || complain "'$*' said other than one line: $(cat "$work/err")"
	grep -q -e "$pattern" "$work/err" || complain "'$*' did not say '$pattern': $(cat "$work/err")"
}

# intact FILE: it still says what it said, and nothing else lies beside it
intact() {
	[ "$(cat "$1")" = precious ] || complain "$1 is not what it was"
	[ "$(find "$(dirname "$1")" -name '.pathproof-*' | wc -l)" -eq 0 ] || complain "something was left beside $1"
}

whole() { # FILE: a whole report
	tail -n 1 "$1" | grep -q '"record":"conclusion"' || complain "$1 is no whole report"
	[ "$(find "$(dirname "$1")" -name '.pathproof-*' | wc -l)" -eq 0 ] || complain "something was left beside $1"
}

mkdir "$work/out"
out=$work/out/report

# A new file, a replaced one with its mode, one behind a link.
"$program" analyze --json "$out" "$capture" >/dev/null
whole "$out"
echo precious >"$out"
chmod 600 "$out"
ln -s report "$work/out/link"
"$program" analyze --json "$work/out/link" "$capture" >/dev/null
whole "$out"
[ -h "$work/out/link" ] || complain 'the link was replaced, not the file behind it'
[ "$(stat -c %a "$out")" = 600 ] || complain 'the mode was not kept'
if [ "$(id -u)" -eq 0 ]; then
	chown 65534:65534 "$out"
	"$program" analyze --json "$out" "$capture" >/dev/null
	[ "$(stat -c %u "$out")" = 65534 ] || complain 'the owner was not kept'
	chown 0:0 "$out"
fi

# Not a file: devices and pipes are written to as they are.
"$program" analyze --json /dev/null "$capture" >"$work/text" || complain '/dev/null was refused'
[ -c /dev/null ] || complain '/dev/null was replaced'
grep -q 'No fault found' "$work/text" || complain 'the report went away with the JSON'
mkfifo "$work/out/fifo"
cat "$work/out/fifo" >"$work/from" &
"$program" analyze --json "$work/out/fifo" "$capture" >/dev/null
wait
[ -p "$work/out/fifo" ] || complain 'the pipe was replaced'
whole "$work/from"
# Standard output under its other names gets the JSON alone, whatever it is.
"$program" analyze --json /dev/stdout "$capture" >"$work/direct"
whole "$work/direct"
"$program" analyze --json /dev/stdout "$capture" | cat >"$work/direct"
whole "$work/direct"
"$program" analyze --json "$work/direct" "$capture" >"$work/direct"
whole "$work/direct"
[ "$(grep -vc '^{' "$work/direct")" -eq 0 ] || complain 'two reports are mixed in one file'

# An input is no output, whatever its name.
cp "$capture" "$work/out/in"
ln "$work/out/in" "$work/out/hard"
ln -s in "$work/out/soft"
for name in in hard soft ../out/in; do
	fails 'is an input' "$program" analyze --json "$work/out/$name" "$capture" "$work/out/in"
	cmp -s "$capture" "$work/out/in" || complain 'an input was overwritten'
done
cp "$captures/../filters/endpoints.tsv" "$work/out/more.tsv"
fails 'is an input' "$program" analyze --endpoints "$work/out/more.tsv" --json "$work/out/more.tsv" "$capture"
cmp -s "$captures/../filters/endpoints.tsv" "$work/out/more.tsv" || complain 'a catalogue was overwritten'
"$program" analyze "$work/out/in" >>"$work/out/in" 2>"$work/err"
[ $? -eq 3 ] || complain 'a report was added to its own input'
cmp -s "$capture" "$work/out/in" || complain 'an input was added to'

# What fails in the middle leaves the old file.
echo precious >"$out"
if [ -c /dev/full ]; then
	fails 'No space left' "$program" analyze --json /dev/full "$capture"
	"$program" analyze "$capture" >/dev/full 2>"$work/err"
	[ $? -eq 3 ] || complain 'a full disk under the report went unnoticed'
	[ "$(wc -l <"$work/err")" -eq 1 ] || complain 'a full disk was not told in one line'
	intact "$out"
fi
fails 'File too large' sh -c 'ulimit -f 1; exec "$@"' - "$program" analyze --json "$out" "$captures/proxy-407.pcapng"
intact "$out"
# A pipe whose reader has gone: opened both ways first, as opening waits for the other side.
mkfifo "$work/gone"
exec 3<>"$work/gone" 4>"$work/gone" 3<&-
fails 'Broken pipe' sh -c '"$@" >&4' - "$program" analyze --json - "$capture"
fails 'Broken pipe' sh -c '"$@" >&4' - "$program" analyze "$capture"
exec 4>&-
"$program" analyze --json "$out" "$capture" >/dev/full 2>"$work/err" # the JSON alone is whole
whole "$out"
echo precious >"$out"
fails 'No such file' "$program" analyze --json "$out" "$work/nothing"
intact "$out"
mkdir "$work/closed"
echo precious >"$work/closed/report"
# A small disk that fills up, or a folder where others may not write.
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	unshare -m sh -c '
		mount -t tmpfs -o size=64k none "$2" || exit 77
		echo precious >"$2/report"
		head -c 50000 /dev/zero >"$2/rest"
		"$1" analyze --json "$2/report" "$3" >/dev/null 2>"$2/../err"
		[ $? -eq 3 ] && grep -q "No space left" "$2/../err" && [ "$(cat "$2/report")" = precious ] &&
			[ "$(ls -A "$2" | wc -l)" -eq 2 ]' - "$program" "$work/closed" "$captures/mixed-start.pcapng"
	case $? in
	0 | 77) ;;
	*) complain "a full disk destroyed something: $(cat "$work/err")" ;;
	esac
else
	chmod 500 "$work/closed"
	[ "$(id -u)" -eq 0 ] || fails 'Permission denied' "$program" analyze --json "$work/closed/report" "$capture"
	chmod 700 "$work/closed"
fi
exit $failed
