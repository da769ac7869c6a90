"""One small capture for each of the 19 tampering signatures (Cloudflare, SIGCOMM 2023), as our client sees them.

The signatures were defined at the server; here is their mirror (diagnosis facts, section 4). The server stands two
routers away and takes 50 ms, the device stands at the first hop. Before each, the same server answers for another
name on port 80, so that its distance is known. Where the server itself could have sent the same flags, a twin shows it
doing so."""

import struct
from ipaddress import ip_address

from . import truth
from .lab import CLIENT, RESOLVER
from .names import ADDRESSES, ARC_DATA, ARC_GAS, LOGIN
from .pcapng import ETHERNET, Capture, Packet
from .variants_packets import ACK, CLIENT_MAC, FIN, PSH, RST, SYN, TCP, UDP, checksum

HOST, NEIGHBOUR, SERVER = ARC_DATA, ARC_GAS, ADDRESSES[ARC_DATA]     # two names of one server
GATEWAY_MAC = bytes.fromhex("020000000101")
BEGIN = 1_767_225_600_000_000_000       # 2026-01-01
MS = 1_000_000
ROUND_TRIP, NEAR = 50 * MS, 300_000     # to the server, to the device
SERVER_TTL, DEVICE_TTL, CLIENT_TTL = 62, 64, 64
CLIENT_ISN, SERVER_ISN = 1_000_000, 5_000_000
WINDOW = 501


class Wire:
    """What passes the client's interface, in order; `wait` lets time go by."""

    def __init__(self):
        self.now, self.packets, self.identification = BEGIN, [], {}

    def wait(self, nanoseconds):
        self.now += nanoseconds

    def send(self, source, target, ttl, protocol, body, identification=None):
        if identification is None:
            identification = self.identification[source] = self.identification.get(source, 100) + 1
        addresses = ip_address(source).packed + ip_address(target).packed
        at = 16 if protocol == TCP else 6
        value = checksum(addresses + struct.pack(">HH", protocol, len(body)) + body)
        body = body[:at] + struct.pack(">H", value) + body[at + 2:]
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), identification, 0x4000, ttl, protocol, 0) + addresses
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        macs = GATEWAY_MAC + CLIENT_MAC if source == CLIENT else CLIENT_MAC + GATEWAY_MAC
        data = macs + b"\x08\x00" + head + body
        self.packets.append(Packet(self.now, data, len(data)))

    def lookup(self, name):
        question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
        number = 40000 + len(self.packets)
        answer = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 60, 4) + ip_address(ADDRESSES[name]).packed
        for source, target, ports, flags, count, rest in (
                (CLIENT, RESOLVER, (number, 53), 0x0100, 0, b""), (RESOLVER, CLIENT, (53, number), 0x8180, 1, answer)):
            message = struct.pack(">HHHHHH", number, flags, 1, count, 0, 0) + question + rest
            self.send(source, target, 63 if source == RESOLVER else CLIENT_TTL, UDP,
                      struct.pack(">HHHH", *ports, 8 + len(message), 0) + message)
            self.wait(NEAR)


