#!/usr/bin/env python3
"""Captures around real units of a real systemd, with the lab's servers and faults.

usage: services.py PATHPROOF [--jobs=N] [--slow] [NAME…]       (root; --slow adds what takes minutes; --list)
"""

import concurrent.futures
import json
import signal
import subprocess
import sys
import time

from permitted import or_skip
from world import Checks, World, records

from pplab.lab import PROXY
from pplab.names import ADDRESSES, ARC, ARC_BUS, ARC_DATA, LOGIN
from pplab.services import PROXY_PORT, azure_firewall, dns, squid, web

PROGRAMS = ("ip", "iptables", "ethtool", "nsenter", "unshare", "setpriv", "systemctl", "pgrep", "curl", "openssl", "nginx",
            "dnsmasq", "squid", "haproxy", "cc")
HOSTS = (LOGIN, ARC, ARC_DATA, ARC_BUS)
VISIT = "; ".join(f"curl -sS -o /dev/null --max-time 8 https://{host}/ || true" for host in HOSTS)
# The unit is named like one of the Arc agent's, so that the profile finds it.
UNIT = f"""[Unit]
Description=stands for the Arc agent
[Service]
{{extra}}
ExecStart=/bin/sh -c '{VISIT}; exec sleep infinity'
"""
check = Checks()


def agent(**more):
    return {"himdsd.service": UNIT.format(extra=more.get("extra", ""))}


def world_of(program, units, servers):
    world = World(program, units)
    try:
        servers(world.lab)
        world.boot()
    except BaseException:
        world.close()
        raise
    world.run("systemctl", "start", "himdsd")
    return world


def plain(lab):
    dns(lab)
    web(lab, *HOSTS)


def healthy(program):
    world = world_of(program, agent(), plain)
    try:
        begun = time.monotonic()
        done, kinds = world.capture("--agent", "arc", "--write", "/run/work/a.pcapng")
        took = time.monotonic() - begun
        check("healthy: exit 0", done.returncode == 0, done.stdout + done.stderr)
        check(f"healthy: verdict within 12 s ({took:.1f} s)", took < 12, took)
        check("healthy: every required category ok",
              [e["seen"] for e in kinds["expectation"] if e["required"]] == ["ok"] * 4, kinds["expectation"])
        flows = [f for f in kinds["flow"] if f["server"]["port"] == 443]
        check("healthy: every connection has its process",
              all(f.get("process", {}).get("service") == "himdsd.service" for f in flows), flows)
        check("healthy: service runs again", world.state("himdsd") == "active")
        check("healthy: file is 0600", (world.work / "a.pcapng").stat().st_mode & 0o777 == 0o600)
        again = subprocess.run([program, "analyze", "--agent", "arc", "--json", "-", world.work / "a.pcapng"],
                               capture_output=True, text=True)
        check("healthy: analyze says the same", again.returncode == 0 and '"service":"himdsd.service"' in again.stdout)
        done, _ = world.capture("--agent", "arc", "--write", "/run/work/a.pcapng")
        check("existing file: refused, status 3", done.returncode == 3 and "--force" in done.stderr, done.stderr)
        check("existing file: service untouched", world.state("himdsd") == "active")
        (world.work / "link").symlink_to("a.pcapng")
        done, _ = world.capture("--agent", "arc", "--write", "/run/work/link", "--force")
        check("symbolic link: refused", done.returncode == 3 and "symbolic link" in done.stderr, done.stderr)
        done, _ = world.capture("--agent", "arc", "--filter", "tcp prot 443")
        check("filter with a typo: one line, status 3", done.returncode == 3 and done.stderr.count("\n") == 1,
              done.stderr)
        check("filter with a typo: service untouched", world.state("himdsd") == "active")
        done, _ = world.capture("--agent", "arc", "--dry-run")
        check("dry run names the service", "would stop himdsd.service" in done.stdout, done.stdout)
    finally:
        world.close()


def sni_filtered(program):
    def servers(lab):
        plain(lab)
        azure_firewall(lab, [host for host in HOSTS if host != ARC_BUS])

    world = world_of(program, agent(), servers)
    try:
        done, kinds = world.capture("--agent", "arc")
        verdicts = {e["host"]: e["verdict"]["rule"] for e in kinds.get("endpoint", [])}
        check("SNI filter: exit 1", done.returncode == 1, done.stdout + done.stderr)
        check("SNI filter: a firewall rule for the filtered name", verdicts.get(ARC_BUS, "").startswith("FW-"),
              judged)
        check("SNI filter: service runs again", world.state("himdsd") == "active")
    finally:
        world.close()


