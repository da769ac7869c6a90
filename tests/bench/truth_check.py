#!/usr/bin/env python3
"""Holds pathproof's verdicts on a generated capture against the generator's truth, connection by connection.

usage: truth_check.py [--pathproof FILE] [--only NAME]… [--seed N] [--scale F | --small] [--list N] [--dir DIR]
       truth_check.py [--pathproof FILE] CAPTURE…        (beside CAPTURE.truth.json and CAPTURE.flows.jsonl)

A healthy connection called a fault is a failure, and so is a count that differs; a fault called by another name, or
left inconclusive, is printed with its packets, and a failure when fewer than 98 % of its label agree.  Ends with 1 then.
"""

import collections
import datetime
import json
import pathlib
import subprocess

import bench

AGREE = 0.98
SMALL = {"startup": 1, "lossy": 0.12, "server-day": 0.08, "handshake-heavy": 0.02, "syn-storm": 0.01}
OK = frozenset({"ok"})
FAULT = frozenset({"fault"})
UNSURE = frozenset({"fault", "inconclusive"})  # silence is never proof

# label → outcomes that are right, and the rules that name what is on the wire (empty: any).  Why, where it is not plain:
Label = collections.namedtuple("Label", "outcomes rules")
LABELS = {
    "ok_tls13": Label(OK, ()),
    "ok_tls12": Label(OK, ()),
    "ok_tls13_split_hello": Label(OK, ()),
    "ok_connect_tls": Label(OK, ()),
    "ok_http": Label(OK, ()),
    "ok_after_syn_retransmit": Label(OK, ()),
    "ok_after_synack_retransmit": Label(OK, ()),
    # The client takes the inspector's certificate; saying that somebody inspects is right, too.
    "ok_tls12_corp_ca": Label(OK, ()),
    # Four to six repetitions of the SYN and nothing else.
    "syn_timeout": Label(UNSURE, ("FW-01", "CAP-08", "LOC-04", "FW-16")),
    # RST,ACK to the SYN at the server's own TTL, after a whole round trip.
    "refused_rst": Label(UNSURE, ("SRV-01", "FW-04")),
    # 3/13 (prohibited) or 3/1 (host unreachable), quoting the SYN.
    "icmp_unreachable": Label(FAULT, ("FW-02", "FW-03")),
    # The server's RST, with or without ACK, next IP-ID, its TTL; mostly, not always, sooner than that server could answer.
    "rst_after_client_hello": Label(UNSURE, ("FW-07", "FW-08", "FW-10", "FW-13", "SRV-02")),
    # Six repetitions, no byte of it acknowledged, then the client's FIN.
    "no_reply_to_client_hello": Label(UNSURE, ("FW-06", "SRV-04", "CAP-08", "LOC-02")),
    # handshake_failure, protocol_version, unrecognized_name or internal_error right after the ClientHello.
    "tls_alert_from_server": Label(FAULT, ("TLS-01", "TLS-02", "TLS-04", "TLS-10")),
    # unknown_ca, bad_certificate, certificate_expired or certificate_unknown after a plain "Corp TLS Inspection" chain
    # that is not valid yet at the time of the capture.
    "tls_alert_from_client": Label(FAULT, ("TRUST-01", "TRUST-03", "TRUST-04", "INSP-01", "INSP-06", "LOC-05")),
    # TLS 1.3: a record of alert size instead of the client's Finished, then FIN and RST.
    "tls13_client_abort_after_server_flight": Label(UNSURE, ("TRUST-01", "TRUST-02", "INSP-06", "TLS-11")),
    # ClientHello acknowledged, then the server's FIN without a byte.
    "fin_after_client_hello": Label(UNSURE, ("FW-08", "FW-10", "TLS-03", "SRV-03")),
    "connect_407": Label(FAULT, ("PRX-04", "PRX-06")),
    "connect_403": Label(FAULT, ("PRX-07", "PRX-08")),
    "connect_502": Label(FAULT, ("PRX-11",)),
    "connect_504": Label(FAULT, ("PRX-11",)),
    "connect_no_reply": Label(UNSURE, ("PRX-09", "CAP-08", "LOC-02")),
    # A RST (without ACK) of the server after everything was delivered: whether more was to come is not in the packets.
    "rst_mid_stream": Label(OK | UNSURE, ("OK-01", "OK-02", "SRV-02", "FW-13", "FW-14")),
    # The last segment of the server's flight is SACKed, the full-sized ones never come, the client resets.
    "mtu_blackhole": Label(FAULT, ("MTU-01",)),
    # Request and answer are complete; later keep-alives of the client go unanswered, and it resets.
    "idle_keepalive_then_rst": Label(OK | UNSURE, ("OK-01", "OK-02", "FW-15", "IDLE-01", "IDLE-02")),
    "dns_ok": Label(OK, ()),
    "ok_dns_after_retry": Label(OK, ()),
    "dns_nxdomain": Label(FAULT, ("DNS-02",)),
    "dns_servfail": Label(FAULT, ("DNS-03",)),
    "dns_timeout": Label(UNSURE, ("DNS-01", "CAP-08")),
}
# A connection that fails may be one of several attempts of which another worked; verdicts that say so are right when the
# attempts belong together, which the truth does not tell: the generator draws names from a small set.
EXCUSED = {"connect_407": ("PRX-05",), "dns_nxdomain": ("OK-01", "DNS-09"), "dns_servfail": ("OK-01", "OK-08"),
           "dns_timeout": ("OK-01", "OK-08")}

