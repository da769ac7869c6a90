#!/usr/bin/env python3
"""Runs pathproof over the labelled captures and holds its verdicts against their truth.

usage: labelled.py PATHPROOF CAPTURES [--score] [NAME…]

For every NAME.truth.json beside NAME.pcapng: the exit status, the conclusion (outcome, domain, owner, rule), every
endpoint (outcome, rule, domain, owner, grade) and every lookup must be in the truth's sets, and no endpoint that is not
in the truth may be called a fault.
"""

import argparse
import json
import pathlib
import subprocess
import sys


def records_of(program, truth_path, truth):
    capture = truth_path.with_name(truth_path.name.replace(".truth.json", ".pcapng"))
    done = subprocess.run([*program, "analyze", "--json", "-", *truth.get("options", []), str(capture)],
                          capture_output=True, timeout=120)
    if done.returncode not in (0, 1, 2):
        return done.returncode, None, done.stderr.decode(errors="replace")
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], ""


def check_verdict(where, want, have, faults):
    for field in ("outcome", "domain", "owner"):
        if field in want and have.get(field) != want[field]:
            faults.append(f"{where}: {field} is {have.get(field)}, truth {want[field]} ({have.get('rule')})")
    if want.get("rules") and have.get("rule") not in want["rules"]:
        faults.append(f"{where}: rule is {have.get('rule')}, truth {' or '.join(want['rules'])}")
    if want.get("grades") and have.get("grade") not in want["grades"]:
        faults.append(f"{where}: grade is {have.get('grade')}, truth {' or '.join(want['grades'])} ({have.get('rule')})")


def conclusion_verdict(record):
    return {**record.get("verdict", {}), **{k: record[k] for k in ("outcome", "domain", "owner", "grade", "rule")
                                            if k in record}}


def check(truth, status, records):
    faults = []
    if status != truth["exit_status"]:
        faults.append(f"exit status is {status}, truth {truth['exit_status']}")
    endpoints = {r["host"]: r for r in records if r["record"] == "endpoint"}
    for want in truth.get("endpoints", []):
        have = endpoints.pop(want["host"], None)
        if have is None:
            faults.append(f"endpoint {want['host']} is missing")
        else:
            check_verdict(want["host"], want, have["verdict"], faults)
    for host, have in endpoints.items():
        if have["verdict"]["outcome"] == "fault":
            faults.append(f"endpoint {host} is accused ({have['verdict']['rule']}) and not in the truth")
    lookups = {}
    for record in records:
        if record["record"] == "lookup":
            lookups.setdefault(record["name"], []).append(record)
    for want in truth.get("lookups", []):
        have = lookups.get(want["name"], [])
        if not any(r["status"] == want["status"] and (not want.get("rules") or
                   r.get("verdict", {}).get("rule") in want["rules"]) for r in have):
            faults.append(f"lookup {want['name']}: truth {want['status']} {want.get('rules')}, have "
                          + str([(r["status"], r.get("verdict", {}).get("rule")) for r in have]))
    if truth.get("conclusion"):
        want = dict(truth["conclusion"])
        if want["outcome"] != "fault":  # what works needs no rule to be told by
            want.pop("rules", None)
        check_verdict("conclusion", want, conclusion_verdict(records[-1]), faults)
    for record in records:
        verdict = record.get("verdict", {})
        if verdict.get("outcome") == "fault" and not verdict.get("evidence"):
            faults.append(f"{record['record']}: a fault without evidence ({verdict.get('rule')})")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("captures", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    wrong = total = 0
    for path in sorted(args.captures.glob("*.truth.json")):
        name = path.name.replace(".truth.json", "")
        if args.names and name not in args.names:
            continue
        truth = json.loads(path.read_text(encoding="utf-8"))
        status, records, errors = records_of(args.program.split(), path, truth)
        faults = check(truth, status, records) if records is not None else [f"status {status}: {errors[-600:]}"]
        total += 1
        if faults:
            wrong += 1
            print(f"WRONG {name} ({truth['scenario']})")
            print("".join(f"      {fault}\n" for fault in faults), end="")
    print(f"{total - wrong} of {total} labelled captures judged right")
    return 1 if wrong or total == 0 else 0


sys.exit(main())
