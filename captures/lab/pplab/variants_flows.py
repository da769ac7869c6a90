"""Who talks to whom in a lab capture: the connections with the hosts they were for, and the moment that matters most.

This is the score's own view, independent of the program that is scored: it knows the truth and only has to match it."""

import re
from dataclasses import dataclass, field

from . import names, variants_dns
from .variants_packets import FIN, RST, SYN, TCP, UDP, segment

LOOKED_THROUGH = 8192   # bytes of a client's first payload in which host names are looked for
NOT_INSIDE = rb"(?<![\w./-])"    # a longer name, or the URL in a client's certificate
HOPS_TO_SERVERS, HOPS = 62, {"10": 63}      # time to live at the client: from servers; from proxy and resolver
KNOWN = sorted(set(names.ADDRESSES) | {"proxy.contoso.com", "wpad.contoso.com"})


@dataclass
class Connection:
    """A TCP connection, or the questions about one name."""
    server: tuple
    port: int                                       # of the client
    hosts: set = field(default_factory=set)         # the truth's names for it
    packets: list = field(default_factory=list)     # indexes
    asks: list = field(default_factory=list)        # indexes of what decides it: requests, else SYNs, else questions
    answers: list = field(default_factory=list)     # indexes of what the other side said after the first of `asks`


class Story:
    def __init__(self, capture, truth, dice=0):
        self.capture, self.truth, self.dice = capture, truth, dice
        self.segments = [segment(capture.link, packet.data) for packet in capture.packets]
        self.wanted = [entry["host"] for entry in truth["endpoints"]]
        self.addresses = self._resolve()
        self.connections, self.lookups = self._connections(), self._lookups()

    def messages(self):
        for index, found in enumerate(self.segments):
            if found and found.protocol == UDP and found.server[1] == 53:
                message = variants_dns.parse(found.payload)
                if message:
                    yield index, found, message

    def _resolve(self):
        """address -> names, as the capture's own answers say, else as the lab's."""
        known = {}
        for _, _, message in self.messages():
            for address in message.addresses:
                known.setdefault(address, set()).add(message.name)
        for name, address in names.ADDRESSES.items():
            if name in self.wanted:
                known.setdefault(address, set()).add(name)
        return known

    def _connections(self):
        """By their addresses and ports: nothing in the lab uses a port twice but Windows' repeated SYN, one attempt."""
        found = {}
        for index, part in enumerate(self.segments):
            if part and part.protocol == TCP:
                port = part.source[1] if part.from_client else part.target[1]
                found.setdefault(part.connection, Connection(part.server, port)).packets.append(index)
        for connection in found.values():
            self._look_into(connection)
        return list(found.values())

    def _look_into(self, connection):
        sent = [index for index in connection.packets if self.segments[index].from_client]
        requests = [index for index in sent if self.segments[index].payload]
        connection.asks = requests or [index for index in sent if self.segments[index].flags & SYN]
        first = connection.asks[0] if connection.asks else connection.packets[0]
        connection.answers = [index for index in connection.packets if index > first and index not in sent
                              and (self.segments[index].payload or self.segments[index].flags & (SYN | FIN | RST))]
        said = b"".join(self.segments[index].payload for index in requests)[:LOOKED_THROUGH]
        named = {name for name in {*KNOWN, *self.wanted} if re.search(NOT_INSIDE + re.escape(name).encode(), said)}
        address = connection.server[0]
        wanted = named & set(self.wanted) or {address} & set(self.wanted)
        connection.hosts = wanted or named or self.addresses.get(address) or {address}

    def _lookups(self):
        found = {}
        for index, part, message in self.messages():
            lookup = found.setdefault(message.name, Connection(part.server, 0, {message.name}))
            lookup.packets.append(index)
            (lookup.answers if message.reply else lookup.asks).append(index)
        return found

    def about(self, host):
        """The connections for a host; its lookup where there is none."""
        found = [each for each in self.connections if host in each.hosts]
        return found or [self.lookups[host]] if host in self.lookups else found

    def deciding(self):
        """The connection (or lookup) that the conclusion is about; None if there is only ARP."""
        end = self.truth["conclusion"]
        for entry in self.truth["endpoints"]:
            if entry["outcome"] == end["outcome"]:
                if entry.get("domain") == "dns" and entry["host"] in self.lookups:
                    return self.lookups[entry["host"]]
                found = self.about(entry["host"])
                if found:   # the first that got no answer, for the same host may be a contrast to itself
                    return next((each for each in found if not self.answered(each)), found[0])
        return self.connections[0] if self.connections else None

    def answered(self, connection):
        return any(self.segments[index].payload for index in connection.answers)

    def worked_before(self, host):
        """Whether the host answered on another connection before the one that decides."""
        deciding = self.deciding()
        return deciding is not None and any(each.packets[0] < deciding.packets[0] and self.answered(each)
                                            for each in self.about(host))

    def worked_elsewhere(self, host):
        """Whether the host answered on another connection than the one that decides."""
        deciding = self.deciding()
        return any(each is not deciding and self.answered(each) for each in self.about(host))

    def device_reset(self, connection):
        """Whether somebody nearer than the other end sent a reset in its name: the lab's hop counts tell."""
        away = HOPS.get(connection.server[0].split(".")[0], HOPS_TO_SERVERS)
        return any(part.flags & RST and not part.from_client and part.hops != away
                   for part in (self.segments[index] for index in connection.packets))
