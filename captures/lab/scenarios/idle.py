"""Connections that rested too long."""

import time

from pplab import sockets
from pplab.clients import curl
from pplab.names import ARC_BUS, LOGIN
from pplab.registry import scenario
from pplab.services import Site, dns, web
from pplab.truth import fault, ok

IDLE = 62       # a little more than the shortest idle time the rules speak of
KEEP_OPEN = "keepalive_timeout 120s;"


def rest(lab, action, after=8):
    """A flow rests; meanwhile the firewall forgets it and treats its packets by `action`."""
    dns(lab)
    web(lab, Site(ARC_BUS, extra=KEEP_OPEN))
    with lab.capture():
        pid = lab.client.spawn(sockets.ask_twice, ARC_BUS, IDLE, "/", after)
        time.sleep(IDLE - 5)
        port = flow_port(lab)
        lab.fw.iptables(f"-A FORWARD -i client0 -p tcp --sport {port} -j {action}")
        time.sleep(5 + after)
        lab.client.stop(pid)
        curl(lab, ARC_BUS)


def flow_port(lab):
    """The client's port of the one connection it has."""
    return lab.client.run("ss", "-Htn", "state", "established").split()[2].rsplit(":", 1)[1]


@scenario("S70", "idle-reset", title="A firewall forgot a resting connection and resets it at the next request.",
          made=f"{IDLE} s without a packet, then iptables REJECT tcp-reset for the flow; a new connection works.",
          endpoints=[fault(ARC_BUS, rules="IDLE-01", grades="strong")],
          shows={"tcp.flags == 0x004 && ip.ttl == 64 && tcp.srcport == 443": 1, "tcp.time_delta > 60": 1,
                 "tls.handshake.type == 2": 2})
def idle_reset(lab):
    rest(lab, "REJECT --reject-with tcp-reset", after=2)


@scenario("S71", "idle-drop", title="A firewall forgot a resting connection and drops its packets.",
          made=f"{IDLE} s without a packet, then iptables DROP for the flow; a new connection works at once.",
          endpoints=[fault(ARC_BUS, rules="IDLE-02", grades="strong consistent")],
          shows={"tcp.analysis.retransmission": 3, "tcp.time_delta > 60": 1, "tls.handshake.type == 2": 2})
def idle_drop(lab):
    rest(lab, "DROP")


@scenario("S72", "idle-keepalive-race",
          title="The server closes a resting connection while the next request is on its way.",
          made="nginx with keepalive_timeout 2s; the client asks again just before that and repeats on a new "
               "connection.",
          endpoints=[ok(LOGIN, rules="IDLE-03 OK-01")],
          shows={"tcp.flags.reset == 1 && tcp.srcport == 443": 1, "tls.handshake.type == 2": 2})
def keepalive_race(lab):
    dns(lab)
    web(lab, Site(LOGIN, extra="keepalive_timeout 2s;"))
    with lab.capture():
        lab.client.call(sockets.ask_twice, LOGIN, 1.985)
        curl(lab, LOGIN)
