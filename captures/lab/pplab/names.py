"""Real Azure host names and the (documentation-range) addresses that stand for their servers.

ARC_DATA and ARC_GAS share an address; VAULT's network is unknown to the lab's routers."""

LOGIN = "login.microsoftonline.com"
ARC = "gbl.his.arc.azure.com"
ARC_DATA = "agentserviceapi.guestconfiguration.azure.com"
ARC_GAS = "jpe-gas.guestconfiguration.azure.com"
ARC_NOTIFY = "guestnotificationservice.azure.com"
ARC_BUS = "azgnjpe01.servicebus.windows.net"
AMCS = "global.handler.control.monitor.azure.com"
AMCS_REGION = "japaneast.handler.control.monitor.azure.com"
ODS = "4f3a9c1e-5b7d-4c7a-9d51-0a6f2b8c1d3e.ods.opinsights.azure.com"
INGEST = "dce-prod-x1y2.japaneast-1.ingest.monitor.azure.com"
ARM = "management.azure.com"
CONNECTOR = "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9.bootstrap.msappproxy.net"
CONNECTOR_REG = "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9.registration.msappproxy.net"
RELAY = "cwap-jpe-1.servicebus.windows.net"
LOGIN_WINDOWS = "login.windows.net"
BACKUP_MANAGE = "pod01-manag1.jpe.backup.windowsazure.com"
BACKUP_PROTECT = "pod01-prot1b.jpe.backup.windowsazure.com"
BACKUP_ID = "pod01-id1.jpe.backup.windowsazure.com"
BLOB = "contosobackup01.blob.core.windows.net"
PACKAGES = "oaasguestconfigjpes1.blob.core.windows.net"
RECOVERY = "pod01-rcm1.jpe.hypervrecoverymanager.windowsazure.com"
VAULT = "contoso-kv.vault.azure.net"
ASSETS = "aadcdn.msftauth.net"
PAS = "pas.windows.net"
DOWNLOAD = "download.microsoft.com"
CRL = "crl3.digicert.com"
CRL4 = "crl4.digicert.com"
OCSP = "ocsp.digicert.com"
CACERTS = "cacerts.digicert.com"
CTL = "ctldl.windowsupdate.com"
INTRANET = "intranet.contoso.com"

ADDRESSES = {
    LOGIN: "203.0.113.10", LOGIN_WINDOWS: "203.0.113.11", PAS: "203.0.113.12", ASSETS: "203.0.113.13",
    ARC: "198.51.100.20", ARC_DATA: "198.51.100.21", ARC_GAS: "198.51.100.21", ARC_NOTIFY: "198.51.100.23",
    ARC_BUS: "198.51.100.24", RELAY: "198.51.100.25", ARM: "198.51.100.26",
    AMCS: "198.51.100.30", AMCS_REGION: "198.51.100.31", ODS: "198.51.100.32", INGEST: "198.51.100.33",
    CONNECTOR: "198.51.100.40", CONNECTOR_REG: "198.51.100.41",
    BACKUP_MANAGE: "198.51.100.50", BACKUP_PROTECT: "198.51.100.51", BACKUP_ID: "198.51.100.52",
    BLOB: "198.51.100.60", PACKAGES: "198.51.100.61", RECOVERY: "198.51.100.62", VAULT: "198.18.0.63",
    DOWNLOAD: "203.0.113.40", CRL: "203.0.113.50", CRL4: "203.0.113.51", OCSP: "203.0.113.52",
    CACERTS: "203.0.113.53", CTL: "203.0.113.54", INTRANET: "203.0.113.60",
}
