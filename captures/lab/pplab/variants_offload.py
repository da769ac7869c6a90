"""A capture as the captured host itself makes it: before its network card cuts what it sends, and after it has joined what
came (segmentation and receive offload). Checksums are those of the first segment, so wrong, as they are there."""

import struct

from .pcapng import ETHERNET
from .variants_packets import ACK, FIN, IPV4, PSH, RST, SYN, TCP, checksum, frame, segment

MOST = 60_000           # bytes in one segment
NEAR = 1_000_000        # nanoseconds: what lies further apart was not sent, or not delivered, at once


def joined(capture):
    """The capture with neighbouring segments of a connection's side joined; None where there are none."""
    packets, open_at = [], {}       # where the segment stands that the next one of its way may be joined to
    for packet in capture.packets:
        part = segment(capture.link, packet.data)
        if not part or part.protocol != TCP:
            packets.append(packet)
            continue
        way, back = (part.source, part.target), (part.target, part.source)
        before = open_at.get(way)
        whole = _join(capture.link, packets[before], packet) if before is not None else None
        if whole:
            packets[before] = whole
        else:
            packets.append(packet)
            open_at[way] = len(packets) - 1
        open_at.pop(back, None)
    return capture.of(packets) if len(packets) < len(capture.packets) else None


def _join(link, first, second):
    a, b = _data(link, first), _data(link, second)
    if not a or not b or second.time - first.time > NEAR or a.after != b.sequence or a.fixed != b.fixed:
        return None
    if len(a.payload) + len(b.payload) > MOST:
        return None
    data = bytearray(first.data[:a.begin] + a.payload + b.payload)
    data[a.tcp + 13] |= b.flags & PSH
    struct.pack_into(">H", data, a.network + 2, len(data) - a.network)
    struct.pack_into(">H", data, a.network + 10, 0)
    struct.pack_into(">H", data, a.network + 10, checksum(bytes(data[a.network:a.tcp])))
    return first.with_data(bytes(data))


class _Data:
    """A whole IPv4 segment with payload that opens and ends nothing."""
    def __init__(self, packet, network):
        data = packet.data
        self.network, self.tcp = network, network + (data[network] & 15) * 4
        self.begin = self.tcp + data[self.tcp + 12] // 16 * 4
        self.end = network + struct.unpack_from(">H", data, network + 2)[0]
        self.sequence, acknowledged = struct.unpack_from(">II", data, self.tcp + 4)
        self.flags = data[self.tcp + 13]
        self.payload = data[self.begin:self.end]
        self.after = (self.sequence + len(self.payload)) & 0xFFFFFFFF
        self.fixed = (acknowledged, self.begin - self.tcp)


def _data(link, packet):
    outer = frame(link, packet.data)
    if link != ETHERNET or outer.protocol != IPV4 or len(packet.data) < packet.length:
        return None
    data = _Data(packet, outer.start)
    return data if data.payload and data.flags & (SYN | FIN | RST | ACK) == ACK else None
