"""What each variant may turn each truth into, as tables; and the judgement of one verdict by them.

A variant that only looks different (EXACT) changes nothing. One that shows less may lower the grade or end in
`inconclusive`; it may never accuse somebody else, never call proven what cannot be seen any more, and never call the
fault healthy, except where the tables below say that nothing of the fault is left to see."""

from dataclasses import dataclass

from .truth import FAMILIES

ORIGINAL = "original"
EXACT = {ORIGINAL, "duplicated", "out-of-order", "two-points", "two-points-ahead", "two-points-merged", "offload", "any", "neighbours", "vlan",
         "qinq", "nanosecond-pcap", "gzip"}
SAME_NETWORK = "ipv6"           # like EXACT, but for evidence that only IPv4 has
HOLES = {"first-half", "last-half", "lost-1", "lost-3", "lost-10", "flags-only", "tls-only"}   # anything may be missing
SNAPPED = {"snap68", "snap96", "snap128"}
LESS = {"late", "stopped", "client-only", "server-only", "tap", "appended"} | SNAPPED | HOLES

GRADES = ["consistent", "strong", "proven"]

# What one capture can never prove (diagnosis facts, 0.1): who swallowed something, who sent a reset that looks like the
# server's own, what happens inside TLS; nor does timing alone. The truth's own grades limit the other rules.
NEVER_PROVEN = set(
    "FW-01 FW-05 FW-06 FW-15 PRX-02 PRX-09 PRX-13 SRV-04 IDLE-02 DNS-01 LOC-02 LOC-03 "     # silence
    "SRV-01 SRV-02 SRV-03 SRV-07 PRX-03 TLS-03 TLS-11 TLS-12 "                              # the server's own manner
    "INSP-02 INSP-03 INSP-05 TRUST-02 MTU-02".split())                                      # timing; inside TLS

# Who proves a thing with a status line, an alert or an ICMP error proves it in any capture that shows that packet.
SAID_BY_SERVER_SIDE = set(
    "FW-02 FW-09 DNS-02 DNS-04 DNS-07 DNS-08 PRX-01 PRX-04 PRX-06 PRX-07 PRX-08 PRX-11 PRX-15 SRV-06 "
    "TLS-01 TLS-02 TLS-04 TLS-05 TLS-10 MTLS-02".split())
SHOWN_BY_HEADERS = set("FW-04 FW-07 FW-11 FW-13 LOC-01 LOC-06 MTLS-01 MTU-01 SRV-05 TLS-08 TRUST-01".split())
SHOWN_BY_CERTIFICATE = set("INSP-01 INSP-06 TRUST-03 TRUST-04".split())

# The rules that a variant may still prove; the other variants: all that ever may.
PROVABLE = {
    **{name: SAID_BY_SERVER_SIDE | SHOWN_BY_HEADERS for name in SNAPPED},   # no certificate fits into 128 bytes
    "client-only": {"LOC-01", "TRUST-01"},                      # unanswered ARP is one-sided anyway; the client's alert
    "server-only": SAID_BY_SERVER_SIDE | SHOWN_BY_CERTIFICATE | {"FW-13", "MTU-01", "SRV-05"},
}

# (variants, rule of the truth) -> rules that are as right without the evidence that the variant takes away.
SIBLINGS = [
    ({SAME_NETWORK}, "FW-13", ("FW-07",)),              # the forged packets' identification is gone
    ({SAME_NETWORK}, "FW-02", ("FW-03",)),              # 3/9 and 3/10 have no code of their own in ICMPv6
    ({SAME_NETWORK}, "SRV-02", ("SRV-03",)),            # the live socket's counter is gone
    (LESS, "FW-13", ("FW-07",)),                        # one of the racing packets is missing
    (LESS, "FW-11", ("FW-06", "FW-07", "FW-13", "MTU-02")),     # the shorter ClientHello that passed is missing
    (LESS, "FW-10", ("FW-08",)),                        # "no name" and "name not captured" look alike
    (LESS, "FW-08", ("FW-07",)),                        # no handshake that shows where the terminator stands
    (LESS, "FW-05", ("FW-06",)),                        # the repeated SYN-ACK is missing
    (LESS, "PRX-08", ("PRX-07",)),                      # the port in the request is cut off
    (LESS, "PRX-16", ("FW-01",)),                       # the WPAD fetch is missing
    (LESS, "PRX-06", ("PRX-04",)),                      # the credentials are cut off
    (LESS, "PRX-12", ("PRX-10",)),                      # the ClientHello in the tunnel is missing
    (LESS, "TRUST-03", ("TRUST-01", "TRUST-02")),       # the certificate's dates are cut off
    (LESS, "TRUST-04", ("TRUST-01", "TRUST-02")),       # its names too
    (LESS, "TRUST-06", ("TRUST-01", "TRUST-02")),       # the length of its chain too
    (LESS, "MTU-02", ("FW-15",)),                       # the small segments that passed are missing
    (LESS, "IDLE-01", ("FW-07", "FW-14")),              # the idle time is missing, the device's reset is there
    (LESS, "IDLE-02", ("FW-15",)),                      # the idle time is missing
    (LESS, "FW-14", ("FW-07",)),                        # the other connections are missing
    (LESS, "SRV-07", ("SRV-02", "SRV-03")),             # the order of FIN and ClientHello is missing
    (LESS, "DNS-08", ("DNS-01",)),                      # the ICMP error is missing
    (LESS, "LOC-06", ("TLS-01",)),                      # the client's offer is missing, the server's alert is there
]

