"""TLS inspection: trusted, untrusted, failing behind its own error page, and losing the client certificate."""

from pplab.clients import UNTRUSTED, build_go, curl, curl_proxy, gnutls, java, node, program, wget
from pplab.names import ADDRESSES, AMCS, ARC, CONNECTOR, LOGIN, ODS
from pplab.registry import scenario
from pplab.services import Site, dns, mitmproxy, squid, web, zscaler
from pplab.truth import fault, ok, unclear

BUMP_ALL = "ssl_bump bump all"
UNTRUSTED_CA = dict(rules="INSP-06 INSP-01 TRUST-01", grades="proven strong", domain="inspection", owner="proxy")
UNTRUSTED_CA_SILENT = dict(UNTRUSTED_CA, rules="INSP-06 INSP-01 TRUST-02 TRUST-01")
HIDDEN_CA = dict(UNTRUSTED_CA, rules="INSP-06 INSP-03 INSP-02 TRUST-01", grades="strong proven")
HIDDEN_CA_SILENT = dict(HIDDEN_CA, rules="INSP-06 INSP-03 INSP-02 TRUST-02", grades="strong consistent")
FORGED = 'x509sat.printableString contains "Contoso" || x509sat.uTF8String contains "Contoso"'


def bumping_squid(lab, *hosts, versions="TLSv1.2 TLSv1.3", rules=BUMP_ALL):
    dns(lab)
    web(lab, *(Site(host, versions=versions) for host in hosts))
    squid(lab, bump=(lab.pki.gateway, rules))


def transparent_mitmproxy(lab, host, *options):
    dns(lab)
    web(lab, host)
    return mitmproxy(lab, *options)


@scenario("S46", "tls-inspection-trusted",
          title="The proxy opens TLS with a trusted certificate of its own; everything works.",
          made="Squid with ssl_bump, its authority in the client's store, TLS 1.2.",
          endpoints=[ok(LOGIN, ARC, rules="INSP-01 OK-01")],
          shows={f"tls.handshake.type == 11 && ({FORGED})": 2, "tls.alert_message.level == 2": (0, 0)})
def trusted(lab):
    bumping_squid(lab, LOGIN, ARC)
    lab.trust(lab.client, lab.pki.gateway)
    with lab.capture():
        for host in LOGIN, ARC:
            curl_proxy(lab, host, "--tls-max", "1.2")


@scenario("S47", "tls-inspection-untrusted", options=("--agent", "ama"),
          title="The proxy opens TLS with an authority the agent does not trust.",
          made="Squid with ssl_bump, its authority unknown to the client (OpenSSL, TLS 1.2); one name is not "
               "inspected.",
          endpoints=[fault(AMCS, ODS, **UNTRUSTED_CA), ok(LOGIN)],
          shows={"tls.alert_message.desc == 48": 2, f"tls.handshake.type == 11 && ({FORGED})": 2})
def untrusted(lab):
    bumping_squid(lab, LOGIN, AMCS, ODS, rules="acl hello at_step SslBump1\n"
                  f"acl private ssl::server_name {LOGIN}\nssl_bump peek hello\nssl_bump splice private\n{BUMP_ALL}")
    with lab.capture():
        curl_proxy(lab, LOGIN, "--tls-max", "1.2")
        for host in AMCS, ODS:
            curl_proxy(lab, host, "--tls-max", "1.2", expect=UNTRUSTED)


@scenario("S47", "tls-inspection-untrusted-tls13",
          title="A transparent inspector's certificate is refused over TLS 1.3.",
          made="mitmproxy on the firewall, its authority unknown to the client (OpenSSL, TLS 1.3: certificate hidden).",
          endpoints=[fault(ARC, **HIDDEN_CA)],
          shows={"tls.alert_message.desc == 48": 2, "tls.handshake.type == 11": (0, 0)})
