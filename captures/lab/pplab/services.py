"""The real servers and middleboxes: dnsmasq, nginx, openssl, haproxy, squid, mitmproxy."""

import time
from dataclasses import dataclass

from .host import run
from .lab import RESOLVER
from .names import ADDRESSES

PROXY_PORT = 8080


# -- names

def dns(lab, *options, names=None, drop=(), zones=("com", "net")):
    """A resolver that knows the lab's names and `names` (name -> address) but not those in `drop`.

    In `zones` no other name exists; what lies outside of them is refused. `options` are dnsmasq's own."""
    known = {**ADDRESSES, **(names or {})}
    lines = [f"address=/{name}/{address}" for name, address in known.items() if name not in drop]
    lines += [f"local=/{zone}/" for zone in [*(name for name in known if name not in drop), *zones]]
    _configure(lab.dns, "dnsmasq.conf", [
        "keep-in-foreground", "user=root", "no-hosts", "no-resolv", "bind-interfaces", "pid-file=",
        f"listen-address={RESOLVER}", *lines, *options])
    lab.dns.start("dnsmasq", "--conf-file=" + str(lab.dns.directory / "dnsmasq.conf"))
    lab.dns.wait_listening(53, proto="udp")


# -- servers

@dataclass
class Site:
    """A TLS virtual host of the lab's nginx."""
    host: str
    versions: str = "TLSv1.2 TLSv1.3"
    credential: object = None
    body: str = '{"status":"ok"}'
    status: int = 200
    extra: str = ""
    port: int = 443


def web(lab, *sites, plain=(), files=0, extra="", also=()):
    """nginx with the given sites (host names stand for an ordinary site) and `plain` HTTP hosts on port 80.

    `extra` is nginx configuration for anything else, on the addresses in `also`."""
    for address in also:
        lab.server.add_address(address)
    sites = [site if isinstance(site, Site) else Site(site) for site in sites]
    servers = []
    for site in sites:
        credential = site.credential or lab.pki.leaf(site.host)
        address = ADDRESSES[site.host]
        lab.server.add_address(address)
        servers.append(f"""server {{
    listen {address}:{site.port} ssl; server_name {site.host};
    ssl_certificate {credential.chain}; ssl_certificate_key {credential.key};
    ssl_protocols {site.versions}; {site.extra}
    location / {{ default_type application/json; return {site.status} '{site.body}'; }}
    location /files/ {{ alias {lab.server.directory}/; }}
}}""")
    for host in plain:
        lab.server.add_address(ADDRESSES[host])
        servers.append(f"""server {{
    listen {ADDRESSES[host]}:80; server_name {host};
    location / {{ default_type application/octet-stream; return 200 '{"0" * 400}'; }}
}}""")
    if files:
        (lab.server.directory / "data").write_bytes(bytes(files))
    nginx(lab.server, "\n".join(servers) + extra,
          {site.port for site in sites} | ({80} if plain else set()))


def nginx(host, servers, ports):
    _configure(host, "nginx.conf", [
        "user root; daemon off; worker_processes 1; pid nginx.pid; error_log nginx-error.log;",
        "events { worker_connections 256; }",
        "http { access_log off; server_tokens off; ssl_session_cache shared:lab:1m; client_max_body_size 64m;",
        "client_body_temp_path . ; proxy_temp_path . ; fastcgi_temp_path . ; uwsgi_temp_path . ; scgi_temp_path . ;",
        servers, "}"])
    host.start("nginx", "-p", host.directory, "-e", "nginx-error.log", "-c", host.directory / "nginx.conf")
    host.wait_listening(*ports)


def s_server(lab, host, *options, credential=None, port=443):
    """`openssl s_server` for one name, for what nginx cannot be configured to do. It serves one client at a time."""
    credential = credential or lab.pki.leaf(host)
    lab.server.add_address(ADDRESSES[host])
    lab.server.start("openssl", "s_server", "-accept", f"{ADDRESSES[host]}:{port}", "-cert",
                     credential.certificate, "-key", credential.key, "-cert_chain", credential.chain,
                     "-www", "-quiet", *options)
    lab.server.wait_listening(port)


# -- the firewall that terminates TCP and decides by name

DENY_PAGE = ("HTTP  request from %ci:%cp to %[req.hdr(host)]:80. Url: %[req.hdr(host)]%[path]. "
             "Action: Deny. No rule matched. Proceeding with default action")