class Talk:
    """One connection between the client and the server, with a device in between that may speak for the server."""

    def __init__(self, wire, port, server_port=443, name=HOST):
        self.wire, self.ports, self.name, self.address = wire, (port, server_port), name, ADDRESSES[name]
        self.sent, self.got = CLIENT_ISN, SERVER_ISN    # next sequence numbers
        self.clocks = {True: 0, False: 0}               # ours and theirs

    def segment(self, ports, sequence, acknowledged, flags, payload, options, window):
        size = (20 + len(options)) // 4 << 4
        return struct.pack(">HHIIBBHHH", *ports, sequence % 2 ** 32, acknowledged, size, flags, window, 0, 0) + \
            options + payload

    def _options(self, ours, flags):
        """Timestamps as live sockets write them: the own clock, and the other side's as last seen."""
        self.clocks[ours] = self.wire.now // MS % 2 ** 31 + 7_000_000 * ours
        stamp = b"\x08\x0a" + struct.pack(">II", self.clocks[ours], self.clocks[not ours])
        return b"\x02\x04\x05\xb4\x04\x02" + stamp + b"\x01\x03\x03\x07" if flags & SYN else b"\x01\x01" + stamp

    def client(self, flags, payload=b"", again=False):
        sequence = self.sent - (len(payload) or 1) * again
        acknowledged = self.got if flags & ACK else 0
        body = self.segment(self.ports, sequence, acknowledged, flags, payload, self._options(True, flags), WINDOW)
        self.wire.send(CLIENT, self.address, CLIENT_TTL, TCP, body)
        self.sent += 0 if again else len(payload) + bool(flags & (SYN | FIN))

    def server(self, flags, payload=b""):
        body = self.segment(self.ports[::-1], self.got, self.sent, flags, payload, self._options(False, flags), WINDOW)
        self.wire.send(self.address, CLIENT, SERVER_TTL, TCP, body, 0 if flags & SYN else None)
        self.got += len(payload) + bool(flags & (SYN | FIN))

    def forged(self, flags, ahead=0, acknowledged=None, sequence=None):
        """The device's reset in the server's name: no options, no window, no identification, fewer hops."""
        acknowledged = (self.sent if flags & ACK else 0) if acknowledged is None else acknowledged
        sequence = self.got + ahead if sequence is None else sequence
        body = self.segment(self.ports[::-1], sequence, acknowledged, flags, b"", b"", 0)
        self.wire.send(self.address, CLIENT, DEVICE_TTL, TCP, body, 0)

    def open(self):
        self.client(SYN)
        self.wire.wait(ROUND_TRIP)
        self.server(SYN | ACK)
        self.wire.wait(MS // 20)
        self.client(ACK)
        self.wire.wait(MS // 2)

    def hello(self):
        self.client(PSH | ACK, CLIENT_HELLO)

    def silence(self, payload=b"", flags=SYN, seconds=(1, 2, 4, 8)):
        """The client's repetitions of what nobody answers."""
        for each in seconds:
            self.wire.wait(int(each * 1000) * MS)
            self.client(flags, payload, again=True)

    def session(self):
        """A TLS 1.3 session with one request and its answer."""
        self.hello()
        for back, forth in ((SERVER_HELLO + _record(20, b"\1") + _sealed(1200), _record(20, b"\1") + _sealed(53)),
                            (_sealed(250), _sealed(180)), (_sealed(900), b"")):
            self.wire.wait(ROUND_TRIP)
            self.server(PSH | ACK, back)
            self.wire.wait(MS)
            self.client(PSH | ACK if forth else ACK, forth)


def _record(kind, body):
    return struct.pack(">BHH", kind, 0x0303, len(body)) + body


def _sealed(size):
    return _record(23, bytes(i * 37 % 251 for i in range(size)))


def _extension(number, body):
    return struct.pack(">HH", number, len(body)) + body


def _handshake(kind, body):
    return _record(22, struct.pack(">I", kind << 24 | len(body)) + body)


def _client_hello():
    name = struct.pack(">HBH", len(HOST) + 3, 0, len(HOST)) + HOST.encode()
    extensions = (_extension(0, name) + _extension(10, b"\0\2\0\x1d") + _extension(13, b"\0\4\4\3\x08\4")
                  + _extension(43, b"\4\3\4\3\3") + _extension(51, b"\0\x24\0\x1d\0\x20" + bytes(range(32))))
    return _handshake(1, b"\3\3" + bytes(range(100, 132)) + b"\x20" + bytes(range(32))
                      + b"\0\x06\x13\1\x13\2\xc0\x2f" + b"\1\0" + struct.pack(">H", len(extensions)) + extensions)


def _server_hello():
    extensions = _extension(43, b"\3\4") + _extension(51, b"\0\x1d\0\x20" + bytes(range(32)))
    return _handshake(2, b"\3\3" + bytes(range(50, 82)) + b"\x20" + bytes(range(32)) + b"\x13\1\0"
                      + struct.pack(">H", len(extensions)) + extensions)


CLIENT_HELLO, SERVER_HELLO = _client_hello(), _server_hello()


# -- the signatures

SIGNATURES = []


def signature(name, label, rules, grades="strong proven", **other):
    """`rules` are the acceptable ones, the best first."""
    def register(play):
        SIGNATURES.append((f"signature-{name}", label, rules, grades, other, play))
        return play
    return register


@signature("01", "SYN → ∅", "FW-01", "strong consistent")
def nothing_answers(talk):
    talk.client(SYN)
    talk.silence()


@signature("02", "SYN → RST", "FW-04 FW-13")
def reset_without_ack(talk):
    talk.client(SYN)
    for seconds in (1, 2, 4):
        talk.wire.wait(NEAR)
        talk.forged(RST, sequence=0)
        talk.silence(seconds=(seconds,))


@signature("03", "SYN → RST+ACK", "FW-04")
def refused_by_device(talk):
    talk.client(SYN)
    talk.wire.wait(NEAR)
    talk.forged(RST | ACK, sequence=0)


@signature("03-server", "a closed port: SYN → RST+ACK of the server", "SRV-01", "strong")
def refused_by_server(talk):
    talk.client(SYN)
    talk.wire.wait(ROUND_TRIP)
    body = talk.segment(talk.ports[::-1], 0, talk.sent, RST | ACK, b"", b"", 0)
    talk.wire.send(SERVER, CLIENT, SERVER_TTL, TCP, body, 0)


@signature("04", "SYN → RST; RST+ACK", "FW-13 FW-04")
def two_kinds_of_reset(talk):
    talk.client(SYN)
    talk.wire.wait(NEAR)
    talk.forged(RST, sequence=0)
    talk.wire.wait(NEAR)
    talk.forged(RST | ACK, sequence=0)


@signature("05", "SYN; ACK → ∅", "FW-06", "strong consistent")
def hello_swallowed(talk):
    talk.open()
    talk.hello()
    talk.silence(CLIENT_HELLO, PSH | ACK)


@signature("06", "SYN; ACK → RST", "FW-07")
def hello_reset(talk):
    talk.open()
    talk.hello()
    talk.wire.wait(NEAR)
    talk.forged(RST)


@signature("07", "SYN; ACK → RST; RST", "FW-07 FW-13")
def hello_reset_twice(talk):
    hello_reset(talk)
    talk.wire.wait(NEAR)
    talk.forged(RST)


@signature("08", "SYN; ACK → RST+ACK", "FW-07")
def hello_reset_with_ack(talk):
    talk.open()
    talk.hello()
    talk.wire.wait(NEAR)
    talk.forged(RST | ACK)


@signature("08-server", "a server that aborts at the ClientHello", "SRV-02", "strong")
def server_aborts(talk):
    talk.open()
    talk.hello()
    talk.wire.wait(ROUND_TRIP)
    talk.server(ACK)
    talk.wire.wait(MS)
    talk.server(RST | ACK)


@signature("09", "SYN; ACK → RST+ACK; RST+ACK", "FW-13 FW-07")
def hello_reset_with_ack_twice(talk):
    hello_reset_with_ack(talk)
    talk.wire.wait(NEAR)
    talk.forged(RST | ACK, ahead=1460)


@signature("10", "PSH+ACK → ∅", "FW-06", "strong consistent")
def answer_swallowed(talk):
    """The server has the ClientHello here, and below it has not; the client sees the same."""
    talk.open()
    talk.hello()
    talk.silence(CLIENT_HELLO, PSH | ACK, seconds=(0.3, 0.6, 1.2, 2.4, 4.8))


def raced(talk, *resets):
    """Resets from beside the path: the server got the ClientHello, and answers when it is too late."""
    talk.open()
    talk.hello()
    for each in resets:
        talk.wire.wait(NEAR)
        talk.forged(**each)
    talk.wire.wait(ROUND_TRIP)
    talk.server(ACK)
    talk.server(PSH | ACK, SERVER_HELLO + _record(20, b"\1") + _sealed(1000))


@signature("11", "PSH+ACK → RST", "FW-13 FW-07")
def raced_reset(talk):
    raced(talk, {"flags": RST})


@signature("12", "PSH+ACK → RST+ACK", "FW-13 FW-07")
def raced_reset_with_ack(talk):
    raced(talk, {"flags": RST | ACK})


@signature("13", "PSH+ACK → RST; RST+ACK", "FW-13 FW-07")
def raced_two_kinds(talk):
    raced(talk, {"flags": RST}, {"flags": RST | ACK})


@signature("14", "PSH+ACK → RST+ACK; RST+ACK", "FW-13 FW-07")
def raced_two_with_ack(talk):
    raced(talk, {"flags": RST | ACK}, {"flags": RST | ACK, "ahead": 1460})


@signature("15", "PSH+ACK → RST = RST", "FW-13 FW-07")
def raced_same_ack(talk):
    raced(talk, *({"flags": RST, "ahead": ahead, "acknowledged": CLIENT_ISN + 9} for ahead in (0, 1460)))


@signature("16", "PSH+ACK → RST ≠ RST", "FW-13 FW-07")
def raced_other_ack(talk):
    raced(talk, *({"flags": RST, "acknowledged": CLIENT_ISN + 9 + more} for more in (0, 500)))


@signature("17", "PSH+ACK → RST; RST₀", "FW-13 FW-07")
def raced_zero_ack(talk):
    raced(talk, {"flags": RST, "acknowledged": CLIENT_ISN + 9}, {"flags": RST, "acknowledged": 0})


@signature("18", "PSH+ACK; Data → RST", "FW-14 FW-07 FW-13", "strong consistent")
def session_reset(talk):
    talk.open()
    talk.session()
    talk.wire.wait(400 * MS)
    talk.client(PSH | ACK, _sealed(180))
    talk.wire.wait(NEAR)
    talk.forged(RST)


@signature("19", "PSH+ACK; Data → RST+ACK", "FW-14 FW-07 FW-13", "strong consistent")
def session_reset_with_ack(talk):
    talk.open()
    talk.session()
    talk.wire.wait(400 * MS)
    talk.client(PSH | ACK, _sealed(180))
    talk.wire.wait(NEAR)
    talk.forged(RST | ACK)


@signature("19-server", "a server that aborts in the middle of its work", "SRV-02", "strong consistent")
def server_aborts_session(talk):
    talk.open()
    talk.session()
    talk.wire.wait(400 * MS)
    talk.client(PSH | ACK, _sealed(180))
    talk.wire.wait(ROUND_TRIP)
    talk.server(RST | ACK)


@signature("19-end", "a reset after the goodbye", "OK-02 OK-01", "")
def reset_after_the_end(talk):
    talk.open()
    talk.session()
    talk.wire.wait(400 * MS)
    talk.client(PSH | ACK, _sealed(19))
    talk.client(FIN | ACK)
    talk.wire.wait(ROUND_TRIP)
    talk.server(RST | ACK)


def captures():
    """(name, capture, truth) of every signature."""
    for name, label, rules, grades, other, play in SIGNATURES:
        wire = Wire()
        wire.lookup(NEIGHBOUR)
        _healthy(Talk(wire, 50080, 80, NEIGHBOUR))
        wire.lookup(HOST)
        play(Talk(wire, 50443))
        wire.wait(30_000 * MS)
        wire.lookup(LOGIN)      # the capture goes on, long enough for any time-out
        _healthy(Talk(wire, 50081, 80, LOGIN))
        entries = truth.fault(HOST, rules=rules, grades=grades, **other) if grades else truth.ok(HOST, rules=rules)
        healthy = not grades
        end = {"outcome": "ok", "domain": "none", "owner": "none", "rules": rules.split()} if healthy else \
            {key: entries[0][key] for key in ("outcome", "domain", "owner", "rules")}
        yield name, Capture(ETHERNET, wire.packets), {
            "scenario": name, "family": "signatures", "title": label, "options": [], "exit_status": int(not healthy),
            "conclusion": end, "endpoints": entries + truth.ok(NEIGHBOUR, LOGIN)}


def _healthy(talk):
    """An exchange on port 80 that nobody disturbs."""
    talk.open()
    talk.client(PSH | ACK, f"GET / HTTP/1.1\r\nHost: {talk.name}\r\nConnection: close\r\n\r\n".encode())
    talk.wire.wait(ROUND_TRIP)
    talk.server(PSH | ACK, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    talk.server(FIN | ACK)
    talk.wire.wait(MS)
    talk.client(FIN | ACK)
    talk.wire.wait(ROUND_TRIP)
    talk.server(ACK)