def untrusted_tls13(lab):
    transparent_mitmproxy(lab, ARC)
    with lab.capture():
        for _ in range(2):
            curl(lab, ARC, expect=UNTRUSTED)


@scenario("S47", "tls-inspection-untrusted-zscaler", title="A cloud proxy's certificate is refused.",
          made="nginx on the firewall with certificates signed under Zscaler-like names (TLS 1.2), client without its "
               "root.",
          endpoints=[fault(ARC, LOGIN, **UNTRUSTED_CA)],
          shows={"tls.alert_message.desc == 48": 2,
                 'tls.handshake.type == 11 && x509sat.uTF8String contains "Zscaler"': 2})
def untrusted_zscaler(lab):
    dns(lab)
    web(lab, ARC, LOGIN)
    zscaler(lab, ARC, LOGIN)
    with lab.capture():
        for host in ARC, LOGIN:
            curl(lab, host, expect=UNTRUSTED)


@scenario("S47", "tls-inspection-untrusted-node", requires=("node",),
          title="Node refuses an inspector's certificate without an alert.",
          made="nginx on the firewall with Zscaler-like certificates, client Node (TLS 1.2).",
          endpoints=[fault(ARC, **UNTRUSTED_CA_SILENT)],
          shows={'tls.handshake.type == 11 && x509sat.uTF8String contains "Zscaler"': 2,
                 "tls.alert_message.level == 2": (0, 0)})
def untrusted_node(lab):
    dns(lab)
    web(lab, ARC)
    zscaler(lab, ARC)
    with lab.capture():
        for _ in range(2):
            node(lab, ARC)


@scenario("S47", "tls-inspection-untrusted-node-tls13", requires=("node",),
          title="Node refuses an inspector's certificate over TLS 1.3 without an alert.",
          made="mitmproxy on the firewall, its authority unknown to the client (Node, TLS 1.3).",
          endpoints=[fault(ARC, **HIDDEN_CA_SILENT)],
          shows={"tls.handshake.type == 2": 2, "tls.alert_message": (0, 0)})
def untrusted_node_tls13(lab):
    transparent_mitmproxy(lab, ARC)
    with lab.capture():
        for _ in range(2):
            node(lab, ARC)


@scenario("S47", "tls-inspection-untrusted-gnutls", requires=("gnutls-cli",),
          title="GnuTLS refuses an inspector's certificate with alert 42.",
          made="nginx on the firewall with Zscaler-like certificates, client gnutls-cli (TLS 1.2).",
          endpoints=[fault(ARC, **UNTRUSTED_CA)],
          shows={"tls.alert_message.desc == 42 && ip.src == 10.8.0.6": 2})
def untrusted_gnutls(lab):
    dns(lab)
    web(lab, ARC)
    zscaler(lab, ARC)
    with lab.capture():
        for _ in range(2):
            gnutls(lab, ARC)


@scenario("S47", "tls-inspection-untrusted-wget", requires=("wget",),
          title="wget refuses an inspector's certificate after a complete handshake, without an alert.",
          made="nginx on the firewall with Zscaler-like certificates, client wget (GnuTLS, TLS 1.2).",
          endpoints=[fault(ARC, **UNTRUSTED_CA_SILENT)],
          shows={'tls.handshake.type == 11 && x509sat.uTF8String contains "Zscaler"': 2,
                 "tls.record.content_type == 20 && ip.src == 10.8.0.6": 2, "tls.alert_message": (0, 0)})
def untrusted_wget(lab):
    dns(lab)
    web(lab, ARC)
    zscaler(lab, ARC)
    with lab.capture():
        for _ in range(2):
            wget(lab, ARC)


@scenario("S47", "tls-inspection-untrusted-java", requires=("java", "javac"),
          title="Java refuses an inspector's certificate over TLS 1.3.",
          made="mitmproxy on the firewall, its authority unknown to the client (Java 17, TLS 1.3).",
          endpoints=[fault(ARC, **dict(HIDDEN_CA, rules="INSP-06 INSP-03 INSP-02 TRUST-01 TRUST-02"))],
          shows={"tls.record.length == 35 && ip.src == 10.8.0.6": 1})
