"""The client does not accept the server's certificate."""

from pplab.clients import UNTRUSTED, curl, gnutls, program
from pplab.names import ADDRESSES, ARC, ARC_DATA, LOGIN, OCSP
from pplab.registry import scenario
from pplab.services import Site, dns, web
from pplab.truth import fault, ok


@scenario("S50", "certificate-expired", title="Two servers present an expired certificate.",
          made="nginx with a certificate that ended last week: one server with TLS 1.2, one with 1.3 (certificate "
               "hidden).",
          endpoints=[fault(ARC, rules="TRUST-03", grades="proven"),
                     fault(ARC_DATA, rules="TRUST-03 TRUST-01", grades="proven strong"), ok(LOGIN)],
          shows={"tls.alert_message.desc == 45": 2, "tls.handshake.type == 11": (1, 1)})
def expired(lab):
    dns(lab)
    web(lab, LOGIN, Site(ARC, versions="TLSv1.2", credential=lab.pki.leaf(ARC, days=(-200, -7))),
        Site(ARC_DATA, versions="TLSv1.3", credential=lab.pki.leaf(ARC_DATA, days=(-200, -7))))
    with lab.capture():
        curl(lab, LOGIN)
        for host in ARC, ARC_DATA:
            curl(lab, host, expect=UNTRUSTED)


@scenario("S51", "certificate-wrong-name",
          title="The server's certificate is for another name; the client leaves quietly.",
          made="nginx with another site's certificate (TLS 1.2); curl completes the handshake and closes.",
          endpoints=[fault(ARC, rules="TRUST-04", grades="proven strong"), ok(LOGIN)],
          shows={"tls.handshake.type == 11": 1,
                 "tls.record.content_type == 21 && ip.src == 10.8.0.6 && tls.record.length == 26": 1})
def wrong_name(lab):
    dns(lab)
    web(lab, LOGIN, Site(ARC, versions="TLSv1.2", credential=lab.pki.leaf("gbl.his.privatelink.arc.azure.com")))
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=UNTRUSTED)


@scenario("S52", "certificate-chain-incomplete",
          title="The server sends its leaf without the intermediate certificate.",
          made="nginx with the leaf only (TLS 1.2); curl does not fetch intermediates.",
          endpoints=[fault(ARC, rules="TRUST-06 TRUST-01", grades="strong proven"), ok(LOGIN)],
          shows={"tls.alert_message.desc == 48": 1, "tls.handshake.type == 11": 1})
def incomplete_chain(lab):
    dns(lab)
    leaf = lab.pki.leaf(ARC)
    leaf.chain = leaf.certificate
    web(lab, LOGIN, Site(ARC, versions="TLSv1.2", credential=leaf))
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=UNTRUSTED)


@scenario("S53", "revocation-unreachable", requires=("gnutls-cli",),
          title="The client cannot reach the OCSP server of the certificate and gives up.",
          made="gnutls-cli --ocsp against nginx (TLS 1.2) while port 80 to the OCSP host is dropped.",
          endpoints=[fault(ARC, rules="TRUST-05 TRUST-02 TRUST-01", grades="strong consistent", owner="network"),
                     fault(OCSP, rules="FW-01 TRUST-05", grades="consistent strong")],
          conclusion={"outcome": "fault", "domain": "trust", "owner": "network", "rules": ["TRUST-05", "FW-01"]},
          shows={f"tcp.flags.syn == 1 && ip.dst == {ADDRESSES[OCSP]}": 4, "tls.handshake.type == 11": 1})
def revocation(lab):
    dns(lab)
    web(lab, Site(ARC, versions="TLSv1.2"))
    lab.fw.iptables(f"-A FORWARD -p tcp -d {ADDRESSES[OCSP]} --dport 80 -j DROP")
    lab.client.sysctl("net.ipv4.tcp_syn_retries=3")
    with lab.capture():
        gnutls(lab, ARC, "--ocsp")


@scenario("S54", "client-clock-wrong", requires=("faketime",),
          title="The client's clock runs years ahead, so a valid certificate looks expired to it.",
          made="curl under faketime (+3 years) against nginx with a valid certificate (TLS 1.2).",
          endpoints=[fault(ARC, LOGIN, rules="LOC-05", grades="strong")],
          shows={"tls.alert_message.desc == 45": 2, "tls.handshake.type == 11": 2})
def wrong_clock(lab):
    dns(lab)
    web(lab, ARC, LOGIN)
    with lab.capture():
        for host in ARC, LOGIN:
            program(lab, "faketime", "-f", "+3y", "curl", "--silent", "--tls-max", "1.2", f"https://{host}/",
                    expect=UNTRUSTED)
