"""Nothing wrong, although some of it looks alarming."""

import time

from pplab import forge, sockets
from pplab.clients import OK, TIMEOUT, curl, program, start_curl, tcp_probe
from pplab.names import ADDRESSES, ARC, ARC_BUS, ARC_DATA, LOGIN, RELAY
from pplab.registry import scenario
from pplab.services import Site, azure_firewall, dns, web
from pplab.truth import fault, ok, unclear

NOTHING_BAD = "tls.alert_message.level == 2 || tcp.flags.reset == 1"


@scenario("S01", "ok-tls13", title="Three endpoints answer over TLS 1.3.",
          made="curl against nginx with TLS 1.3 and a trusted chain.",
          endpoints=[ok(LOGIN, ARC, ARC_DATA)],
          shows={"tls.handshake.extensions.supported_version == 0x0304 && tls.handshake.type == 2": 3,
                 NOTHING_BAD: (0, 0)})
def tls13(lab):
    hosts = LOGIN, ARC, ARC_DATA
    dns(lab)
    web(lab, *hosts)
    with lab.capture():
        for host in hosts:
            curl(lab, host)


@scenario("S02", "ok-tls12", title="Two endpoints answer over TLS 1.2.",
          made="curl against nginx limited to TLS 1.2, trusted chain.",
          endpoints=[ok(LOGIN, ARC)],
          shows={"tls.handshake.type == 11": 2, "tls.record.content_type == 20": 4, NOTHING_BAD: (0, 0)})
def tls12(lab):
    dns(lab)
    web(lab, *(Site(host, versions="TLSv1.2") for host in (LOGIN, ARC)))
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC)


@scenario("S03", "ok-resumption", title="Two resumed sessions, TLS 1.2 and 1.3, carry no certificate.",
          made="openssl s_client with sessions saved before the capture started.",
          endpoints=[ok(LOGIN, ARC, rules="OK-07 OK-01")],
          shows={"tls.handshake.type == 2": 2, "tls.handshake.type == 11": (0, 0),
                 "tls.handshake.extension.type == 41 && tls.handshake.type == 2": 1})
def resumption(lab):
    dns(lab)
    web(lab, Site(LOGIN, versions="TLSv1.3"), Site(ARC, versions="TLSv1.2"))

    def visit(host, session, *options):
        request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        program(lab, "openssl", "s_client", "-connect", f"{host}:443", "-servername", host, "-quiet", "-ign_eof",
                session, lab.client.directory / host, stdin=request)

    for host in LOGIN, ARC:
        visit(host, "-sess_out")
    with lab.capture():
        for host in LOGIN, ARC:
            visit(host, "-sess_in")


@scenario("S04", "ok-client-reset-unread",
          title="The client closes with part of the answer unread, so its close is a reset.",
          made="A client that reads the beginning of a 24 kB answer and closes.",
          endpoints=[ok(LOGIN, rules="OK-02 OK-01")],
          shows={"tcp.flags.reset == 1 && ip.src == 10.8.0.6": 1, "tls.handshake.type == 2": 1})
def client_reset(lab):
    dns(lab)
    web(lab, LOGIN, files=24000)
    with lab.capture():
        lab.client.call(sockets.read_part, LOGIN, "/files/data")


@scenario("S05", "ok-server-reset-after-close",
          title="The server has closed already when the client says goodbye, and answers with a reset.",
          made="nginx without lingering close and keep-alive; the client's close_notify draws a reset.",
          endpoints=[ok(LOGIN, ARC, rules="OK-02 OK-01")],
          shows={"tcp.flags.reset == 1 && tcp.srcport == 443": 2, "tls.handshake.type == 2": 2})
def server_reset(lab):
    dns(lab)
    web(lab, *(Site(host, extra="keepalive_timeout 0; lingering_close off;") for host in (LOGIN, ARC)))
    with lab.capture():
        for host in LOGIN, ARC:
            curl(lab, host)


@scenario("S06", "ok-syn-delayed", title="The third SYN is answered: two seconds lost, nothing else.",
          made="iptables drops SYNs to the server for the first 1.5 s.",
          endpoints=[ok(ARC, rules="OK-03 OK-01")],
          shows={f"tcp.flags.syn == 1 && ip.dst == {ADDRESSES[ARC]}": (3, 3), "tls.handshake.type == 2": 1})
def syn_delayed(lab):
    dns(lab)
    web(lab, ARC)
    rule = f"FORWARD -p tcp -d {ADDRESSES[ARC]} --syn -j DROP"
    lab.fw.iptables(f"-A {rule}")
    with lab.capture():
        client = start_curl(lab, ARC)
        time.sleep(1.5)
        lab.fw.iptables(f"-D {rule}")
        assert client.wait() == OK


@scenario("S07", "ok-happy-eyeballs", title="The IPv6 attempt goes unanswered and IPv4 wins after a moment.",
          made="A name with both addresses, IPv6 SYNs dropped by the firewall; curl races them.",
          endpoints=[ok(LOGIN, rules="OK-04 OK-08 OK-01")],
          shows={"ipv6 && tcp.flags.syn == 1": 1, "ipv6 && tcp.flags.ack == 1": (0, 0), "tls.handshake.type == 2": 1})
def happy_eyeballs(lab):
    lab.enable_ipv6()
    dns(lab, f"address=/{LOGIN}/2001:db8:100::10")
    web(lab, LOGIN)
    lab.fw.iptables("-A FORWARD -p tcp -j DROP", v6=True)
    with lab.capture():
        curl(lab, LOGIN)


