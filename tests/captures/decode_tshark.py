#!/usr/bin/env python3
"""Compares our decoder with tshark's, frame by frame: addresses, ports, sequence and acknowledgement numbers, flags, window and
payload length of every frame that tshark takes for TCP or UDP.

usage: decode_tshark.py DECODE_LIST FOLDER [--verbose] [FILE…]

Frames that hold more than one transport header (tunnels that are not followed to the same depth, quoted headers of ICMP
errors) and fragments are left out.  At least 99.9 % of the values must agree.  Exit 77 without the folder or tshark."""

import argparse
import collections
import ipaddress
import pathlib
import shutil
import subprocess
import sys

LEAST = 0.999
FIELDS = ["frame.number", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw",
          "tcp.flags", "tcp.window_size_value", "tcp.len", "udp.srcport", "udp.dstport", "udp.length", "icmp.type", "icmpv6.type",
          "ip.flags.mf", "ip.frag_offset", "ipv6.fraghdr.nxt", "frame.cap_len", "frame.len"]
NAMES = {"tcp": ["src", "dst", "sport", "dport", "seq", "ack", "flags", "window", "len"], "udp": ["src", "dst", "sport", "dport", "len"]}


def tshark(path):
    """Frame number → values, of frames with one transport header."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;",
               "-o", "tcp.analyze_sequence_numbers:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE", "-o", "ip.defragment:FALSE",
               "-o", "ipv6.defragment:FALSE"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    frames = {}
    for line in done.stdout.splitlines():
        row = dict(zip(FIELDS, line.split("\t")))
        if row["icmp.type"] or row["icmpv6.type"] or row["ipv6.fraghdr.nxt"] or "1" in row["ip.flags.mf"] or "True" in row["ip.flags.mf"] \
                or any(part not in ("", "0") for part in row["ip.frag_offset"].split(";")):
            continue
        addresses = row["ip.src"] or row["ipv6.src"], row["ip.dst"] or row["ipv6.dst"]
        if any(";" in value for key, value in row.items() if not key.startswith("ip.f")) or (row["ip.src"] and row["ipv6.src"]):
            continue
        if row["tcp.srcport"] and not row["udp.srcport"]:
            values = [row["tcp.srcport"], row["tcp.dstport"], row["tcp.seq_raw"], row["tcp.ack_raw"],
                      str(int(row["tcp.flags"], 16) & 0xFF) if row["tcp.flags"] else "", row["tcp.window_size_value"], row["tcp.len"]]
            frames[int(row["frame.number"])] = "tcp", [*addresses, *values]
        elif row["udp.srcport"] and not row["tcp.srcport"] and row["udp.length"]:
            frames[int(row["frame.number"])] = "udp", [*addresses, row["udp.srcport"], row["udp.dstport"], str(int(row["udp.length"]) - 8)]
    return frames


def ours(program, path):
    done = subprocess.run([program, str(path)], capture_output=True, text=True, timeout=300, check=False)
    frames = {}
    for line in done.stdout.splitlines():
        number, kind, *values, state = line.split("\t")
        frames[int(number)] = kind, values, state
    return frames


def same(name, theirs, mine):
    if name in ("src", "dst"):
        return ipaddress.ip_address(theirs) == ipaddress.ip_address(mine)
    return int(theirs) == int(mine)


def compare(path, program, counts, lines):
    mine = ours(program, path)
    for number, (kind, values) in tshark(path).items():
        found = mine.get(number)
        if not found or found[0] != kind:
            counts["frame missed"] += 1
            lines.append(f"{path.name} {number}: tshark has {kind} {' '.join(values)}, we have {found[0] if found else 'nothing'}")
            continue
        if found[2] == "bad":
            counts["said to be damaged"] += 1
            continue
        for name, theirs, our in zip(NAMES[kind], values, found[1]):
            if theirs == "":
                continue
            agree = same(name, theirs, our)
            counts[name, agree] += 1
            if not agree:
                lines.append(f"{path.name} {number}: {kind} {name} {our}, tshark {theirs} ({found[2]})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("file", nargs="*")
    options = parser.parse_args()
    if not options.folder.is_dir() or not shutil.which("tshark"):
        print(f"not run: {options.folder if not options.folder.is_dir() else 'tshark'} is absent")
        return 77
    counts, lines, files = collections.Counter(), [], 0
    for path in sorted(options.folder.iterdir()):
        if path.suffix in (".tsv", ".md", ".json") or (options.file and path.name not in options.file):
            continue
        files += 1
        try:
            compare(path, options.program, counts, lines)
        except subprocess.TimeoutExpired:
            lines.append(f"{path.name}: timed out")
    total = agree = 0
    for name in NAMES["tcp"]:
        yes, no = counts[name, True], counts[name, False]
        total, agree = total + yes + no, agree + yes
        print(f"{name:7} {yes:8} of {yes + no:8} agree")
    missed = counts["frame missed"]
    total += missed
    print(f"{missed} frames missed, {counts['said to be damaged']} said to be damaged; {files} files; "
          f"{100 * agree / max(total, 1):.3f} % of {total} values")
    if options.verbose or agree < LEAST * total or total < 1000:
        print("\n".join(lines[:200 if not options.verbose else None]))
    return 0 if total >= 1000 and agree >= LEAST * total else 1


sys.exit(main())
