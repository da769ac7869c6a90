#!/usr/bin/env python3
"""Loss of live captures on a veth pair between two namespaces: pathproof, tcpdump and dumpcap in the same run, with
the same ring, one after the other and again.  Checks bars 2 and 4 of the capture command.

usage: loss.py PATHPROOF [--nice 0|-20|own] [--repeat N] [--secs S] [--rates R,R…] [--hogs N,N…] [--quick] [--json FILE]
       (root; packages: tools/packages/live; --quick takes a minute and, beside other work, fails only for packets
       that the file and the kernel count differently)

--nice 0: every tool's reader and the sender at 0.  -20: every reader there, the sender at -15.  own: the same sender, and
each tool as it starts by itself: pathproof's reader goes to -20 where it may, the others stay at 0.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from permitted import or_skip

HERE = Path(__file__).resolve().parent
A, B = f"ppA{os.getpid()}", f"ppB{os.getpid()}"
RING_MIB = 64


def run(*words, check=True):
    return subprocess.run([str(word) for word in words], check=check, capture_output=True, text=True)


def setup():
    for name in (A, B):
        run("ip", "netns", "add", name)
        run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
            "net.ipv6.conf.default.disable_ipv6=1", check=False)
    run("ip", "link", "add", "v0", "netns", A, "type", "veth", "peer", "name", "v1", "netns", B)
    for name, device in ((A, "v0"), (B, "v1")):
        run("ip", "-n", name, "link", "set", device, "up")


def tear_down():
    for name in (A, B):
        run("ip", "netns", "del", name, check=False)


def tools(program, out, nice):
    """pathproof's reader goes to -20 by itself where it may: without CAP_SYS_NICE it may not."""
    first = ["nice", "-n", nice] if nice not in ("own", "0") else []
    without = ["setpriv", "--bounding-set", "-sys_nice"] if nice == "0" else []
    return {
        "pathproof": [*without, program, "capture", "-q", "--interface", "v1", "--filter", "tcp", "--write",
                      out / "o.pcapng", "--force"],
        "tcpdump": [*first, "tcpdump", "-Z", "root", "-ni", "v1", "-B", RING_MIB * 1024, "-w", out / "o.pcap", "tcp"],
        "dumpcap": [*first, "dumpcap", "-q", "-ni", "v1", "-B", RING_MIB, "-f", "tcp", "-w", out / "o.pcapng"],
        "tcpdump, its default ring": [*first, "tcpdump", "-Z", "root", "-ni", "v1", "-w", out / "o.pcap", "tcp"],
    }


