"""Runs the program over every capture, every variant and every signature, and counts what it gets right.

A party is the owner of a verdict; "none" where nothing is wrong, "unknown" where nothing can be concluded. Every host
of a truth file counts once per file, and so does the conclusion. A host of which a variant leaves nothing does not."""

import argparse
import json
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import pcapng, score_report, signatures, truth, variants_ipv6
from .variants import CAPTURES, VARIANTS
from .variants_flows import Story
from .variants_truth import EXACT, GRADES, HOLES, ORIGINAL, Judgement, judge

PROGRAM = CAPTURES.parent / "build" / "src" / "pathproof"
CONCLUSION = "(conclusion)"
BARS = {"party": 0.98, "rule": 0.95}
DEVICE_RULES = {"FW-04", "FW-07", "FW-13"}      # "a device sent this reset"
SECONDS = 60


@dataclass
class Row:
    """One verdict held against the truth."""
    capture: str
    variant: str
    family: str
    host: str
    truth: str          # party
    said: str
    rules: list         # of the truth
    grades: list
    verdict: dict       # what was said: outcome, owner, rule, grade
    packets: list       # the first packets of the connections it is about
    judgement: Judgement


@dataclass
class Reset:
    place: str
    said: bool          # by the program, to come from a device
    sent: bool          # by a device
    fault: bool         # that is the network's
    named: bool         # as the network's fault


@dataclass
class Outcome:
    """All that came of one file."""
    rows: list = field(default_factory=list)
    resets: list = field(default_factory=list)
    failure: str = ""


# -- one file

class Reading:
    """What the program says about one file, by the hosts of the truth."""

    def __init__(self, story, records):
        self.story, self.records = story, records
        self.flows = [record for record in records if record["record"] == "flow"]
        self.endpoints = [record for record in records if record["record"] == "endpoint"]
        self.connections = {(each.port, *each.server): each for each in story.connections}
        self.hosts = {record["host"]: self._hosts(record["host"]) for record in self.endpoints}

    def connection(self, flow):
        """The connection of the original; a one-sided capture may have client and server the wrong way round."""
        for near, far in ("client", "server"), ("server", "client"):
            key = flow[near]["port"], variants_ipv6.back(flow[far]["ip"]), flow[far]["port"]
            if key in self.connections:
                return self.connections[key]
        return None

    def of_flow(self, flow):
        connection = self.connection(flow)
        return connection.hosts & set(self.story.wanted) if connection else set()

    def _hosts(self, said):
        """The truth's hosts that an endpoint of the program stands for: its name, or those of its connections."""
        name = variants_ipv6.back(said)
        if name in self.story.wanted:
            return {name}
        found = set()
        for flow in self.flows:
            if flow.get("endpoint", {}).get("host") == said:
                found |= self.of_flow(flow)
        cut = {host for host in self.story.wanted if len(said) > 3 and host.startswith(said)}
        return found or cut or self.story.addresses.get(name, set()) & set(self.story.wanted)

    def about(self, host, healthy):
        """The endpoint record that counts for a host of the truth; None if none is about it."""
        found = [record for record in self.endpoints if host in self.hosts[record["host"]]]
        if host in healthy:     # shared with a guilty one (no name was captured): the verdict is about that one
            found = [record for record in found if self.hosts[record["host"]] <= healthy]
        found.sort(key=lambda record: (record["verdict"]["outcome"] != "fault", record["host"] != host))
        return found[0] if found else None

    def packets(self, host):
        return sorted(flow["first_packet"] for flow in self.flows if host in self.of_flow(flow))[:4]