Truth = collections.namedtuple("Truth", "ns label")


def ns_of(text):
    """Nanoseconds of an ISO 8601 time; datetime has microseconds only."""
    stamp, fraction = text.rstrip("Z").split(".")
    seconds = datetime.datetime.fromisoformat(stamp + "+00:00").timestamp()
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0"))


class Check:
    """One capture: what its truth says, what pathproof says, and where they part."""

    def __init__(self, path):
        self.path = path
        self.flows, self.lookups = collections.defaultdict(list), collections.defaultdict(list)
        with path.with_name(path.name + ".flows.jsonl").open(encoding="utf-8") as file:
            for line in file:
                self.take_truth(json.loads(line, parse_float=str))  # nanoseconds do not fit a float
        self.seen = collections.Counter()  # label
        self.verdicts = collections.defaultdict(collections.Counter)  # label → (outcome, rule)
        self.right, self.excused = collections.Counter(), collections.Counter()
        self.accused, self.other = [], collections.defaultdict(list)
        self.count = collections.Counter()
        self.unmatched = []

    def take_truth(self, flow):
        truth = Truth(int(flow["t0"].replace(".", "")), flow["verdict"])
        if flow["proto"] == "udp":
            self.lookups[address(flow["client"]), address(flow["server"]), flow["name"]].append(truth)
        else:
            self.flows[address(flow["client"]), flow["cport"], address(flow["server"]), flow["sport"]].append(truth)

    # ---- what pathproof says ----

    def take(self, record):
        kind = record["record"]
        if kind == "capture":
            self.count["duplicates"] += record.get("duplicates", 0)
            self.count["packets"] += record["packets"]
        elif kind == "flow":
            self.count_flow(record)
            self.judge_flow(record)
        elif kind == "lookup":
            self.count["dns_queries"] += record["queries"]
            self.judge_lookup(record)

    def count_flow(self, flow):
        tcp, tls = flow["tcp"], flow.get("tls", {})
        add = self.count
        add["tcp_flows"] += 1
        add["tcp_packets"] += flow["packets"]["client"] + flow["packets"]["server"]
        add["syn"] += tcp["syn"]
        add["syn_retransmits"] += tcp["syn_retransmits"]
        add["retransmits"] += sum(tcp["retransmits"].values())
        add["client_hello"] += "client_hello_packet" in tls
        add["server_hello"] += tls.get("server_hello", False)
        add["certificate_messages_plaintext"] += bool(tls.get("certificates"))
        add["plaintext_alerts"] += sum("code" in alert for alert in tls.get("alerts", []))
        add["connect_requests"] += len(flow.get("connect", []))
        add["connect_200"] += sum(connect.get("status") == 200 for connect in flow.get("connect", []))
        add["http_get"] += flow.get("http", {}).get("method") == "GET"

    def judge_flow(self, flow):
        ends = flow["client"], flow["server"]
        key = tuple(part for end in ends for part in (address(end["ip"]), end["port"]))
        truths = self.flows.get(key)
        if not truths:
            self.unmatched.append(f"{where(flow)}: no such connection in the truth")
            return
        first = ns_of(flow["first"])
        nearest = min(truths, key=lambda truth: abs(truth.ns - first))
        truths.remove(nearest)
        self.judge(nearest.label, flow)

    def judge_lookup(self, lookup):
        resolver = lookup["resolver"]
        resolver = resolver["ip"] if isinstance(resolver, dict) else resolver
        client = lookup["client"]
        client = client["ip"] if isinstance(client, dict) else client
        key = address(client), address(resolver), lookup["name"]
        truths = self.lookups.pop(key, None)
        if not truths:
            self.unmatched.append(f"{where(lookup)}: no such lookup in the truth")
            return
        labels = {truth.label for truth in truths}
        # All queries of a name are one record: which of several fates it shows is not for this check to say.
        if len(labels) == 1:
            self.judge(labels.pop(), lookup)
        elif labels <= {"dns_ok", "ok_dns_after_retry"}:
            self.judge("dns_ok", lookup)
        else:
            self.count["lookups of several fates"] += 1

    def judge(self, label, record):
        expected, verdict = LABELS[label], record["verdict"]
        outcome, rule = verdict["outcome"], verdict["rule"]
        self.seen[label] += 1
        self.verdicts[label][outcome, rule] += 1
        if outcome in expected.outcomes and (not expected.rules or rule in expected.rules):
            self.right[label] += 1
        elif rule in EXCUSED.get(label, ()):
            self.excused[label] += 1
        elif expected.outcomes == OK and outcome == "fault":
            self.accused.append((label, record))
        else:
            self.other[label].append(record)

    # ---- against the truth's counts ----

    def counts(self):
        """(what, truth, found, slack) of everything both sides count."""
        truth = bench.truth_of(self.path)["counts"]
        want = {name: truth[name] for name in (
            "packets", "tcp_flows", "syn", "syn_retransmits", "client_hello", "server_hello", "plaintext_alerts",
            "certificate_messages_plaintext", "connect_requests", "connect_200", "http_get", "dns_queries")}
        want["duplicates"] = truth["mirror_duplicates"]
        want["tcp_packets"] = (truth["packets"] - truth["mirror_duplicates"] - truth["dns_queries"]
                               - truth["dns_responses"] - truth["icmp_unreachable"])
        # Segments that bring nothing new: an overlap is repeated in two of them.
        want["retransmits"] = (truth["retransmit_original_seen"] + truth["client_hello_retransmits"]
                               + 2 * truth["overlapping_retransmits"] + truth["conflicting_overlaps"])
        # The generator writes a mirrored copy anew: now and then its time stamp option or IP-ID has moved on, and then it
        # is a repetition and no copy.
        slack = {name: truth["mirror_duplicates"] // 50 for name in ("duplicates", "tcp_packets", "retransmits")}
        return [(name, value, self.count[name], slack.get(name, 0)) for name, value in want.items()]

    # ---- the result ----

    def report(self, most):
        print(f"\n{self.path.name}: {self.count['packets']:,} packets, {self.count['tcp_flows']:,} connections")
        wrong = 0
        for label in LABELS:
            if not self.seen[label]:
                continue
            agreed = self.right[label] + self.excused[label]
            low = agreed < AGREE * self.seen[label]
            wrong += low
            verdicts = ", ".join(f"{rule} {outcome} {n}" for (outcome, rule), n in self.verdicts[label].most_common(6))
            print(f"  {label:40}{agreed:8} of {self.seen[label]:<8}{'<-- ' if low else '    '}{verdicts}")
            for record in self.other[label][:most]:
                print(f"      {where(record)}: {record['verdict']['outcome']} {record['verdict']['rule']}: "
                      f"{record['verdict']['summary']}")
        if self.count["lookups of several fates"]:
            print(f"  {self.count['lookups of several fates']} lookups of several fates not judged")
        for name, truth, found, slack in self.counts():
            differs = abs(truth - found) > slack
            wrong += differs
            print(f"  {name:40}{found:12,} of {truth:<12,}{'<-- differs' if differs else ''}")
        for text in self.unmatched[:most]:
            print(f"  {text}")
        print(f"  healthy accused: {len(self.accused)}")
        for label, record in self.accused[:max(most, 20)]:
            evidence = "; ".join(f"{one['packet']} {one['what']}" for one in record["verdict"].get("evidence", []))
            print(f"      {label} {where(record)}: {record['verdict']['rule']} {record['verdict']['summary']} [{evidence}]")
        return not wrong and not self.accused and not self.unmatched


def address(text):
    """The generator does not compress IPv6; both ways come to the same here."""
    if ":" not in text:
        return text
    head, _, tail = text.partition("::")
    left, right = head.split(":") if head else [], tail.split(":") if tail else []
    if "::" in text:
        left += ["0"] * (8 - len(left) - len(right))
    return ":".join(left + right)


def where(record):
    if record["record"] == "lookup":
        return f"lookup of {record['name']} (packet {record.get('first_packet', '?')})"
    return (f"stream {record['stream']} (packets {record['first_packet']}..{record['last_packet']}, "
            f"{record['client']['ip']}:{record['client']['port']} to {record['server']['ip']}:{record['server']['port']})")


def check(program, path, most):
    result = Check(path)
    with subprocess.Popen(bench.verdict_run(program, path), stdout=subprocess.PIPE) as run:
        for line in run.stdout:
            result.take(json.loads(line))
    if run.returncode not in (0, 1, 2):
        raise bench.Failed(f"{program} {path.name}: status {run.returncode}")
    return result.report(most)


def main():
    parser = bench.parser_of(__doc__)
    bench.add_options(parser)
    parser.add_argument("captures", nargs="*", type=pathlib.Path, metavar="CAPTURE")
    parser.add_argument("--only", action="append", choices=bench.SCENARIOS, metavar="NAME")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--scale", type=float, default=1.0, metavar="F")
    parser.add_argument("--small", action="store_true", help="each scenario at a size that takes seconds")
    parser.add_argument("--list", type=int, default=3, metavar="N", help="differing connections shown per label (3)")
    options = parser.parse_args()
    program = bench.program_of(options)
    fine = True
    if options.captures:
        for path in options.captures:
            fine &= check(program, path, options.list)
        return 0 if fine else 1
    with bench.bench_of(options) as at:
        for scenario in options.only or bench.SCENARIOS:
            scale = SMALL[scenario] if options.small else 1 if scenario == "startup" else options.scale
            path = at.generate(scenario, options.seed, scale, flows=True)
            fine &= check(program, path, options.list)
            if not options.dir:
                at.forget(path)
    return 0 if fine else 1


bench.run_main(main)
