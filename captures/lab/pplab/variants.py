"""Derives what a user would have sent instead: the same faults, captured late, cut, doubled, one-sided, in other files.

Nothing here is random: the same capture, and the same number for the dice, always give the same variants. What each may
still be called is in `variants_truth.py`."""

import argparse
import gzip
import random
import struct
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from . import pcapng, truth, variants_ipv6, variants_offload
from .pcapng import ETHERNET, SLL2
from .variants_flows import Story
from .variants_packets import CLIENT_MAC, FIN, QINQ, RST, SYN, TCP, VLAN, from_client, hopped

CAPTURES = Path(__file__).resolve().parents[2]
HEADERS, SHORT, PKTMON = 68, 96, 128    # bytes, snap lengths: of old tcpdumps, many a command line, Windows' pktmon
PATIENCE = 1_500_000_000        # nanoseconds: who stops earlier than any time-out
ECHO = 10_000                   # nanoseconds between a packet and its copy
HANDED_ON = 3_000               # nanoseconds between a bond and its member
ABSENT = bytes.fromhex("ffffffffffff0200000000aa080600010800060400010200000000aa0a08004d0000000000000a080063")   # ARP
ASKED_AGAIN = 1_000_000_000     # nanoseconds between requests for a neighbour
TLS_RECORDS = [bytes([kind]) for kind in range(20, 24)]
CLOCK = 10_000_000      # nanoseconds between the clocks of two capture points
LAG = 20_000_000        # nanoseconds between what two ports of a tap have ready
SWAPPED = 500_000               # nanoseconds: closer packets come out of two queues in the wrong order


@dataclass(frozen=True)
class Variant:
    name: str
    what: str           # one sentence for people
    derive: object      # Story -> Capture; None where the variant makes no sense
    write: object = pcapng.pcapng
    suffix: str = ".pcapng"

    def of(self, story):
        """The bytes of the variant's file, or None."""
        capture = self.derive(story)
        return self.write(capture) if capture and capture.packets else None


VARIANTS = {}


def variant(name, what, **file):
    def register(function):
        VARIANTS[name] = Variant(name, what, function, **file)
        return function
    return register


# -- less than there was

@variant("late", "starts at the request that fails (its second SYN, its answer): no handshake, no lookups")
def late(story):
    packets, deciding = story.capture.packets, story.deciding()
    if deciding is None:
        return story.capture.of(packets[2:])    # only ARP: the third question is the first one seen
    request = next((index for index in deciding.asks if story.segments[index].payload), None)
    if deciding.port and request is not None:
        return story.capture.of(packets[request:])
    later = (deciding.port and deciding.asks[1:2]) or deciding.answers[:1] or deciding.asks[1:2]
    return story.capture.of(packets[later[0]:]) if later else None


@variant("stopped", "stops right after that request or, where nothing answers it, after 1.5 s")
def stopped(story):
    packets, deciding = story.capture.packets, story.deciding()
    first = packets[deciding.packets[0] if deciding else 0].time
    end = next((index for index, packet in enumerate(packets) if packet.time > first + PATIENCE), len(packets))
    if deciding and deciding.answers and deciding.answers[0] < end:
        end = 1 + max(index for index in deciding.asks if index < deciding.answers[0])
    return story.capture.of(packets[:end]) if end < len(packets) else None


@variant("snap68", "only the first 68 bytes of each packet: hardly more than headers")
def snap68(story):
    return _snapped(story.capture, HEADERS)


@variant("snap96", "only the first 96 bytes of each packet")
def snap96(story):
    return _snapped(story.capture, SHORT)


@variant("snap128", "only the first 128 bytes of each packet, as Windows' pktmon captures unless told otherwise")
def snap128(story):
    return _snapped(story.capture, PKTMON)


def _snapped(capture, length):
    return capture.of(pcapng.Packet(packet.time, packet.data[:length], packet.length) for packet in capture.packets)


@variant("client-only", "only what the captured host sent")
def client_only(story):
    return _one_direction(story.capture, True)


