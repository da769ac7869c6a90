#!/bin/sh
# The JSON Lines of every labelled capture against docs/schema.json.  usage: schema.sh PROGRAM TOP
set -u
program=$1 top=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || {
	echo "SKIP: python3-jsonschema is not installed: tools/setup test"
	exit 77
}
for capture in "$top"/captures/*.pcapng; do
	"$program" analyze -q --agent arc --json "$work/$(basename "$capture").jsonl" "$capture" >/dev/null || [ $? -le 2 ] || exit 1
done
exec /usr/bin/python3 "$top/tests/schema.py" "$top/docs/schema.json" "$work"/*.jsonl
