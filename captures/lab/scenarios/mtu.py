"""Paths narrower than the hosts believe."""

from pplab.clients import TIMEOUT, curl
from pplab.names import ADDRESSES, BLOB, LOGIN
from pplab.registry import scenario
from pplab.services import Site, dns, web
from pplab.truth import fault, ok

MTU = 1300


def narrow(lab, *routers):
    for router in routers:
        router.ip(f"link set wan0 mtu {MTU}")


def swallow_icmp(lab):
    for router in lab.fw, lab.isp:
        router.iptables("-A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP")


def storage(lab):
    """A server that reads the whole upload before it answers."""
    dns(lab)
    web(lab, Site(BLOB, extra="location /backup/ { proxy_pass http://127.0.0.1:8081; }"),
        extra="server { listen 127.0.0.1:8081; return 201; }")


def upload(lab, **how):
    data = lab.client.directory / "upload"
    data.write_bytes(bytes(9000))
    curl(lab, f"https://{BLOB}/backup/block", "--upload-file", data, **how)


@scenario("S67", "mtu-server-black-hole",
          title="Large packets from the server vanish, and so does the ICMP that would tell it.",
          made="MTU 1300 in the path, ICMP fragmentation-needed dropped; the server's first flight never arrives.",
          endpoints=[fault(LOGIN, BLOB, rules="MTU-01", grades="proven strong")],
          shows={f"ip.src == {ADDRESSES[LOGIN]} && ip.len > {MTU}": (0, 0), "tls.handshake.type == 1": 2,
                 "tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment": 1})
def server_black_hole(lab):
    dns(lab)
    web(lab, LOGIN, BLOB)
    narrow(lab, lab.fw, lab.isp)
    swallow_icmp(lab)
    with lab.capture():
        for host in LOGIN, BLOB:
            curl(lab, host, expect=TIMEOUT, timeout=6)


@scenario("S68", "mtu-client-black-hole",
          title="Large packets to the server vanish, and so does the ICMP that would tell the client.",
          made="MTU 1300 towards the server only, ICMP dropped; the handshake succeeds, the upload hangs.",
          endpoints=[fault(BLOB, rules="MTU-02", grades="strong")],
          shows={"tcp.len == 1448 && tcp.analysis.retransmission": 3, "icmp": (0, 0), "tls.handshake.type == 2": 1})
def client_black_hole(lab):
    storage(lab)
    narrow(lab, lab.fw)
    swallow_icmp(lab)
    with lab.capture():
        upload(lab, expect=TIMEOUT, timeout=9)


@scenario("S69", "mtu-discovery-works", title="ICMP tells the client about the narrow path and the upload succeeds.",
          made="MTU 1300 towards the server only, ICMP allowed.",
          endpoints=[ok(BLOB, rules="MTU-03 OK-01")],
          shows={f"icmp.type == 3 && icmp.code == 4 && icmp.mtu == {MTU}": 1, "tcp.len == 1248": 2})
def discovery(lab):
    storage(lab)
    narrow(lab, lab.fw)
    with lab.capture():
        upload(lab)
