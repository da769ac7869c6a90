"""A machine to capture on: the fault lab's client with a systemd of its own as PID 1, and pathproof run inside it.

Nothing of the host is touched: systemd has its own PID, mount, UTS, IPC, cgroup and network namespaces, a control group of
its own, and its own /run, /tmp, /var/tmp and journal.  `/run/work` inside is the folder `world.work` outside.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "captures/lab"))

from pplab.lab import Lab  # noqa: E402
from pplab.pki import Pki  # noqa: E402

ENTRY = """#!/bin/sh
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/work /run/systemd/system
mount --bind "$1" /run/work
cp /run/work/units/* /run/systemd/system/
mount -t tmpfs tmpfs /var/tmp
mount -t tmpfs tmpfs /tmp
test ! -d /var/log/journal || mount -t tmpfs tmpfs /var/log/journal
exec /lib/systemd/systemd --system --unit=pptest.target --show-status=no --log-target=journal
"""
TARGET = "[Unit]\nDescription=pathproof test\nWants=systemd-journald.service\n"


class World:
    """A lab and, on its client, a systemd with the given units (name -> text)."""

    def __init__(self, program, units):
        self.home = Path(tempfile.mkdtemp(prefix="pplive-"))
        self.home.chmod(0o755)
        self.work = self.home / "work"
        (self.work / "units").mkdir(parents=True)
        shutil.copy(program, self.work / "pathproof")
        (self.work / "units/pptest.target").write_text(TARGET)
        for name, text in units.items():
            (self.work / "units" / name).write_text(text)
        (self.work / "entry").write_text(ENTRY)
        (self.work / "entry").chmod(0o755)
        self.lab, self.init = None, None
        self.groups = self._own_groups()
        try:
            self.lab = Lab(self.home, "live", Pki(self.home / "pki"))
        except BaseException:
            self.close()
            raise

    def boot(self):
        """Starts systemd; call it when the lab's servers are up."""
        self.init = subprocess.Popen(
            self.lab.client.command("unshare", "--pid", "--fork", "--mount", "--mount-proc", "--uts", "--ipc",
                                    "--cgroup", "--kill-child", self.work / "entry", self.work),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=self._enter_groups)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            self.pid = self._child(self.init.pid)
            if self.pid and self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"):
                return
            time.sleep(0.1)
        raise RuntimeError("systemd did not come up")

    @staticmethod
    def _own_groups():
        """Control groups below ours in the hierarchies that systemd keeps; in them its own hierarchy begins."""
        groups = []
        ours = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
        for line in Path("/proc/self/mounts").read_text().splitlines():
            _, where, kind, options, *_ = line.split()
            name = {"cgroup2": "", "cgroup": "name=systemd"}.get(kind)
            if name is None or name not in ours or (name and name not in options.split(",")):
                continue
            group = Path(f"{where}{ours[name]}", f"pplive{os.getpid()}-{time.monotonic_ns()}")
            try:
                group.mkdir()
            except OSError:
                continue
            groups.append(group)
        return groups

    def _enter_groups(self):
        for group in self.groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    @staticmethod
    def _remove_group(group):
        for _ in range(50):
            folders = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
            try:
                for folder in [*folders, group]:
                    folder.rmdir()
                return
            except OSError:
                time.sleep(0.1)  # its processes are still ending

    @staticmethod
    def _child(parent):
        """The process in which systemd is PID 1."""
        try:
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except FileNotFoundError:
            return None
        for pid in text:
            if "systemd" in Path(f"/proc/{pid}/cmdline").read_text():
                return int(pid)
            found = World._child(int(pid))
            if found:
                return found
        return None

    def command(self, *words):
        return ["nsenter", "-t", str(self.pid), "-a", "--", *(str(word) for word in words)]

    def run(self, *words, timeout=60):
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=timeout)

    def start(self, *words):
        return subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def state(self, unit):
        return self.run("systemctl", "show", "-p", "ActiveState", "--value", unit).stdout.strip()

    def settled(self, unit, wanted, seconds=15):
        """Waits for a state; true when it came."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.state(unit) == wanted:
                return True
            time.sleep(0.1)
        return False

    def capture(self, *options, timeout=120):
        """Runs a capture to its end; returns the process and its records.  One that lasts too long is interrupted: what it
        says then tells what it waited for."""
        out = self.work / "out.jsonl"
        out.unlink(missing_ok=True)
        process = self.start("/run/work/pathproof", "capture", "--json", "/run/work/out.jsonl", *options)
        try:
            texts = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.run("pkill", "-INT", "-x", "pathproof")
            texts = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, *texts), records(out)

    def close(self):
        if self.init:
            try:
                os.killpg(self.init.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.init.wait()
        for group in self.groups:
            self._remove_group(group)
        if self.lab:
            self.lab.close()
        shutil.rmtree(self.home, ignore_errors=True)


def records(path):
    """The records of a JSON Lines file by kind."""
    kinds = {}
    if path.exists():
        for line in path.read_text().splitlines():
            record = json.loads(line)
            kinds.setdefault(record["record"], []).append(record)
    return kinds


class Checks:
    """Counts what holds and what does not."""

    def __init__(self):
        self.failed, self.passed = [], 0

    def __call__(self, what, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed.append(what)
        print(f"{'ok  ' if holds else 'FAIL'} {what}{'' if holds else ': ' + str(detail)[-600:]}", flush=True)
        return holds

    def add(self, holds, what):
        """A check that somebody else has made and printed."""
        self.passed += bool(holds)
        if not holds:
            self.failed.append(what)

    def exit(self):
        print(f"{self.passed} passed, {len(self.failed)} failed")
        sys.exit(1 if self.failed else 0)
