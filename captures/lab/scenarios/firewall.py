"""Firewalls: silence, rejects, forged resets, and terminators that decide by name."""

import time

from pplab import forge, sockets
from pplab.clients import EMPTY_REPLY, NO_CONNECT, RECEIVE, TIMEOUT, TLS_FAILED, curl
from pplab.names import ADDRESSES, AMCS, ARC, ARC_DATA, ARC_GAS, ARM, CRL, LOGIN, OCSP, PAS, VAULT
from pplab.registry import scenario
from pplab.services import azure_firewall, dns, web
from pplab.truth import fault, ok

CUT = (TLS_FAILED, EMPTY_REPLY, RECEIVE)    # how curl reports a connection that ends during the handshake
SAME_IP = ADDRESSES[ARC_DATA]               # two names live there
LONG_ALPN = [f"x-experimental-protocol-{number:04d}" for number in range(64)]


def block(lab, host, action, port=443):
    lab.fw.iptables(f"-A FORWARD -p tcp -d {ADDRESSES[host]} --dport {port} -j {action}")


def block_name(lab, name, action, where="client0"):
    """A filter that reads the ClientHello."""
    lab.fw.iptables(f"-A FORWARD -i {where} -p tcp --dport 443 -m string --algo bm --string {name} -j {action}")


def syns(host):
    return f"tcp.flags.syn == 1 && tcp.flags.ack == 0 && ip.dst == {ADDRESSES[host]}"


# -- the SYN

@scenario("S13", "firewall-syn-drop", title="The SYNs to one endpoint are dropped without a word.",
          made="iptables DROP on the firewall, client with four linear SYN time-outs (Linux 6.5 and later).",
          endpoints=[fault(ARC, rules="FW-01", grades="consistent")],
          shows={syns(ARC): 5, f"ip.src == {ADDRESSES[ARC]}": (0, 0)})
def syn_drop(lab):
    dns(lab)
    block(lab, ARC, "DROP")
    with lab.capture():
        curl(lab, ARC, expect=TIMEOUT, timeout=5.5)


@scenario("S13", "firewall-syn-drop-classic",
          title="The SYNs to one endpoint are dropped; the client backs off by doubling.",
          made="iptables DROP on the firewall, client with the classic 1-3-7 s clock.",
          endpoints=[fault(ARC, rules="FW-01", grades="consistent")],
          shows={syns(ARC): (4, 4), f"ip.src == {ADDRESSES[ARC]}": (0, 0)})
def syn_drop_classic(lab):
    dns(lab)
    lab.client.sysctl("net.ipv4.tcp_syn_linear_timeouts=0")
    block(lab, ARC, "DROP")
    with lab.capture():
        curl(lab, ARC, expect=TIMEOUT, timeout=8.5)


@scenario("S14", "firewall-port-drop", title="Port 443 of a server is dropped while its port 80 answers.",
          made="iptables DROP for port 443 only; the same host is asked on port 80 too.",
          endpoints=[fault(CRL, rules="FW-01", grades="strong consistent"), ok(LOGIN)],
          shows={syns(CRL) + " && tcp.dstport == 443": 4,
                 f"http.response.code == 200 && ip.src == {ADDRESSES[CRL]}": 1})
def port_drop(lab):
    dns(lab)
    web(lab, LOGIN, CRL, plain=[CRL])
    block(lab, CRL, "DROP")
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, f"http://{CRL}/DigiCertGlobalRootG2.crl")
        curl(lab, CRL, expect=TIMEOUT, timeout=5)


@scenario("S15", "server-powered-off",
          title="The server is switched off; from the client this is a SYN without answer.",
          made="The servers' link is down behind the last router, which keeps its neighbour entry.",
          endpoints=[fault(ARC, rules="FW-01", grades="consistent")],
          shows={syns(ARC): 5, f"ip.src == {ADDRESSES[ARC]} || icmp": (0, 0)})
def server_off(lab):
    dns(lab)
    web(lab, ARC)
    lab.server.ip("link set eth0 down")
    lab.isp.ip("neigh replace 192.0.2.2 lladdr 02:00:00:00:04:02 nud permanent dev server0")
    with lab.capture():
        curl(lab, ARC, expect=TIMEOUT, timeout=5.5)


