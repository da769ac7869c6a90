"""Whether this machine lets the live tests run at all; where not, they are skipped (status 77) and say why."""

import os
import shutil
import subprocess
import sys

NAMESPACES = ("unshare", "--net", "--pid", "--fork", "--mount", "--mount-proc", "--uts", "--ipc", "--cgroup")


def why_not(programs, systemd=False):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [program for program in programs if not shutil.which(program)]
    if os.geteuid() != 0:
        return "not root"
    if systemd and not os.access("/lib/systemd/systemd", os.X_OK):
        missing.append("systemd")
    if missing:
        return f"{', '.join(missing)} not installed: tools/setup lab live"
    name = f"pplive{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return "this machine gives no network namespaces"
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    mount = ("sh", "-c", "mount --make-rprivate / && mount -t tmpfs tmpfs /run")
    if systemd and subprocess.run([*NAMESPACES, *mount], capture_output=True, check=False).returncode:
        return "this machine gives no namespaces in which systemd could be PID 1"
    return None


def skip(reason):
    print(f"SKIP: not tested live: {reason}")
    sys.exit(77)


def or_skip(programs, systemd=False):
    reason = why_not(programs, systemd)
    if reason:
        skip(reason)
