"""A whole agent start: many endpoints, three faults, and the usual noise."""

from pplab import sockets
from pplab.clients import BAD_NAME, EMPTY_REPLY, RECEIVE, TLS_FAILED, curl, curl_proxy, tcp_probe
from pplab.names import (ADDRESSES, AMCS, AMCS_REGION, ARC, ARC_BUS, ARC_DATA, ARC_GAS, ARC_NOTIFY, ARM, ASSETS,
                         BACKUP_MANAGE, BLOB, CONNECTOR, INGEST, LOGIN, LOGIN_WINDOWS, ODS, PACKAGES, PAS, RECOVERY,
                         RELAY)
from pplab.registry import scenario
from pplab.services import BASIC_AUTH, azure_firewall, dns, squid, squid_user, web
from pplab.truth import fault, lookup, ok

ALLOWED = (LOGIN, LOGIN_WINDOWS, PAS, ASSETS, ARC, ARC_GAS, ARC_NOTIFY, ARC_BUS, RELAY, ARM, AMCS, AMCS_REGION, ODS,
           INGEST, BACKUP_MANAGE, BLOB, CONNECTOR)
DENIED = ARC_DATA, PACKAGES
CUT = (TLS_FAILED, EMPTY_REPLY, RECEIVE)


@scenario("S80", "mixed-start",
          title="Seventeen endpoints work, two are denied by name, one meets an authenticating proxy.",
          made="HAProxy as Azure Firewall and Squid with authentication; noise: WPAD, an IPv6 attempt, a port test, a "
               "client reset.",
          endpoints=[fault(*DENIED, rules="FW-08", grades="strong"), fault(RECOVERY, rules="PRX-04", grades="proven"),
                     ok(*ALLOWED, rules="OK-01 OK-02 OK-04 OK-05")],
          conclusion={"outcome": "fault", "domain": "firewall", "owner": "network", "rules": ["FW-08", "PRX-04"]},
          lookups=[lookup("wpad.contoso.com", "NXDOMAIN", "DNS-09")],
          shows={"tls.handshake.type == 1": len(ALLOWED) + len(DENIED), "http.response.code == 407": 1,
                 "tls.handshake.type == 2": (len(ALLOWED), len(ALLOWED)), "ipv6 && tcp": 1,
                 "tcp.flags.reset == 1 && ip.src == 10.8.0.6": 1})
def mixed_start(lab):
    lab.enable_ipv6()
    lab.fw.iptables("-A FORWARD -p tcp -j DROP", v6=True)
    dns(lab, f"address=/{LOGIN}/2001:db8:100::10")
    web(lab, *ALLOWED, *DENIED, RECOVERY, files=24000)
    azure_firewall(lab, allowed=ALLOWED)
    squid_user(lab, "svc-arc", "right")
    squid(lab, BASIC_AUTH)
    with lab.capture():
        curl(lab, "http://wpad.contoso.com/wpad.dat", expect=BAD_NAME)
        curl(lab, LOGIN)
        for host in ALLOWED[1:9]:
            curl(lab, host)
        for host in DENIED:
            curl(lab, host, expect=CUT)
        lab.client.call(tcp_probe, ADDRESSES[ARM], 443)
        curl_proxy(lab, RECOVERY, expect=RECEIVE)
        lab.client.call(sockets.read_part, BLOB, "/files/data")
        for host in ALLOWED[9:]:
            if host != BLOB:
                curl(lab, host)