@scenario("S85", "firewall-ack-drop",
          title="The SYN-ACK arrives again and again: the client's own packets are lost after the SYN.",
          made="iptables drops everything towards the server but SYNs.",
          endpoints=[fault(ARC, rules="FW-05 FW-06", grades="consistent"), ok(LOGIN)],
          shows={f"tcp.flags == 0x012 && ip.src == {ADDRESSES[ARC]}": 3,
                 f"ip.src == {ADDRESSES[ARC]} && tcp.len > 0": (0, 0)})
def ack_drop(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    lab.fw.iptables(f"-A FORWARD -p tcp -d {ADDRESSES[ARC]} ! --syn -j DROP")
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=TIMEOUT, timeout=8)


@scenario("S16", "firewall-icmp-prohibited", title="A firewall answers SYNs to three endpoints with ICMP 'prohibited'.",
          made="iptables REJECT with admin-prohibited (3/13), host-prohibited (3/10) and net-prohibited (3/9).",
          endpoints=[fault(ARC, ARC_DATA, PAS, rules="FW-02", grades="proven"), ok(LOGIN)],
          shows={"icmp.type == 3 && icmp.code == 13": 1, "icmp.type == 3 && icmp.code == 10": 1,
                 "icmp.type == 3 && icmp.code == 9": 1})
def icmp_prohibited(lab):
    dns(lab)
    web(lab, LOGIN)
    for host, kind in ((ARC, "admin"), (ARC_DATA, "host"), (PAS, "net")):
        block(lab, host, f"REJECT --reject-with icmp-{kind}-prohibited")
    with lab.capture():
        curl(lab, LOGIN)
        for host in ARC, ARC_DATA, PAS:
            curl(lab, host, expect=NO_CONNECT)


@scenario("S17", "route-unreachable",
          title="Routers answer that one endpoint's host and another's network are unreachable.",
          made="iptables REJECT host-unreachable on the firewall, and a network the second router has no route to.",
          endpoints=[fault(ARC, VAULT, rules="FW-03", grades="strong consistent"), ok(LOGIN)],
          shows={"icmp.type == 3 && icmp.code == 1": 1, "icmp.type == 3 && icmp.code == 0": 1})
def unreachable(lab):
    dns(lab)
    web(lab, LOGIN)
    block(lab, ARC, "REJECT --reject-with icmp-host-unreachable")
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=NO_CONNECT)
        curl(lab, VAULT, expect=NO_CONNECT)


@scenario("S18", "firewall-syn-reset",
          title="A nearer device answers the SYN to port 443 with a reset in the server's name.",
          made="iptables REJECT tcp-reset on the firewall; port 80 of the same server answers from 50 ms away.",
          endpoints=[fault(CRL, rules="FW-04", grades="strong proven"), ok(LOGIN)],
          shows={"tcp.flags.reset == 1 && tcp.srcport == 443 && ip.ttl == 64": 1,
                 f"tcp.flags.syn == 1 && tcp.srcport == 80 && ip.ttl == 62 && ip.src == {ADDRESSES[CRL]}": 1})
def syn_reset(lab):
    dns(lab)
    web(lab, LOGIN, CRL, plain=[CRL])
    block(lab, CRL, "REJECT --reject-with tcp-reset")
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, f"http://{CRL}/DigiCertGlobalRootG2.crl")
        curl(lab, CRL, expect=NO_CONNECT)


# -- the ClientHello, filtered in passing

@scenario("S21", "firewall-sni-reset", title="A device resets the connection when the ClientHello carries one name.",
          made="iptables string match with REJECT tcp-reset; another name on the same address passes.",
          endpoints=[fault(ARC_DATA, rules="FW-07", grades="proven strong"), ok(ARC_GAS)],
          shows={f"tcp.flags == 0x004 && ip.ttl == 64 && ip.src == {SAME_IP}": 1,
                 f"tls.handshake.type == 2 && ip.src == {SAME_IP}": (1, 1)})
def sni_reset(lab):
    dns(lab)
    web(lab, ARC_DATA, ARC_GAS)
    block_name(lab, ARC_DATA, "REJECT --reject-with tcp-reset")
    with lab.capture():
        curl(lab, ARC_GAS)
        curl(lab, ARC_DATA, expect=CUT)


@scenario("S22", "firewall-sni-drop", title="A device swallows the ClientHello when it carries one name.",
          made="iptables string match with DROP; another name on the same address passes.",
          endpoints=[fault(ARC_DATA, rules="FW-06", grades="strong"), ok(ARC_GAS)],
          shows={f'tls.handshake.extensions_server_name == "{ARC_DATA}"': 1,
                 f"tls.handshake.type == 2 && ip.src == {SAME_IP}": (1, 1),
                 "tcp.analysis.retransmission && tcp.len > 500": 3})
