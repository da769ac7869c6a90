"""The client's own host: no gateway, the wrong proxy settings."""

from pplab.clients import BAD_NAME, EMPTY_REPLY, RECEIVE, TIMEOUT, TLS_FAILED, curl, curl_proxy
from pplab.lab import PROXY
from pplab.names import ADDRESSES, ARC, CRL, LOGIN
from pplab.registry import scenario
from pplab.services import PROXY_PORT, dns, squid, web
from pplab.truth import fault, ok

PROXY_NAME = "proxy.contoso.com"


@scenario("S78", "local-no-gateway", title="The default gateway does not answer ARP; nothing leaves the host.",
          made="The client's default route points to an address nobody has.",
          endpoints=[], conclusion={"outcome": "fault", "domain": "local", "owner": "local", "rules": ["LOC-01"]},
          shows={"arp.opcode == 1 && arp.dst.proto_ipv4 == 10.8.0.254": 3, "ip": (0, 0)})
def no_gateway(lab):
    lab.client.ip("route replace default via 10.8.0.254")
    with lab.capture():
        curl(lab, ARC, expect=(BAD_NAME, TIMEOUT), timeout=8)


@scenario("S79", "local-proxy-not-used",
          title="One program goes direct and is dropped while another uses the working proxy.",
          made="The firewall lets only the proxy out; curl with and without the proxy setting.",
          endpoints=[fault(ARC, rules="LOC-04 FW-01", grades="strong consistent", domain="local", owner="local"),
                     ok(LOGIN)],
          shows={f"tcp.flags.syn == 1 && ip.dst == {ADDRESSES[ARC]}": 5, "http.response.code == 200": 1,
                 "tls.handshake.type == 2": 1})
def proxy_not_used(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    squid(lab)
    lab.fw.iptables("-A FORWARD -i client0 -o wan0 -j DROP")
    with lab.capture():
        curl_proxy(lab, LOGIN)
        curl(lab, ARC, expect=TIMEOUT, timeout=5.5)
        curl_proxy(lab, LOGIN)


@scenario("S79", "local-tls-to-proxy-port", title="The client speaks TLS to the port of a plain HTTP proxy.",
          made="curl with an https:// proxy URL for Squid's http_port.",
          endpoints=[fault(PROXY_NAME, rules="TLS-08 PRX-15 LOC-04", grades="proven strong", owner="local")],
          shows={f"tcp.dstport == {PROXY_PORT} && tcp.len > 500": 1, "http.response.code == 400": 1})
def tls_to_proxy(lab):
    dns(lab, names={PROXY_NAME: PROXY})
    squid(lab)
    with lab.capture():
        curl(lab, LOGIN, "--proxy", f"https://{PROXY_NAME}:{PROXY_PORT}", expect=(TLS_FAILED, EMPTY_REPLY, RECEIVE))


@scenario("S79", "local-connect-to-web-server",
          title="The host's proxy setting names a web server, which rejects CONNECT.",
          made="curl with nginx's port 80 as its proxy.",
          endpoints=[fault(LOGIN, ARC, rules="PRX-15", grades="strong proven", owner="local")],
          shows={'http.request.method == "CONNECT"': 2, "http.response.code >= 400": 2})
def connect_to_web_server(lab):
    web(lab, plain=[CRL])
    with lab.capture():
        for host in LOGIN, ARC:
            curl(lab, host, "--proxy", f"http://{ADDRESSES[CRL]}:80", expect=RECEIVE)
