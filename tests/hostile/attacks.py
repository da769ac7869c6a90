"""Whole files that mean harm.  Each function makes one of about `size` bytes; its first line says what it is after."""

import gzip
import random
import struct

from wire import *

AZURE = b"login.microsoftonline.com"


def many(size, each):
    return max(1, size // each)


# ---- Connections ----

def syn_distinct(size):
    """one SYN each between hosts that never come again: tables by host, by pair, by connection"""
    pcap = Pcap()
    for i in range(many(size, 70)):
        pcap.add(tcp(ip4(i), public4(i * 7919), 1024 + i % 60000, 443, i, 0, SYN), 20_000)
    return pcap.bytes()


def syn_one_server(size):
    """unanswered SYNs to one server: one group with everything in it"""
    pcap = Pcap()
    for i in range(many(size, 70)):
        pcap.add(tcp(ip4(i >> 14), public4(1), 1024 + (i & 0x3FFF), 443, i, 0, SYN), 20_000)
    return pcap.bytes()


def syn_one_tuple(size):
    """one address pair and ports, a new connection with every SYN: the search for the right one of a tuple"""
    pcap = Pcap()
    for i in range(many(size, 70)):
        pcap.add(tcp(ip4(1), public4(1), 1024, 443, i * 100003, 0, SYN), 2_000_000)
    return pcap.bytes()


def rst_storm(size):
    """a SYN and its refusal, 70,000 servers"""
    pcap = Pcap()
    for i in range(many(size, 140)):
        Talk(pcap, ip4(i), public4(i * 7919), 2000 + i % 50000, step=9_000).syn().reset()
    return pcap.bytes()


def rst_storm_one_server(size):
    """refusals by one server with a changing TTL: baselines and contrasts of one address"""
    pcap = Pcap()
    for i in range(many(size, 140)):
        Talk(pcap, ip4(i), public4(1), 2000 + i % 50000, step=9_000, server_ttl=1 + i % 255).syn().reset()
    return pcap.bytes()


def rst_storm_one_connection(size):
    """resets to one connection, inside and outside the window"""
    pcap = Pcap()
    Talk(pcap, ip4(1), public4(1), 40000).open().ask(client_hello(AZURE))
    for i in range(many(size, 70)):
        pcap.add(tcp(public4(1), ip4(1), 443, 40000, i * 4001, i * 17, RST | ACK, ttl=1 + i % 255), 9_000)
    return pcap.bytes()


def retransmitted(size):
    """one segment over and over, each time with other bytes"""
    pcap = Pcap()
    talk = Talk(pcap, ip4(1), public4(1), 40000).open()
    for i in range(many(size, 170)):
        pcap.add(tcp(talk.c, talk.s, 40000, 443, 1001, talk.sseq, ACK, struct.pack(">I", i) * 25), 9_000)
    return pcap.bytes()


def midstream(size):
    """data without beginnings between hosts that never come again"""
    pcap = Pcap()
    for i in range(many(size, 80)):
        pcap.add(tcp(ip4(i), public4(i), 1024 + i % 60000, 443, i, i, ACK, b"\x17\x03\x03\0\5hello"), 20_000)
    return pcap.bytes()


def out_of_order_times(size):
    """time runs backwards, then jumps over decades"""
    pcap = Pcap()
    for i in range(many(size, 70)):
        pcap.now = (START + (i * 7_919_777 % 4_000_000_000) - 1_700_000_000) * 10**9
        pcap.add(tcp(ip4(i % 1000), public4(i % 77), 1024 + i % 60000, 443, i, 0, SYN), 0)
    return pcap.bytes()


def duplicates(size):
    """every packet twenty times, as a capture on many interfaces has them"""
    pcap = Pcap()
    for i in range(many(size, 70 * 20)):
        frame = tcp(ip4(i), public4(i), 1024, 443, i, 0, SYN)
        for _ in range(20):
            pcap.add(frame, 10)
    return pcap.bytes()


# ---- TLS ----

def hellos_distinct(size):
    """a ClientHello each for a name that never comes again, then a reset: every contrast has new partners"""
    pcap = Pcap()
    for i in range(many(size, 700)):
        Talk(pcap, ip4(i), public4(i * 13), 2000 + i % 50000).open().ask(client_hello(b"n%d.example.net" % i)).reset(ttl=64)
    return pcap.bytes()


def hellos_one_server(size):
    """distinct names at one address, half of them reset"""
    pcap = Pcap()
    for i in range(many(size, 800)):
        talk = Talk(pcap, ip4(i % 250), public4(1), 2000 + i % 50000).open().ask(client_hello(b"n%d.blob.core.windows.net" % i))
        if i % 2:
            talk.reset(ttl=64)
        else:
            talk.answer(server_hello()).close()
    return pcap.bytes()


def hellos_one_name(size):
    """one name at servers that never come again, half of them reset"""
    pcap = Pcap()
    for i in range(many(size, 800)):
        talk = Talk(pcap, ip4(1), public4(i), 2000 + i % 50000).open().ask(client_hello(AZURE))
        if i % 2:
            talk.reset(ttl=64)
        else:
            talk.answer(server_hello()).close()
    return pcap.bytes()


def extensions(size):
    """64 KiB of unknown extensions a hello"""
    pcap = Pcap()
    more = b"".join(struct.pack(">HH", 0x7000 + i % 999, 0) for i in range(15_000))
    for i in range(many(size, 70_000)):
        Talk(pcap, ip4(i), public4(i), 2000 + i % 50000).open().ask(client_hello(AZURE, more)).reset()
    return pcap.bytes()


def alpn(size):
    """tens of thousands of application protocols a hello"""
    pcap = Pcap()
    for i in range(many(size, 66_000)):
        Talk(pcap, ip4(i), public4(i), 2000 + i % 50000).open().ask(client_hello(AZURE, alpn=[b"x"] * 32_000)).reset()
    return pcap.bytes()


def alerts(size):
    """warnings without end on one connection"""
    pcap = Pcap()
    talk = Talk(pcap, ip4(1), public4(1), 40000).open().ask(client_hello(AZURE)).answer(server_hello())
    for i in range(many(size, 1500)):
        talk.answer(b"".join(alert(1, (i + k) % 120) for k in range(200)))
    return pcap.bytes()


def alert_connections(size):
    """a fatal alert each, every code, names that repeat"""
    pcap = Pcap()
    for i in range(many(size, 750)):
        talk = Talk(pcap, ip4(i % 99), public4(i % 999), 2000 + i % 50000).open()
        talk.ask(client_hello(b"n%d.vault.azure.net" % (i % 5000))).answer(alert(2, i % 256)).close()
    return pcap.bytes()


def empty_records(size):
    """TLS records of no bytes"""
    pcap = Pcap()
    talk = Talk(pcap, ip4(1), public4(1), 40000).open().ask(client_hello(AZURE)).answer(server_hello())
    for _ in range(many(size, 1470)):
        talk.answer(b"\x16\x03\x03\0\0" * 280)
    return pcap.bytes()


def fragmented_handshake(size):
    """a handshake message in records of one byte"""
    pcap = Pcap()
    body = certificates([certificate(1, names=[b"n%d.example" % k for k in range(900)])])[5:]
    for i in range(many(size, len(body) * 6)):
        talk = Talk(pcap, ip4(i), public4(i), 2000 + i % 50000).open().ask(client_hello(AZURE)).answer(server_hello())
        talk.answer(b"".join(b"\x16\x03\x03\0\1" + body[k:k + 1] for k in range(len(body))))
    return pcap.bytes()


def certificates_distinct(size):
    """certificates that never come again, a chain of ten each"""
    pcap = Pcap()
    for i in range(many(size, 10_000)):
        talk = Talk(pcap, ip4(i), public4(i), 2000 + i % 50000).open().ask(client_hello(AZURE)).answer(server_hello())
        talk.answer(certificates([certificate(i * 16 + k, b"h%d.example" % i, b"CA %d" % i) for k in range(10)]))
        talk.ask(alert(2, 48)).close()
    return pcap.bytes()


def certificate_chain(size):
    """one chain as long as it may be"""
    pcap = Pcap()
    for i in range(many(size, 250_000)):
        talk = Talk(pcap, ip4(i), public4(i), 2000 + i % 50000).open().ask(client_hello(AZURE)).answer(server_hello())
        talk.answer(certificates([certificate(i * 1000 + k) for k in range(240)]))
    return pcap.bytes()


def certificate_names(size):
    """thousands of names a certificate"""
    pcap = Pcap()
    for i in range(many(size, 63_000)):
        talk = Talk(pcap, ip4(i), public4(i), 2000 + i % 50000).open().ask(client_hello(AZURE)).answer(server_hello())
        talk.answer(certificates([certificate(i, names=[b"*.n%d.example" % k for k in range(3600)])]))
        talk.ask(alert(2, 42)).close()
    return pcap.bytes()


def certificate_issuers(size):
    """an issuer of 50,000 letters, all nearly the same"""
    pcap = Pcap()
    for i in range(many(size, 101_000)):
        talk = Talk(pcap, ip4(i), public4(i), 2000 + i % 50000).open().ask(client_hello(AZURE)).answer(server_hello())
        talk.answer(certificates([certificate(i, issuer=b"Zscaler Zscale" * 3500)]))
        talk.ask(alert(2, 48)).close()
    return pcap.bytes()


def certificate_keys(size):
    """RSA keys of 100,000 bits"""
    pcap = Pcap()
    for i in range(many(size, 14_000)):
        talk = Talk(pcap, ip4(i), public4(i), 2000 + i % 50000).open().ask(client_hello(AZURE)).answer(server_hello())
        talk.answer(certificates([certificate(i, modulus=b"\0" + b"\xff" * 12_500)]))
    return pcap.bytes()


# ---- HTTP ----

PROXY_REFUSES = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"


def connects_distinct(size):
    """CONNECTs to names that never come again, refused: groups by proxy, by name"""
    pcap = Pcap()
    for i in range(many(size, 750)):
        talk = Talk(pcap, ip4(i), public4(1), 2000 + i % 50000, 8080).open()
        talk.ask(b"CONNECT n%d.example.net:443 HTTP/1.1\r\nHost: n%d.example.net\r\n\r\n" % (i, i)).answer(PROXY_REFUSES).close()
    return pcap.bytes()


def proxies_distinct(size):
    """proxies that never come again"""
    pcap = Pcap()
    for i in range(many(size, 750)):
        talk = Talk(pcap, ip4(1), public4(i), 2000 + i % 50000, 8080).open()
        talk.ask(b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\n\r\n").answer(PROXY_REFUSES).close()
    return pcap.bytes()


def challenges_late(size):
    """407s that come decades after the connection began, credentials after them: how long a search for the other legs goes on"""
    pcap = Pcap()
    for i in range(many(size, 750)):
        pcap.now = (START - 1_200_000_000 + i) * 10**9
        talk = Talk(pcap, ip4(1 + i % 5), public4(1), 2000 + i % 50000, 8080).open()
        pcap.now = (START + i) * 10**9
        talk.ask(b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\n\r\n").answer(PROXY_REFUSES).close()
    return pcap.bytes()


def connect_nested(size):
    """CONNECT inside CONNECT inside CONNECT"""
    pcap = Pcap()
    for i in range(many(size, 300 * 300)):
        talk = Talk(pcap, ip4(i), public4(i), 2000 + i % 50000, 8080).open()
        for k in range(300):
            talk.ask(b"CONNECT n%d.example.net:443 HTTP/1.1\r\n\r\n" % k).answer(b"HTTP/1.1 200 OK\r\n\r\n")
    return pcap.bytes()


def pipelined(size):
    """requests without end on one connection, then as many replies"""
    pcap = Pcap()
    talk = Talk(pcap, ip4(1), public4(1), 40000, 80).open()
    count = many(size, 80)
    talk.ask(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(count)))
    talk.answer(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" * count)
    return pcap.bytes()


def header_flood(size):
    """60 KiB of header lines a request, each a name of its own"""
    pcap = Pcap()
    head = b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(4000)) + b"\r\n"
    for i in range(many(size, len(head) * 2)):
        Talk(pcap, ip4(i), public4(i), 2000 + i % 50000, 80).open().ask(head).answer(head.replace(b"GET / HTTP/1.1", b"HTTP/1.1 403 No"))
    return pcap.bytes()


def header_folding(size):
    """colons, blanks and tabs, a megabyte of them"""
    pcap = Pcap()
    for i, letter in enumerate((b":", b" ", b"\t", b"a: \r\n ", b"\r\n", b"\n", b"\r", b"=", b"%2525", b"\0")):
        talk = Talk(pcap, ip4(i), public4(i), 2000 + i, 80).open().ask(b"GET / HTTP/1.1\r\nHost: x\r\n")
        talk.ask(letter * (size // 10 // len(letter)))
    return pcap.bytes()


def chunks(size):
    """chunks of one byte, with extensions"""
    pcap = Pcap()
    talk = Talk(pcap, ip4(1), public4(1), 40000, 80).open().ask(b"GET / HTTP/1.1\r\n\r\n")
    talk.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    talk.answer(b"1;a=b\r\nx\r\n" * many(size, 11))
    return pcap.bytes()


def block_pages(size):
    """pages that nearly are a firewall's block page, again and again"""
    pcap = Pcap()
    text = b"<html>Action: Den Reason: No rule matched. Proceeding with defau Action: Deny. Access Denie Web Page Blocke" * 500
    for i in range(many(size, len(text) + 700)):
        talk = Talk(pcap, ip4(i), public4(i), 2000 + i % 50000, 80).open().ask(b"GET / HTTP/1.1\r\nHost: h%d\r\n\r\n" % i)
        talk.answer(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
    return pcap.bytes()


def hosts_http(size):
    """a Host that never comes again each, all on one connection"""
    pcap = Pcap()
    talk = Talk(pcap, ip4(1), public4(1), 40000, 80).open()
    for i in range(many(size, 220)):
        talk.ask(b"GET / HTTP/1.1\r\nHost: h%d.example\r\n\r\n" % i).answer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    return pcap.bytes()


# ---- DNS ----

RESOLVER = ip4(0xFFFFFF)


def queries_distinct(size):
    """questions for names that never come again, unanswered"""
    pcap = Pcap()
    for i in range(many(size, 100)):
        pcap.add(udp(ip4(1), RESOLVER, 1024 + i % 60000, 53, dns_query(i, b"n%d.example.net" % i)), 30_000)
    return pcap.bytes()


def answers_none(size):
    """names that do not exist, each its own"""
    pcap = Pcap()
    for i in range(many(size, 200)):
        name = b"n%d.example.net" % i
        pcap.add(udp(ip4(1), RESOLVER, 1024 + i % 60000, 53, dns_query(i, name)), 30_000)
        pcap.add(udp(RESOLVER, ip4(1), 53, 1024 + i % 60000, dns_answer(i, name, [], 3)), 30_000)
    return pcap.bytes()


def answers_one_address(size):
    """a million names for one address, and connections to it"""
    pcap = Pcap()
    for i in range(many(size, 290)):
        name = b"n%d.example.net" % i
        pcap.add(udp(ip4(1), RESOLVER, 1024 + i % 60000, 53, dns_query(i, name)), 30_000)
        pcap.add(udp(RESOLVER, ip4(1), 53, 1024 + i % 60000, dns_answer(i, name, [(None, 1, public4(1))])), 30_000)
        pcap.add(tcp(ip4(1), public4(1), 1024 + i % 60000, 443, i, 0, SYN), 30_000)
    return pcap.bytes()


def answers_one_name(size):
    """a name with addresses without end"""
    pcap = Pcap()
    for i in range(many(size, 1250)):
        pcap.add(udp(ip4(1), RESOLVER, 1024 + i % 60000, 53, dns_query(i, AZURE)), 30_000)
        records = [(None, 1, public4(i * 70 + k)) for k in range(70)]
        pcap.add(udp(RESOLVER, ip4(1), 53, 1024 + i % 60000, dns_answer(i, AZURE, records)), 30_000)
    return pcap.bytes()


def aliases(size):
    """alias chains as long as a message holds, forwards, backwards and round"""
    pcap = Pcap()
    for i in range(many(size, 1300)):
        chain = [(b"a%d" % k, 5, dns_name(b"a%d" % (k + 1))) for k in range(60)]
        chain = [chain, chain[::-1], chain + [(b"a60", 5, dns_name(b"a0"))]][i % 3]
        pcap.add(udp(ip4(1), RESOLVER, 1024 + i % 60000, 53, dns_query(i, b"a0")), 30_000)
        pcap.add(udp(RESOLVER, ip4(1), 53, 1024 + i % 60000, dns_answer(i, b"a0", chain + [(b"a60", 1, public4(i))])), 30_000)
    return pcap.bytes()


def pointers(size):
    """names that are pointers to pointers"""
    pcap = Pcap()
    for i in range(many(size, 60_000)):
        body = struct.pack(">HHHHHH", 1, 0x8180, 1, 20000, 0, 0) + b"\1a\0\0\1\0\1"
        at = 12
        while len(body) < 60_000:
            body += struct.pack(">H", 0xC000 | min(at, 0x3FFF)) + b"\0\5\0\1\0\0\0\1\0\2" + struct.pack(">H", 0xC000 | min(at, 0x3FFF))
            at = len(body) - 2
        pcap.add(udp(RESOLVER, ip4(1), 53, 1024 + i, body), 30_000)
    return pcap.bytes()


def same_id(size):
    """questions and answers that share one id and port"""
    pcap = Pcap()
    for i in range(many(size, 100)):
        pcap.add(udp(ip4(1), RESOLVER, 1024, 53, dns_query(7, b"n%d.example.net" % (i % 5000))), 30_000)
    return pcap.bytes()


def dns_tcp(size):
    """DNS over TCP, messages without end on one connection"""
    pcap = Pcap()
    talk = Talk(pcap, ip4(1), RESOLVER, 40000, 53).open()
    for i in range(many(size, 1500)):
        talk.ask(b"".join(u16(dns_query(i * 30 + k, b"n%d.example.net" % (i * 30 + k))) for k in range(30)))
    return pcap.bytes()


# ---- ICMP, fragments, headers ----

def unreachable(size):
    """ICMP errors that quote connections nobody has seen"""
    pcap = Pcap()
    for i in range(many(size, 100)):
        quoted = tcp(ip4(i), public4(i * 31), 1024 + i % 60000, 443, i, 0, SYN)[14:42]
        pcap.add(ip(public4(i % 9), ip4(i), 1, bytes([3, i % 16, 0, 0, 0, 0, 0, 0]) + quoted), 30_000)
    return pcap.bytes()


def unreachable_one(size):
    """ICMP errors about one connection"""
    pcap = Pcap()
    Talk(pcap, ip4(1), public4(1), 40000).syn()
    quoted = tcp(ip4(1), public4(1), 40000, 443, 1000, 0, SYN)[14:42]
    for i in range(many(size, 100)):
        pcap.add(ip(public4(i), ip4(1), 1, bytes([3, i % 16, 0, 0, 0, 0, i >> 8 & 255, i & 255]) + quoted), 30_000)
    return pcap.bytes()


def extension_chain(size):
    """IPv6 packets that are extension headers from end to end"""
    pcap = Pcap()
    source, target = b"\x20\1" + bytes(14), b"\x20\1" + bytes(13) + b"\1"
    for i in range(many(size, 65_000)):
        chain = bytes([(0, 60, 43)[i % 3], 0]) + bytes(6)
        pcap.add(ip(source, target, 60, chain * 8000), 30_000)
    for i in range(many(size // 4, 110)):
        chain = b"\x3c\0" + bytes(6)
        pcap.add(ip(source, target, 60, chain * 5 + b"\6\0" + bytes(6)
                    + struct.pack(">HHIIBBHHH", i % 65536, 443, i, 0, 0x50, SYN, 0, 0, 0)), 30_000)
    return pcap.bytes()


def fragments(size):
    """fragments that never complete, overlap, and say they are last"""
    pcap = Pcap()
    for i in range(many(size, 74)):
        pcap.add(ip(ip4(i % 251), public4(i % 7), 6, bytes(24), ident=i & 0xFFFF, fragment=0x2000 | (i * 3) % 100), 30_000)
    return pcap.bytes()


def fragments_one(size):
    """one datagram in fragments of eight bytes, in every order, twice"""
    pcap = Pcap()
    order = list(range(8000))
    for i in range(many(size, 8000 * 58)):
        random.Random(i).shuffle(order)
        for at in order:
            pcap.add(ip(ip4(1), public4(1), 17, bytes(8), ident=i & 0xFFFF, fragment=0x2000 | at), 3_000)
    return pcap.bytes()


def layers(size):
    """tags, labels and tunnels in one another"""
    pcap = Pcap()
    frame = tcp(ip4(1), public4(1), 1024, 443, 1, 0, SYN)
    nested = frame[14:]
    for _ in range(40):
        nested = ip(ip4(1), public4(1), 4, nested)[14:]
    kinds = [frame[:12] + b"\x81\0\0\1" * 300 + frame[12:], frame[:12] + b"\x88\x47" + b"\0\0\0\x40" * 300 + frame[14:],
             ETH4 + nested, ip(ip4(1), public4(1), 47, b"\0\0\x65\x58" * 1 + ip(ip4(1), public4(1), 47, b"\0\0\x65\x58" + frame))]
    for i in range(many(size, 900)):
        pcap.add(kinds[i % 4], 30_000)
    return pcap.bytes()


# ---- Files ----

def interfaces(size):
    """pcapng interfaces without end"""
    return section() + interface() * many(size, 20)


def sections(size):
    """pcapng sections without end, an interface and a packet each"""
    frame = tcp(ip4(1), public4(1), 1024, 443, 1, 0, SYN)
    return (section() + interface() + enhanced(frame)) * many(size, 136)


def points(size):
    """200 interfaces that see every connection, each nearer to its client than the one before, and each by two TTLs"""
    parts, number = [section() + interface() * 200], 0
    for i in range(many(size, 200 * 2 * 190)):
        client, server = ip4(i), public4(i)
        for at in range(200):
            for ttl in (40 + at, 41 + at):
                number += 1
                parts.append(enhanced(tcp(client, server, 1024, 443, 1, 0, SYN, ttl=ttl), START * 10**6 + number * 50, at)
                             + enhanced(tcp(server, client, 443, 1024, 1, 2, SYN | ACK, ttl=255 - ttl),
                                        START * 10**6 + number * 50 + 20, at))
    return b"".join(parts)


def comments(size):
    """options without end in every block"""
    options = option(1, b"\x1b[31mx" * 10) * 300
    frame = tcp(ip4(1), public4(1), 1024, 443, 1, 0, SYN)
    return section() + interface(options=options) + enhanced(frame, options=options) * many(size, 20_000)


def name_records(size):
    """name resolution blocks that name every address"""
    records = b"".join(struct.pack("<HH", 1, 4 + 11) + ip4(i) + b"x%09d\0" % i + b"\0" for i in range(1000))
    frame = tcp(ip4(1), public4(1), 1024, 443, 1, 0, SYN)
    return section() + interface() + block(4, records + b"\0\0\0\0") * many(size, len(records)) + enhanced(frame)


def notes(size):
    """what a live capture notes, made up: processes for every connection"""
    parts = [section(), interface()]
    for i in range(many(size, 280)):
        client = bytes(10) + b"\xff\xff" + ip4(i) + struct.pack("<H", 1024)
        server = bytes(10) + b"\xff\xff" + public4(1) + struct.pack("<H", 443)
        text = struct.pack("<HH", 1, 12) + b"/usr/bin/x%02d" % (i % 90) + struct.pack("<HH", 2, 8) + b"unit%04d" % (i % 9999)
        kind = 1 + i % 6
        body = NOTE_MAGIC + struct.pack("<HHIq", kind, i & 7, i, (START * 10**6 + i) * 1000) + client + server + text + bytes(4)
        parts.append(block(NOTE_BLOCK, body))
        parts.append(enhanced(tcp(ip4(i), public4(1), 1024, 443, i, 0, SYN), START * 10**6 + i))
    return b"".join(parts)


NOTE_BLOCK, NOTE_MAGIC = 0x40000BAD, b"PathProo"  # set by the runner from src/source/note.h


def lengths(size):
    """blocks whose lengths lie: huge, tiny, odd, not repeated"""
    rng = random.Random(1)
    good = section() + interface()
    frame = enhanced(tcp(ip4(1), public4(1), 1024, 443, 1, 0, SYN))
    parts = [good, frame * 100]
    while sum(map(len, parts)) < size:
        bad = bytearray(frame)
        struct.pack_into("<I", bad, rng.choice((4, len(bad) - 4, 20, 24)), rng.choice((0, 1, 8, 11, 13, 1 << 20, 1 << 31, 0xFFFFFFFF)))
        parts.append(bytes(bad) if rng.random() < 0.01 else frame * 100)
    return b"".join(parts)


def zero_frames(size):
    """frames of no bytes"""
    return Pcap().bytes() + struct.pack("<IIII", START, 0, 0, 0) * many(size, 16)


def noise(size):
    """a pcap header, then anything"""
    return Pcap().bytes() + random.Random(2).randbytes(size)


def noise_frames(size):
    """well-formed frames of noise, on every link type in turn"""
    rng = random.Random(3)
    parts = [section()] + [interface(kind) for kind in range(0, 300)]
    for i in range(many(size, 250)):
        parts.append(enhanced(rng.randbytes(200), START * 10**6 + i, i % 300))
    return b"".join(parts)


def gzip_zeros(size):
    """ten gigabytes of nothing, compressed"""
    one = gzip.compress(bytes(100 << 20), 9)
    return gzip.compress(Pcap().bytes() + struct.pack("<IIII", START, 0, 64, 64) + bytes(64)) + one * many(size, len(one))


def gzip_syns(size):
    """SYNs that compress well, eight bytes each: as many connections as a file of this size can hold"""
    filler = gzip.compress(b"", 0)
    parts = [gzip.compress(Pcap().bytes())]
    at, made = 0, 0
    while made < size:
        frames = b"".join(struct.pack("<IIII", START + at // 1000, 0, 54, 54)
                          + tcp(ip4(at + k), public4(1), 1024, 443, 0, 0, SYN) for k in range(20_000))
        packed = gzip.compress(frames, 6)
        spare = 20_000 * 8 - len(packed) if at >= 240_000 else 0  # so many are free (src/source/source.c)
        parts.append(packed + filler * max(0, spare // len(filler) + 1))
        made += len(parts[-1])
        at += 20_000
    return b"".join(parts)


def gzip_same(size):
    """one packet again and again, compressed just below the limit"""
    frame = tcp(ip4(1), public4(1), 1024, 443, 1, 1, ACK, b"x" * 40)
    one = (struct.pack("<IIII", START, 0, len(frame), len(frame)) + frame) * 9000
    packed = gzip.compress(one, 9)
    filler = gzip.compress(b"", 0)
    want = len(one) // 120  # 120-fold, with empty members between
    member = packed + filler * max(0, (want - len(packed)) // len(filler))
    return gzip.compress(Pcap().bytes()) + member * many(size, len(member))


def gzip_connections(size):
    """two SYNs in turn, each a new connection, compressed just below the limit"""
    pair = b"".join(struct.pack("<IIII", START, 0, 54, 54) + tcp(ip4(1), public4(1), 1024, 443, seq, 0, SYN)
                    for seq in (1, 1 << 30))
    one = pair * 6000
    packed = gzip.compress(one, 9)
    filler = gzip.compress(b"", 0)
    member = packed + filler * max(0, (len(one) // 120 - len(packed)) // len(filler))
    return gzip.compress(Pcap().bytes()) + member * many(size, len(member))


def gzip_members(size):
    """empty gzip members without end"""
    return gzip.compress(Pcap().bytes()) + gzip.compress(b"") * many(size, 20)


ATTACKS = [value for value in list(globals().values())
           if callable(value) and getattr(value, "__module__", "") == __name__ and value.__name__ != "many"]
