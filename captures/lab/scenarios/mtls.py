"""Servers that want a certificate from the client."""

from pplab.clients import EMPTY_REPLY, RECEIVE, TLS_FAILED, curl
from pplab.names import CONNECTOR, LOGIN
from pplab.registry import scenario
from pplab.services import Site, dns, s_server, web
from pplab.truth import fault, ok

CUT = (TLS_FAILED, EMPTY_REPLY, RECEIVE)
NO_CERTIFICATE = dict(rules="MTLS-01", grades="proven strong")
AGENT = ("--agent", "entra-connector")


def demanding_server(lab, version):
    dns(lab)
    web(lab, LOGIN)
    s_server(lab, CONNECTOR, version, "-Verify", "2", "-verify_return_error", "-CAfile", lab.pki.gateway.certificate)


@scenario("S61", "mtls-no-certificate-tls12", options=AGENT,
          title="The server demands a client certificate, the client has none, and the server aborts.",
          made="openssl s_server -Verify with TLS 1.2, curl without a certificate: empty Certificate, then alert 40.",
          endpoints=[fault(CONNECTOR, **NO_CERTIFICATE), ok(LOGIN)],
          shows={"tls.handshake.type == 13": 1, "tls.alert_message.desc == 40": 1})
def none_tls12(lab):
    demanding_server(lab, "-tls1_2")
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, CONNECTOR, expect=CUT)


@scenario("S61", "mtls-no-certificate-tls13", options=AGENT,
          title="The same over TLS 1.3, where request and refusal are encrypted.",
          made="openssl s_server -Verify with TLS 1.3, curl without a certificate: a 25-byte record, then a 19-byte "
               "one.",
          endpoints=[fault(CONNECTOR, **NO_CERTIFICATE), ok(LOGIN)],
          shows={"tls.record.length == 25 && ip.src == 10.8.0.6": 1,
                 "tls.record.length == 19 && ip.dst == 10.8.0.6": 1})
def none_tls13(lab):
    demanding_server(lab, "-tls1_3")
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, CONNECTOR, expect=CUT)


@scenario("S61", "mtls-no-certificate-http400", options=AGENT,
          title="The server completes TLS without the client certificate it asked for and answers with an error "
                "inside.",
          made="nginx with ssl_verify_client on (TLS 1.2), curl without a certificate: HTTP 400 inside TLS.",
          endpoints=[fault(CONNECTOR, rules="MTLS-01", grades="consistent strong proven"), ok(LOGIN)],
          shows={"tls.handshake.type == 13": 1, "tls.handshake.type == 11 && tls.handshake.length == 3": 1})
def none_http400(lab):
    dns(lab)
    web(lab, LOGIN, Site(CONNECTOR, versions="TLSv1.2",
                         extra=f"ssl_verify_client on; ssl_client_certificate {lab.pki.gateway.certificate};"))
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, CONNECTOR)


@scenario("S62", "mtls-certificate-rejected", options=AGENT,
          title="The server rejects the client's certificate, which another authority signed.",
          made="openssl s_server -Verify with TLS 1.2, curl with a certificate of an authority the server does not "
               "know.",
          endpoints=[fault(CONNECTOR, rules="MTLS-02", grades="proven strong"), ok(LOGIN)],
          shows={"tls.handshake.type == 13": 1, "tls.alert_message.desc == 48 && ip.dst == 10.8.0.6": 1})
def rejected(lab):
    demanding_server(lab, "-tls1_2")
    stranger = lab.pki.leaf("agent.contoso.com", issuer=lab.pki.authority("/O=Fabrikam/CN=Fabrikam Device CA"))
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, CONNECTOR, "--cert", stranger.chain, "--key", stranger.key, expect=CUT)
