#!/usr/bin/env python3
"""Cuts small seeds for every fuzz target out of captures.  Same captures in, same seeds out.

usage: seeds.py OUT CAPTURE…      files or folders; OUT/<target>/ is filled, files already there are kept

A seed is the smallest input that shows a parser something new, so captures are walked smallest first and each target
stops at its budget.  Streams are put together naively: good enough for seeds.

OUT/ORIGIN.tsv says which capture each seed was cut from.  Where an INDEX.tsv with the columns file, repo, path and
licence lies beside captures, only those under a permissive licence are used.
"""

import csv
import hashlib
import pathlib
import struct
import sys

BUDGET = {"source": 20000, "decode": 16000, "tls": 36000, "http": 20000, "dns": 8000, "dns_tcp": 4000, "x509": 20000,
          "talk": 28000, "file": 30000, "session": 20000, "ipfrag": 1000, "reassembly": 1000, "flow": 3000,
          "catalogue": 6000, "service_tags": 2000, "pack": 2000, "escape": 1000}
LARGEST = 6000
PERMISSIVE = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT or Apache-2.0", "Unlicense"}
ETHERNET, RAW, NULL, SLL = 1, 101, 0, 113


class Seeds:
    def __init__(self, out):
        self.out, self.left, self.seen = pathlib.Path(out), dict(BUDGET), set()
        self.capture, self.origins = "made by seeds.py", {}

    def add(self, target, data, kind=None):
        """A seed, unless one of its kind or the budget says no."""
        kind = (target, kind if kind is not None else data)
        if kind in self.seen or not 0 < len(data) <= min(LARGEST, self.left[target]):
            return
        self.seen.add(kind)
        self.left[target] -= len(data)
        folder = self.out / target
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha1(data).hexdigest()[:12]
        (folder / name).write_bytes(data)
        self.origins[f"{target}/{name}"] = self.capture

    def write_origins(self):
        lines = [f"{seed}\t{capture}\n" for seed, capture in sorted(self.origins.items())]
        (self.out / "ORIGIN.tsv").write_text("seed\tcapture\n" + "".join(lines), encoding="utf-8")


# ---- captures ----

def pcap_frames(data):
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">",
             b"\xa1\xb2\x3c\x4d": ">"}.get(data[:4])
    if order is None or len(data) < 24:
        return
    link = struct.unpack(order + "I", data[20:24])[0] & 0xffff
    at = 24
    while at + 16 <= len(data):
        size, length = struct.unpack(order + "II", data[at + 8:at + 16])
        if size > len(data) - at - 16:
            return
        yield link, data[at + 16:at + 16 + size], max(length - size, 0)
        at += 16 + size


def pcapng_frames(data):
    at, order, links = 0, "<", []
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order, links = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">", []
        kind, total = struct.unpack(order + "II", data[at:at + 8])
        if total < 12 or total > len(data) - at:
            return
        body = data[at + 8:at + total - 4]
        if kind == 1 and len(body) >= 2:
            links.append(struct.unpack(order + "H", body[:2])[0])
        elif kind == 6 and len(body) >= 20:
            interface, _, _, size, length = struct.unpack(order + "IIIII", body[:20])
            if interface < len(links) and size <= len(body) - 20:
                yield links[interface], body[20:20 + size], max(length - size, 0)
        at += total + -total % 4


