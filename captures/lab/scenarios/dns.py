"""Names."""

from pplab import sockets
from pplab.clients import BAD_NAME, NO_CONNECT, TIMEOUT, curl
from pplab.lab import RESOLVER
from pplab.names import ADDRESSES, ARC, ARC_DATA, BLOB, LOGIN, PAS
from pplab.registry import scenario
from pplab.services import dns, web
from pplab.truth import fault, lookup, ok

SINKHOLE = "10.1.0.99"


def failed(host, status, rule, grades):
    """The truth of a name that could not be resolved."""
    return {"endpoints": [fault(host, rules=rule, grades=grades)], "lookups": [lookup(host, status, rule)]}


@scenario("S73", "dns-port-closed", title="The resolver's address has no resolver: its port is closed.",
          made="No dnsmasq on the resolver host, which answers with ICMP port unreachable.",
          **failed(ARC, "TIMEOUT", "DNS-08 DNS-01", "proven strong"),
          shows={f"icmp.type == 3 && icmp.code == 3 && ip.src == {RESOLVER}": 2})
def port_closed(lab):
    with lab.capture():
        curl(lab, ARC, expect=BAD_NAME)


@scenario("S73", "dns-timeout", title="The resolver gives no answer for one name, while it answers for another.",
          made="dnsmasq forwards one domain to a dead forwarder.",
          endpoints=[fault(ARC, rules="DNS-01", grades="strong"), ok(LOGIN)],
          lookups=[lookup(ARC, "TIMEOUT", "DNS-01")],
          shows={f'dns.qry.name == "{ARC}" && dns.flags.response == 0': 6,
                 f'dns.qry.name == "{ARC}" && dns.flags.response == 1': (0, 0)})
def no_answer(lab):
    dns(lab, f"server=/{ARC}/10.1.0.200", drop=(ARC,))
    lab.dns.ip("neigh replace 10.1.0.200 lladdr 02:00:00:00:02:77 nud permanent dev eth0")
    web(lab, LOGIN)
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=(BAD_NAME, TIMEOUT), timeout=9)


@scenario("S73", "dns-nxdomain", title="The resolver says that one name does not exist.",
          made="dnsmasq with address=/NAME/ (NXDOMAIN); other names resolve.",
          endpoints=[fault(ARC, rules="DNS-02", grades="proven"), ok(LOGIN)],
          lookups=[lookup(ARC, "NXDOMAIN", "DNS-02")],
          shows={"dns.flags.rcode == 3": 2})
def nxdomain(lab):
    dns(lab, f"address=/{ARC}/", drop=(ARC,))
    web(lab, LOGIN)
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=BAD_NAME)


@scenario("S73", "dns-refused", title="The resolver refuses to answer for one name.",
          made="dnsmasq without an upstream for that domain (REFUSED); other names resolve.",
          endpoints=[fault(ARC, rules="DNS-04", grades="proven"), ok(LOGIN)],
          lookups=[lookup(ARC, "REFUSED", "DNS-04")],
          shows={"dns.flags.rcode == 5": 2})
def refused(lab):
    dns(lab, drop=(ARC,), zones=())
    web(lab, LOGIN)
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=BAD_NAME)


@scenario("S73", "dns-servfail", title="The resolver fails for one name.",
          made="A resolver that answers SERVFAIL, as with a broken forwarder.",
          **failed(ARC, "SERVFAIL", "DNS-03", "strong"), shows={"dns.flags.rcode == 2": 2})
def servfail(lab):
    lab.dns.spawn(sockets.dns_answers, RESOLVER, 2)
    lab.dns.wait_listening(53, proto="udp")
    with lab.capture():
        curl(lab, ARC, expect=BAD_NAME)


@scenario("S82", "dns-truncated", title="The answer is truncated, and the resolver's TCP port is blocked.",
          made="A resolver that sets TC in every answer, and iptables DROP for TCP port 53.",
          endpoints=[fault(ARC, rules="DNS-07", grades="proven", owner="network")],
          shows={"dns.flags.truncated == 1": 2, "tcp.flags.syn == 1 && tcp.dstport == 53": 3,
                 "tcp.srcport == 53": (0, 0)})
def truncated(lab):
    lab.dns.spawn(sockets.dns_answers, RESOLVER, sockets.TRUNCATED)
    lab.dns.wait_listening(53, proto="udp")
    lab.fw.iptables("-A FORWARD -p tcp --dport 53 -j DROP")
    with lab.capture():
        curl(lab, ARC, expect=(BAD_NAME, TIMEOUT), timeout=7)


