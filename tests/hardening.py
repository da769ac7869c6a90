#!/usr/bin/env python3
"""Looks into the program for what the build promises: usage: hardening.py PATHPROOF [fortify] [cet] [cfi]"""

import re
import subprocess
import sys


def readelf(program, *options):
    return subprocess.run(["readelf", "-W", *options, program], capture_output=True, text=True, check=True).stdout


def faults(program, wanted):
    header, segments = readelf(program, "-h"), readelf(program, "-l")
    dynamic, symbols, functions = readelf(program, "-d"), readelf(program, "--dyn-syms"), readelf(program, "-s")
    if "DYN" not in re.search(r"Type: *(.*)", header)[1] or "PIE" not in dynamic:
        yield "not position-independent"
    if "GNU_RELRO" not in segments or not re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", dynamic):
        yield "relocations stay writable"
    if not re.search(r"GNU_STACK .* RW +0", segments):
        yield "the stack is executable"
    if re.search(r"LOAD .* RWE ", segments):
        yield "a segment is writable and executable"
    for tag in ("TEXTREL", "RPATH", "RUNPATH"):
        if f"({tag})" in dynamic:
            yield f"has {tag}"
    if "libpcap" in dynamic:
        yield "libpcap is there before anything needs it"
    if "__stack_chk_fail" not in symbols:
        yield "no stack protector"
    if "fortify" in wanted and not re.search(r"__\w+_chk\b(?!_fail)", symbols.replace("__stack_chk_fail", "")):
        yield "not fortified"
    if "cfi" in wanted and ".cfi" not in functions:
        yield "no control flow integrity"
    if "cet" in wanted:
        at = int(re.search(r"([0-9a-f]{16}) .* FUNC .* main\n", functions)[1], 16)
        for line in re.findall(r"LOAD +(0x\w+) (0x\w+) 0x\w+ (0x\w+) .* R E ", segments):
            offset, address, size = (int(number, 16) for number in line)
            if address <= at < address + size:
                with open(program, "rb") as file:
                    file.seek(offset + at - address)
                    if file.read(4) != b"\xf3\x0f\x1e\xfa":
                        yield "functions do not begin with ENDBR64"


def main():
    found = list(faults(sys.argv[1], sys.argv[2:]))
    print("\n".join(found) or "hardened")
    return 1 if found else 0


sys.exit(main())