def proxy_407(program):
    def servers(lab):
        plain(lab)
        squid(lab, rules="auth_param basic program /usr/lib/squid/basic_ncsa_auth {directory}/users\n"
                         "acl known proxy_auth REQUIRED\nhttp_access deny !known")

    extra = f"Environment=https_proxy=http://{PROXY}:{PROXY_PORT} HTTPS_PROXY=http://bob:geheim@{PROXY}:{PROXY_PORT}"
    world = world_of(program, agent(extra=extra), servers)
    try:
        done, kinds = world.capture("--agent", "arc")
        check("407: exit 1", done.returncode == 1, done.stdout + done.stderr)
        check("407: PRX rule", kinds["conclusion"][0]["domain"] == "proxy", kinds.get("conclusion"))
        settings = kinds["capture"][0].get("proxy_settings", [])
        check("407: settings of the unit are shown", any(s["where"] == "himdsd.service" for s in settings), settings)
        check("407: secrets are blanked", "geheim" not in done.stdout + str(kinds))
        check("407: service runs again", world.state("himdsd") == "active")
    finally:
        world.close()


def wrong_proxy(program):
    """The unit is told to use a proxy and goes straight, where the firewall lets only the proxy out."""
    def servers(lab):
        plain(lab)
        squid(lab)
        lab.fw.iptables("-A FORWARD -i client0 -o wan0 -p tcp -j DROP")

    straight = VISIT.replace("curl ", 'curl --noproxy "*" ').replace("|| true;", "&").replace("|| true", "&")
    unit = UNIT.replace(VISIT + ";", straight)
    set_to = f"Environment=https_proxy=http://bob:ge/heim@{PROXY}:{PROXY_PORT}"
    for name, extra, rule in (("set and not used", set_to, "LOC-04"),
                              ("set and exempted", f'{set_to} "no_proxy=localhost,.com,.net"', "FW-01"),
                              ("not set", "", "FW-01")):
        world = world_of(program, {"himdsd.service": unit.format(extra=extra)}, servers)
        try:
            done, kinds = world.capture("--agent", "arc", "--write", "/run/work/a.pcapng", "--until", "7")
            again = subprocess.run([program, "analyze", "--agent", "arc", "--json", "-", world.work / "a.pcapng"],
                                   capture_output=True, text=True)
            rules = {e["verdict"]["rule"] for e in kinds["endpoint"] if e["verdict"]["outcome"] == "fault"}
            check(f"proxy {name}: {rule}", done.returncode == 1 and rules == {rule}, (rules, done.stderr))
            check(f"proxy {name}: a later analysis concludes the same",
                  again.stdout and json.loads(again.stdout.splitlines()[-1]) == kinds["conclusion"][0], again.stdout)
            check(f"proxy {name}: secrets are blanked",
                  "heim" not in done.stdout + str(kinds) + str((world.work / "a.pcapng").read_bytes()))
        finally:
            world.close()


def failed_unit(command, more="", visit="true"):
    """A unit that contacts nothing or its endpoints and then ends as told, once /run/work/broken is there."""
    return f"""[Unit]
{more if more.startswith("Requires") else ""}
[Service]
{more if not more.startswith("Requires") else ""}
ExecStart=/bin/sh -c 'test -e /run/work/broken || exec sleep infinity; {visit}; echo certificate store is empty; {command}'
"""


def judged(program, name, units, servers=plain, agent="arc", until=()):
    """A capture around the start of a unit that fails; its process, records, and what a later analysis says."""
    world = world_of(program, units, servers)
    try:
        world.settled("himdsd", "active")
        (world.work / "broken").touch()
        begun = time.monotonic()
        done, kinds = world.capture("--agent", agent, "--write", "/run/work/a.pcapng", *until)
        took = time.monotonic() - begun
        again = subprocess.run([program, "analyze", "--agent", agent, "--json", "-", world.work / "a.pcapng"],
                               capture_output=True, text=True)
        last = json.loads(again.stdout.splitlines()[-1]) if again.stdout else {}
        check(f"{name}: status 1", done.returncode == 1, done.stdout + done.stderr)
        check(f"{name}: a later analysis concludes the same",
              again.returncode == 1 and last == kinds["conclusion"][0], last)
        return done, kinds, kinds["conclusion"][0], took
    finally:
        world.close()