def judge_file(name, family, variant, story, status, records):
    """The rows of one file."""
    reading, outcome, text = Reading(story, records), Outcome(), story.truth
    healthy = {entry["host"] for entry in text["endpoints"] if entry["outcome"] == "ok"}
    guilty = set(story.wanted) - healthy

    def add(host, want, have, judgement, packets):
        outcome.rows.append(Row(name, variant, family, host, party(want), party(have), want.get("rules", []),
                                want.get("grades", []), have, packets, judgement))

    for want in text["endpoints"]:
        record = reading.about(want["host"], healthy)
        if record:
            judgement = judge(variant, want, record["verdict"])
            if record["verdict"]["outcome"] == "ok" and _works_in(variant, story, want["host"]):
                judgement = Judgement(True, True, None)
            add(want["host"], want, record["verdict"], judgement, reading.packets(want["host"]))
        elif variant in EXACT and not guilty & _same_place(story, want["host"]):
            packets = [each.packets[0] + 1 for each in story.about(want["host"])]
            add(want["host"], want, {"outcome": "absent"}, Judgement(False, False, None), packets[:4])
    for host, have, packets in strangers(reading, healthy):
        add(host, {"outcome": "ok"}, have, Judgement(False, False, None, accused=True), packets)
    have = {**records[-1].get("verdict", {}), **records[-1]}
    add(CONCLUSION, text["conclusion"], have, judge_conclusion(variant, text, reading, have, status), [])
    outcome.resets = list(resets(reading, name, variant))
    return outcome


def _works_in(variant, story, host):
    """Whether what the variant leaves of a guilty host may be the part that worked."""
    return (variant == "stopped" and story.worked_before(host)) or (variant in HOLES and story.worked_elsewhere(host))


def _same_place(story, host):
    """Hosts that a connection without a name cannot be told from this one."""
    return {other for each in story.about(host) for other in story.addresses.get(each.server[0], ())}


def party(verdict):
    outcome = verdict["outcome"]
    return verdict.get("owner", "?") if outcome == "fault" else {"ok": "none", "inconclusive": "unknown"}.get(outcome,
                                                                                                              outcome)


def strangers(reading, healthy):
    """Accusations of what the truth does not know, and of single connections of healthy hosts."""
    for record in reading.endpoints:
        if record["verdict"]["outcome"] == "fault" and not reading.hosts[record["host"]]:
            yield record["host"], record["verdict"], []
    for flow in reading.flows:
        hosts = reading.of_flow(flow)
        if flow.get("verdict", {}).get("outcome") == "fault" and hosts and hosts <= healthy:
            yield f"{min(hosts)} (stream {flow['stream']})", flow["verdict"], [flow["first_packet"]]


def judge_conclusion(variant, text, reading, have, status):
    """By the truth's conclusion; with several faults, any of them where a variant may have taken the first away."""
    wants = [text["conclusion"]]
    if variant not in EXACT:
        wants += [entry for entry in text["endpoints"] if entry["outcome"] == "fault"]
    grades = sorted({grade for entry in text["endpoints"] for grade in entry.get("grades", [])})
    judged = [judge(variant, {"grades": grades or GRADES, **want}, have) for want in wants]
    best = max(judged, key=lambda each: (each.party, each.rule, each.grade is not False))
    if variant in EXACT and status != text["exit_status"]:
        return Judgement(False, best.rule, best.grade, best.accused, best.impossible)
    if variant not in EXACT and have["outcome"] == "ok" and not best.party and _nothing_wrong_left(variant, reading):
        return Judgement(True, True, None)
    return best


def _nothing_wrong_left(variant, reading):
    """"No fault found" is true when some endpoint works and of the guilty ones nothing was concluded."""
    outcomes = {record["host"]: record["verdict"]["outcome"] for record in reading.endpoints}
    guilty = {entry["host"] for entry in reading.story.truth["endpoints"] if entry["outcome"] != "ok"}
    guilty -= {host for host in guilty if _works_in(variant, reading.story, host)}
    return "ok" in outcomes.values() and not any(outcome == "ok" and reading.hosts[host] & guilty
                                                 for host, outcome in outcomes.items())


def resets(reading, name, variant):
    """Whether a device is said to have reset a connection, whether one did (the lab's hop counts tell), and whether
    that was a fault which was put down to the network."""
    for flow in reading.flows:
        connection, said = reading.connection(flow), flow.get("verdict", {})
        did = connection is not None and reading.story.device_reset(connection)
        if said.get("rule") in DEVICE_RULES or did:
            owners = {entry.get("owner") for entry in reading.story.truth["endpoints"]
                      if connection and entry["host"] in connection.hosts}
            yield Reset(f"{name} {variant} stream {flow['stream']}", said.get("rule") in DEVICE_RULES, did,
                        did and owners == {"network"}, party(said) == "network" if said else False)


