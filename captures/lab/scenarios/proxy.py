"""Forward proxies: refusing, failing, silent, and honest about what failed beyond them."""

from pplab import sockets
from pplab.clients import EMPTY_REPLY, NO_CONNECT, RECEIVE, TIMEOUT, TLS_FAILED, curl, curl_proxy
from pplab.lab import PROXY
from pplab.names import ADDRESSES, ARC, ARC_DATA, LOGIN, PAS, RELAY
from pplab.registry import scenario
from pplab.services import BASIC_AUTH, ONLY_443, PROXY_PORT, dns, squid, squid_user, web
from pplab.truth import fault, lookup, ok

KNOWN_PROXY = ("--proxy", f"{PROXY}:{PROXY_PORT}")
REFUSED_CONNECT = RECEIVE               # curl's word for "the proxy answered CONNECT with an error"
BAD_PROXY_NAME = 5
CUT = (TLS_FAILED, EMPTY_REPLY, RECEIVE)
FROM_PROXY = f"ip.src == {PROXY}"


def python_proxy(lab, behaviour):
    lab.proxy.spawn(sockets.serve, "", PROXY_PORT, behaviour)
    lab.proxy.wait_listening(PROXY_PORT)


def drop_syn(lab, host, source="proxy0"):
    lab.fw.iptables(f"-A FORWARD -i {source} -p tcp -d {ADDRESSES[host]} --dport 443 -j DROP")


# -- authentication

@scenario("S10", "proxy-basic-ok", title="The proxy asks for credentials, gets them, and opens the tunnel.",
          made="Squid with basic authentication; curl asks without credentials first, then with the right ones.",
          endpoints=[ok(LOGIN, ARC, rules="PRX-05 OK-01")],
          shows={"http.response.code == 407": 2, "http.response.code == 200": 2, "http.proxy_authorization": 2,
                 "tls.handshake.type == 2": 2})