def fails_to_start(program):
    def servers(lab):
        plain(lab)
        azure_firewall(lab, [host for host in HOSTS if host != ARC_BUS])

    done, kinds, end, took = judged(program, "failed start", {"himdsd.service": failed_unit("exit 7")})
    service = kinds["capture"][0]["services"][0]
    check("failed start: state in the report", service["failed"] and service["exit_status"] == 7, service)
    check("failed start: log in the report", "certificate store is empty" in done.stdout
          and any("certificate store" in line for line in service["log"]), done.stdout)
    check("failed start: LOC-07, local", (end.get("rule"), end["domain"], end["owner"]) == ("LOC-07", "local", "local"), end)
    said = " ".join(e["what"] for e in end["machine"][0]["evidence"])
    check("failed start: state, exit status and log are the evidence",
          "failed (exit-code)" in said and "exit status 7" in said and "certificate store" in said, said)
    check(f"failed start: not waited for what cannot come ({took:.1f} s)", took < 12, took)

    done, kinds, end, _ = judged(program, "killed", {"himdsd.service": failed_unit("kill -9 $$$$")})
    check("killed: LOC-07 with the signal", end.get("rule") == "LOC-07" and kinds["capture"][0]["services"][0]["signal"] == 9,
          kinds["capture"][0])

    broken = "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'test ! -e /run/work/broken'\n"
    done, kinds, end, _ = judged(program, "dependency", {
        "himdsd.service": failed_unit("exit 0", "Requires=himdsd-store.service\nAfter=himdsd-store.service"),
        "himdsd-store.service": broken})
    check("dependency: LOC-07, systemd's words", end.get("rule") == "LOC-07" and "ependency" in str(end.get("machine", [])), end)

    done, kinds, end, took = judged(program, "restarts", {
        "himdsd.service": failed_unit("exit 3", "Restart=always\nRestartSec=3\n")}, until=("--until", "8"))
    check("restarts: LOC-07", end.get("rule") == "LOC-07" and "exit status 3" in str(end.get("machine")), end)

    done, kinds, end, _ = judged(program, "broken connection first", {
        "himdsd.service": failed_unit("exit 1", visit=VISIT)}, servers)
    check("broken connection first: the network is the conclusion", end.get("rule", "").startswith("FW-"), end)
    check("broken connection first: the failed start is its consequence",
          [m["rule"] for m in end.get("machine", [])] == ["LOC-07"] and "LOC-07" in done.stdout, end)


def start_that_hangs(program):
    """systemd waits for a start that never ends, because a connection broke: the capture does not."""
    def servers(lab):
        plain(lab)
        azure_firewall(lab, [host for host in HOSTS if host != ARC_BUS])

    unit = "[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutStartSec=infinity\nExecStart=/bin/sh -c 'test ! -e " \
           f"/run/work/broken || {{ {VISIT}; sleep 600; }}'\n"
    world = world_of(program, {"himdsd.service": unit}, servers)
    try:
        (world.work / "broken").touch()
        begun = time.monotonic()
        done, kinds = world.capture("--agent", "arc")
        took = time.monotonic() - begun
        check(f"hanging start: the network is the conclusion, soon ({took:.1f} s)", done.returncode == 1 and took < 60 and
              kinds["conclusion"][0]["rule"].startswith("FW-"), kinds.get("conclusion"))
        check("hanging start: its state is told", "start" in kinds["capture"][0]["services"][0]["state"],
              kinds["capture"][0])
    finally:
        world.close()


def lost_packets(program):
    """The reader is stopped while the interface is flooded: silence in that time is no proof, silence before it is."""
    def servers(lab):
        plain(lab)
        lab.fw.iptables(f"-A FORWARD -d {ADDRESSES[ARC_BUS]} -j DROP")

    world = world_of(program, {"himdsd.service": failed_unit("true")}, servers)
    flood = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n" \
            "for _ in range(120000): s.sendto(bytes(1400), ('198.51.100.250', 53))"
    visit = f"curl -s -o /dev/null --max-time 8 https://{ARC_BUS}/"
    try:
        process = world.start("/run/work/pathproof", "capture", "--interface", "eth0", "--write", "/run/work/a.pcapng",
                              "--json", "/run/work/out.jsonl", "--until", "60", "--", "sh", "-c",
                              f"{visit}; sleep 2; touch /run/work/second; {visit}")
        while not (world.work / "second").exists():
            time.sleep(0.1)
        time.sleep(1.5)
        pid = world.run("pgrep", "-o", "-x", "pathproof").stdout.split()[0]
        world.run("kill", "-STOP", pid)
        world.run("python3", "-c", flood)
        world.run("kill", "-CONT", pid)
        process.send_signal(signal.SIGCONT)  # nsenter stops with its child
        out, err = process.communicate(timeout=90)
        kinds = records(world.work / "out.jsonl")
        capture = kinds["capture"][0]
        check("lost packets: their time is in the file", sum(loss["packets"] for loss in capture["losses"]) ==
              capture["dropped"] > 0, capture)
        judged = [(f["verdict"]["rule"], f["verdict"]["outcome"]) for f in kinds["flow"]
                  if f["server"]["ip"] == ADDRESSES[ARC_BUS]]
        check("lost packets: silence before them is judged, silence in them is not",
              judged == [("FW-01", "fault"), ("CAP-09", "inconclusive")],
              judged)
        check("lost packets: told to people", "silence at these times" in out, out)
    finally:
        world.close()


