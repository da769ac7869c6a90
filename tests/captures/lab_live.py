#!/usr/bin/env python3
"""Builds a representative dozen of the lab's faults anew and judges what was captured.  usage: lab_live.py PATHPROOF TOP

Needs root, network namespaces and the packages of tools/packages/lab; exits 77 where one is missing.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

DOZEN = ["ok-tls13", "ok-tls12", "azure-firewall-deny", "firewall-syn-reset", "firewall-sni-reset", "server-port-closed",
         "proxy-407", "proxy-403", "proxy-503-refused", "tls-inspection-untrusted", "tls-unrecognized-name", "dns-nxdomain"]
PROGRAMS = ["ip", "iptables", "squid", "haproxy", "nginx", "dnsmasq", "dumpcap", "tshark", "mitmdump", "curl", "openssl", "ethtool"]


def why_not():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [p for p in PROGRAMS if not shutil.which(p)]
    if os.geteuid() != 0:
        return "not root"
    if missing:
        return f"{', '.join(missing)} not installed: tools/setup lab"
    name = f"pplcheck{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode != 0:
        return "this machine gives no network namespaces"
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    return None


def main():
    program, top = sys.argv[1], pathlib.Path(sys.argv[2])
    reason = why_not()
    if reason:
        print(f"SKIP: the lab was not run live: {reason}")
        return 77
    with tempfile.TemporaryDirectory(prefix="pathproof-lab-") as out:
        made = subprocess.run([top / "captures/lab/run", "--out", out, "--jobs", "2", *DOZEN], check=False)
        judged = subprocess.run([sys.executable, top / "tests/captures/labelled.py", program, out], check=False)
    return 1 if made.returncode or judged.returncode else 0


sys.exit(main())