def basic_ok(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    squid_user(lab, "svc-arc", "right")
    squid(lab, BASIC_AUTH)
    with lab.capture():
        for host in LOGIN, ARC:
            curl_proxy(lab, host, "--proxy-anyauth", "--proxy-user", "svc-arc:right")


@scenario("S10", "proxy-ntlm-ok", title="NTLM takes three legs on two sockets and ends in an open tunnel.",
          made="A small proxy answers 407 and closes, then 407 with an NTLM challenge, then 200; curl speaks NTLM.",
          endpoints=[ok(LOGIN, rules="PRX-05 OK-01")],
          shows={"http.response.code == 407": (2, 2), "http.response.code == 200": (1, 1), "ntlmssp": 3,
                 "tls.handshake.type == 2": 1})
def ntlm_ok(lab):
    dns(lab)
    web(lab, LOGIN)
    python_proxy(lab, sockets.ntlm_proxy)
    with lab.capture():
        curl_proxy(lab, LOGIN, "--proxy-anyauth", "--proxy-user", "CONTOSO\\svc-arc:right")


@scenario("S34", "proxy-407", options=("--agent", "arc"),
          title="The proxy demands authentication, which the agent does not give.",
          made="Squid with proxy_auth REQUIRED; curl without credentials.",
          endpoints=[fault(LOGIN, ARC, ARC_DATA, rules="PRX-04", grades="proven")],
          shows={"http.response.code == 407": 3, "http.proxy_authorization": (0, 0), "tls": (0, 0)})
def authentication_required(lab):
    hosts = LOGIN, ARC, ARC_DATA
    dns(lab)
    web(lab, *hosts)
    squid_user(lab, "svc-arc", "right")
    squid(lab, BASIC_AUTH)
    with lab.capture():
        for host in hosts:
            curl_proxy(lab, host, expect=REFUSED_CONNECT)


@scenario("S35", "proxy-407-wrong-password", title="The proxy rejects the credentials it was given.",
          made="Squid with basic authentication; curl sends a wrong password.",
          endpoints=[fault(LOGIN, ARC, rules="PRX-06", grades="proven")],
          shows={"http.response.code == 407": 2, "http.proxy_authorization": 2})
def wrong_password(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    squid_user(lab, "svc-arc", "right")
    squid(lab, BASIC_AUTH)
    with lab.capture():
        for host in LOGIN, ARC:
            curl_proxy(lab, host, "--proxy-basic", "--proxy-user", "svc-arc:wrong", expect=REFUSED_CONNECT)


# -- policy

@scenario("S36", "proxy-403", title="The proxy's policy denies one destination and lets another through.",
          made="Squid with a dstdomain deny rule.",
          endpoints=[fault(ARC_DATA, rules="PRX-07", grades="proven"), ok(LOGIN)],
          shows={"http.response.code == 403": 1, "tls.handshake.type == 2": 1})
def denied(lab):
    dns(lab)
    web(lab, LOGIN, ARC_DATA)
    squid(lab, f"{ONLY_443}\nacl unwanted dstdomain .guestconfiguration.azure.com\nhttp_access deny unwanted")
    with lab.capture():
        curl_proxy(lab, LOGIN)
        curl_proxy(lab, ARC_DATA, expect=REFUSED_CONNECT)


@scenario("S37", "proxy-403-port", title="The proxy tunnels to port 443 only and denies 5671.",
          made="Squid with its SSL_ports rule.",
          endpoints=[fault(RELAY, rules="PRX-08 PRX-07", grades="proven"), ok(LOGIN)],
          shows={"http.response.code == 403": 1, 'http.request.uri contains ":5671"': 1, "tls.handshake.type == 2": 1})
def denied_port(lab):
    dns(lab)
    web(lab, LOGIN)
    squid(lab)
    with lab.capture():
        curl_proxy(lab, LOGIN)
        curl_proxy(lab, f"https://{RELAY}:5671/", expect=REFUSED_CONNECT)


# -- what failed beyond the proxy

@scenario("S38", "proxy-503-refused", title="The proxy reports that the destination refused its connection.",
          made="Squid in front of a server with port 443 closed: 503 with ERR_CONNECT_FAIL 111.",
          endpoints=[fault(ARC, rules="PRX-11", grades="proven"), ok(LOGIN)],
          shows={"http.response.code == 503": 1, 'http contains "ERR_CONNECT_FAIL 111"': 1})
def upstream_refused(lab):
    dns(lab)
    web(lab, LOGIN)
    lab.server.add_address(ADDRESSES[ARC])
    squid(lab)
    with lab.capture():
        curl_proxy(lab, LOGIN)
        curl_proxy(lab, ARC, expect=REFUSED_CONNECT)


@scenario("S39", "proxy-503-timeout",
          title="The proxy reports that the destination did not answer its connection attempts.",
          made="Squid (connect_timeout 4 s) with a firewall behind it that drops: 503 with ERR_CONNECT_FAIL 110.",
          endpoints=[fault(ARC, rules="PRX-11", grades="proven"), ok(LOGIN)],
          shows={"http.response.code == 503 && http.time > 3": 1, 'http contains "ERR_CONNECT_FAIL 110"': 1})
def upstream_silent(lab):
    dns(lab)
    web(lab, LOGIN)
    drop_syn(lab, ARC)
    squid(lab)
    with lab.capture():
        curl_proxy(lab, LOGIN)
        curl_proxy(lab, ARC, expect=REFUSED_CONNECT)


@scenario("S40", "proxy-500-dns",
          title="The proxy cannot resolve two destinations and says only that it cannot forward.",
          made="Squid whose resolver answers NXDOMAIN for one name and REFUSED for another: 500 ERR_CANNOT_FORWARD 0.",
          endpoints=[fault(ARC, PAS, rules="PRX-11", grades="proven"), ok(LOGIN)],
          shows={"http.response.code == 500": 2, 'http contains "ERR_CANNOT_FORWARD 0"': 2})
def upstream_name(lab):
    dns(lab, drop=(ARC, PAS), zones=("azure.com",))
    web(lab, LOGIN)
    squid(lab)
    with lab.capture():
        curl_proxy(lab, LOGIN)
        for host in ARC, PAS:
            curl_proxy(lab, host, expect=REFUSED_CONNECT)


# -- silence and cut tunnels

@scenario("S32", "proxy-syn-drop", options=KNOWN_PROXY, title="The proxy's port does not answer.",
          made="iptables DROP on the way to the proxy's port.",
          endpoints=[fault(PROXY, rules="PRX-02 FW-01", grades="consistent", domain="proxy", owner="proxy")],
          shows={f"tcp.flags.syn == 1 && ip.dst == {PROXY}": 5, FROM_PROXY: (0, 0)})
def unreachable(lab):
    lab.fw.iptables(f"-A FORWARD -p tcp -d {PROXY} --dport {PROXY_PORT} -j DROP")
    with lab.capture():
        curl_proxy(lab, LOGIN, expect=TIMEOUT, timeout=5.5)


@scenario("S33", "proxy-refused", options=KNOWN_PROXY, title="Nothing listens on the proxy's port.",
          made="The proxy host without a proxy.",
          endpoints=[fault(PROXY, rules="PRX-03", grades="strong consistent")],
          shows={f"tcp.flags == 0x014 && {FROM_PROXY} && ip.ttl == 63": 2})
def refused(lab):
    with lab.capture():
        for host in LOGIN, ARC:
            curl_proxy(lab, host, expect=NO_CONNECT)


@scenario("S41", "proxy-silent", title="The proxy takes the CONNECT and never answers it.",
          made="A small proxy that reads the request and waits.",
          endpoints=[fault(LOGIN, rules="PRX-09", grades="consistent")],
          shows={'http.request.method == "CONNECT"': 1, f"{FROM_PROXY} && tcp.len > 0": (0, 0)})
def silent(lab):
    python_proxy(lab, sockets.silent_proxy)
    with lab.capture():
        curl_proxy(lab, LOGIN, expect=TIMEOUT, timeout=11)


@scenario("S41", "proxy-closes", title="The proxy closes the connection instead of answering the CONNECT.",
          made="A small proxy that reads the request and closes.",
          endpoints=[fault(LOGIN, ARC, rules="PRX-10", grades="strong")],
          shows={'http.request.method == "CONNECT"': 2, f"{FROM_PROXY} && tcp.len > 0": (0, 0),
                 f"{FROM_PROXY} && tcp.flags.fin == 1": 2})
def closes(lab):
    python_proxy(lab, sockets.closing_proxy)
    with lab.capture():
        for host in LOGIN, ARC:
            curl_proxy(lab, host, expect=CUT)


@scenario("S42", "proxy-200-then-reset", title="The proxy opens the tunnel at once and resets it at the ClientHello.",
          made="A small proxy that answers 200 before contacting anybody, then aborts.",
          endpoints=[fault(LOGIN, ARC, rules="PRX-12", grades="strong")],
          shows={"http.response.code == 200": 2, "tls.handshake.type == 1": 2,
                 f"{FROM_PROXY} && tcp.flags.reset == 1": 2,
                 "tls.handshake.type == 2": (0, 0)})
def tunnel_reset(lab):
    python_proxy(lab, sockets.tunnel_abort)
    with lab.capture():
        for host in LOGIN, ARC:
            curl_proxy(lab, host, expect=CUT)


@scenario("S42", "proxy-200-then-close", title="The proxy opens the tunnel at once and closes it at the ClientHello.",
          made="A small proxy that answers 200 before contacting anybody, then closes.",
          endpoints=[fault(LOGIN, ARC, rules="PRX-12", grades="strong")],
          shows={"http.response.code == 200": 2, "tls.handshake.type == 1": 2, f"{FROM_PROXY} && tcp.flags.fin == 1": 2,
                 "tls.handshake.type == 2": (0, 0)})
def tunnel_close(lab):
    python_proxy(lab, sockets.tunnel_close)
    with lab.capture():
        for host in LOGIN, ARC:
            curl_proxy(lab, host, expect=CUT)


@scenario("S42", "proxy-bump-terminate",
          title="An inspecting proxy opens the tunnel, reads the name, and ends the connection.",
          made="Squid with ssl_bump peek, then terminate for one name; the other is spliced.",
          endpoints=[fault(ARC, rules="PRX-12", grades="strong"), ok(LOGIN)],
          shows={"http.response.code == 200": 2, "tls.handshake.type == 2": (1, 1), "tls.handshake.type == 1": 2})
def bump_terminate(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    squid(lab, bump=(lab.pki.gateway, f"acl hello at_step SslBump1\nacl unwanted ssl::server_name {ARC}\n"
                                      "ssl_bump peek hello\nssl_bump terminate unwanted\nssl_bump splice all"))
    with lab.capture():
        curl_proxy(lab, LOGIN)
        curl_proxy(lab, ARC, expect=CUT)


@scenario("S43", "proxy-tunnel-filtered-beyond", title="A filter behind the proxy resets one name's tunnel.",
          made="Plain Squid; a firewall behind it resets ClientHellos with one name, so the 200 took a round trip.",
          endpoints=[fault(ARC, rules="PRX-12", grades="strong"), ok(LOGIN)],
          shows={"http.response.code == 200 && http.time > 0.04": 2, "tls.handshake.type == 2": (1, 1)})
def filtered_beyond(lab):
    dns(lab)
    web(lab, LOGIN, ARC)
    squid(lab)
    lab.fw.iptables(f"-A FORWARD -i proxy0 -p tcp --dport 443 -m string --algo bm --string {ARC} "
                    "-j REJECT --reject-with tcp-reset")
    with lab.capture():
        curl_proxy(lab, LOGIN)
        curl_proxy(lab, ARC, expect=CUT)


@scenario("S44", "proxy-tunnel-silent", title="The proxy opens the tunnel and then nothing comes back.",
          made="A small proxy that answers 200, takes the ClientHello and waits.",
          endpoints=[fault(LOGIN, rules="PRX-13", grades="consistent")],
          shows={"http.response.code == 200": 1, "tls.handshake.type == 1": 1, "tls.handshake.type == 2": (0, 0)})
def tunnel_silent(lab):
    python_proxy(lab, sockets.tunnel_hang)
    with lab.capture():
        curl_proxy(lab, LOGIN, expect=TIMEOUT, timeout=11)


# -- discovery

@scenario("S81", "proxy-name-unknown", title="The name of the proxy does not resolve.",
          made="curl with a proxy name for which dnsmasq answers NXDOMAIN.",
          endpoints=[fault("proxy.contoso.com", rules="PRX-01 DNS-02", grades="proven", domain="proxy", owner="dns")],
          lookups=[lookup("proxy.contoso.com", "NXDOMAIN", "PRX-01 DNS-02")],
          options=("--proxy", "proxy.contoso.com:8080"), shows={"dns.flags.rcode == 3": 2, "tcp": (0, 0)})
def name_unknown(lab):
    dns(lab)
    with lab.capture():
        curl(lab, LOGIN, "--proxy", "http://proxy.contoso.com:8080", expect=BAD_PROXY_NAME)


@scenario("S45", "proxy-wpad-404", title="The host finds a WPAD server that has no file, goes direct, and is dropped.",
          made="dnsmasq knows wpad, its server answers 404 for wpad.dat, the firewall drops direct connections.",
          endpoints=[fault("wpad.contoso.com", rules="PRX-16", grades="strong consistent"),
                     fault(ARC, rules="PRX-16 FW-01", grades="strong consistent", domain="proxy", owner="proxy")],
          shows={"http.response.code == 404": 1, f"tcp.flags.syn == 1 && ip.dst == {ADDRESSES[ARC]}": 4})
def wpad_missing(lab):
    dns(lab, names={"wpad.contoso.com": PROXY})
    no_file = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    lab.proxy.spawn(sockets.serve, "", 80, sockets.answer, no_file)
    lab.proxy.wait_listening(80)
    lab.fw.iptables("-A FORWARD -i client0 -o wan0 -p tcp -j DROP")
    with lab.capture():
        curl(lab, "http://wpad.contoso.com/wpad.dat")
        curl(lab, ARC, expect=TIMEOUT, timeout=5)
