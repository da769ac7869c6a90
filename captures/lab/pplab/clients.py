"""The clients: curl, wget, openssl, Node, Java, Go where present, and bare sockets."""

import os
import socket
import subprocess
from pathlib import Path

from .host import LabError, run
from .lab import PROXY
from .services import PROXY_PORT

# curl's exit codes the scenarios expect
OK, BAD_NAME, NO_CONNECT, TIMEOUT, TLS_FAILED, EMPTY_REPLY, RECEIVE, UNTRUSTED = 0, 6, 7, 28, 35, 52, 56, 60
AGENT = "AzureConnectedMachineAgent/1.39"


def curl(lab, target, *options, expect=OK, timeout=8):
    """One request. `target` is a host name or a URL; `expect` the exit code(s) that prove the scenario happened."""
    return _expect(lab.client.command(*_curl(target, options, timeout)), expect, timeout + 5)


def start_curl(lab, target, *options, timeout=8):
    """The same in the background; returns the process."""
    return lab.client.start(*_curl(target, options, timeout))


def _curl(target, options, timeout):
    url = target if "://" in target else f"https://{target}/"
    return ("curl", "--silent", "--show-error", "--output", "/dev/null", "--user-agent", AGENT, "--max-time", timeout,
            *options, url)


def curl_proxy(lab, target, *options, port=PROXY_PORT, **kwargs):
    return curl(lab, target, "--proxy", f"http://{PROXY}:{port}", *options, **kwargs)


def program(lab, *words, expect=None, timeout=30, stdin=None):
    """Any other client; `expect` None accepts every exit code."""
    return _expect(lab.client.command(*words), expect, timeout, stdin)


def _expect(command, expect, timeout, stdin=None):
    try:
        done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired as late:
        raise LabError(f"{command[4:]} did not end: {late.stderr}") from late
    accepted = expect if isinstance(expect, (tuple, list, set)) or expect is None else (expect,)
    if accepted is not None and done.returncode not in accepted:
        raise LabError(f"{command[4:]}: exit {done.returncode}, expected {expect}: {done.stderr.decode()[-500:]}")
    return done


def node(lab, host, extra_ca=True, **options):
    script = ("const https=require('https');const [host]=process.argv.slice(1);"
              "https.get({host,timeout:8000," + "".join(f"{k}:{v!r}," for k, v in options.items()) + "},"
              "r=>{r.resume();r.on('end',()=>process.exit(0))}).on('error',e=>{console.error(e.code);process.exit(7)})")
    words = ["node", "-e", script, host]
    if extra_ca:
        words = ["env", "NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt", *words]
    return program(lab, *words)


def wget(lab, host, expect=None):
    return program(lab, "wget", "--quiet", "--output-document=/dev/null", "--tries=1", "--timeout=8",
                   f"https://{host}/", expect=expect)


def gnutls(lab, host, *options):
    return program(lab, "gnutls-cli", *options, host, stdin=b"")


def java(lab, host):
    return program(lab, "java", Path(__file__).with_name("Get.java"), host)


def tcp_probe(address, port):
    """What Test-NetConnection does: connects, then closes without a byte. Runs inside a host."""
    socket.create_connection((address, port), timeout=5).close()
    return True


def build_go(lab):
    """Builds the Go client. This is slow, so it happens before the capture."""
    binary = lab.client.directory / "visit"
    home = {**os.environ, "GOCACHE": str(lab.directory / "go"), "GO111MODULE": "off", "CGO_ENABLED": "0"}
    run("go", "build", "-o", binary, Path(__file__).with_name("visit.go"), environment=home)
    return binary
