"""The network every scenario runs in.

    client ── fw ══ 25 ms each way ══ isp ── servers
 10.8.0.6     ├── dns    10.1.0.53            198.51.100.0/24, 203.0.113.0/24
              └── proxy  10.2.0.16            2001:db8:100::/64
"""

import os
import shutil
import signal
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from .capture import Capture
from .host import Host, run

CLIENT, PROXY, RESOLVER = "10.8.0.6", "10.2.0.16", "10.1.0.53"
SERVER_NETS = ("198.51.100.0/24", "203.0.113.0/24")
DELAY_MS = 25
OFFLOADS = "tso off gso off gro off tx off rx off"


class Lab:
    """Hosts `client`, `fw`, `dns`, `proxy`, `isp`, `server`, wired up and with nothing running."""

    def __init__(self, out, slug, pki, everywhere=False):
        self.directory = Path(tempfile.mkdtemp(prefix="pplab-"))
        self.directory.chmod(0o777)
        self.out, self.slug, self.everywhere = Path(out), slug, everywhere
        self.hosts = []
        prefix = f"ppl{os.getpid()}"
        try:
            self.pki = pki.branch(self.directory / "pki")
            self.client, self.fw, self.dns, self.proxy, self.isp, self.server = (
                self._host(name, prefix) for name in ("client", "fw", "dns", "proxy", "isp", "server"))
            self._wire()
        except BaseException:
            self.close()
            raise

    def _host(self, name, prefix):
        host = Host(name, prefix, self.directory)
        self.hosts.append(host)
        (host.etc / "resolv.conf").write_text(f"nameserver {RESOLVER}\noptions timeout:2 attempts:3\n")
        (host.etc / "nsswitch.conf").write_text("hosts: files dns\n")
        (host.etc / "hosts").write_text("127.0.0.1 localhost\n")
        return host

    def _wire(self):
        for host in (self.client, self.dns, self.proxy, self.server, self.fw, self.isp):
            self._trust_store(host)
        self._link(self.client, "eth0", CLIENT, self.fw, "client0", "10.8.0.1", 1)
        self._link(self.dns, "eth0", RESOLVER, self.fw, "dns0", "10.1.0.1", 2)
        self._link(self.proxy, "eth0", PROXY, self.fw, "proxy0", "10.2.0.1", 3)
        self._link(self.server, "eth0", "192.0.2.2", self.isp, "server0", "192.0.2.1", 4)
        self._relay()
        for router in (self.fw, self.isp):
            router.sysctl("net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0", "net.ipv4.icmp_msgs_per_sec=100000")
        self.isp.ip(*(f"route add {net} via 192.0.2.2" for net in SERVER_NETS))

    def _link(self, host, device, address, router, port, gateway, number):
        """A veth pair with steady hardware addresses and no offloads, so that frames look as on a wire."""
        run("ip", "link", "add", device, "netns", host.namespace, "address", f"02:00:00:00:{number:02x}:02", "type",
            "veth", "peer", "name", port, "netns", router.namespace, "address", f"02:00:00:00:{number:02x}:01")
        host.run("ethtool", "-K", device, *OFFLOADS.split())
        router.run("ethtool", "-K", port, *OFFLOADS.split())
        router.ip(f"addr add {gateway}/24 dev {port}", f"link set {port} up")
        host.ip(f"addr add {address}/24 dev {device}", f"link set {device} up", f"route add default via {gateway}")

    def _relay(self):
        relay = self.directory / "relay"
        run("cc", "-O2", "-o", relay, Path(__file__).with_name("relay.c"))
        self.fw.start(relay, f"/run/netns/{self.fw.namespace}", f"/run/netns/{self.isp.namespace}", "wan0", DELAY_MS)
        for host, address in ((self.fw, "10.255.0.1"), (self.isp, "10.255.0.2")):
            self._wait_device(host, "wan0")
            host.ip(f"addr add {address}/30 dev wan0", "link set wan0 up")
        self.fw.ip("route add default via 10.255.0.2")
        self.isp.ip("route add 10.0.0.0/8 via 10.255.0.1")

    @staticmethod
    def _wait_device(host, device):
        deadline = time.monotonic() + 5
        while not run("ip", "-n", host.namespace, "link", "show", device, check=False):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{device} did not appear on {host.name}: {host.log_tail()}")
            time.sleep(0.01)

    def _trust_store(self, host):
        """Every host trusts the lab's public root and nothing else."""
        certs = host.etc / "ssl" / "certs"
        certs.mkdir(parents=True)
        (host.etc / "ssl" / "private").mkdir()
        shutil.copy("/etc/ssl/openssl.cnf", host.etc / "ssl")
        shutil.copy(self.pki.root.certificate, certs / "ca-certificates.crt")

    def trust(self, host, authority):
        """Puts one more authority into a host's store, as a group policy would."""
        with open(host.etc / "ssl/certs/ca-certificates.crt", "a") as store:
            store.write(authority.certificate.read_text())

    def enable_ipv6(self):
        links = ((self.client, "eth0", "2001:db8:8::6", self.fw, "client0", "2001:db8:8::1"),
                 (self.fw, "wan0", "2001:db8:255::1", self.isp, "wan0", "2001:db8:255::2"),
                 (self.server, "eth0", "2001:db8:100::2", self.isp, "server0", "2001:db8:100::1"))
        for host in (self.client, self.fw, self.isp, self.server):
            host.sysctl("net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0",
                        "net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.all.forwarding=1")
        for host, device, address, peer, peer_device, peer_address in links:
            host.ip(f"addr add {address}/64 dev {device} nodad")
            peer.ip(f"addr add {peer_address}/64 dev {peer_device} nodad")
        self.client.ip("route add default via 2001:db8:8::1")
        self.fw.ip("route add default via 2001:db8:255::2")
        self.isp.ip("route add 2001:db8:8::/64 via 2001:db8:255::1")
        self.server.ip("route add default via 2001:db8:100::1")

    @contextmanager
    def capture(self, lead=0.1, tail=0.6, options=(), host=None, device="eth0"):
        """Captures on the client's interface (with `everywhere` on each host's) while the block runs."""
        captures = [Capture(host or self.client, [device], self.directory / "capture.pcapng", options)]
        if self.everywhere:
            captures += [Capture(host, _devices(host), self.directory / f"{host.name}.pcapng", ())
                         for host in self.hosts if host is not self.client]
        time.sleep(lead)
        try:
            yield
            time.sleep(tail)
        finally:
            for capture in captures:
                capture.stop()
        captures[0].publish(self.out / f"{self.slug}.pcapng")
        for capture in captures[1:]:
            folder = self.out / f"{self.slug}.hops"
            folder.mkdir(parents=True, exist_ok=True)
            capture.publish(folder / f"{capture.host.name}.pcapng")

    def close(self):
        """Takes everything down; a second Ctrl-C must not stop it half way."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for host in self.hosts:
            host.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def _devices(host):
    links = run("ip", "-n", host.namespace, "-o", "link", "show", "up").splitlines()
    return [device for device in (link.split(":")[1].strip().split("@")[0] for link in links) if device != "lo"]
