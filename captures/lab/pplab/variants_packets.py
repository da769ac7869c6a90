"""What the variants must know of a packet: where its layers begin, who sent it, what connection it belongs to.

These are captures of our own lab: complete headers, no options beyond TCP's, no fragments. Anything else is `None`."""

import struct
from dataclasses import dataclass
from ipaddress import ip_address

from .lab import CLIENT
from .pcapng import ETHERNET, SLL

IPV4, ARP, IPV6, VLAN, QINQ = 0x0800, 0x0806, 0x86DD, 0x8100, 0x88A8
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CLIENT_MAC = bytes.fromhex("020000000102")
CLIENT_ADDRESSES = {CLIENT, "2001:db8:8::6"}


@dataclass(frozen=True)
class Frame:
    """A packet's network layer; its EtherType is the two bytes before it."""
    protocol: int
    start: int
    sender: bytes       # hardware address


@dataclass(frozen=True)
class Segment:
    """A TCP segment or UDP datagram."""
    protocol: int
    source: tuple       # (address, port)
    target: tuple
    hops: int           # time to live
    flags: int
    payload: bytes

    @property
    def connection(self):
        return tuple(sorted((self.source, self.target)))

    @property
    def from_client(self):
        return self.source[0] in CLIENT_ADDRESSES

    @property
    def server(self):
        return self.target if self.from_client else self.source


def frame(link, data):
    if link == ETHERNET and len(data) >= 14:
        return Frame(struct.unpack_from(">H", data, 12)[0], 14, data[6:12])
    if link == SLL and len(data) >= 16:
        return Frame(struct.unpack_from(">H", data, 14)[0], 16, data[6:12])
    return None


def segment(link, data):
    """The TCP segment or UDP datagram in a packet, if it is one."""
    outer = frame(link, data)
    if outer is None or outer.protocol not in (IPV4, IPV6):
        return None
    if outer.protocol == IPV4:
        start, protocol = outer.start + (data[outer.start] & 15) * 4, data[outer.start + 9]
        source, target = data[outer.start + 12:outer.start + 16], data[outer.start + 16:outer.start + 20]
        hops = data[outer.start + 8]
        end = outer.start + struct.unpack_from(">H", data, outer.start + 2)[0]
    else:
        start, protocol = outer.start + 40, data[outer.start + 6]
        source, target = data[outer.start + 8:outer.start + 24], data[outer.start + 24:outer.start + 40]
        hops = data[outer.start + 7]
        end = start + struct.unpack_from(">H", data, outer.start + 4)[0]
    if protocol not in (TCP, UDP):
        return None
    source_port, target_port = struct.unpack_from(">HH", data, start)
    size, flags = (data[start + 12] // 16 * 4, data[start + 13]) if protocol == TCP else (8, 0)
    return Segment(protocol, (str(ip_address(source)), source_port), (str(ip_address(target)), target_port), hops,
                   flags, data[start + size:end])


def from_client(link, data):
    """Whether the captured host sent the packet: by address, by hardware address where there is none."""
    outer = frame(link, data)
    found = segment(link, data)
    if found:
        return found.from_client
    if outer and outer.protocol == IPV4:
        return str(ip_address(data[outer.start + 12:outer.start + 16])) in CLIENT_ADDRESSES
    return outer is not None and outer.sender == CLIENT_MAC


def total(data):
    """The one's complement sum that all Internet checksums are made of."""
    if len(data) % 2:
        data += b"\0"
    value = sum(struct.unpack(f">{len(data) // 2}H", data))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def checksum(data):
    return ~total(data) & 0xFFFF


def hopped(link, data, hops):
    """The packet so many routers on (or, below 0, before): its TTL and what depends on it."""
    outer, moved = frame(link, data), bytearray(data)
    if outer.protocol == IPV6:
        moved[outer.start + 7] += hops
        return bytes(moved)
    end = outer.start + (data[outer.start] & 15) * 4
    moved[outer.start + 8] += hops
    moved[outer.start + 10:outer.start + 12] = bytes(2)
    moved[outer.start + 10:outer.start + 12] = struct.pack(">H", checksum(bytes(moved[outer.start:end])))
    return bytes(moved)
