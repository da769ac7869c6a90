"""Servers and clients as bare as a socket, for behaviour no ready-made program offers. They run inside a lab host."""

import base64
import socket
import ssl
import struct
import threading
import time

TRUST = "/etc/ssl/certs/ca-certificates.crt"


def abort(connection):
    """Closes with a reset, as a process that gives up does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# -- servers: `serve` runs a handler for each connection

def serve(address, port, handler, *args):
    listener = socket.create_server((address, port))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handler, args=(connection, *args), daemon=True).start()


def accept_and_close(address, port):
    """Closes every connection before the client has said a word; no thread, for that would be too late."""
    listener = socket.create_server((address, port))
    while True:
        listener.accept()[0].close()


def read_then_close(connection):
    connection.recv(65536)
    connection.close()


def read_then_abort(connection):
    connection.recv(65536)
    abort(connection)


def close_unread(connection):
    """Waits for the request but leaves it unread, so that the close becomes a reset."""
    connection.recv(1, socket.MSG_PEEK)
    connection.close()


def read_forever(connection):
    while connection.recv(65536):
        pass


def stop_reading(connection, certificate, key):
    """Completes TLS, then never reads again."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with context.wrap_socket(connection, server_side=True):
        time.sleep(60)


# -- proxies

def _request(connection):
    """One HTTP request head; None at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = connection.recv(1)
        if not part:
            return None
        head += part
    return head.decode("latin-1")


def _reply(connection, status, *fields, body=""):
    lines = [f"HTTP/1.1 {status}", *fields]
    if not status.startswith("2"):
        lines.append(f"Content-Length: {len(body)}")
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body.encode())


def silent_proxy(connection):
    _request(connection)
    time.sleep(60)


def closing_proxy(connection):
    _request(connection)
    connection.close()


def tunnel_then(end, connection):
    """Accepts the CONNECT at once, takes the ClientHello, and then does `end` to the connection."""
    _request(connection)
    _reply(connection, "200 Connection established")
    connection.recv(65536)
    end(connection)


def tunnel_abort(connection):
    tunnel_then(abort, connection)


def tunnel_close(connection):
    tunnel_then(socket.socket.close, connection)


def tunnel_hang(connection):
    tunnel_then(lambda _: time.sleep(60), connection)


NTLM = b"NTLMSSP\0"
NTLM_VERSION = bytes.fromhex("0a0063450000000f")
NTLM_CHALLENGE = base64.b64encode(
    NTLM + struct.pack("<I", 2) + struct.pack("<HHI", 14, 14, 56) + struct.pack("<I", 0x628A8215)
    + bytes.fromhex("0123456789abcdef") + bytes(8) + struct.pack("<HHI", 22, 22, 70) + NTLM_VERSION
    + "CONTOSO".encode("utf-16-le")
    + struct.pack("<HH", 2, 14) + "CONTOSO".encode("utf-16-le") + struct.pack("<HH", 0, 0)).decode()


def ntlm_proxy(connection):
    """Three legs: 407 and close, 407 with a challenge, then the tunnel."""
    while head := _request(connection):
        token = b""
        for line in head.splitlines():
            if line.lower().startswith("proxy-authorization: ntlm "):
                token = base64.b64decode(line.split()[-1])
        if token[8:9] == b"\x03":
            return relay(connection, head.split()[1])
        if token[8:9] == b"\x01":
            _reply(connection, "407 Proxy Authentication Required", f"Proxy-Authenticate: NTLM {NTLM_CHALLENGE}")
        else:
            _reply(connection, "407 Proxy Authentication Required", "Proxy-Authenticate: NTLM", "Connection: close")
            return connection.close()


def relay(connection, target):
    host, port = target.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as far:
        _reply(connection, "200 Connection established")
        threading.Thread(target=_pump, args=(far, connection), daemon=True).start()
        _pump(connection, far)


def _pump(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)


# -- clients

def tls_connect(host, port=443, alpn=(), timeout=10):
    context = ssl.create_default_context(cafile=TRUST)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context.wrap_socket(socket.create_connection((host, port), timeout), server_hostname=host)


def get(connection, host, path="/"):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: agent\r\n\r\n".encode())
    return connection.recv(65536)


def ask_twice(host, pause, path="/", timeout=8):
    """One request, a pause without a packet, another request on the same connection; says how it ended."""
    with tls_connect(host, timeout=timeout) as connection:
        get(connection, host, path)
        time.sleep(pause)
        try:
            return "answered" if get(connection, host, path) else "closed"
        except OSError as error:
            return type(error).__name__


def read_part(host, path):
    """Reads the beginning of an answer, lets the rest arrive, and closes."""
    with tls_connect(host) as connection:
        beginning = get(connection, host, path)
        time.sleep(0.4)
    return len(beginning)


def get_with_alpn(host, protocols, timeout=5):
    """A request whose ClientHello is as long as the list of protocols makes it; says how it ended."""
    try:
        with tls_connect(host, alpn=protocols, timeout=timeout) as connection:
            return "answered" if get(connection, host) else "closed"
    except OSError as error:
        return type(error).__name__


def send_raw(address, port, data, wait=2):
    """Sends bytes as they are and reads until the end or `wait` seconds."""
    with socket.create_connection((address, port), timeout=wait) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except OSError:
            pass
        return answer


# -- small things

def answer(connection, page):
    """A web server with one fixed answer."""
    _request(connection)
    connection.sendall(page.encode())
    connection.close()


TRUNCATED = 0x0200


def dns_answers(address, flags):
    """A resolver that answers every question with the same flags (a response code, TRUNCATED) and no record."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        while True:
            query, client = server.recvfrom(4096)
            server.sendto(query[:2] + struct.pack(">H", 0x8180 | flags) + query[4:6] + bytes(6) + query[12:], client)