# -- all files

def score_capture(task):
    """All variants of one capture. Runs in a process of its own."""
    program, path, capture, text, names, keep, dice = task
    name, story, done = path, Story(capture, text, dice), []
    family = text.get("family") or text["conclusion"]["rules"][0].split("-")[0]
    with tempfile.TemporaryDirectory(prefix="pplab-score-") as folder:
        for variant in names:
            data, suffix = _file(story, variant)
            if data is None:
                continue
            file = Path(keep or folder) / f"{name}.{variant}{suffix}"
            file.write_bytes(data)
            options = [_option(word, variant) for word in text["options"]]
            outcome = _run(program, file, options, lambda status, records: judge_file(
                name, family, variant, story, status, records))
            done.append((name, variant, family, outcome))
    return done


def _file(story, variant):
    if variant == ORIGINAL:
        return pcapng.pcapng(story.capture), ".pcapng"
    return VARIANTS[variant].of(story), VARIANTS[variant].suffix


def _option(word, variant):
    """In the IPv6 variant a proxy given by address has another one."""
    host, colon, port = word.partition(":")
    if variant == "ipv6" and colon and host.replace(".", "").isdigit():
        return f"[{variants_ipv6.text(host)}]:{port}"
    return word


def _run(program, file, options, judged):
    try:
        done = subprocess.run([*program, "analyze", "--json", "-", *options, str(file)], capture_output=True,
                              timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Outcome(failure=f"no end after {SECONDS} s")
    if done.returncode not in (0, 1, 2):
        return Outcome(failure=f"exit status {done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    if not records or records[-1]["record"] != "conclusion":
        return Outcome(failure="no conclusion")
    return judged(done.returncode, records)


def tasks(arguments):
    for path, text in truth.load(CAPTURES):
        if not arguments.names or path.stem in arguments.names:
            yield path.stem, pcapng.read(path), text, arguments.variant or [ORIGINAL, *VARIANTS]
    for name, capture, text in signatures.captures():
        if not arguments.names or name in arguments.names:
            chosen = [ORIGINAL, *(each for each in VARIANTS if each in EXACT)]
            yield name, capture, text, [each for each in chosen if each in (arguments.variant or chosen)]


def main():
    arguments = _arguments()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    program = [str(Path(arguments.program).resolve())]
    work = [(program, *task, arguments.keep, arguments.dice) for task in tasks(arguments)]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        results = [entry for done in pool.map(score_capture, work) for entry in done]
    summary = score_report.Summary(results, BARS)
    if arguments.json:
        score_report.write(arguments.json, json.dumps(summary.document(), indent=1, ensure_ascii=False) + "\n")
    if arguments.markdown:
        (CAPTURES.parent / "docs" / "accuracy.md").write_text(summary.markdown())
    if arguments.json != "-":
        print(summary.text(tables=not arguments.check))
    return 1 if summary.below else 0


def _arguments():
    parser = argparse.ArgumentParser(prog="captures/lab/score", description="Scores pathproof over captures, variants "
                                     "and signatures; status 1 when below the bars.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="captures; all if none is given")
    parser.add_argument("--program", default=PROGRAM, metavar="PATH", help="default: build/src/pathproof")
    parser.add_argument("--variant", action="append", choices=[ORIGINAL, *VARIANTS], metavar="V", help="repeatable")
    parser.add_argument("--dice", type=int, default=0, metavar="N", help="other packets are lost with another number")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="captures at a time (default 2)")
    parser.add_argument("--check", action="store_true", help="print only the totals and the misses")
    parser.add_argument("--markdown", action="store_true", help="write docs/accuracy.md")
    parser.add_argument("--json", metavar="FILE", help="everything for machines; '-' is standard output")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the files that were scored")
    return parser.parse_args()
