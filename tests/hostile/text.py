#!/usr/bin/env python3
"""Text that acts on its reader, in every field of a capture that a report can show, and in file names: nothing of it reaches
the report, the JSON or a message as it is.  usage: tests/hostile/text.py PATHPROOF"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from wire import *

NOTE_BLOCK, NOTE_MAGIC = 0x80504650, b"pathprf1"

NASTY = {
    "plain": b"-plain-",
    "terminal colour": b"\x1b[31mred\x1b[0m",
    "terminal title": b"\x1b]0;owned\x07",
    "eight-bit terminal escape": b"\x9b31m",
    "the same in UTF-8": "\u009b31m".encode(),
    "carriage return": b"\rfine",
    "line feed": b"\nOK  No fault found",
    "tab and backspaces": b"\t\b\b\b\x7f",
    "NUL": b"\0hidden",
    "right to left": "\u202egnp.exe\u202c".encode(),
    "isolates": "\u2066x\u2069\u200f".encode(),
    "zero width": "a\u200bb\u2060c\ufeff".encode(),
    "line separator": "\u2028\u2029\u0085".encode(),
    "tags": "\U000e0041\U000e0042".encode(),
    "private use and no character": "\ue000\ufffe\U0010ffff".encode(),
    "broken UTF-8": b"\xff\xfe\xc0\xaf\xe2\x28\xa1\xed\xa0\x80\xf8\x88\x80\x80\x80",
    "cut UTF-8": b"\xf0\x9f\x98",
    "markup": b"<script>alert('&quot;')</script><!--",
    "JSON": b"\",\"record\":\"conclusion\"}\\u0000\\",
    "shell": b"`id`$(id);|&",
    "format": b"%s%n%1$x{host}{server}",
}
# What no reader may be given, apart from the line feeds that end lines.
ACTS = {*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F),
        *range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC), 0xFFFE, 0xFFFF, *range(0xE000, 0xF900),
        *range(0xE0000, 0x110000)} - {0x0A}

SHOWN = []  # the fields that the last capture carried


def field(name, nasty):
    """The field's value: its mark in front, so that it can be told in what is printed."""
    SHOWN.append(name)
    return b"q7" + name.encode() + nasty


def note(kind, texts, number=0, flags=0, client=None, server=None):
    ends = b"".join(bytes(10) + b"\xff\xff" + address + struct.pack("<H", port)
                    for address, port in (client or (ip4(1), 0), server or (ip4(1), 0)))
    options = b"".join(option(i + 1, text) for i, text in enumerate(texts))
    return block(NOTE_BLOCK, NOTE_MAGIC + struct.pack("<HHIq", kind, flags, number, START * 10**9) + ends + options + bytes(4))


class Frames:
    """Takes frames like a Pcap and keeps them for a pcapng."""

    def __init__(self):
        self.frames, self.now = [], START * 10**6

    def add(self, frame, step=0):
        self.now += 1000
        self.frames.append(enhanced(frame, self.now, options=option(1, b"comment")))


def conversations(nasty):
    out = Frames()
    port = iter(range(40000, 50000))

    def talk(server, dport=443):
        return Talk(out, ip4(4), public4(server), next(port), dport).open()

    talk(1).ask(client_hello(field("sni", nasty), alpn=(field("alpn", nasty), b"h2"))).reset(ttl=64)
    chain = [certificate(1, field("subject", nasty), field("issuer", nasty), (field("altname", nasty),)), certificate(2)]
    talk(2).ask(client_hello(b"login.microsoftonline.com")).answer(server_hello() + certificates(chain)).ask(alert(2, 48)).close()
    talk(3, 80).ask(b"GET /" + field("target", nasty) + b" HTTP/1.1\r\nHost: " + field("host", nasty) + b"\r\nUser-Agent: "
                    + field("agent", nasty) + b"\r\n\r\n").answer(
        b"HTTP/1.1 403 " + field("reason", nasty) + b"\r\nServer: " + field("server", nasty) + b"\r\nVia: 1.1 "
        + field("via", nasty) + b"\r\nContent-Type: text/html\r\nContent-Length: 300\r\n\r\n"
        + (b"<title>" + field("title", nasty) + b"</title>Access Denied by " + nasty).ljust(300)).close()
    talk(4, 8080).ask(b"CONNECT " + field("connect", nasty) + b":443 HTTP/1.1\r\n\r\n").answer(
        b"HTTP/1.1 407 " + field("demand", nasty) + b"\r\nProxy-Authenticate: " + field("scheme", nasty)
        + b" realm=x\r\nContent-Length: 0\r\n\r\n").close()
    talk(5, 8080).ask(b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\n\r\n").answer(
        b"HTTP/1.1 503 " + field("refusal", nasty) + b"\r\nX-Squid-Error: " + field("squid", nasty)
        + b" 0\r\nContent-Length: 0\r\n\r\n").close()
    talk(6, 80).ask(field("method", nasty) + b" / HTTP/1.1\r\n\r\n").answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").close()
    talk(7, 22).answer(b"SSH-2.0-" + field("banner", nasty) + b"\r\n").close()
    name = b"".join(u8(part) for part in (field("query", nasty)[:63], b"example")) + b"\0"
    alias = u8(field("alias", nasty)[:63]) + b"\0"
    question = struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
    answer = (struct.pack(">HHHHHH", 1, 0x8180, 1, 2, 0, 0) + name + struct.pack(">HH", 1, 1)
              + b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 60, len(alias)) + alias
              + alias + struct.pack(">HHIH", 1, 1, 60, 4) + public4(9))
    out.add(udp(ip4(4), ip4(53), 3333, 53, question))
    out.add(udp(ip4(53), ip4(4), 53, 3333, answer))
    lost = struct.pack(">HHHHHH", 2, 0x8183, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
    out.add(udp(ip4(4), ip4(53), 3334, 53, struct.pack(">HHHHHH", 2, 0x0100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)))
    out.add(udp(ip4(53), ip4(4), 53, 3334, lost))
    return out.frames


def capture(nasty):
    SHOWN.clear()
    head = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
                 + b"".join(option(code, b"x" + nasty) for code in (1, 2, 3, 4)) + bytes(4))
    notes = [note(1, (field("exe", nasty), field("unit", nasty)), 77, 5, (ip4(4), 40000), (public4(1), 443)),
             note(2, (field("service", nasty), field("state", nasty), field("log", nasty)), 1, 2),
             note(3, (field("where", nasty), field("setting", nasty), field("value", nasty))),
             note(4, (field("command", nasty),), 3), note(5, (field("missed", nasty),), 9)]
    return (head + interface(options=b"".join(option(code, b"x" + nasty) for code in (1, 2, 3, 12, 15)) + bytes(4))
            + b"".join(notes) + b"".join(conversations(nasty)))


