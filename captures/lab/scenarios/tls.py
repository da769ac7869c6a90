"""TLS negotiation: versions, ciphers, names, and peers that do not speak TLS."""

from pplab import sockets
from pplab.clients import EMPTY_REPLY, RECEIVE, TLS_FAILED, curl, program
from pplab.names import ADDRESSES, ARC, CRL, LOGIN
from pplab.registry import scenario
from pplab.services import Site, dns, web
from pplab.truth import fault, ok

CUT = (TLS_FAILED, EMPTY_REPLY, RECEIVE)
# an SSLv2-format ClientHello that offers TLS 1.0 at most
SSL2_HELLO = (bytes.fromhex("802b 01 0301 0012 0000 0010 000004 000005 00000a 000009 000064 000062")
              + bytes(range(1, 17)))


def alert(code, host):
    return f"tls.alert_message.desc == {code} && ip.src == {ADDRESSES[host]}"


@scenario("S55", "tls-server-wants-13", title="The client speaks TLS 1.2 at most, the server 1.3 only.",
          made="nginx limited to TLS 1.3, curl limited to 1.2.",
          endpoints=[fault(ARC, rules="TLS-01", grades="proven", owner="server"), ok(LOGIN)], shows={alert(70, ARC): 1})
def server_wants_13(lab):
    dns(lab)
    web(lab, LOGIN, Site(ARC, versions="TLSv1.3"))
    with lab.capture():
        curl(lab, LOGIN, "--tls-max", "1.2")
        curl(lab, ARC, "--tls-max", "1.2", expect=CUT)


@scenario("S55", "tls-server-stops-at-12", title="The client speaks TLS 1.3 only, the server 1.2 at most.",
          made="nginx limited to TLS 1.2, curl limited to 1.3.",
          endpoints=[fault(ARC, rules="TLS-01", grades="proven", owner="server"), ok(LOGIN)], shows={alert(70, ARC): 1})
def server_stops_at_12(lab):
    dns(lab)
    web(lab, LOGIN, Site(ARC, versions="TLSv1.2"))
    with lab.capture():
        curl(lab, LOGIN, "--tlsv1.3")
        curl(lab, ARC, "--tlsv1.3", expect=CUT)


@scenario("S56", "tls-no-common-cipher", title="Client and server have no cipher suite in common.",
          made="nginx with AES128-SHA only, curl with ECDHE-GCM only, TLS 1.2.",
          endpoints=[fault(ARC, rules="TLS-02", grades="proven", owner="local"), ok(LOGIN)], shows={alert(40, ARC): 1})
def no_common_cipher(lab):
    dns(lab)
    web(lab, LOGIN, Site(ARC, versions="TLSv1.2", extra="ssl_ciphers AES128-SHA;"))
    gcm = "--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
    with lab.capture():
        curl(lab, LOGIN, *gcm)
        curl(lab, ARC, *gcm, expect=CUT)


@scenario("S57", "tls-unrecognized-name", title="The server does not know the name it is asked for.",
          made="nginx with ssl_reject_handshake for every other name.",
          endpoints=[fault(ARC, rules="TLS-04", grades="proven"), ok(LOGIN)], shows={alert(112, ARC): 1})
def unrecognized_name(lab):
    dns(lab)
    web(lab, LOGIN, extra=f"server {{ listen {ADDRESSES[ARC]}:443 ssl; ssl_reject_handshake on; }}",
        also=[ADDRESSES[ARC]])
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=CUT)


@scenario("S83", "tls-no-common-alpn", title="The server knows none of the application protocols the client offers.",
          made="openssl s_client with an invented ALPN name against nginx.",
          endpoints=[fault(ARC, rules="TLS-05", grades="proven"), ok(LOGIN)], shows={alert(120, ARC): 1})
def no_common_alpn(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    with lab.capture():
        curl(lab, LOGIN)
        program(lab, "openssl", "s_client", "-connect", f"{ARC}:443", "-servername", ARC, "-alpn", "x-agent/1",
                stdin=b"")


@scenario("S58", "tls-to-http-port", title="The client speaks TLS to a port that speaks plain HTTP.",
          made="curl with https:// to nginx's port 80.",
          endpoints=[fault(CRL, rules="TLS-08", grades="proven", owner="local"), ok(LOGIN)],
          shows={"tcp.len > 500 && tcp.dstport == 80": 1, "http.response.code == 400": 1})
def tls_to_http(lab):
    dns(lab)
    web(lab, LOGIN, plain=[CRL])
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, f"https://{CRL}:80/", expect=CUT)


@scenario("S59", "tls-legacy-client", title="The client speaks TLS 1.0 at most and is turned away.",
          made="curl limited to TLS 1.0 against nginx with 1.2 and 1.3.",
          endpoints=[fault(ARC, rules="LOC-06 TLS-01", grades="proven")], shows={alert(70, ARC): 1})
def legacy_client(lab):
    dns(lab)
    web(lab, ARC)
    with lab.capture():
        curl(lab, ARC, "--tlsv1.0", "--tls-max", "1.0", "--ciphers", "DEFAULT@SECLEVEL=0", expect=CUT)


@scenario("S59", "tls-sslv2-hello", title="The client begins with a hello in SSLv2 format and is turned away.",
          made="A raw SSLv2-format hello offering TLS 1.0, against nginx with 1.2 and 1.3.",
          endpoints=[fault(ARC, rules="LOC-06 TLS-01", grades="proven")],
          shows={f"tcp.len == {len(SSL2_HELLO)}": 1, f"ip.src == {ADDRESSES[ARC]} && tls.alert_message": 1})
def sslv2_hello(lab):
    dns(lab)
    web(lab, ARC)
    with lab.capture():
        lab.client.call(sockets.send_raw, ARC, 443, SSL2_HELLO)


@scenario("S60", "tls-silent-close", title="A server closes after the ClientHello without a word.",
          made="A server process that reads the ClientHello and closes; port 80 of the same server answers as far "
               "away.",
          endpoints=[fault(CRL, rules="TLS-03 SRV-03", grades="consistent", owner="server"), ok(LOGIN)],
          shows={f"ip.src == {ADDRESSES[CRL]} && tcp.srcport == 443 && tcp.flags.fin == 1 && ip.ttl == 62": 1,
                 f"ip.src == {ADDRESSES[CRL]} && tcp.srcport == 443 && tcp.len > 0": (0, 0)})
def silent_close(lab):
    dns(lab)
    web(lab, LOGIN, plain=[CRL])
    lab.server.spawn(sockets.serve, ADDRESSES[CRL], 443, sockets.read_then_close)
    lab.server.wait_listening(443)
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, f"http://{CRL}/DigiCertGlobalRootG2.crl")
        curl(lab, CRL, expect=CUT)