def azure_firewall(lab, allowed, action="content reject", page=True):
    """HAProxy in the place of Azure Firewall's application rules: it takes every connection to 443 (and 80) itself."""
    names = " ".join(allowed) or "none.invalid"
    _configure(lab.fw, "haproxy.cfg", [f"""
defaults
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend tls
    mode tcp
    bind :8443
    tcp-request inspect-delay 5s
    acl allowed req.ssl_sni -i {names}
    tcp-request content accept if {{ req.ssl_hello_type 1 }} allowed
    tcp-request {action} if {{ req.ssl_hello_type 1 }} !allowed
    tcp-request {action} if WAIT_END
    default_backend origin_tls
frontend web
    mode http
    bind :8080
    acl allowed hdr(host) -i {names}
    http-request return status 470 content-type "text/plain; charset=utf-8" lf-string "{DENY_PAGE}" unless allowed
    default_backend origin_web
backend origin_tls
    mode tcp
    server origin 0.0.0.0:0
backend origin_web
    mode http
    server origin 0.0.0.0:0
"""])
    lab.fw.start("haproxy", "-db", "-f", lab.fw.directory / "haproxy.cfg")
    lab.fw.wait_listening(8443, 8080)
    redirect(lab, 443, 8443)
    if page:
        redirect(lab, 80, 8080)


def zscaler(lab, *hosts):
    """An inspector with certificates under Zscaler-like names, TLS 1.2: nginx on the firewall before the servers."""
    servers = []
    for host in hosts:
        leaf = lab.pki.leaf(host, issuer=lab.pki.zscaler, subject=f"/O=Zscaler Inc./OU=Zscaler Inc./CN={host}")
        servers.append(f"""server {{
    listen 8443 ssl; server_name {host}; ssl_protocols TLSv1.2;
    ssl_certificate {leaf.chain}; ssl_certificate_key {leaf.key};
    location / {{ proxy_pass https://{ADDRESSES[host]}; proxy_ssl_server_name on; proxy_ssl_name {host}; }}
}}""")
    nginx(lab.fw, "\n".join(servers), {8443})
    redirect(lab, 443, 8443)


def redirect(lab, port, to):
    lab.fw.iptables(f"-A PREROUTING -i client0 -p tcp --dport {port} -j REDIRECT --to-ports {to}", table="nat")


# -- proxies

SQUID = """
visible_hostname proxy.contoso.com
pid_filename none
cache deny all
cache_mem 8 MB
access_log none
cache_log {directory}/cache.log
coredump_dir {directory}
cache_effective_user proxy
pinger_enable off
shutdown_lifetime 0 seconds
connect_timeout {connect_timeout} seconds
connect_retries 0
dns_nameservers {resolver}
dns_timeout 4 seconds
{listener}
acl SSL_ports port 443
{rules}
http_access allow all
"""
ONLY_443 = "http_access deny CONNECT !SSL_ports"
BASIC_AUTH = """auth_param basic program /usr/lib/squid/basic_ncsa_auth {directory}/users
auth_param basic realm Contoso proxy
acl known proxy_auth REQUIRED
http_access deny !known
http_access allow known"""


def squid(lab, rules=ONLY_443, connect_timeout=4, bump=None):
    """An explicit proxy. With `bump` (an authority, bump rules) it also opens TLS with certificates of its own."""
    directory = lab.proxy.directory
    listener = f"http_port {PROXY_PORT}"
    if bump:
        authority, bump_rules = bump
        _squid_certificates(lab, directory)
        listener += f" ssl-bump tls-cert={authority.pem()} generate-host-certificates=on"
        listener += f"\nsslcrtd_program /usr/lib/squid/security_file_certgen -s {directory}/db -M 4MB\n{bump_rules}"
    _configure(lab.proxy, "squid.conf", [SQUID.format(
        directory=directory, resolver=RESOLVER, connect_timeout=connect_timeout, listener=listener,
        rules=rules.format(directory=directory))])
    lab.proxy.start("squid", "-N", "-f", directory / "squid.conf")
    lab.proxy.wait_listening(PROXY_PORT)
    time.sleep(0.3)  # Squid listens before its helpers are up


def squid_user(lab, user, password):
    hashed = run("openssl", "passwd", "-apr1", password).strip()
    (lab.proxy.directory / "users").write_text(f"{user}:{hashed}\n")
    (lab.proxy.directory / "users").chmod(0o644)


def _squid_certificates(lab, directory):
    lab.proxy.run("/usr/lib/squid/security_file_certgen", "-c", "-s", directory / "db", "-M", "4MB")
    run("chown", "-R", "proxy:proxy", directory / "db")


def mitmproxy(lab, *options):
    """mitmproxy on the firewall, in the path of every connection to 443. Returns the authority it makes for itself."""
    home = lab.fw.directory / "mitm"
    lab.fw.start("mitmdump", "-q", "--mode", "transparent", "--showhost", "--set", f"confdir={home}",
                 "--listen-port", 8443, "--set", "connection_strategy=lazy", *options)
    lab.fw.wait_listening(8443, seconds=30)
    redirect(lab, 443, 8443)
    return home / "mitmproxy-ca-cert.pem"


def _configure(host, name, lines):
    (host.directory / name).write_text("\n".join(lines) + "\n")