@scenario("S08", "probe-behind-terminator", title="A port test succeeds although no server exists behind the firewall.",
          made="connect and close to an unused address behind HAProxy as Azure Firewall, which answers for everybody.",
          endpoints=[unclear("198.51.100.99", rules="OK-05", domain="none", owner="none")],
          shows={"tcp.flags == 0x012 && ip.ttl == 64 && ip.src == 198.51.100.99": 2, "tcp.len > 0": (0, 0)})
def probe(lab):
    azure_firewall(lab, allowed=[LOGIN])
    with lab.capture():
        for _ in range(2):
            lab.client.call(tcp_probe, "198.51.100.99", 443)


@scenario("S09", "ok-fallback-to-443", title="The Service Bus port is blocked and the connector falls back to 443.",
          made="SYNs to port 5671 dropped, then curl to the same name on 443.",
          endpoints=[ok(RELAY, rules="OK-08 FW-16 OK-01")],
          shows={"tcp.flags.syn == 1 && tcp.dstport == 5671": 3, "tcp.srcport == 5671": (0, 0),
                 "tls.handshake.type == 2": 1})
def fallback(lab):
    dns(lab)
    web(lab, RELAY)
    lab.fw.iptables("-A FORWARD -p tcp --dport 5671 -j DROP")
    with lab.capture():
        curl(lab, f"https://{RELAY}:5671/", timeout=3.5, expect=TIMEOUT)
        curl(lab, RELAY)


@scenario("S11", "ok-fastopen-stripped", title="A device drops the SYN that carries data; the plain SYN gets through.",
          made="curl with TCP Fast Open, iptables drops SYNs longer than a SYN.",
          endpoints=[ok(LOGIN, rules="OK-10 OK-03 OK-01")],
          shows={"tcp.flags.syn == 1 && tcp.len > 0 && tcp.dstport == 443": (1, 1),
                 "tcp.flags.syn == 1 && tcp.len == 0 && tcp.dstport == 443": (1, 1), "tls.handshake.type == 2": 1})
def fastopen(lab):
    dns(lab)
    web(lab, LOGIN)
    lab.client.sysctl("net.ipv4.tcp_fastopen=5")  # client side, data without a cookie
    lab.fw.iptables("-A FORWARD -p tcp --syn -m length --length 100:65535 -j DROP")
    with lab.capture():
        curl(lab, LOGIN, "--tcp-fastopen")


@scenario("S12", "ok-open-before-capture",
          title="A connection was open before the capture began, works, and ends in order.",
          made="A keep-alive client connects first; the capture sees its second request and its end, and one whole "
               "connection.",
          endpoints=[ok(ADDRESSES[ARC_BUS], rules="OK-06 CAP-01 OK-01"), ok(LOGIN)],
          shows={f"tcp.flags.syn == 1 && ip.addr == {ADDRESSES[ARC_BUS]}": (0, 0),
                 f"tls.app_data && ip.src == {ADDRESSES[ARC_BUS]}": 1, "tls.handshake.type == 2": (1, 1)})
def open_before(lab):
    dns(lab)
    web(lab, LOGIN, ARC_BUS)
    lab.client.spawn(sockets.ask_twice, ARC_BUS, 3)
    time.sleep(1.5)
    with lab.capture():
        curl(lab, LOGIN)
        time.sleep(2.5)


@scenario("S86", "ok-stale-reset-ignored",
          title="A forged reset outside the window is ignored and the connection goes on.",
          made="A sniffer on the firewall sends one reset far beyond the window; the client's stack drops it.",
          endpoints=[ok(ARC, rules="OK-09 OK-01")],
          shows={"tcp.flags.reset == 1 && ip.ttl == 47": (1, 1), "tcp.len > 1000 && ip.ttl == 62": 2,
                 "tcp.flags.fin == 1 && ip.ttl == 62": 1})
def stale_reset(lab):
    dns(lab)
    web(lab, ARC)
    lab.fw.spawn(forge.inject_resets, "client0", ARC.encode(), (2_000_000,))
    time.sleep(2)  # scapy takes its time to load
    with lab.capture():
        curl(lab, ARC)


@scenario("S87", "capture-duplicates",
          title="A capture that holds most packets twice; one endpoint works, one is dropped.",
          made="Captured on the firewall with the 'any' device: each forwarded packet on its way in and out.",
          endpoints=[fault(ARC, rules="FW-01", grades="consistent"), ok(LOGIN)],
          shows={"tcp.flags.syn == 1 && ip.dst == 203.0.113.10": (2, 2),
                 f"tcp.flags.syn == 1 && ip.dst == {ADDRESSES[ARC]}": 5})
def duplicates(lab):
    dns(lab)
    web(lab, LOGIN)
    lab.fw.iptables(f"-A FORWARD -d {ADDRESSES[ARC]} -j DROP")
    with lab.capture(host=lab.fw, device="any"):
        curl(lab, LOGIN)
        curl(lab, ARC, expect=TIMEOUT, timeout=5.5)


@scenario("S77", "capture-one-direction", title="Only the client's packets were captured, so nothing can be concluded.",
          made="The traffic of ok-tls13 behind a capture filter for the client's own packets.",
          endpoints=[unclear(LOGIN, ARC, rules="CAP-02")],
          shows={"ip.dst == 10.8.0.6": (0, 0), "tls.handshake.type == 1": 2})
def one_direction(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    with lab.capture(options=("-f", "src host 10.8.0.6")):
        for host in LOGIN, ARC:
            curl(lab, host)