def sni_drop(lab):
    dns(lab)
    web(lab, ARC_DATA, ARC_GAS)
    block_name(lab, ARC_DATA, "DROP")
    with lab.capture():
        curl(lab, ARC_GAS)
        curl(lab, ARC_DATA, expect=TIMEOUT, timeout=5)


@scenario("S23", "firewall-rst-injected", title="A device beside the path forges three resets after the ClientHello.",
          made="A sniffer on the firewall sends RST,ACK at SEQ +0, +1460 and +4380 while the real packets go on.",
          endpoints=[fault(ARC_DATA, rules="FW-13 FW-07", grades="proven strong"), ok(ARC_GAS)],
          shows={"tcp.flags.reset == 1 && ip.ttl == 47 && ip.id == 0x1234": (3, 3),
                 f"ip.src == {SAME_IP} && ip.ttl == 62 && tcp.ack > 500": 1})
def rst_injected(lab):
    dns(lab)
    web(lab, ARC_DATA, ARC_GAS)
    lab.fw.spawn(forge.inject_resets, "client0", ARC_DATA.encode())
    time.sleep(2)  # scapy takes its time to load
    with lab.capture():
        curl(lab, ARC_GAS)
        curl(lab, ARC_DATA, expect=CUT)


# -- terminators that decide by name, as Azure Firewall's application rules

@scenario("S24", "azure-firewall-deny", options=("--agent", "arc"),
          title="An L7 firewall lets two endpoints through and ends two others after their ClientHello.",
          made="HAProxy as Azure Firewall: it terminates TCP, reads the SNI, relays the allowed names and closes the "
               "rest.",
          endpoints=[fault(ARC, ARC_DATA, rules="FW-08", grades="strong"), ok(LOGIN, AMCS)],
          shows={"tls.handshake.type == 1": 4, "tls.handshake.type == 2": (2, 2),
                 f"ip.src == {ADDRESSES[ARC]} && tcp.flags.fin == 1 && tcp.len == 0 && ip.ttl == 64": 1,
                 f"ip.src == {ADDRESSES[ARC]} && tcp.len > 0": (0, 0),
                 f"ip.src == {ADDRESSES[ARC_DATA]} && tcp.len > 0": (0, 0)})
def azure_firewall_deny(lab):
    dns(lab)
    web(lab, LOGIN, AMCS, ARC, ARC_DATA)
    azure_firewall(lab, allowed=[LOGIN, AMCS])
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=CUT)
        curl(lab, AMCS)
        curl(lab, ARC_DATA, expect=CUT)


@scenario("S25", "azure-firewall-470", title="An L7 firewall answers a plain HTTP request with its own 470 page.",
          made="HAProxy as Azure Firewall on port 80, with Azure's text; the OCSP host is allowed.",
          endpoints=[fault(CRL, rules="FW-09", grades="proven"), ok(OCSP)],
          shows={"http.response.code == 470": 1, "http.response.code == 200": 1})
def block_page(lab):
    dns(lab)
    web(lab, plain=[CRL, OCSP])
    azure_firewall(lab, allowed=[OCSP])
    with lab.capture():
        curl(lab, f"http://{OCSP}/")
        curl(lab, f"http://{CRL}/DigiCertGlobalRootG2.crl")


@scenario("S26", "azure-firewall-no-sni", title="An L7 firewall ends a connection whose ClientHello carries no name.",
          made="As azure-firewall-deny, with a client that uses the address as its URL; with a name the same address "
               "works.",
          endpoints=[fault(SAME_IP, rules="FW-10 FW-08", grades="strong"), ok(ARC_GAS)],
          shows={"tls.handshake.type == 1 && !tls.handshake.extensions_server_name": 1,
                 f"tls.handshake.type == 2 && ip.src == {SAME_IP}": (1, 1)})
def no_sni(lab):
    web(lab, ARC_GAS)
    azure_firewall(lab, allowed=[ARC_GAS])
    with lab.capture():
        curl(lab, ARC_GAS, "--resolve", f"{ARC_GAS}:443:{SAME_IP}")
        curl(lab, f"https://{SAME_IP}/", "--insecure", expect=CUT)