def blocks(path):
    """Type and body of every whole block of a pcapng file; the packets are skipped over, not read."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = 0
        while at + 12 <= size:
            file.seek(at)
            kind, length = struct.unpack("<II", file.read(8))
            if length < 12 or at + length > size:
                return
            yield kind, file.read(length - 12) if kind != 6 else b""
            at += length


def pcapng_counts(path):
    """Packets in the file, and what its statistics say: received, dropped."""
    packets, received, dropped = 0, None, None
    for kind, body in blocks(path):
        packets += kind == 6
        if kind == 5:
            at = 12
            while at + 4 <= len(body):
                code, length = struct.unpack_from("<HH", body, at)
                if code in (4, 7):
                    value, = struct.unpack_from("<Q", body, at + 4)
                    received, dropped = (value, dropped) if code == 4 else (received, value)
                at += 4 + (length + 3) // 4 * 4
    return packets, received, dropped


def one(arguments, name, command, size, rate, hogs, tail):
    for file in arguments.tmp.iterdir():
        file.unlink()
    busy = [subprocess.Popen(["python3", "-c", f"import time\nend = time.time() + {arguments.secs + 15}\n"
                              "while time.time() < end: pass"]) for _ in range(hogs)]
    capture = subprocess.Popen(["ip", "netns", "exec", B, *map(str, command)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(1.2)
    # The sender has to reach its rate beside the hogs, too; where everybody is equal, so is it.
    sent = json.loads(run("ip", "netns", "exec", A, "nice", "-n", "0" if arguments.nice == "0" else "-15", arguments.bin / "live_send", "v0", size, rate,
                          arguments.secs).stdout)
    time.sleep(tail)
    capture.send_signal(signal.SIGINT)
    out, err = capture.communicate(timeout=120)
    for process in busy:
        process.kill()
        process.wait()
    result = {"tool": name, "hogs": hogs, "size": size, "want": rate, "pps": round(sent["pps"]), "gbps": sent["gbps"],
              "sent": sent["sent"]}
    if name == "pathproof":
        packets, received, dropped = pcapng_counts(arguments.tmp / "o.pcapng")
        result.update(captured=packets, dropped=dropped, exact=packets == received - dropped)
    elif name == "dumpcap":
        result["captured"], result["dropped"] = map(int, re.search(r"received/dropped on interface.*?: (\d+)/(\d+)",
                                                                   err).groups())
    else:
        result["captured"] = int(re.search(r"(\d+) packets? captured", err)[1])
        result["dropped"] = int(re.search(r"(\d+) packets? dropped by kernel", err)[1])
    result["lost"] = result["sent"] - result["captured"]
    print(json.dumps(result), flush=True)
    if arguments.json:
        with open(arguments.json, "a") as file:
            file.write(json.dumps(result) + "\n")
    return result


def killed(arguments, program):
    """SIGKILL under load: what is missing of the packets that had been sent a second before."""
    command = tools(program, arguments.tmp, "own")["pathproof"]
    for file in arguments.tmp.iterdir():
        file.unlink()
    capture = subprocess.Popen(["ip", "netns", "exec", B, *map(str, command)], stderr=subprocess.DEVNULL)
    time.sleep(1.2)
    sender = subprocess.Popen(["ip", "netns", "exec", A, str(arguments.bin / "live_send"), "v0", "300", "20000", "3"],
                              stdout=subprocess.PIPE, text=True)
    time.sleep(2.5)
    pid = int(run("pgrep", "-o", "-f", f"^{program} capture -q --interface v1").stdout.split()[0])
    when = time.time()
    os.kill(pid, signal.SIGKILL)
    capture.wait()
    sender.wait()
    last = run("tshark", "-r", arguments.tmp / "o.pcapng", "-T", "fields", "-e", "frame.time_epoch", check=False)
    stamps = last.stdout.split()
    lag = when - float(stamps[-1])
    print(json.dumps({"killed": True, "packets": len(stamps), "behind_s": round(lag, 3), "tshark": last.returncode}))
    return len(stamps) > 10000 and lag < (5 if arguments.quick else 1)


def table(results):
    """Median share that was lost, and the highest rate that the sender reached without a loss, in every repetition."""
    lost, best = {}, {}
    for result in results:
        key = result["hogs"], result["want"], result["tool"]
        lost.setdefault(key, []).append(100 * result["lost"] / result["sent"])
        kept = best.setdefault((result["hogs"], result["tool"]), {})
        kept[result["round"]] = max(kept.get(result["round"], 0), 0 if result["lost"] else result["pps"])
    print("lost of what was sent, median (lowest to highest):")
    for (hogs, rate, tool), shares in sorted(lost.items()):
        print(f"  {hogs} hogs, {rate}/s wanted, {tool}: {statistics.median(shares):.1f} % "
              f"({min(shares):.1f} to {max(shares):.1f})")
    print("highest rate without loss, median:")
    for (hogs, tool), kept in sorted(best.items()):
        print(f"  {hogs} hogs, {tool}: {statistics.median(kept.values()):.0f}/s ({sorted(kept.values())})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--nice", choices=("0", "-20", "own"), default="own")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--secs", type=float, default=3)
    parser.add_argument("--rates", default="100000,200000,400000,600000,800000")
    parser.add_argument("--hogs", default="0,4")
    parser.add_argument("--size", type=int, default=1514)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.secs, arguments.rates, arguments.only = 1.5, "200000", "pathproof"
    or_skip(("ip", "cc", "nice", "pgrep", "tshark", "setpriv") + (() if arguments.quick else ("tcpdump", "dumpcap")))
    home = Path(tempfile.mkdtemp(prefix="pploss-", dir="/dev/shm"))
    arguments.bin, arguments.tmp = home, home / "out"
    arguments.tmp.mkdir()
    run("cc", "-O2", "-o", home / "live_send", HERE / "live_send.c")
    program = str(Path(arguments.program).resolve())
    failed, results = [], []
    setup()
    try:
        for number in range(arguments.repeat):
            for hogs in map(int, arguments.hogs.split(",")):
                for rate in map(int, arguments.rates.split(",")):
                    for name, command in tools(program, arguments.tmp, arguments.nice).items():
                        if arguments.only not in name:
                            continue
                        result = one(arguments, name, command, arguments.size, rate, hogs, 0.8)
                        result["round"] = number
                        results.append(result)
                        if name == "pathproof" and not result["exact"]:
                            failed.append(f"file and kernel disagree: {result}")
                        if name == "pathproof" and rate <= 200000 and result["lost"] and arguments.nice != "0" and \
                                not arguments.quick:
                            failed.append(f"lost: {result}")
        table(results)
        if not killed(arguments, program):
            failed.append("killed: the file lacks more than a second")
    finally:
        tear_down()
        shutil.rmtree(home)
    print("\n".join(failed) or "no packet lost where none may be")
    sys.exit(bool(failed))


main()
