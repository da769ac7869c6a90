#!/usr/bin/env python3
"""Holds what the documents show against what the program prints.  usage: documents.py PATHPROOF TOP"""

import pathlib
import subprocess
import sys


def printed(program, top, *args):
    return subprocess.run([program, *args], cwd=top, capture_output=True, text=True, check=False).stdout


def main():
    program, top = sys.argv[1], pathlib.Path(sys.argv[2])
    faults = []
    shown = printed(program, top, "analyze", "captures/azure-firewall-deny.pcapng").rstrip("\n")
    if f"```text\n{shown}\n```" not in (top / "README.md").read_text(encoding="utf-8"):
        faults.append("README.md does not show what `pathproof analyze captures/azure-firewall-deny.pcapng` prints")
    rules = (top / "docs/rules.md").read_text(encoding="utf-8")
    if rules != printed(program, top, "rules", "--markdown"):
        faults.append("docs/rules.md is not current: build/src/pathproof rules --markdown > docs/rules.md")
    captures = list((top / "captures").glob("*.pcapng"))
    for capture in captures:
        if not capture.with_name(capture.stem + ".truth.json").exists():
            faults.append(f"{capture.name} has no truth")
    if f"{len(captures)} labelled captures" not in (top / "README.md").read_text(encoding="utf-8"):
        faults.append(f"README.md does not say that there are {len(captures)} labelled captures")
    print("\n".join(faults) or "the documents are current")
    return 1 if faults else 0


sys.exit(main())
