"""Captures a host's interfaces with dumpcap, and strips what would tell which machine the lab ran on."""

import os
import signal
import struct
import subprocess
import time

from .host import LabError

SECTION, INTERFACE, ENHANCED = 0x0A0D0D0A, 1, 6
IF_NAME, IF_TSRESOL = 2, 9


class Capture:
    """A running dumpcap."""

    def __init__(self, host, devices, path, options=()):
        self.host, self.path = host, path
        interfaces = [word for device in devices for word in ("-i", device)]
        self._log = open(path.with_suffix(".err"), "wb")
        self._dumpcap = subprocess.Popen(
            host.command("dumpcap", "-q", "-n", *options, *interfaces, "-w", path),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._log, start_new_session=True)
        deadline = time.monotonic() + 10
        while "File:" not in path.with_suffix(".err").read_text():
            if time.monotonic() > deadline or self._dumpcap.poll() is not None:
                raise LabError(f"dumpcap: {path.with_suffix('.err').read_text()}")
            time.sleep(0.02)

    def stop(self):
        if self._dumpcap.poll() is None:
            os.killpg(self._dumpcap.pid, signal.SIGINT)
        try:
            self._dumpcap.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._dumpcap.pid, signal.SIGKILL)
            self._dumpcap.wait()
        self._log.close()

    def publish(self, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(scrub(self.path.read_bytes()))


def scrub(pcapng):
    """The same packets in a section that names neither machine, kernel nor capture program."""
    clean = []
    for kind, body in _blocks(pcapng):
        if kind == SECTION:
            clean.append(_block(kind, body[:16]))
        elif kind == INTERFACE:
            clean.append(_block(kind, body[:8] + _keep_options(body[8:], {IF_NAME, IF_TSRESOL})))
        elif kind == ENHANCED:
            clean.append(_block(kind, body))
    return b"".join(clean)


def _blocks(data):
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        yield kind, data[at + 8:at + length - 4]
        at += length


def _block(kind, body):
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _keep_options(options, wanted):
    kept, at = b"", 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from("<HH", options, at)
        size = 4 + (length + 3) // 4 * 4
        if code in wanted:
            kept += options[at:at + size]
        at += size
    return kept + bytes(4) if kept else b""