@variant("server-only", "only what the captured host received")
def server_only(story):
    return _one_direction(story.capture, False)


@variant("first-half", "the first half of the packets")
def first_half(story):
    return story.capture.of(story.capture.packets[:len(story.capture.packets) // 2])


@variant("last-half", "the last half of the packets")
def last_half(story):
    return story.capture.of(story.capture.packets[len(story.capture.packets) // 2:])


@variant("lost-1", "one packet of a hundred lost by the capturer, which does not say so")
def lost_1(story):
    return _lost(story, 0.01)


@variant("lost-3", "three of a hundred")
def lost_3(story):
    return _lost(story, 0.03)


@variant("lost-10", "one of ten")
def lost_10(story):
    return _lost(story, 0.1)


@variant("flags-only", "only segments with SYN, FIN or RST: a capture filter to save room")
def flags_only(story):
    return _only(story, lambda part: part is None or part.protocol != TCP or part.flags & (SYN | FIN | RST))


@variant("tls-only", "saved with the display filter 'tls': only segments that begin with a TLS record")
def tls_only(story):
    return _only(story, lambda part: part is not None and part.protocol == TCP and part.payload[:1] in TLS_RECORDS
                 and part.payload[1:2] == b"\x03")


def _only(story, wanted):
    capture = story.capture
    kept = [packet for packet, part in zip(capture.packets, story.segments) if wanted(part)]
    return capture.of(kept) if 0 < len(kept) < len(capture.packets) else None


def _lost(story, share):
    dice = random.Random(f"{share} {story.dice} {story.capture.packets[0].time}")
    kept = [packet for packet in story.capture.packets if dice.random() >= share]
    return story.capture.of(kept) if len(kept) < len(story.capture.packets) else None


def _one_direction(capture, wanted):
    return capture.of(packet for packet in capture.packets if from_client(capture.link, packet.data) == wanted)


# -- the same, seen otherwise

@variant("duplicated", "every packet twice, 10 µs apart")
def duplicated(story):
    packets = story.capture.packets
    return story.capture.of(sorted(packets + [packet.later(ECHO) for packet in packets], key=lambda each: each.time))


@variant("out-of-order", "neighbours less than 0.5 ms apart exchanged in the file, each with its own time")
def out_of_order(story):
    packets, at = list(story.capture.packets), 0
    while at + 1 < len(packets):
        near = packets[at + 1].time - packets[at].time < SWAPPED
        if near:
            packets[at], packets[at + 1] = packets[at + 1], packets[at]
        at += 1 + near
    return story.capture.of(packets)


@variant("tap", "from the two ports of a tap: what came stands up to 20 ms later in the file, with its own time")
def tap(story):
    capture = story.capture
    return capture.of(sorted(capture.packets, key=lambda each: each.time + LAG * (not from_client(capture.link, each.data))))


@variant("two-points", "merged with a second capture from one hop on, by a clock that is 10 ms behind")
def two_points(story):
    return _with_second_point(story, -CLOCK)


@variant("two-points-ahead", "the same by a clock that is a second ahead")
def two_points_ahead(story):
    return _with_second_point(story, 100 * CLOCK)


@variant("two-points-merged", "the first of them, where merging made one interface of both")
def two_points_merged(story):
    return _with_second_point(story, -CLOCK, 0)


def _with_second_point(story, ahead, interface=1):
    """What lies between the two takes next to no time: an answer must not reach the second before its request."""
    capture, second = story.capture, []
    for packet, part in zip(capture.packets, story.segments):
        if part is not None:
            hops, transit = (-1, HANDED_ON) if part.from_client else (1, -HANDED_ON)
            moved = packet.with_data(hopped(capture.link, packet.data, hops)).later(transit + ahead)
            second.append(replace(moved, interface=interface))
    if not second:
        return None
    return capture.of(sorted(capture.packets + second, key=lambda each: each.time))


@variant("appended", "what came, behind all that was sent")
def appended(story):
    capture = story.capture
    return capture.of(sorted(capture.packets, key=lambda each: not from_client(capture.link, each.data)))


@variant("offload", "made on the host itself, whose network card cuts and joins segments")
def offload(story):
    return variants_offload.joined(story.capture)


@variant("any", "from the 'any' device of a host with a bonded network card: each packet on bond and member")
def any_device(story):
    if story.capture.link != ETHERNET:
        return None
    packets = []
    for packet in story.capture.packets:
        ours = packet.data[6:12] == CLIENT_MAC
        for delay, interface in zip((0, HANDED_ON), (3, 2) if ours else (2, 3)):
            packets.append(_cooked(packet, ours, interface).later(delay))
    return story.capture.of(sorted(packets, key=lambda each: each.time), SLL2)


def _cooked(packet, ours, interface):
    target, sender, protocol = packet.data[:6], packet.data[6:12], packet.data[12:14]
    kind = 4 if ours else 1 if target == b"\xff" * 6 else 2 if target[0] & 1 else 0
    head = protocol + struct.pack(">HIHBB", 0, interface, 1, kind, 6) + sender + bytes(2)
    return packet.with_data(head + packet.data[14:])


@variant("neighbours", "another host of the network asks five times for one that is not there")
def neighbours(story):
    if story.capture.link != ETHERNET:
        return None
    begin = story.capture.packets[0].time - 5 * ASKED_AGAIN
    return story.capture.of([pcapng.Packet(begin + number * ASKED_AGAIN, ABSENT, len(ABSENT)) for number in range(5)]
                            + story.capture.packets)


@variant("vlan", "behind an 802.1Q tag")
def vlan(story):
    return _tagged(story.capture, struct.pack(">HH", VLAN, 100))


@variant("qinq", "behind an 802.1ad and an 802.1Q tag")
def qinq(story):
    return _tagged(story.capture, struct.pack(">HHHH", QINQ, 200, VLAN, 100))


def _tagged(capture, tag):
    if capture.link != ETHERNET:
        return None
    return capture.of(packet.with_data(packet.data[:12] + tag + packet.data[12:]) for packet in capture.packets)


@variant("ipv6", "the same network speaking IPv6")
def ipv6(story):
    """Not where IPv4 and IPv6 race each other: there would be no race."""
    capture = story.capture
    if any(part and part.protocol == TCP and ":" in part.source[0] for part in story.segments):
        return None
    translate = variants_ipv6.Translator(capture, [message for _, _, message in story.messages()])
    return capture.of(translate.packet(packet) for packet in capture.packets)


# -- the same, in another file

@variant("nanosecond-pcap", "classic pcap, nanoseconds, big endian", write=pcapng.pcap_nanoseconds_big_endian,
         suffix=".pcap")
def nanosecond_pcap(story):
    return story.capture


@variant("gzip", "compressed", write=lambda capture: gzip.compress(pcapng.pcapng(capture), mtime=0),
         suffix=".pcapng.gz")
def compressed(story):
    return story.capture


# -- the command line

def main():
    parser = argparse.ArgumentParser(prog="captures/lab/variants", description="Derives the variants of lab captures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="captures; all if none is given")
    parser.add_argument("--out", type=Path, default=Path("variants"), metavar="DIR", help="default: ./variants")
    parser.add_argument("--variant", action="append", choices=list(VARIANTS), metavar="V", help="only this; repeatable")
    parser.add_argument("--list", action="store_true", help="say what variants there are and stop")
    arguments = parser.parse_args()
    if arguments.list:
        for entry in VARIANTS.values():
            print(f"{entry.name:16} {entry.what}")
        return 0
    pairs = [pair for pair in truth.load(CAPTURES) if not arguments.names or pair[0].stem in arguments.names]
    unknown = set(arguments.names) - {path.stem for path, _ in pairs}
    if unknown:
        sys.exit(f"no such capture: {' '.join(sorted(unknown))}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for path, text in pairs:
        story = Story(pcapng.read(path), text)
        for name in arguments.variant or VARIANTS:
            data = VARIANTS[name].of(story)
            if data:
                (arguments.out / f"{path.stem}.{name}{VARIANTS[name].suffix}").write_bytes(data)
    return 0