def untrusted_java(lab):
    transparent_mitmproxy(lab, ARC)
    with lab.capture():
        java(lab, ARC)


@scenario("S47", "tls-inspection-untrusted-go", requires=("go",), options=("--agent", "arc"),
          title="Go, the language of the Arc agent, refuses an inspector's certificate with alert 42.",
          made="nginx on the firewall with Zscaler-like certificates, client in Go (TLS 1.2).",
          endpoints=[fault(ARC, **UNTRUSTED_CA)],
          shows={'tls.handshake.type == 11 && x509sat.uTF8String contains "Zscaler"': 2,
                 "tls.alert_message.desc == 42 && ip.src == 10.8.0.6": 2})
def untrusted_go(lab):
    dns(lab)
    web(lab, ARC)
    zscaler(lab, ARC)
    visit = build_go(lab)
    with lab.capture():
        for _ in range(2):
            program(lab, visit, ARC)


@scenario("S47", "tls-inspection-untrusted-go-tls13", requires=("go",), options=("--agent", "arc"),
          title="Go refuses an inspector's certificate over TLS 1.3, in an encrypted alert.",
          made="mitmproxy on the firewall, its authority unknown to the client (Go, TLS 1.3).",
          endpoints=[fault(ARC, **HIDDEN_CA_SILENT)],
          shows={"tls.handshake.type == 2": 2, "tls.alert_message": (0, 0),
                 "tls.record.length == 19 && ip.src == 10.8.0.6": 2})
def untrusted_go_tls13(lab):
    transparent_mitmproxy(lab, ARC)
    visit = build_go(lab)
    with lab.capture():
        for _ in range(2):
            program(lab, visit, ARC)


@scenario("S48", "tls-inspection-mtls-lost", options=("--agent", "entra-connector"),
          title="Inspection takes the place of a server that asks for a client certificate, and the request is lost.",
          made="mitmproxy (trusted) before nginx with ssl_verify_client on; curl has its certificate at hand (TLS "
               "1.2).",
          endpoints=[fault(CONNECTOR, rules="MTLS-03 INSP-01", grades="strong proven", domain="mtls", owner="proxy")],
          shows={"tls.handshake.type == 11 && ip.ttl == 64": 2, "tls.handshake.type == 13": (0, 0)})
def mtls_lost(lab):
    dns(lab)
    device = lab.pki.leaf("agent.contoso.com", issuer=lab.pki.gateway)
    web(lab, Site(CONNECTOR, versions="TLSv1.2",
                  extra=f"ssl_verify_client on; ssl_client_certificate {lab.pki.gateway.certificate};"))
    authority = mitmproxy(lab, "--set", f"ssl_verify_upstream_trusted_ca={lab.pki.root.certificate}")
    with lab.capture():
        for _ in range(2):
            curl(lab, CONNECTOR, "--tls-max", "1.2", "--cacert", authority, "--cert", device.certificate,
                 "--key", device.key)


@scenario("S49", "tls-inspection-hides-failure",
          title="An inspector answers for a dead server; the failure is inside TLS.",
          made="Squid with ssl_bump (trusted) before a server that refuses: its error page arrives inside the "
               "inspected TLS.",
          endpoints=[unclear(ARC, rules="INSP-05 INSP-01", domain="inspection", owner="proxy")],
          shows={"http.response.code == 200 && http.time < 0.02": 3, f"tls.handshake.type == 11 && ({FORGED})": 3})
def hidden_failure(lab):
    bumping_squid(lab, LOGIN)
    lab.server.add_address(ADDRESSES[ARC])
    lab.trust(lab.client, lab.pki.gateway)
    with lab.capture():
        for _ in range(3):
            curl_proxy(lab, ARC, "--tls-max", "1.2")
