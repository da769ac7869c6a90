"""Packets and captures as bytes, made fast: tens of thousands a second, checksums zero (nothing verifies them)."""

import struct

ETH4 = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\x00"
ETH6 = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x86\xdd"
START = 1_790_000_000
SYN, ACK, RST, FIN, PSH = 0x02, 0x10, 0x04, 0x01, 0x08


def ip4(number):
    """An address of the private 10/8, by number."""
    return struct.pack(">I", 0x0A000000 | number & 0xFFFFFF)


def public4(number):
    return struct.pack(">I", 0x14000000 + number & 0xFFFFFFFF)


def ip(src, dst, proto, payload, ttl=64, ident=0, fragment=0):
    if len(src) == 16:
        return ETH6 + struct.pack(">IHBB", 0x60000000, len(payload) & 0xFFFF, proto, ttl) + src + dst + payload
    return (ETH4 + struct.pack(">BBHHHBBH", 0x45, 0, (20 + len(payload)) & 0xFFFF, ident, fragment, ttl, proto, 0)
            + src + dst + payload)


def tcp(src, dst, sport, dport, seq, ack, flags, payload=b"", ttl=64, options=b""):
    return ip(src, dst, 6, struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                                       (20 + len(options)) // 4 << 4, flags, 64240, 0, 0) + options + payload, ttl)


def udp(src, dst, sport, dport, payload, ttl=64):
    return ip(src, dst, 17, struct.pack(">HHHH", sport, dport, 8 + len(payload) & 0xFFFF, 0) + payload, ttl)


class Pcap:
    """A classic capture; every packet a millisecond, or what is asked, after the one before."""

    def __init__(self, link_type=1):
        self.parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link_type)]
        self.now = START * 10**9

    def add(self, frame, step=10**6):
        self.now += step
        seconds, ns = divmod(self.now, 10**9)
        self.parts.append(struct.pack("<IIII", seconds, ns, len(frame), len(frame)))
        self.parts.append(frame)

    def bytes(self):
        return b"".join(self.parts)


class Talk:
    """One TCP connection in a capture."""

    def __init__(self, pcap, client, server, sport, dport=443, ttl=64, server_ttl=55, step=10**5):
        self.pcap, self.c, self.s, self.sp, self.dp = pcap, client, server, sport, dport
        self.cseq, self.sseq, self.ttl, self.sttl, self.step = 1000, 5000, ttl, server_ttl, step

    def syn(self):
        self.pcap.add(tcp(self.c, self.s, self.sp, self.dp, self.cseq, 0, SYN, ttl=self.ttl), self.step)
        self.cseq += 1
        return self

    def open(self):
        self.syn()
        self.pcap.add(tcp(self.s, self.c, self.dp, self.sp, self.sseq, self.cseq, SYN | ACK, ttl=self.sttl), self.step)
        self.sseq += 1
        self.pcap.add(tcp(self.c, self.s, self.sp, self.dp, self.cseq, self.sseq, ACK, ttl=self.ttl), self.step)
        return self

    def ask(self, data, flags=PSH | ACK, piece=1400):
        for at in range(0, len(data), piece):
            part = data[at:at + piece]
            self.pcap.add(tcp(self.c, self.s, self.sp, self.dp, self.cseq, self.sseq, flags, part, ttl=self.ttl), self.step)
            self.cseq += len(part)
        return self

    def answer(self, data, flags=PSH | ACK, piece=1400):
        for at in range(0, len(data), piece):
            part = data[at:at + piece]
            self.pcap.add(tcp(self.s, self.c, self.dp, self.sp, self.sseq, self.cseq, flags, part, ttl=self.sttl), self.step)
            self.sseq += len(part)
        return self

    def reset(self, by_server=True, ttl=None):
        if by_server:
            self.pcap.add(tcp(self.s, self.c, self.dp, self.sp, self.sseq, self.cseq, RST | ACK, ttl=ttl or self.sttl), self.step)
        else:
            self.pcap.add(tcp(self.c, self.s, self.sp, self.dp, self.cseq, self.sseq, RST, ttl=ttl or self.ttl), self.step)
        return self

    def close(self):
        for _ in range(1):
            self.pcap.add(tcp(self.c, self.s, self.sp, self.dp, self.cseq, self.sseq, FIN | ACK, ttl=self.ttl), self.step)
            self.pcap.add(tcp(self.s, self.c, self.dp, self.sp, self.sseq, self.cseq + 1, FIN | ACK, ttl=self.sttl), self.step)
            self.pcap.add(tcp(self.c, self.s, self.sp, self.dp, self.cseq + 1, self.sseq + 1, ACK, ttl=self.ttl), self.step)
        return self


