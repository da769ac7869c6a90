"""One lab host: a network namespace, the programs running in it, and its own view of /etc."""

import ctypes
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_SLAVE = 0x1000, 0x4000, 0x80000
libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The lab could not be built or a real program behaved otherwise than the scenario says."""


def run(*command, stdin=None, check=True, environment=None):
    """Runs a short command and returns its standard output."""
    done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True,
                          env=environment)
    if check and done.returncode:
        raise LabError(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr.strip()[-800:]}")
    return done.stdout


class Host:
    """A namespace. Files put under `etc` replace those of the machine for every program started here."""

    def __init__(self, name, prefix, directory):
        self.name = name
        self.namespace = f"{prefix}-{name}"
        self.directory = directory / name
        self.directory.mkdir()
        self.directory.chmod(0o777)
        self.etc = Path("/etc/netns") / self.namespace
        self._children = []
        run("ip", "netns", "add", self.namespace)
        self.etc.mkdir(parents=True)
        self.ip("link set lo up")
        self.sysctl("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1",
                    "net.ipv4.ip_unprivileged_port_start=0")

    # -- configuration
    def ip(self, *lines):
        run("ip", "-n", self.namespace, "-batch", "-", stdin="\n".join(lines) + "\n")

    def sysctl(self, *settings):
        self.run("sysctl", "-qw", *settings)

    def iptables(self, rule, table="filter", v6=False):
        self.run("ip6tables" if v6 else "iptables", "-w", "-t", table, *rule.split())

    def add_address(self, address):
        """Makes the host own one more address; one it has already is fine."""
        length = 128 if ":" in address else 32
        run("ip", "-n", self.namespace, "addr", "add", f"{address}/{length}", "dev", "lo", check=False)

    # -- programs
    def command(self, *words):
        return ["ip", "netns", "exec", self.namespace, *(str(word) for word in words)]

    def run(self, *words, check=True, stdin=None):
        return run(*self.command(*words), check=check, stdin=stdin)

    def start(self, *words, env=None):
        """Starts a program that stays; it ends with the lab. Its output goes to a log in the host's directory."""
        log = open(self.directory / f"{Path(str(words[0])).name}-{len(self._children)}.log", "wb")
        child = subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True, env={**os.environ, **(env or {})}, cwd=self.directory)
        log.close()
        self._children.append(child.pid)
        return child

    def spawn(self, function, *args):
        """Runs a Python function in this host, in the background; returns its process id."""
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._be_child(function, args, None)
        self._children.append(pid)
        return pid

    def call(self, function, *args):
        """Runs a Python function in this host and returns its result."""
        reader, writer = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            self._be_child(function, args, writer)
        os.close(writer)
        self._children.append(pid)
        with open(reader, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(pid, 0)
        self._children.remove(pid)
        if not answer:
            raise LabError(f"{function.__name__} failed on {self.name}")
        return pickle.loads(answer)

    def _be_child(self, function, args, result_fd):
        status = 1
        try:
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            self._enter()
            if result_fd is None:
                log = os.open(self.directory / f"{function.__name__}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.dup2(log, 2)
            result = function(*args)
            if result_fd is not None:
                os.write(result_fd, pickle.dumps(result))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def _enter(self):
        """What `ip netns exec` does: joins the network and lays the host's /etc files over the machine's."""
        with open(f"/run/netns/{self.namespace}") as namespace:
            _check(libc.setns(namespace.fileno(), CLONE_NEWNET))
        _check(libc.unshare(CLONE_NEWNS))
        _check(libc.mount(b"", b"/", b"none", MS_SLAVE | MS_REC, None))
        for entry in self.etc.iterdir():
            _check(libc.mount(bytes(entry), bytes(Path("/etc") / entry.name), b"none", MS_BIND, None))

    def wait_listening(self, *ports, proto="tcp", seconds=15):
        """Waits until something listens, without sending it anything."""
        deadline = time.monotonic() + seconds
        flag = "-Hltn" if proto == "tcp" else "-Hlun"
        while time.monotonic() < deadline:
            local = [line.split()[3] for line in self.run("ss", flag).splitlines()]
            if all(any(address.endswith(f":{port}") for address in local) for port in ports):
                return
            time.sleep(0.05)
        raise LabError(f"nothing listens on {self.name} {ports}: {self.log_tail()}")

    def log_tail(self):
        return " | ".join(log.read_text(errors="replace")[-400:] for log in self.directory.glob("*.log"))

    def stop(self, pid, sig=signal.SIGTERM):
        """Ends one program (and what it started) before the lab ends."""
        _signal_group(pid, sig)
        _reap(pid, 3)
        if pid in self._children:
            self._children.remove(pid)

    def close(self):
        for pid in self._children:
            _signal_group(pid, signal.SIGTERM)
        for pid in self._children:
            if not _reap(pid, 1.5):
                _signal_group(pid, signal.SIGKILL)
                _reap(pid, 2)
        self._children.clear()
        run("ip", "netns", "del", self.namespace, check=False)
        run("rm", "-rf", self.etc, check=False)


def _check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _signal_group(pid, sig):
    try:
        os.killpg(pid, sig)
    except ProcessLookupError:
        pass


def _reap(pid, seconds):
    """Waits for a child; true when it is gone."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                return True
        except ChildProcessError:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
