#!/usr/bin/env python3
"""Runs pathproof over the public captures and compares what it says with their truth.

usage: corpus.py PATHPROOF CORPUS [--differences FILE] [--verbose] [FILE…]

Every file must end with status 0, 1, 2 or 3 and no signal.  For SYN counts, CONNECT statuses, server names, ServerHellos,
alerts and resets at least 99 % of the truth must agree; differences listed in the file of --differences as
`file stream fact` are explained there and do not count against it.  Exit 77 when the corpus is absent.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

FACTS = ["syn", "connect", "sni", "server_hello", "alerts", "rst"]
LEAST = 0.99


def run(program, path):
    done = subprocess.run([*program, "analyze", "--json", "-", str(path)], capture_output=True, timeout=300)
    flows = []
    if done.returncode in (0, 1, 2):
        for line in done.stdout.splitlines():
            record = json.loads(line)
            if record["record"] == "flow":
                flows.append(record)
    return done.returncode, flows, done.stderr.decode(errors="replace")


def endpoint(side):
    ip = side["ip"]
    return f"[{ip}]:{side['port']}" if ":" in ip else f"{ip}:{side['port']}"


def normal(text):
    return text.replace("[", "").replace("]", "")


def find(flows, truth):
    """The flow with the same two endpoints whose packets overlap the stream's."""
    ends = {normal(truth["client"]), normal(truth["server"])}
    same = [f for f in flows if {normal(endpoint(f["client"])), normal(endpoint(f["server"]))} == ends]
    for flow in same:
        if flow["stream"] == truth["stream"]:
            return flow
    for flow in same:
        if flow["first_packet"] <= truth["last_frame"] and truth["first_frame"] <= flow["last_packet"]:
            return flow
    return None


def from_truth(truth):
    """What the truth says, per fact; None where it says nothing to compare with."""
    facts = dict.fromkeys(FACTS)
    if truth["syn_count"] and truth["basis"] == "syn":
        facts["syn"] = truth["syn_count"] - truth["syn_dup_frames"]
    connects = truth.get("connects")
    if connects:
        facts["connect"] = [c.get("status") or 0 for c in connects]
    elif truth["connect_host"]:
        facts["connect"] = [truth["connect_status"] or 0]
    if truth["client_hello"]:
        facts["sni"] = truth["sni"] or ""
    if truth["client_hello"] or truth["server_hello"]:
        facts["server_hello"] = truth["server_hello"]
    if truth["alerts"]:
        facts["alerts"] = sorted(f"{a['from']} {'encrypted' if a.get('encrypted') else a['desc']}" for a in truth["alerts"])
    if truth["rst"]["seen"]:
        facts["rst"] = truth["rst"]["from"]
    return facts


def from_flow(flow, names):
    if flow is None:
        return dict.fromkeys(FACTS)
    tls = flow.get("tls", {})
    alerts = sorted(f"{a['from']} {names(a)}" for a in tls.get("alerts", []))
    return {"syn": flow["tcp"]["syn"], "connect": [c.get("status", 0) for c in flow.get("connect", [])],
            "sni": tls.get("sni", "") if tls.get("client_hello_packet") else None,
            "server_hello": tls.get("server_hello", False), "alerts": alerts,
            "rst": flow["tcp"].get("rst", {}).get("from")}


def alert_name(alert):
    return "encrypted" if alert.get("encrypted") or "code" not in alert else alert.get("name", str(alert["code"]))


def compare(name, truths, flows, explained, report):
    for truth in truths:
        flow = find(flows, truth)
        want, have = from_truth(truth), from_flow(flow, alert_name)
        for fact in FACTS:
            if want[fact] is None:
                continue
            report["total"][fact] += 1
            if want[fact] == have[fact] or (fact == "sni" and (want[fact] or "").lower() == (have[fact] or "").lower()
                                            and have[fact] is not None):
                report["same"][fact] += 1
                continue
            row = f"{name} {truth['stream']} {fact}"
            known = row in explained
            report["explained"][fact] += known
            report["rows"].append((row, want[fact], have[fact], known, truth.get("disputed", [])))


def read_explained(path):
    if not path:
        return set()
    rows = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            rows.add(line.split("`")[1])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--differences", type=pathlib.Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    if not (args.corpus / "truth.jsonl").exists():
        print(f"SKIP: no public captures at {args.corpus.name}/ beside the checkout: nothing compared")
        return 77
    truths = {}
    for line in (args.corpus / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        truths.setdefault(record["file"], []).append(record)
    names = args.files or sorted(p.name for p in args.corpus.iterdir()
                                 if p.name not in ("INDEX.tsv", "README.md", "truth.jsonl"))
    explained = read_explained(args.differences)
    report = {"total": dict.fromkeys(FACTS, 0), "same": dict.fromkeys(FACTS, 0), "explained": dict.fromkeys(FACTS, 0),
              "rows": []}
    crashed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda n: run(args.program.split(), args.corpus / n), names)
        for name, (status, flows, errors) in zip(names, results):
            if status not in (0, 1, 2, 3) or "Sanitizer" in errors or "runtime error" in errors:
                crashed += 1
                print(f"FAILED {name}: status {status}\n{errors[-2000:]}")
                continue
            compare(name, truths.get(name, []), flows, explained, report)
    for row, want, have, known, disputed in report["rows"]:
        if args.verbose or not known:
            print(f"{'explained ' if known else 'DIFFERENT '}{row}: truth {want!r}, pathproof {have!r}"
                  + (f"  [disputed: {'; '.join(disputed)}]" if disputed else ""))
    failed = crashed > 0
    for fact in FACTS:
        total, same = report["total"][fact], report["same"][fact]
        share = same / total if total else 1.0
        unexplained = total - same - report["explained"][fact]
        bad = share < LEAST or unexplained > 0
        failed |= bad
        print(f"{fact:13} {same:5} of {total:5} agree ({share:7.2%}), {total - same - unexplained} explained, "
              f"{unexplained} not{'   <-- below the bar' if bad else ''}")
    print(f"{len(names)} files, {crashed} crashed")
    return 1 if failed else 0


sys.exit(main())