# ---- TLS ----

def u8(b):
    return bytes([len(b)]) + b


def u16(b):
    return struct.pack(">H", len(b)) + b


def u24(b):
    return struct.pack(">I", len(b))[1:] + b


def record(kind, body, version=0x0303):
    """One message, in as many records as it takes."""
    return b"".join(struct.pack(">BHH", kind, version, len(body[at:at + 16384])) + body[at:at + 16384]
                    for at in range(0, max(len(body), 1), 16384))


def client_hello(name, more=b"", alpn=(b"h2", b"http/1.1")):
    server_name = b"\0\0" + u16(u16(b"\0" + u16(name))) if name is not None else b""
    protocols = b"\0\x10" + u16(u16(b"".join(u8(a) for a in alpn))) if alpn else b""
    groups = b"\0\x0a" + u16(u16(b"\0\x1d\0\x17"))
    body = (b"\x03\x03" + bytes(32) + u8(b"") + u16(b"\x13\x01\xc0\x2f\xc0\x30") + u8(b"\0")
            + u16(server_name + protocols + groups + more))
    return record(22, b"\x01" + u24(body), 0x0301)


def server_hello(suite=0xC02F):
    return record(22, b"\x02" + u24(b"\x03\x03" + bytes(32) + u8(b"") + struct.pack(">H", suite) + b"\0"))


def certificates(chain):
    return record(22, b"\x0b" + u24(u24(b"".join(u24(c) for c in chain))))


def alert(level, code):
    return record(21, bytes([level, code]))


# ---- DER ----

def der(tag, body):
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + body


OID_CN, OID_O = b"\x55\x04\x03", b"\x55\x04\x0a"
SHA256_RSA = der(0x30, der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b") + der(5, b""))


def name_of(*parts):
    return der(0x30, b"".join(der(0x31, der(0x30, der(6, oid) + der(0x0C, text))) for oid, text in parts))


def certificate(serial, subject=b"host.example", issuer=b"Example CA", names=(b"host.example",), modulus=None):
    modulus = modulus or b"\0" + b"\xc5" * 255 + b"\x01"
    key = der(0x30, der(0x30, der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") + der(5, b""))
              + der(3, b"\0" + der(0x30, der(2, modulus) + der(2, b"\1\0\1"))))
    alternatives = der(0xA3, der(0x30, der(0x30, der(6, b"\x55\x1d\x11") + der(4, der(
        0x30, b"".join(der(0x82, n) for n in names))))))
    tbs = der(0x30, der(0xA0, der(2, b"\2")) + der(2, b"\1" + serial.to_bytes(8, "big")) + SHA256_RSA
              + name_of((OID_O, issuer), (OID_CN, issuer)) + der(0x30, der(0x17, b"260101000000Z") + der(0x17, b"300101000000Z"))
              + name_of((OID_CN, subject)) + key + alternatives)
    return der(0x30, tbs + SHA256_RSA + der(3, b"\0" + bytes(256)))


# ---- DNS ----

def dns_name(text):
    return b"".join(u8(label) for label in text.split(b".")) + b"\0"


def dns_query(ident, name, kind=1):
    return struct.pack(">HHHHHH", ident & 0xFFFF, 0x0100, 1, 0, 0, 0) + dns_name(name) + struct.pack(">HH", kind, 1)


def dns_answer(ident, name, records, code=0, kind=1):
    """records: (owner or None for the question's, type, data)"""
    body = struct.pack(">HHHHHH", ident & 0xFFFF, 0x8180 | code, 1, len(records), 0, 0) + dns_name(name)
    body += struct.pack(">HH", kind, 1)
    for owner, of, data in records:
        body += (b"\xc0\x0c" if owner is None else dns_name(owner)) + struct.pack(">HHIH", of, 1, 60, len(data)) + data
    return body


# ---- pcapng ----

def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def section():
    return block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(link_type=1, options=b""):
    return block(1, struct.pack("<HHI", link_type, 0, 262144) + options)


def enhanced(frame, at_us=START * 10**6, number=0, options=b""):
    return block(6, struct.pack("<IIIII", number, at_us >> 32, at_us & 0xFFFFFFFF, len(frame), len(frame))
                 + frame + b"\0" * (-len(frame) % 4) + options)