def interrupted(program):
    """Ctrl-C in every phase: while stopping, while starting, while waiting; and a kill of ours."""
    slow = "TimeoutStopSec=20\nExecStartPre=/bin/sleep 2\nExecStop=/bin/sleep 3\n"
    world = world_of(program, agent(extra=slow), plain)
    try:
        world.settled("himdsd", "active")
        for phase, delay in (("stopping", 1), ("starting", 4), ("waiting", 6.5)):
            for number, name in ((signal.SIGINT, "Ctrl-C"), (signal.SIGKILL, "kill")):
                process = world.start("/run/work/pathproof", "capture", "--agent", "arc", "--until", "60")
                time.sleep(delay)
                pid = world.run("pgrep", "-o", "-x", "pathproof").stdout.split()[0]
                state = world.state("himdsd")
                world.run("kill", f"-{int(number)}", pid)
                out, err = process.communicate(timeout=60)
                back = world.settled("himdsd", "active", 20)
                check(f"{name} while {phase} ({state}): service runs again", back, world.state("himdsd") + err)
                if number == signal.SIGINT:
                    expected = (3,) if phase == "stopping" else (0, 1, 2)
                    check(f"{name} while {phase}: status", process.returncode in expected, (process.returncode, err))
        time.sleep(1)
        left = world.run("ps", "-e", "-o", "pid,ppid,stat,wchan:20,etime,args").stdout
        check("nothing of ours is left", "pathproof" not in left, left)
    finally:
        world.close()


def hangs_on_stop(program):
    world = world_of(program, agent(extra="TimeoutStopSec=infinity\nExecStop=/bin/sleep 1000\n"), plain)
    try:
        done, _ = world.capture("--agent", "arc", timeout=200)
        check("hanging stop: one line, status 3", done.returncode == 3 and done.stderr.count("\n") == 1, done.stderr)
        check("hanging stop: service runs again", world.settled("himdsd", "active", 20), world.state("himdsd"))
    finally:
        world.close()


