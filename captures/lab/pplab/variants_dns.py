"""The little of DNS that the variants need: which name a message is about, what it answers, and A records made AAAA."""

import struct
from dataclasses import dataclass
from ipaddress import ip_address

A, AAAA = 1, 28


@dataclass(frozen=True)
class Message:
    id: int
    reply: bool
    status: int
    name: str
    type: int
    addresses: tuple


def parse(data):
    """A message with one question; None if it is something else."""
    if len(data) < 17:
        return None
    number, flags, questions, answers = struct.unpack_from(">HHHH", data)
    if questions != 1:
        return None
    name, at = _name(data, 12)
    kind = struct.unpack_from(">H", data, at)[0]
    addresses = tuple(str(ip_address(data[start:start + size]))
                      for rtype, start, size in _records(data, at + 4, answers) if rtype in (A, AAAA))
    return Message(number, bool(flags & 0x8000), flags & 15, name, kind, addresses)


def _name(data, at):
    labels, after = [], None
    while data[at]:
        if data[at] >= 0xC0:
            after = after or at + 2
            at = struct.unpack_from(">H", data, at)[0] & 0x3FFF
        else:
            labels.append(data[at + 1:at + 1 + data[at]].decode("ascii", "replace"))
            at += 1 + data[at]
    return ".".join(labels).lower(), after or at + 1


def _records(data, at, count):
    for _ in range(count):
        _, at = _name(data, at)
        rtype, size = struct.unpack_from(">H", data, at)[0], struct.unpack_from(">H", data, at + 8)[0]
        yield rtype, at + 10, size
        at += 10 + size


def over_ipv6(data, asked, address):
    """The message with the question type `asked` and its A records as AAAA records, made by `address` from 4 bytes.

    Only the last records of these answers are addresses, so nothing points behind a record that grows."""
    _, at = _name(data, 12)
    out, copied = bytearray(data[:at] + struct.pack(">H", asked)), at + 2
    for rtype, start, size in _records(data, at + 4, sum(struct.unpack_from(">HHH", data, 6))):
        if rtype == A:
            out += data[copied:start - 10] + struct.pack(">H", AAAA) + data[start - 8:start - 2]
            out += struct.pack(">H", 16) + address(data[start:start + 4])
            copied = start + size
    return bytes(out + data[copied:])
