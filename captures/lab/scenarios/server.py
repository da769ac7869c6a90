"""The remote server itself."""

import time

from pplab import forge, sockets
from pplab.clients import EMPTY_REPLY, NO_CONNECT, RECEIVE, TIMEOUT, TLS_FAILED, curl
from pplab.lab import CLIENT
from pplab.names import ADDRESSES, ARC, ARC_DATA, BLOB, CRL, LOGIN, OCSP
from pplab.registry import scenario
from pplab.services import dns, web
from pplab.truth import fault, ok

CUT = (TLS_FAILED, EMPTY_REPLY, RECEIVE)


def socket_server(lab, host, handler, *args):
    lab.server.add_address(ADDRESSES[host])
    lab.server.spawn(sockets.serve, ADDRESSES[host], 443, handler, *args)
    time.sleep(0.3)
    lab.server.wait_listening(443)


@scenario("S19", "server-port-closed", title="Port 443 of the server is closed; its port 80 answers.",
          made="A server without a listener on 443: the reset comes from as far away as everything else of that "
               "server.",
          endpoints=[fault(CRL, rules="SRV-01", grades="strong"), ok(LOGIN)],
          shows={f"tcp.flags == 0x014 && tcp.srcport == 443 && ip.ttl == 62 && ip.src == {ADDRESSES[CRL]}": 1,
                 f"http.response.code == 200 && ip.src == {ADDRESSES[CRL]}": 1})
def port_closed(lab):
    dns(lab)
    web(lab, LOGIN, plain=[CRL])
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, f"http://{CRL}/DigiCertGlobalRootG2.crl")
        curl(lab, CRL, expect=NO_CONNECT)


@scenario("S84", "server-http-503", title="The server answers a plain HTTP request with an error of its own.",
          made="nginx with return 503 on port 80; another host answers 200.",
          endpoints=[fault(CRL, rules="SRV-06", grades="proven"), ok(OCSP)],
          shows={"http.response.code == 503": 1, "http.response.code == 200": 1})
def http_error(lab):
    dns(lab)
    web(lab, plain=[OCSP], extra=f"server {{ listen {ADDRESSES[CRL]}:80; return 503; }}", also=[ADDRESSES[CRL]])
    with lab.capture():
        curl(lab, f"http://{OCSP}/")
        curl(lab, f"http://{CRL}/DigiCertGlobalRootG2.crl")


@scenario("S20", "server-port-closed-windows", title="One refused attempt of a Windows host: five SYNs, five resets.",
          made="scapy repeats the SYN half a second after each reset, as Windows does.",
          endpoints=[fault(ADDRESSES[ARC], rules="SRV-01", grades="consistent strong")],
          shows={f"tcp.flags == 0x014 && ip.src == {ADDRESSES[ARC]}": (5, 5), "tcp.flags.syn == 1": (5, 5)})
def port_closed_windows(lab):
    lab.server.add_address(ADDRESSES[ARC])
    with lab.capture():
        lab.client.call(forge.windows_connect, CLIENT, ADDRESSES[ARC], 443)


@scenario("S63", "server-reset", title="Two server processes reset the connection after the ClientHello.",
          made="One server reads the ClientHello and aborts, the other closes with it unread.",
          endpoints=[fault(ARC, ARC_DATA, rules="SRV-02", grades="strong"), ok(LOGIN)],
          shows={f"tcp.flags == 0x014 && ip.ttl == 62 && ip.src == {ADDRESSES[ARC]}": 1,
                 f"tcp.flags == 0x014 && ip.ttl == 62 && ip.src == {ADDRESSES[ARC_DATA]}": 1})
def server_reset(lab):
    dns(lab)
    web(lab, LOGIN)
    socket_server(lab, ARC, sockets.read_then_abort)
    socket_server(lab, ARC_DATA, sockets.close_unread)
    with lab.capture():
        curl(lab, LOGIN)
        for host in ARC, ARC_DATA:
            curl(lab, host, expect=CUT)


@scenario("S64", "server-accept-and-close", title="The server accepts connections only to close them.",
          made="A server process that closes at once, as a load balancer without a backend.",
          endpoints=[fault(ARC, rules="SRV-07", grades="strong"), ok(LOGIN)],
          shows={f"tcp.flags.fin == 1 && ip.src == {ADDRESSES[ARC]} && tcp.ack == 1": 3,
                 f"tcp.flags.reset == 1 && ip.src == {ADDRESSES[ARC]}": 3})
def accept_and_close(lab):
    dns(lab)
    web(lab, LOGIN)
    lab.server.add_address(ADDRESSES[ARC])
    lab.server.spawn(sockets.accept_and_close, ADDRESSES[ARC], 443)
    lab.server.wait_listening(443)
    time.sleep(0.3)
    with lab.capture():
        curl(lab, LOGIN)
        for _ in range(3):
            curl(lab, ARC, expect=CUT)


@scenario("S65", "server-silent", title="The server takes the ClientHello and never answers.",
          made="A server process that only reads.",
          endpoints=[fault(ARC, rules="SRV-04", grades="consistent"), ok(LOGIN)],
          shows={f"ip.src == {ADDRESSES[ARC]} && tcp.ack > 500": 1,
                 f"ip.src == {ADDRESSES[ARC]} && tcp.len > 0": (0, 0),
                 "tcp.time_delta > 10": 1})
def silent(lab):
    dns(lab)
    web(lab, LOGIN)
    socket_server(lab, ARC, sockets.read_forever)
    with lab.capture():
        curl(lab, LOGIN)
        curl(lab, ARC, expect=TIMEOUT, timeout=12)


@scenario("S66", "server-window-zero", title="The server stops reading an upload; its window stays closed.",
          made="A TLS server process that never reads after the handshake; curl uploads.",
          endpoints=[fault(BLOB, rules="SRV-05", grades="proven")],
          shows={f"tcp.window_size == 0 && tcp.flags.reset == 0 && ip.src == {ADDRESSES[BLOB]}": 3,
                 "tcp.analysis.keep_alive || tcp.analysis.zero_window_probe": 4})
def window_zero(lab):
    dns(lab)
    leaf = lab.pki.leaf(BLOB)
    lab.server.sysctl("net.ipv4.tcp_rmem=4096 8192 8192")
    socket_server(lab, BLOB, sockets.stop_reading, leaf.chain, leaf.key)
    upload = lab.client.directory / "upload"
    upload.write_bytes(bytes(60000))
    with lab.capture():
        curl(lab, f"https://{BLOB}/backup/block", "--upload-file", upload, expect=TIMEOUT, timeout=20)