@scenario("S73", "dns-zero-address", title="The resolver answers 0.0.0.0 for one name.",
          made="dnsmasq with address=/NAME/# (0.0.0.0 and ::); other names resolve.",
          endpoints=[fault(ARC, rules="DNS-05", grades="strong proven"), ok(LOGIN)],
          lookups=[lookup(ARC, "NOERROR", "DNS-05")], shows={"dns.a == 0.0.0.0": 1})
def zero_address(lab):
    dns(lab, f"address=/{ARC}/#", drop=(ARC,))
    web(lab, LOGIN)
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=NO_CONNECT)


@scenario("S74", "dns-sinkhole", title="The resolver answers one private address for unrelated public names.",
          made="dnsmasq with one 10.x address for three names; that host refuses connections.",
          endpoints=[fault(ARC, PAS, BLOB, rules="DNS-05", grades="strong"), ok(LOGIN)],
          lookups=[lookup(host, "NOERROR", "DNS-05") for host in (ARC, PAS, BLOB)],
          shows={f"dns.a == {SINKHOLE}": 3, f"tcp.flags.reset == 1 && ip.src == {SINKHOLE}": 3})
def sinkhole(lab):
    names = ARC, PAS, BLOB
    dns(lab, names=dict.fromkeys(names, SINKHOLE))
    lab.dns.ip(f"addr add {SINKHOLE}/24 dev eth0")
    web(lab, LOGIN)
    with lab.capture():
        curl(lab, LOGIN)
        for name in names:
            curl(lab, name, expect=NO_CONNECT)


@scenario("S75", "dns-private-endpoint",
          title="A name with a private endpoint resolves to its public address, which denies access.",
          made="dnsmasq with a CNAME to the privatelink zone and a public A record; the public server answers 403.",
          endpoints=[fault(BLOB, rules="DNS-06", grades="strong"), ok(LOGIN)],
          lookups=[lookup(BLOB, "NOERROR", "DNS-06")],
          shows={'dns.cname contains "privatelink"': 1, "http.response.code == 403": 1})
def private_endpoint(lab):
    private = BLOB.replace(".blob.", ".privatelink.blob.")
    dns(lab, f"cname={BLOB},{private}", f"host-record={private},{ADDRESSES[BLOB]}", drop=(BLOB,))
    web(lab, LOGIN, extra=f"server {{ listen {ADDRESSES[BLOB]}:80; return 403 'PublicAccessNotPermitted'; }}",
        also=[ADDRESSES[BLOB]])
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, f"http://{BLOB}/backup")


@scenario("S76", "dns-wpad-noise",
          title="The host looks for a WPAD server that does not exist, then starts without trouble.",
          made="NXDOMAIN for wpad.contoso.com before three successful connections.",
          endpoints=[ok(LOGIN, ARC, ARC_DATA)], lookups=[lookup("wpad.contoso.com", "NXDOMAIN", "DNS-09")],
          shows={"dns.flags.rcode == 3": 1, "tls.handshake.type == 2": 3})
def wpad_noise(lab):
    hosts = LOGIN, ARC, ARC_DATA
    dns(lab)
    web(lab, *hosts)
    with lab.capture():
        curl(lab, "http://wpad.contoso.com/wpad.dat", expect=BAD_NAME)
        for host in hosts:
            curl(lab, host)


@scenario("S76", "dns-alias-chain",
          title="A name resolves through a chain of aliases, one of them in a privatelink zone, and works.",
          made="dnsmasq with the chain of CNAMEs that login.microsoftonline.com really has.",
          endpoints=[ok(LOGIN)],
          shows={'dns.cname contains "privatelink"': 1, "dns.count.answers >= 4": 1, "tls.handshake.type == 2": 1})
def alias_chain(lab):
    chain = [LOGIN, "login.mso.msidentity.com", "ak.privatelink.msidentity.com", "www.tm.ak.prd.aadg.akadns.net"]
    dns(lab, *(f"cname={name},{alias}" for name, alias in zip(chain, chain[1:])),
        f"host-record={chain[-1]},{ADDRESSES[LOGIN]}", drop=(LOGIN,))
    web(lab, LOGIN)
    with lab.capture():
        curl(lab, LOGIN)


@scenario("S76", "dns-aaaa-refused", title="The resolver refuses the AAAA question while the A record works.",
          made="dnsmasq that knows the A record and has no upstream for the rest.",
          endpoints=[ok(LOGIN, ARC)],
          shows={"dns.flags.rcode == 5 && dns.qry.type == 28": 2, "tls.handshake.type == 2": 2})
def aaaa_refused(lab):
    dns(lab, f"address=/{LOGIN}/{ADDRESSES[LOGIN]}", f"address=/{ARC}/{ADDRESSES[ARC]}", drop=(LOGIN, ARC), zones=())
    web(lab, LOGIN, ARC)
    with lab.capture():
        for host in LOGIN, ARC:
            curl(lab, host)