def frames(data):
    return pcapng_frames(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else pcap_frames(data)


def ip_packet(link, frame):
    if link == ETHERNET:
        at = 12
        while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
            at += 4
        return frame[at + 2:] if frame[at:at + 2] in (b"\x08\x00", b"\x86\xdd") else b""
    return frame[{RAW: 0, NULL: 4, SLL: 16}.get(link, len(frame)):]


def transport(packet):
    """(protocol, source, destination, payload), or None."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        if struct.unpack(">H", packet[6:8])[0] & 0x3fff:
            return None
        head = (packet[0] & 15) * 4
        return packet[9], packet[12:16], packet[16:20], packet[head:struct.unpack(">H", packet[2:4])[0]]
    if len(packet) >= 40 and packet[0] >> 4 == 6:
        return packet[6], packet[8:24], packet[24:40], packet[40:40 + struct.unpack(">H", packet[4:6])[0]]
    return None


# ---- seeds from streams ----

def turn(side, payload):
    return struct.pack(">H", side << 15 | len(payload)) + payload


def session_steps(number, events):
    """The script of fuzz_session for one connection."""
    out = b""
    for side, flags, payload in events:
        who = bytes([number | side << 7])
        if flags & 2:
            out += (b"\x02" if flags & 16 else b"\x01") + who
        elif flags & 4:
            out += b"\x04" + who
        else:
            if payload:
                out += b"\x00" + who + struct.pack(">H", min(len(payload), 0x7ff)) + payload[:0x7ff]
            elif not flags & 1:
                out += b"\x0d" + who
            if flags & 1:
                out += b"\x03" + who
    return out


def add_stream(seeds, events, server_port):
    turns = [turn(side, payload[:0x3fff]) for side, _, payload in events if payload]
    first = next((payload for _, _, payload in events if payload), b"")
    whole = b"".join(turns)
    clue = (first[:1] if first[:1] == b"\x16" else first[:4], len(turns) // 2, len(whole) // 600)
    number = {443: 0, 8080: 1, 3128: 1, 80: 2, 53: 3}.get(server_port, 0)
    seeds.add("session", session_steps(number, events), clue)
    if not first:
        return
    if first[:1] == b"\x16" or first[:1] == b"\x15":
        seeds.add("tls", b"\x11\x22\x33\x44" + whole, clue)
        add_certificates(seeds, b"".join(payload for side, _, payload in events if side and payload))
    elif b"HTTP/1." in first:
        seeds.add("http", b"\x11\x22\x33\x44" + whole, clue)
    elif server_port == 53:
        seeds.add("dns_tcp", b"\x11\x22\x33\x44" + whole, clue)
    seeds.add("talk", (b"\x01" if server_port == 53 else b"\x00") + whole, clue)


def add_certificates(seeds, stream):
    """DER certificates in a server's flight: a SEQUENCE in a SEQUENCE behind a three-byte length that fits."""
    at = stream.find(b"\x30\x82")
    while at >= 0:
        size = struct.unpack(">H", (stream[at + 2:at + 4] + b"\0\0")[:2])[0] + 4
        if stream[at + 4:at + 6] == b"\x30\x82" and at >= 3 and stream[at - 3:at] == size.to_bytes(3, "big") and \
                len(stream) - at >= size:
            seeds.add("x509", stream[at:at + size], size // 200)
            at += size
        at = stream.find(b"\x30\x82", at + 1)


def see_capture(seeds, data):
    streams = {}
    for link, frame, cut in frames(data):
        shape = (link, len(frame) // 40, frame[12:14], frame[23:24])
        seeds.add("decode", struct.pack(">HB", link & 0xffff, min(cut, 255)) + frame[:400], shape)
        found = transport(ip_packet(link, frame))
        if not found:
            continue
        protocol, src, dst, body = found
        if protocol == 17 and len(body) > 8 and 53 in struct.unpack(">HH", body[:4]):
            seeds.add("dns", body[8:], (len(body) // 30, body[10:12], body[14:16]))
        if protocol == 6 and len(body) >= 20:
            ports = struct.unpack(">HH", body[:4])
            key = tuple(sorted(((src, ports[0]), (dst, ports[1]))))
            if key not in streams:
                server = (src, ports[0]) if body[13] & 18 == 18 or ports[0] < ports[1] else (dst, ports[1])
                streams[key] = (server, [])
            server, events = streams[key]
            events.append((int((src, ports[0]) == server), body[13], body[(body[12] >> 4) * 4:]))
    for server, events in streams.values():
        add_stream(seeds, events, server[1])


# ---- seeds made by hand ----

def ip4(protocol, body):
    head = struct.pack(">BBHHHBB2x", 0x45, 0, 20 + len(body), 1, 0, 64, protocol)
    return head + b"\x0a\0\0\4" + b"\x0a\0\0\5" + body


def udp(port, body):
    return struct.pack(">HHHH", 40000, port, 8 + len(body), 0) + body


def ethernet(kind, body):
    return bytes(12) + struct.pack(">H", kind) + body


def add_tunnels(seeds):
    """Encapsulations that few captures have, around a SYN."""
    syn = struct.pack(">HHIIBBHHH", 50000, 443, 1, 0, 0x50, 2, 64240, 0, 0)
    inner, frame = ip4(6, syn), ethernet(0x0800, ip4(6, syn))
    inner6 = struct.pack(">IHBB16s16s", 6 << 28, len(syn), 6, 64, bytes(16), bytes(15) + b"\1") + syn
    nsh = struct.pack(">HBBII", 2 << 6 | 2, 2, 1, 1, 0)
    packets = [ip4(17, udp(port, head + body)) for port, head, body in (
        (4789, b"\x08\0\0\0\0\0\1\0", frame), (4790, b"\x0c\0\0\1\0\0\1\0", inner),
        (4790, b"\x0c\0\0\4\0\0\1\0", nsh + inner), (6081, b"\0\0\x65\x58\0\0\1\0", frame),
        (6081, b"\1\0\x08\0\0\0\1\0" + bytes(4), inner), (1701, b"\0\2\0\1\0\1\xff\3\0\x21", inner),
        (1701, b"\x40\2\0\x30\0\1\0\1\0\x21", inner), (3544, b"", inner6), (3544, b"\0\0" + bytes(6), inner6),
        (4341, bytes(8), inner), (37008, b"\1\0\0\1\1", frame), (37008, b"\1\0\0\1\x0a\1\5\1", frame),
        (2152, b"\x30\xff" + struct.pack(">HI", len(inner), 7), inner))]
    packets += [ip4(47, head + body) for head, body in (
        (b"\0\0\x08\0", inner), (b"\xb0\0\x08\0" + bytes(12), inner), (b"\x10\0\x88\xbe" + bytes(12), frame),
        (b"\x20\1\x88\x0b" + struct.pack(">HHI", len(inner) + 4, 1, 1), b"\xff\3\0\x21" + inner),
        (b"\0\0\x22\xeb" + bytes(12), frame), (b"\0\0\x65\x58", frame), (b"\x20\0\x64\0\0\0\0\0", frame))]
    packets += [ip4(97, b"\x30\0" + frame), ip4(4, inner), ip4(41, inner6)]
    for packet in packets:
        seeds.add("decode", struct.pack(">HB", ETHERNET, 0) + ethernet(0x0800, packet))
    seeds.add("decode", struct.pack(">HB", ETHERNET, 0) + ethernet(0x894f, nsh + inner))


def add_http(seeds):
    chunked = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1A\r\n" + b"z" * 26 +
               b"\r\n0\r\nTrailer: x\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n")
    get = b"GET http://a.example:8080/x?secret HTTP/1.1\r\nHost: a.example\r\nUser-Agent: t\r\n folded\r\n\r\n"
    expect = b"POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    connect = (b"CONNECT [2603:1030::1]:443 HTTP/1.1\r\nProxy-Authorization: Negotiate TlRMTVNTUAABAAAA\r\n\r\n")
    denied = (b"HTTP/1.1 407 Denied\r\nProxy-Authenticate: Negotiate TlRMTVNTUAACAAAA, Basic realm=\"a, b\"\r\n"
              b"Via: 1.1 p\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 60\r\n\r\n" +
              b"Action: Deny request from ".ljust(60))
    for turns in (((0, get + get), (1, chunked)), ((0, expect), (1, b"HTTP/1.1 100 Continue\r\n\r\n"), (0, b"body"),
                  (1, b"HTTP/1.0 302 Found\r\nLocation: http://u:p@b/?q#f\r\n\r\nuntil the end")),
                  ((0, expect), (1, b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"), (0, get)),
                  ((0, connect), (1, denied), (0, connect), (1, b"HTTP/1.1 200 established\r\n\r\n"), (0, get)),
                  ((0, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
                   (1, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nopaque"))):
        whole = b"".join(turn(side, text) for side, text in turns)
        seeds.add("http", b"\x11\x22\x33\x44" + whole)
        seeds.add("talk", b"\0" + whole)


def add_socks(seeds):
    hello = b"\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03\x03" + bytes(58)
    asked = b"\x05\x01\x00\x03\x01a\x01\xbb"
    for turns in (((0, b"\x05\x01\x00"), (1, b"\x05\x00"), (0, asked), (1, b"\x05\x05\x00\x01" + bytes(6))),
                  ((0, b"\x05\x02\x00\x02"), (1, b"\x05\x02"), (0, b"\x01\x01a\x01b"), (1, b"\x01\x00"), (0, asked),
                   (1, b"\x05\x00\x00\x01" + bytes(6)), (0, hello)),
                  ((0, b"\x04\x01\x01\xbb\x0a\x00\x00\x01\x00"), (1, b"\x00\x5b" + bytes(6))),
                  ((0, b"CONNECT a:443 HTTP/1.1\r\n\r\n"), (1, b"\x15\x03\x03\x00\x02\x02\x32"))):
        seeds.add("talk", b"\0" + b"".join(turn(side, text) for side, text in turns))


def add_handmade(seeds, top):
    add_tunnels(seeds)
    add_http(seeds)
    add_socks(seeds)
    seeds.add("ipfrag", struct.pack(">BBHHH", 0, 1, 0, 16, 7) + struct.pack(">BBHHH", 0, 0, 2, 5, 9))
    seeds.add("ipfrag", b"".join(struct.pack(">BBHHH", 1, i < 3, 185 * i, 1480, i) for i in (3, 1, 0, 2, 1)))
    seeds.add("reassembly", b"".join(struct.pack(">BBHHH", what, cut, at, size, size)
                                     for what, cut, at, size in ((0, 0, 0, 100), (0, 0, 300, 100), (0, 0, 200, 150),
                                                                 (2, 9, 100, 50), (0, 0, 90, 120), (0xf1, 0, 0, 0))))
    handshake = ((0x00, 0x00, 2, 1000, 0), (0x80, 0x02, 0x12, 5000, 1), (0x00, 0x03, 0x10, 0, 0),
                 (0x00, 0x43, 0x18, 0, 0), (0x80, 0x03, 0x18, 0, 0), (0x80, 0x03, 0x14, 0, 0), (0x00, 3, 0xff, 0, 0))
    seeds.add("flow", b"".join(struct.pack(">BBBBIHHHH", who, what, flags, i, seq, ack, 200 if flags == 0x18 else 0,
                                           20, 50) for i, (who, what, flags, seq, ack) in enumerate(handshake)))
    for number, name in enumerate(("endpoints", "agents", "issuers")):
        lines = (top / "filters" / (name + ".tsv")).read_bytes().splitlines(keepends=True)
        seeds.add("catalogue", bytes([number]) + b"".join(lines[:12] + lines[-3:])[:1900])
    tags = top / "tests/unit/data/service-tags-sample.json"
    if tags.exists():
        seeds.add("service_tags", tags.read_bytes())
    seeds.add("service_tags", b'{"values":[{"name":"Storage","properties":{"systemService":"AzureStorage",'
                              b'"addressPrefixes":["20.0.0.0/8","2603:1030::/32"]}}]}')
    seeds.add("escape", "plain \x1b[31m \u202e \u00e9 \u4e2d \U000e0041 \x7f".encode() + b"\xff\xc0\x80\xed\xa0\x80")
    # The image of a connection: a bitmap of its words, none set; and one with every word set.
    seeds.add("pack", bytes(64))
    seeds.add("pack", b"\xff" * 1500)
    import gzip
    small = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + struct.pack("<IIII", 1, 2, 4, 4) + b"abcd"
    seeds.add("source", gzip.compress(small, mtime=0))
    seeds.add("file", gzip.compress(small, mtime=0))


def origins(folder):
    """What the captures of a folder are called in OUT/ORIGIN.tsv; those that may not be used are left out."""
    index = folder / "INDEX.tsv"
    if not index.exists():
        return {path.name: f"{folder.name}/{path.name}" for path in folder.iterdir()}
    with index.open(encoding="utf-8", newline="") as file:
        return {row["file"]: f"{row['repo']} {row['path']} ({row['licence']})"
                for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
                if row["licence"] in PERMISSIVE}


def main():
    seeds, top = Seeds(sys.argv[1]), pathlib.Path(__file__).resolve().parents[2]
    add_handmade(seeds, top)
    files = []
    for name in sys.argv[2:]:
        path = pathlib.Path(name)
        known = origins(path if path.is_dir() else path.parent)
        files += [(f, known[f.name]) for f in (path.iterdir() if path.is_dir() else [path]) if f.name in known]
    for path, seeds.capture in sorted(files, key=lambda f: (f[0].stat().st_size, f[0].name)):
        if path.suffix in (".json", ".md", ".tsv") or not path.is_file() or path.stat().st_size > 1 << 20:
            continue
        data = path.read_bytes()
        magic = data[:4]
        seeds.add("source", data, (magic, data[20:24] if magic[:1] != b"\x0a" else data[12:14], len(data) // 300))
        seeds.add("file", data, (magic, len(data) // 150))
        see_capture(seeds, data)
    seeds.write_origins()
    for target, left in sorted(seeds.left.items()):
        print(f"{target}: {BUDGET[target] - left} bytes")


main()
