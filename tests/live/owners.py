#!/usr/bin/env python3
"""How many short-lived processes are attributed: COUNT processes, each with an executable name of its own, connect
and exit within 20 ms; the flow of each must carry its pid and its name, or nothing.  Checks bar 3 of the capture command.

usage: owners.py PATHPROOF [COUNT]     (root)
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from permitted import or_skip

A, B = f"ppoA{os.getpid()}", f"ppoB{os.getpid()}"
SERVER = "import socket\ns = socket.create_server(('10.98.0.2', 8443), backlog=512)\nkeep = []\n" \
         "while True:\n    keep.append(s.accept()[0])\n    keep = keep[-600:]\n"
# Connects, says which port it had, stays until 20 ms after its start at most, exits.
CLIENT = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(8443) }, me;
	socklen_t len = sizeof(me);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	inet_pton(AF_INET, "10.98.0.2", &to.sin_addr);
	if (connect(s, (struct sockaddr *)&to, sizeof(to)) != 0)
		return 1;
	getsockname(s, (struct sockaddr *)&me, &len);
	usleep(15000);
	printf("%d %d\n", ntohs(me.sin_port), getpid());
	return 0;
}
"""


def run(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)


def main(program, count="500"):
    or_skip(("ip", "cc"))
    home = Path(tempfile.mkdtemp(prefix="ppowner-"))
    try:
        for name in (A, B):
            run("ip", "netns", "add", name)
        run("ip", "link", "add", "v0", "netns", A, "type", "veth", "peer", "name", "v1", "netns", B)
        for name, device, address in ((A, "v0", "10.98.0.1/24"), (B, "v1", "10.98.0.2/24")):
            run("ip", "-n", name, "addr", "add", address, "dev", device)
            run("ip", "-n", name, "link", "set", device, "up")
        (home / "client.c").write_text(CLIENT)
        run("cc", "-O2", "-o", home / "client", home / "client.c")
        server = subprocess.Popen(["ip", "netns", "exec", B, "python3", "-c", SERVER])
        capture = subprocess.Popen(["ip", "netns", "exec", A, program, "capture", "--no-restart", "--json",
                                    str(home / "o.jsonl"), "--interface", "v0", "--until", "600", "-q"])
        time.sleep(1.5)
        truth, longest = {}, 0
        for i in range(int(count)):
            client = home / f"client{i:04}"
            os.link(home / "client", client)
            begun = time.monotonic()
            done = subprocess.run(["ip", "netns", "exec", A, str(client)], capture_output=True, text=True)
            longest = max(longest, time.monotonic() - begun)
            port, pid = map(int, done.stdout.split())
            truth[port] = (pid, client.name)
        time.sleep(1)
        capture.send_signal(2)
        capture.wait()
        server.kill()
        right = wrong = unknown = 0
        for line in (home / "o.jsonl").read_text().splitlines():
            record = json.loads(line)
            if record["record"] != "flow" or record["client"]["port"] not in truth:
                continue
            found = record.get("process")
            expected = truth[record["client"]["port"]]
            if not found:
                unknown += 1
            elif (found["pid"], found["exe"].removesuffix(" (deleted)")) == expected:
                right += 1
            else:
                wrong += 1
                print("wrong:", found, expected)
        print(json.dumps({"processes": len(truth), "right": right, "wrong": wrong, "unknown": unknown,
                          "percent": round(100 * right / len(truth), 1), "longest_ms": round(longest * 1000)}))
        sys.exit(0 if right >= 0.95 * len(truth) and wrong == 0 else 1)
    finally:
        for name in (A, B):
            subprocess.run(["ip", "netns", "del", name], check=False)
        shutil.rmtree(home)


main(*sys.argv[1:])