# (variants, rule of the truth) -> rules of another owner that, as merely consistent, say no more than the packets left.
OTHER_OWNER = [
    (LESS, "LOC-04", ("FW-01",)),           # without the working proxy's connection: dropped SYNs
    (LESS, "TRUST-05", ("FW-01",)),         # the dropped download alone
    (LESS, "PRX-16", ("FW-01",)),           # the dropped direct connection alone
    (LESS, "PRX-02", ("FW-01",)),
    (SNAPPED, "DNS-05", ("SRV-01",)),    # the address in the answer is cut off; a closed port is left
]

# (variants, rule of the truth): nothing of the fault is left to see, so the connection looks healthy.
CUT_IN_SESSION = "FW-14 FW-15 IDLE-01 IDLE-02 MTU-02 SRV-05".split()     # what came before worked

MAY_LOOK_HEALTHY = [
    *((HOLES, rule) for rule in CUT_IN_SESSION),
    (HOLES, "MTLS-01"),             # the server's answer may be that of a session that works
    (HOLES, "INSP-05"),             # the certificate that shows the inspector is missing
    (HOLES, "PRX-16"),              # only the fetch of the script is left
    (LESS, "MTLS-03"),              # a missing certificate request is visible only in whole, known-agent handshakes
    (SNAPPED | {"server-only"}, "MTLS-01"),     # the empty certificate record is cut off; the failure is inside TLS
    (SNAPPED, "TRUST-04"),       # a complete handshake and an orderly end
    (SNAPPED, "TRUST-02"),
    (SNAPPED, "INSP-06"),        # clients that finish the handshake before they leave (Node, TLS 1.2)
    (SNAPPED, "INSP-05"),        # the inspector's certificate is cut off, the failure is inside TLS
    ({"late", "server-only"} | SNAPPED, "DNS-06"),  # the alias is missing; a 403 of a reachable service is left
]


@dataclass(frozen=True)
class Judgement:
    party: bool                 # the right party, or rightly none
    rule: bool
    grade: bool | None          # None: no grade to judge
    accused: bool = False       # somebody who did nothing
    impossible: bool = False    # called proven what the packets cannot prove

    @property
    def right(self):
        return self.party and self.rule and self.grade is not False and not self.impossible


def _listed(table, variant, rules):
    """What a table holds for a variant and any of the truth's rules."""
    return [row for row in table if variant in row[0] and row[1] in rules]


def judge(variant, want, have):
    """`want` is an entry of a truth file, `have` the program's verdict about the same host."""
    impossible = _impossible(variant, want, have)
    if want["outcome"] == "fault":
        if have["outcome"] == "fault":
            return _judge_fault(variant, want, have, impossible)
        quiet = variant in LESS and (have["outcome"] == "inconclusive"
                                     or bool(_listed(MAY_LOOK_HEALTHY, variant, want["rules"])))
        return Judgement(quiet, quiet, None, impossible=impossible)
    if have["outcome"] == "fault":
        return Judgement(False, False, None, accused=True, impossible=impossible)
    if variant in LESS:
        fine = (have["outcome"] == "inconclusive" or want["outcome"] == "ok"
                or bool(_listed(MAY_LOOK_HEALTHY, variant, want["rules"])))
        return Judgement(fine, fine, None)
    same = have["outcome"] == want["outcome"]
    owner = want["outcome"] == "ok" or have.get("owner") == want.get("owner")
    rule = have.get("rule")     # a conclusion names one only where something is wrong
    return Judgement(same and owner, same and (rule is None or rule in want["rules"]), None)


def _judge_fault(variant, want, have, impossible):
    rules = set(want["rules"])
    for _, _, siblings in _listed(SIBLINGS, variant, rules):
        rules |= set(siblings)
    others = {rule for _, _, found in _listed(OTHER_OWNER, variant, want["rules"]) for rule in found}
    elsewhere = (have["rule"] in others and have["grade"] == "consistent"
                 and have["owner"] == FAMILIES[have["rule"].split("-")[0]][1])
    party = have["owner"] == want["owner"] or elsewhere
    grades = want.get("grades", GRADES)
    if variant in EXACT:
        grade = have["grade"] in grades
    else:
        grade = GRADES.index(have["grade"]) <= max(GRADES.index(grade) for grade in grades)
    return Judgement(party, party and (elsewhere or have["rule"] in rules), grade and not impossible, impossible=impossible)


def _impossible(variant, want, have):
    if have["outcome"] != "fault" or have.get("grade") != "proven":
        return False
    provable = PROVABLE.get(variant)
    return ("proven" not in want.get("grades", ["proven"]) or have["rule"] in NEVER_PROVEN
            or (provable is not None and have["rule"] not in provable))
