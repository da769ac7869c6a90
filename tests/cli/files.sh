#!/bin/sh
# What becomes of files as people give them: several, piped, compressed, cut, unreadable.  usage: files.sh PROGRAM CAPTURES
set -u
program=$1 captures=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
LC_ALL=C
export LC_ALL

# expect STATUS PATTERN COMMAND...: the status, and the pattern in either output
expect() {
	status=$1 pattern=$2
	shift 2
	"$@" >"$work/out" 2>&1
	got=$?
	if [ "$got" -ne "$status" ] || ! grep -q -e "$pattern" "$work/out"; then
		echo "files.sh: '$*' gave status $got, not $status with '$pattern': $(head -c 500 "$work/out")" >&2
		failed=1
	fi
}

denied=$captures/proxy-407.pcapng healthy=$captures/ok-tls13.pcapng
gzip -c "$denied" >"$work/denied.gz"
head -c 9000 "$captures/mixed-start.pcapng" >"$work/cut.pcapng"
: >"$work/empty"

expect 0 'No fault found' "$program" analyze "$healthy"
expect 1 'demands authentication' "$program" analyze "$denied"
# One timeline: what had worked beside the proxy does not make its refusals good.
expect 1 'demands authentication' "$program" analyze "$denied" "$healthy"
expect 1 'demands authentication' "$program" analyze "$work/denied.gz"
expect 1 'demands authentication' sh -c '"$1" analyze - <"$2"' - "$program" "$denied"
expect 1 'demands authentication' sh -c 'cat "$2" | "$1" analyze -' - "$program" "$work/denied.gz"
expect 0 'Damaged, analysed up to byte' "$program" analyze "$work/cut.pcapng"
expect 3 'is empty' "$program" analyze "$work/empty"
expect 3 'is empty' sh -c '"$1" analyze - </dev/null' - "$program"
expect 3 'is empty' sh -c 'gzip -c </dev/null | "$1" analyze -' - "$program"
expect 3 'No such file' "$program" analyze "$work/nothing"
expect 1 'No such file' "$program" analyze "$work/nothing" "$denied"
expect 3 'Is a directory' "$program" analyze "$work"

# Unpacking ahead changes nothing that is written.  Sections one after the other make a file of many chunks.
large=$work/large.pcapng
cat "$captures/mixed-start.pcapng" "$captures/tls-inspection-hides-failure.pcapng" "$denied" "$healthy" >"$work/some"
i=0
while [ $i -lt 40 ]; do
	cat "$work/some"
	i=$((i + 1))
done >"$large"
# Neither does how its bytes arrive: connections leave by what was read, not by when.  One is reset, and a late segment of
# it comes in the same batch as what tells that its time is over.
python3 - >"$work/late.pcap" <<'END'
import struct, sys
def tcp(client, flags, seq):
    ends = (b"\x0a\0\0\1", 40000, b"\xc0\0\2\1", 443)
    src, sport, dst, dport = ends if client else ends[2:] + ends[:2]
    return (b"\2" * 12 + b"\x08\0" + struct.pack(">BBHHHBBH", 0x45, 0, 40, seq & 65535, 0, 64, 6, 0) + src + dst
            + struct.pack(">HHIIBBHHH", sport, dport, seq, 101, 0x50, flags, 1000, 0, 0))
packets = [(0, tcp(True, 2, 100)), (0, tcp(False, 0x14, 0))]
packets += [(30, b"\2" * 12 + b"\x88\xb5" + b"\0" * 46)] * 30 + [(31, tcp(False, 0x14, 0))]
out = sys.stdout.buffer
out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
for seconds, frame in packets:
    out.write(struct.pack("<IIII", 1000 + seconds, 0, len(frame), len(frame)) + frame)
END
"$program" analyze --json "$work/json.whole" - <"$work/late.pcap" >/dev/null 2>&1
{ head -c 1000 "$work/late.pcap"; sleep 0.3; tail -c +1001 "$work/late.pcap"; } | "$program" analyze --json "$work/json.pieces" - >/dev/null 2>&1
grep -q '"record":"flow"' "$work/json.whole" && cmp "$work/json.whole" "$work/json.pieces" ||
	{ echo "files.sh: the pieces of a capture are not judged as the whole" >&2; failed=1; }
packed=
for way in gzip zstd lz4; do
	command -v $way >/dev/null || continue
	$way -c <"$large" >"$work/large.$way"
	head -c $(($(wc -c <"$work/large.$way") / 2)) "$work/large.$way" >"$work/cut.$way"
	packed="$packed $work/large.$way $work/cut.$way"
done
for jobs in 1 2 8; do
	# shellcheck disable=SC2086 # several names
	"$program" analyze --jobs $jobs --json "$work/json.$jobs" $packed >"$work/text.$jobs" 2>&1
	[ $? -eq 1 ] || { echo "files.sh: --jobs $jobs found something else" >&2; failed=1; } # the same again and again: known once
	grep -q 'compressed data ends early' "$work/json.$jobs" && cmp "$work/json.1" "$work/json.$jobs" &&
		cmp "$work/text.1" "$work/text.$jobs" || failed=1
done
exit "$failed"
