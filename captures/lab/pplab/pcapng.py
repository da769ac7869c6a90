"""Reads and writes capture files: pcapng as the lab has it, and classic pcap for the variant that needs it."""

import struct
from dataclasses import dataclass, replace

ETHERNET, SLL, SLL2 = 1, 113, 276
SECTION, INTERFACE, ENHANCED = 0x0A0D0D0A, 1, 6
IF_TSRESOL = 9
BYTE_ORDER, PCAP_NANOSECONDS = 0x1A2B3C4D, 0xA1B23C4D
SNAPLEN = 262144


@dataclass(frozen=True)
class Packet:
    time: int       # nanoseconds since 1970
    data: bytes     # what was captured
    length: int     # what was on the wire
    interface: int = 0

    def with_data(self, data):
        """The same packet with other bytes; what the snap length had cut off stays cut off."""
        return replace(self, data=data, length=self.length + len(data) - len(self.data))

    def later(self, nanoseconds):
        return replace(self, time=self.time + nanoseconds)


@dataclass(frozen=True)
class Capture:
    link: int
    packets: list

    def of(self, packets, link=None):
        return Capture(self.link if link is None else link, list(packets))


# -- reading

def blocks(data):
    """(type, body) of every block of a little-endian pcapng file."""
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        yield kind, data[at + 8:at + length - 4]
        at += length


def read(path):
    """A file of the lab: one section, little endian, one kind of link, packets in Enhanced Packet Blocks."""
    interfaces, packets = [], []
    for kind, body in blocks(path.read_bytes()):
        if kind == SECTION and struct.unpack_from("<I", body)[0] != BYTE_ORDER:
            raise ValueError(f"{path.name}: not little endian")
        if kind == INTERFACE:
            interfaces.append((struct.unpack_from("<H", body)[0], _nanoseconds_per_tick(body[8:])))
        if kind == ENHANCED:
            interface, high, low, captured, length = struct.unpack_from("<IIIII", body)
            ticks = (high << 32 | low) * interfaces[interface][1]
            packets.append(Packet(int(ticks), body[20:20 + captured], length))
    links = {link for link, _ in interfaces}
    if len(links) != 1:
        raise ValueError(f"{path.name}: {len(links)} kinds of link")
    return Capture(links.pop(), packets)


def _nanoseconds_per_tick(options):
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from("<HH", options, at)
        if code == IF_TSRESOL:
            power = options[at + 4]
            return 10 ** (9 - power) if power <= 9 else 1 / 10 ** (power - 9)
        at += 4 + (length + 3) // 4 * 4
    return 1000


# -- writing

def pcapng(capture):
    """The bytes of a pcapng file with nanosecond times."""
    section = _block(SECTION, struct.pack("<IHHq", BYTE_ORDER, 1, 0, -1))
    resolution = struct.pack("<HHB3xI", IF_TSRESOL, 1, 9, 0)
    interface = _block(INTERFACE, struct.pack("<HHI", capture.link, 0, SNAPLEN) + resolution)
    interfaces = interface * (1 + max((packet.interface for packet in capture.packets), default=0))
    return b"".join([section, interfaces, *(_enhanced(packet) for packet in capture.packets)])


def _enhanced(packet):
    head = struct.pack("<IIIII", packet.interface, packet.time >> 32, packet.time & 0xFFFFFFFF, len(packet.data), packet.length)
    return _block(ENHANCED, head + packet.data + bytes(-len(packet.data) % 4))


def _block(kind, body):
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def pcap_nanoseconds_big_endian(capture):
    """The bytes of a classic pcap file, in the byte order and resolution that readers forget."""
    head = struct.pack(">IHHiIII", PCAP_NANOSECONDS, 2, 4, 0, 0, SNAPLEN, capture.link)
    return head + b"".join(
        struct.pack(">IIII", *divmod(packet.time, 10 ** 9), len(packet.data), packet.length) + packet.data
        for packet in capture.packets)