def trouble(program):
    """A full disk, a vanished interface, a missing permission."""
    world = world_of(program, agent(), plain)
    try:
        world.run("mkdir", "-p", "/run/small")
        world.run("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", "/run/small")
        process = world.start("/run/work/pathproof", "capture", "--interface", "eth0", "--write", "/run/small/a.pcapng",
                              "--until", "30")
        time.sleep(1)
        world.run("python3", "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                  "for _ in range(500): s.sendto(bytes(1400), ('10.8.0.1', 53))")
        out, err = process.communicate(timeout=60)
        check("full disk: ends by itself", process.returncode in (0, 1, 2), process.returncode)
        check("full disk: one line", err.count("\n") == 1 and "No space left" in err, err)
        check("full disk: analysed so far", process.returncode in (0, 1, 2), process.returncode)
        read = world.run("/run/work/pathproof", "analyze", "/run/small/a.pcapng")
        check("full disk: file is readable and whole", "Damaged" not in read.stdout and read.returncode != 3,
              read.stdout)

        process = world.start("/run/work/pathproof", "capture", "--agent", "arc", "--until", "30", "--interface", "eth0",
                              "--write", "/run/small/b.pcapng")
        world.settled("himdsd", "inactive")
        world.settled("himdsd", "active")
        world.run("python3", "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                  "for _ in range(500): s.sendto(bytes(1400), ('10.8.0.1', 53))")
        out, err = process.communicate(timeout=60)
        check("full disk: service runs again", err.count("\n") == 1 and world.state("himdsd") == "active", err)

        world.run("ip", "link", "add", "gone0", "type", "veth", "peer", "name", "gone1")
        world.run("ip", "link", "set", "gone0", "up")
        process = world.start("/run/work/pathproof", "capture", "--interface", "gone0", "--until", "30")
        time.sleep(1)
        world.run("ip", "link", "del", "gone0")
        out, err = process.communicate(timeout=60)
        check("vanished interface: one line, ends by itself", err.count("\n") == 1 and "gone0" in err, err)
        world.run("ip", "link", "add", "gone0", "type", "veth", "peer", "name", "gone1")
        world.run("ip", "link", "set", "gone0", "up")
        process = world.start("/run/work/pathproof", "capture", "--service", "himdsd", "--until", "30", "--interface",
                              "gone0", "--write", "/tmp/gone.pcapng")
        world.settled("himdsd", "inactive")
        world.settled("himdsd", "active")
        world.run("ip", "link", "del", "gone0")
        out, err = process.communicate(timeout=60)
        check("vanished interface: service runs again", err.count("\n") == 1 and world.state("himdsd") == "active", err)
        read = world.run("/run/work/pathproof", "analyze", "/tmp/gone.pcapng")
        check("vanished interface: file is readable", "Damaged" not in read.stdout and read.returncode == 2, read)

        done, _ = world.capture("--interface", "nowhere0")
        check("unknown interface: one line, status 3", done.returncode == 3 and done.stderr.count("\n") == 1,
              done.stderr)
        done = world.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
                         "/run/work/pathproof", "capture", "--until", "1")
        check("no permission: names capability and setcap", done.returncode == 3 and "CAP_NET_RAW" in done.stderr
              and "setcap" in done.stderr and done.stderr.count("\n") == 1, done.stderr)
        done = world.run("env", "SUDO_UID=65534", "SUDO_GID=65534", "/run/work/pathproof", "capture", "--until", "4",
                         "--write", "/tmp/mine.pcapng", "--", "sh", "-c",
                         "sleep 1; pid=$(pgrep -o -x pathproof); "
                         "grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/$pid/status")
        words = done.stdout.split()
        check("dropped: user, capabilities, system calls", "65534" in words and "0000000000000000" in words and
              ["Seccomp:", "2"] == words[words.index("Seccomp:"):][:2], done.stdout)
        check("dropped: the file is the caller's",
              world.run("stat", "-c", "%u %a", "/tmp/mine.pcapng").stdout.strip() == "65534 600")
        done = world.run("/run/work/pathproof", "capture", "--", "/nosuch/command")
        check("command that is not there: one line, status 3", done.returncode == 3 and done.stderr.count("\n") == 1 and
              not done.stdout, done)
        done, kinds = world.capture("--", "sh", "-c", "exit 5")
        check("command: its exit status is reported", kinds["capture"][0]["command"] == {"name": "sh", "exit_status": 5},
              kinds["capture"])
        done = world.run("/run/work/pathproof", "capture", "-q", "--", "sh", "-c", "echo out; echo err >&2; exit 5")
        check("command: output untouched", done.stdout.startswith("out\n") and done.stderr.startswith("err\n"), done)
    finally:
        world.close()


SCENES = {"healthy": healthy, "sni": sni_filtered, "407": proxy_407, "wrong-proxy": wrong_proxy,
          "failed-start": fails_to_start,
          "hanging-start": start_that_hangs, "lost": lost_packets, "trouble": trouble, "interrupted": interrupted, "hanging-stop": hangs_on_stop}
SLOW = ("interrupted", "hanging-stop")


def in_turn(program, names, jobs):
    """Each scene in a process and a lab of its own, some at a time: they mostly wait."""
    def one(name):
        return subprocess.run([sys.executable, __file__, program, name], capture_output=True, text=True, check=False)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, done in zip(names, pool.map(one, names)):
            print(f"== {name}\n{done.stdout}{done.stderr}", end="", flush=True)
            check.add(done.returncode == 0, name)


def main(arguments):
    if "--list" in arguments:
        print("\n".join(SCENES))
        return
    slow = "--slow" in arguments
    jobs = next((int(argument[7:]) for argument in arguments if argument.startswith("--jobs=")), 1)
    program, *names = [argument for argument in arguments if not argument.startswith("--")]
    names = names or [name for name in SCENES if slow or name not in SLOW]
    or_skip(PROGRAMS, systemd=True)
    if jobs > 1:
        in_turn(program, names, jobs)
    else:
        for name in names:
            SCENES[name](program)
    check.exit()


main(sys.argv[1:])