def acting(raw):
    """What a reader would act on; bytes that are no UTF-8 count, too."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"no UTF-8: {error}"
    bad = sorted({f"U+{ord(c):04X}" for c in text if ord(c) in ACTS})
    return " ".join(bad)


def check(program, path, name, faults, cwd):
    seen = b""
    for how in (["--color", "never", "-v"], ["--color", "never"], ["--color", "never", "-q"], ["--json", "-"]):
        run = subprocess.run([program, "analyze", *how, path], capture_output=True, cwd=cwd, check=False)
        seen += run.stdout
        if run.returncode not in range(4) or b"ERROR: " in run.stderr or b"runtime error" in run.stderr:
            faults.append(f"{name}: {how} gave status {run.returncode}: {run.stderr[-500:]!r}")
        for where, raw in (("output", run.stdout), ("message", run.stderr)):
            bad = acting(raw)
            if bad:
                faults.append(f"{name}: {' '.join(how)}: the {where} has {bad}")
        if "--json" in how:
            records = [json.loads(line)["record"] for line in run.stdout.splitlines()]
            if records and (records[-1] != "conclusion" or records.count("conclusion") != 1):
                faults.append(f"{name}: the JSON's records are {records}")
        if b"\nOK  No fault" in b"\n" + run.stdout:  # there are faults: that line is the capture's
            faults.append(f"{name}: a line of the capture stands in the report")
    return seen


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    faults, shown = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for name, nasty in NASTY.items():
            path = pathlib.Path(folder, "capture.pcapng")
            path.write_bytes(capture(nasty))
            seen = check(program, str(path), name, faults, folder)
            for field_name in SHOWN:
                shown.setdefault(field_name, set()).update({name} if b"q7" + field_name.encode() in seen else ())
            if b"/" in nasty or b"\0" in nasty:
                continue
            for given in (b"in" + nasty, b"absent" + nasty):
                target = os.path.join(os.fsencode(folder), given)
                if given.startswith(b"in"):
                    os.rename(path, target)
                check(program, target, f"file name, {name}", faults, folder)
                if given.startswith(b"in"):
                    os.unlink(target)
            for wrong in ([b"--agent", nasty], [b"--json", b"no/" + nasty], [b"--filter", nasty], [b"--proxy", nasty], [b"--" + nasty],
                          [b"--endpoints", nasty], [b"--lang", nasty]):
                run = subprocess.run([program.encode(), b"analyze", *wrong, b"x"], capture_output=True, cwd=folder, check=False)
                if acting(run.stderr) or acting(run.stdout):
                    faults.append(f"{wrong}: {acting(run.stderr)} {acting(run.stdout)}")
    # Each must have shown up when it was harmless: else nothing was tested.
    silent = {"agent", "via", "title", "banner", "missed", "method"}  # what no report shows
    for field_name, names in shown.items():
        if "plain" not in names and field_name not in silent:
            faults.append(f"the field '{field_name}' was never shown")
    print("\n".join(faults[:40]) or f"{len(shown)} fields, {len(NASTY)} kinds of text: none acts; "
          + ", ".join(f"{k} {len(v)}" for k, v in shown.items()))
    return 1 if faults else 0


sys.exit(main())
