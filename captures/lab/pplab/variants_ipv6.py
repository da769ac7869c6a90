"""A capture as it would be had the network spoken IPv6: addresses, ARP, ICMP errors and DNS answers translated.

Everything else keeps its bytes, so every packet is 20 bytes longer, as on links whose MTU is 20 larger. What IPv4 alone
has – identification, don't-fragment, header checksum – is gone. Types and codes are those of RFC 7915, section 4.2."""

import struct
from ipaddress import IPv4Address, ip_address, ip_network

from . import variants_dns
from .pcapng import ETHERNET
from .variants_packets import ARP, ICMP, ICMPV6, IPV4, IPV6, TCP, UDP, checksum, frame, total

LONGER = 20             # an IPv6 header than an IPv4 one
RFC_1918 = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
PRIVATE, LINK_LOCAL, PUBLIC = (bytes.fromhex(prefix) for prefix in (
    "fd000000000000000000000a", "fe8000000000000000000001", "20010db8000000000000000a"))
UNREACHABLE = {0: (1, 0), 1: (1, 0), 3: (1, 4), 5: (1, 0), 6: (1, 0), 7: (1, 0), 8: (1, 0), 9: (1, 1), 10: (1, 1),
               11: (1, 0), 12: (1, 0), 13: (1, 1), 4: (2, 0)}
NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 135, 136


def address(four):
    """The IPv6 address that stands for an IPv4 one, as bytes. Documentation stays documentation, private private."""
    old = IPv4Address(four)
    if old.is_unspecified or old.is_loopback:
        return bytes(15) + bytes([old.is_loopback])
    if any(old in network for network in RFC_1918):
        return PRIVATE + four
    return (LINK_LOCAL if old.is_link_local else PUBLIC) + four


def text(four):
    return str(ip_address(address(ip_address(four).packed)))


def back(host):
    """The IPv4 address that an address of a translated capture stands for; names and other addresses as they are."""
    packed = ip_address(host).packed if ":" in host else b""
    if packed[:12] in (PRIVATE, LINK_LOCAL, PUBLIC):
        return str(ip_address(packed[12:]))
    return host


class Translator:
    def __init__(self, capture, messages):
        """`messages` are the capture's DNS messages: a name that has AAAA records keeps both its questions."""
        self.capture = capture
        self.dual = {message.name for message in messages
                     if message.type == variants_dns.AAAA and message.addresses}

    def packet(self, packet):
        outer = frame(self.capture.link, packet.data)
        if outer is None or outer.protocol not in (IPV4, ARP):
            return packet
        link, network = packet.data[:outer.start], packet.data[outer.start:]
        translated = self.network(network) if outer.protocol == IPV4 else _neighbour(network)
        link = link[:-2] + struct.pack(">H", IPV6)
        if self.capture.link == ETHERNET and link[0] & 1:
            link = b"\x33\x33" + translated[36:40] + link[6:]
        return packet.with_data(link + translated)

    def network(self, data):
        """An IPv4 packet, perhaps cut, as an IPv6 packet."""
        size = (data[0] & 15) * 4
        length, protocol = struct.unpack_from(">H", data, 2)[0] - size, data[9]
        old = data[12:20]
        new = address(data[12:16]) + address(data[16:20])
        body = data[size:size + length]
        if protocol == ICMP:
            return _header(data, ICMPV6, new, self._error(body, new))
        if protocol == UDP and 53 in struct.unpack_from(">HH", body) and len(body) == length:
            return _header(data, UDP, new, self._dns(body, new))
        if protocol in (TCP, UDP):
            body = _same_sum(body, 16 if protocol == TCP else 6, old, new)
        return _header(data, protocol, new, body, length)

    def _dns(self, body, addresses):
        message = variants_dns.parse(body[8:])
        swapped = {variants_dns.A: variants_dns.AAAA, variants_dns.AAAA: variants_dns.A}
        if message and message.type in swapped:
            asked = variants_dns.AAAA if message.name in self.dual else swapped[message.type]
            payload = variants_dns.over_ipv6(body[8:], asked, address)
            body = body[:4] + struct.pack(">HH", len(payload) + 8, 0) + payload
        return _with_sum(body, 6, addresses, UDP)

    def _error(self, body, addresses):
        kind, code = body[0], body[1]
        number, code = UNREACHABLE[code] if kind == 3 else {11: (3, code), 8: (128, 0), 0: (129, 0)}[kind]
        rest = body[4:8]
        if number == 2:
            rest = struct.pack(">I", struct.unpack(">I", rest)[0] + LONGER)
        quoted = self.network(body[8:]) if number < 128 else body[8:]
        return _with_sum(bytes([number, code, 0, 0]) + rest + quoted, 2, addresses, ICMPV6)


def _header(ipv4, protocol, addresses, body, length=None):
    first = 6 << 28 | ipv4[1] << 20
    return struct.pack(">IHBB", first, len(body) if length is None else length, protocol, ipv4[8]) + addresses + body


def _same_sum(body, at, old, new):
    """A checksum that is as right or wrong as before (RFC 1624); one beyond the cut stays beyond it."""
    if len(body) < at + 2:
        return body
    value = struct.unpack_from(">H", body, at)[0]
    value = ~total(struct.pack(">HH", ~value & 0xFFFF, ~total(old) & 0xFFFF) + new) & 0xFFFF
    return body[:at] + struct.pack(">H", value) + body[at + 2:]


def _with_sum(body, at, addresses, protocol):
    body = body[:at] + b"\0\0" + body[at + 2:]
    value = checksum(addresses + struct.pack(">II", len(body), protocol) + body)
    return body[:at] + struct.pack(">H", value or 0xFFFF) + body[at + 2:]


def _neighbour(arp):
    """An ARP request as a neighbour solicitation, a reply as an advertisement."""
    hardware, source, target = arp[8:14], address(arp[14:18]), address(arp[24:28])
    if struct.unpack_from(">H", arp, 6)[0] == 1:
        addresses = source + bytes.fromhex("ff0200000000000000000001ff") + target[13:]
        body = struct.pack(">BBHI", NEIGHBOUR_SOLICITATION, 0, 0, 0) + target + b"\1\1" + hardware
    else:
        addresses = source + target
        body = struct.pack(">BBHI", NEIGHBOUR_ADVERTISEMENT, 0, 0, 0x60000000) + source + b"\2\1" + hardware
    body = _with_sum(body, 2, addresses, ICMPV6)
    return struct.pack(">IHBB", 6 << 28, len(body), ICMPV6, 255) + addresses + body
