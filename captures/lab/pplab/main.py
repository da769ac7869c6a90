"""The command line: runs scenarios, checks their truth files, writes the table of captures."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import scenarios

from . import registry, truth
from .host import LabError
from .lab import Lab
from .pki import Pki

CAPTURES = Path(__file__).resolve().parents[2]
ATTEMPTS = 2    # some scenarios are races that a busy machine loses
NEEDED = "dumpcap tshark ip iptables ethtool cc openssl curl dnsmasq nginx squid haproxy mitmdump".split()


def main():
    arguments = _arguments()
    registry.load(scenarios)
    if arguments.check:
        return check(arguments.out)
    if arguments.readme:
        return readme(arguments.out)
    chosen = registry.select(arguments.scenarios)
    if arguments.list:
        for entry in chosen:
            print(f"{entry.id}  {entry.slug:34}  {entry.title}")
        return 0
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing or os.geteuid():
        sys.exit("the lab needs root" + (f" and: {' '.join(missing)} (tools/packages/lab)" if missing else ""))
    return run_all(chosen, arguments)


def _arguments():
    parser = argparse.ArgumentParser(prog="captures/lab/run",
                                     description="Builds faults from real parts and captures them.")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="id (S24) or slug; all if none is given")
    parser.add_argument("--out", type=Path, default=CAPTURES, metavar="DIR", help="where captures and truth files go")
    parser.add_argument("--everywhere", action="store_true", help="also capture on every other host, into SLUG.hops/")
    parser.add_argument("--keep", action="store_true", help="keep each scenario's logs, configurations, certificates")
    parser.add_argument("--jobs", type=int, default=3, metavar="N", help="scenarios at a time (default 3)")
    parser.add_argument("--list", action="store_true", help="list the scenarios and stop")
    parser.add_argument("--check", action="store_true", help="validate the truth files and stop")
    parser.add_argument("--readme", action="store_true", help="write the table of captures and stop")
    return parser.parse_args()


# -- running

def run_all(chosen, arguments):
    """Each scenario in a process of its own, a few at a time; whatever ends this ends them and their networks."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    home = Path(tempfile.mkdtemp(prefix="pplab-pki-"))
    home.chmod(0o755)
    waiting, running, failed = list(chosen), {}, []
    try:
        pki = Pki(home / "pki")
        pki.root, pki.issuing, pki.leaf_key  # made once, shared by all
        while waiting or running:
            while waiting and len(running) < arguments.jobs:
                entry = waiting.pop(0)
                running[_fork(entry, pki, arguments)] = entry
            pid, status = os.wait()
            if pid in running:
                entry = running.pop(pid)
                if status:
                    failed.append(entry.slug)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        for pid in running:
            os.waitpid(pid, 0)
        shutil.rmtree(home, ignore_errors=True)
    if failed:
        print("failed:", " ".join(failed))
    return 1 if failed else 0


def _fork(entry, pki, arguments):
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                status = run_one(entry, pki, arguments)
                break
            except LabError as error:
                print(f"{'FAIL' if attempt == ATTEMPTS else 'again'} {entry.id} {entry.slug}: {error}")
    except SystemExit:
        print(f"left {entry.id} {entry.slug}")
    finally:
        sys.stdout.flush()
        os._exit(status)


def run_one(entry, pki, arguments):
    absent = [name for name in entry.requires if not shutil.which(name)]
    if absent:
        print(f"skip {entry.id} {entry.slug}: {' '.join(absent)} not installed")
        return 0
    began = time.monotonic()
    lab = Lab(arguments.out, entry.slug, pki, everywhere=arguments.everywhere)
    try:
        entry.function(lab)
        verify(entry, arguments.out / f"{entry.slug}.pcapng")
    except BaseException:
        if arguments.keep:
            print(f"logs of {entry.slug}: {' '.join(host.log_tail() for host in lab.hosts)}")
        raise
    finally:
        if arguments.keep:
            shutil.copytree(lab.directory, arguments.out / f"{entry.slug}.work", dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("*.sock", "db"))
        lab.close()
    text = json.dumps(truth.document(entry), indent=1, ensure_ascii=False)
    (arguments.out / f"{entry.slug}.truth.json").write_text(text + "\n")
    size = (arguments.out / f"{entry.slug}.pcapng").stat().st_size
    print(f"ok   {entry.id} {entry.slug:34} {time.monotonic() - began:5.1f} s {size / 1024:6.1f} KiB")
    return 0


def _leave(*_):
    raise SystemExit(1)


def verify(entry, capture):
    """Asks tshark whether the capture shows what the truth says."""
    for shown, wanted in entry.shows.items():
        fewest, most = wanted if isinstance(wanted, tuple) else (wanted, None)
        done = subprocess.run(["tshark", "-n", "-r", capture, "-Y", shown], capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"tshark: {done.stderr.strip()}")
        count = len(done.stdout.splitlines())
        if count < fewest or (most is not None and count > most):
            raise LabError(f"'{shown}' matches {count} packets, expected {fewest}..{most if most is not None else ''}")


# -- the truth files

def check(folder):
    """Every capture has a truth file that keeps to the schema, and the reverse."""
    bad = 0
    for capture, text in truth.load(folder):
        found = truth.problems(text)
        if not capture.exists():
            found.append("no capture")
        elif capture.stat().st_size > 300 * 1024:
            found.append(f"{capture.stat().st_size // 1024} KiB, at most 300")
        for problem in found:
            print(f"{capture.stem}: {problem}")
        bad += len(found)
    for capture in folder.glob("*.pcapng"):
        if not capture.with_suffix("").with_suffix(".truth.json").exists():
            print(f"{capture.stem}: no truth file")
            bad += 1
    print(f"{len(truth.load(folder))} captures, {bad} problems")
    return 1 if bad else 0


README = """# Captures

Labelled captures, one fault each (or none). They were made in the [lab](lab/README.md): real clients, servers and
middleboxes in network namespaces, captured on the client's interface while the fault was really there. Addresses are
documentation ranges, certificates carry the names of the real authorities but were signed by the lab's own keys, and no
packet ever left the machine. `NAME.truth.json` next to each capture says what must be found in it; `lab/run NAME` makes
the pair anew, `lab/run --check` validates the truth files, `lab/run --readme` writes this table from them.

{table}
"""


def readme(folder):
    (folder / "README.md").write_text(README.format(table=truth.table(folder)))
    return 0