@scenario("S27", "firewall-terminator-reset", title="An L7 terminator takes the ClientHello and resets the connection.",
          made="A terminator on the firewall that reads the ClientHello and aborts its socket; the other names go "
               "straight.",
          endpoints=[fault(ARC, rules="FW-08 FW-07", grades="strong"), ok(LOGIN)],
          shows={f"ip.src == {ADDRESSES[ARC]} && tcp.flags == 0x014 && ip.ttl == 64": 1,
                 f"ip.src == {ADDRESSES[ARC]} && tcp.len > 0": (0, 0)})
def terminator_reset(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    lab.fw.spawn(sockets.serve, "", 8443, sockets.read_then_abort)
    lab.fw.wait_listening(8443)
    lab.fw.iptables(f"-A PREROUTING -i client0 -p tcp -d {ADDRESSES[ARC]} --dport 443 -j REDIRECT --to-ports 8443",
                    table="nat")
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=CUT)


# -- the long ClientHello

@scenario("S28", "firewall-long-hello-reset", title="A device resets connections whose ClientHello needs two segments.",
          made="iptables length match with REJECT tcp-reset; the same name with a short ClientHello passes.",
          endpoints=[fault(ARC, rules="FW-11 FW-07", grades="proven strong")],
          shows={"tcp.len > 1400 && tcp.dstport == 443": 1,
                 "tcp.flags.reset == 1 && ip.ttl == 64 && tcp.srcport == 443": 1,
                 "tls.handshake.type == 2": 1})
def long_hello_reset(lab):
    dns(lab)
    web(lab, ARC)
    lab.fw.iptables("-A FORWARD -i client0 -p tcp --dport 443 -m length --length 1200:65535 "
                    "-j REJECT --reject-with tcp-reset")
    with lab.capture():
        curl(lab, ARC)
        for _ in range(2):
            lab.client.call(sockets.get_with_alpn, ARC, LONG_ALPN)


@scenario("S29", "firewall-long-hello-drop", title="A device drops the second segment of a long ClientHello.",
          made="iptables length match with DROP for the second segment; the same name with a short ClientHello passes.",
          endpoints=[fault(ARC, rules="FW-11", grades="strong proven")],
          shows={"tcp.len == 1448 && tcp.dstport == 443": 2, "tcp.analysis.retransmission && tcp.dstport == 443": 6,
                 "tls.handshake.type == 2": 1})
def long_hello_drop(lab):
    dns(lab)
    web(lab, ARC)
    lab.fw.iptables("-A FORWARD -i client0 -p tcp --dport 443 -m length --length 620:1450 -j DROP")
    with lab.capture():
        curl(lab, ARC)
        for _ in range(2):
            lab.client.call(sockets.get_with_alpn, ARC, LONG_ALPN, 5)


# -- established connections

@scenario("S30", "firewall-restart", title="A device in the path resets all its connections at the same moment.",
          made="HAProxy as Azure Firewall; all its client sockets are destroyed (ss -K) while four connections are in "
               "use.",
          endpoints=[fault(LOGIN, ARC, AMCS, ARM, rules="FW-14", grades="strong consistent")],
          shows={"tcp.flags.reset == 1 && tcp.srcport == 443": 4, "tls.handshake.type == 2": 4})
def restart(lab):
    hosts = LOGIN, ARC, AMCS, ARM
    dns(lab)
    web(lab, *hosts)
    azure_firewall(lab, allowed=hosts)
    with lab.capture():
        clients = [lab.client.spawn(sockets.ask_twice, host, 4) for host in hosts]
        time.sleep(2)
        lab.fw.run("ss", "-K", "sport", "=", ":8443")
        time.sleep(0.5)
        for pid in clients:
            lab.client.stop(pid)


@scenario("S31", "firewall-silent-midstream",
          title="A connection falls silent in both directions in the middle of its work.",
          made="After the first answer the firewall drops both directions of the flow (as an IDPS does).",
          endpoints=[fault(ARC, rules="FW-15", grades="consistent"), ok(LOGIN)],
          shows={"tcp.analysis.retransmission && tcp.dstport == 443": 3, "tls.handshake.type == 2": 2})
def silent_midstream(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    with lab.capture():
        curl(lab, LOGIN)
        pid = lab.client.spawn(sockets.ask_twice, ARC, 2, "/", 14)
        time.sleep(1.2)
        lab.fw.iptables(f"-A FORWARD -s {ADDRESSES[ARC]} -j DROP")
        lab.fw.iptables(f"-A FORWARD -d {ADDRESSES[ARC]} -j DROP")
        time.sleep(11)
        lab.client.stop(pid)
