"""Certificates. The public side carries the names of the authorities that sign real Azure servers."""

import copy
import datetime
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .host import run

ROOT = "/C=US/O=DigiCert Inc/OU=www.digicert.com/CN=DigiCert Global Root G2"
ISSUING = "/C=US/O=Microsoft Corporation/CN=Microsoft Azure RSA TLS Issuing CA 07"
GATEWAY = "/O=Contoso/OU=IT Security/CN=Contoso Web Gateway CA"
ZSCALER_ROOT = ("/C=US/ST=California/L=San Jose/O=Zscaler Inc./OU=Zscaler Inc./CN=Zscaler Root CA"
                "/emailAddress=support@zscaler.com")
ZSCALER = "/C=US/ST=California/O=Zscaler Inc./OU=Zscaler Inc./CN=Zscaler Intermediate Root CA (zscaler.net)"
LEAF = "/C=US/ST=WA/L=Redmond/O=Microsoft Corporation/CN="

CA_EXTENSIONS = """basicConstraints = critical, CA:true
keyUsage = critical, digitalSignature, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
LEAF_EXTENSIONS = """subjectAltName = {names}
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
basicConstraints = critical, CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://crl3.digicert.com/MicrosoftAzureRSATLSIssuingCA07.crl
authorityInfoAccess = @access
[access]
caIssuers;URI = http://cacerts.digicert.com/MicrosoftAzureRSATLSIssuingCA07.crt
OCSP;URI = http://ocsp.digicert.com
"""
# `openssl ca` is the one command of OpenSSL 3.0 that sets both ends of the validity.
CA_CONFIG = """[ca]
default_ca = lab
[lab]
database = {directory}/index.txt
new_certs_dir = {directory}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = anything
[anything]
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
commonName = supplied
emailAddress = optional
[extensions]
"""


@dataclass
class Credential:
    """A certificate with its key; `chain` is what a server sends: the leaf, then what links it to the root."""
    certificate: Path
    key: Path
    chain: Path

    def pem(self):
        """Key and chain in one file, as HAProxy and Squid want them."""
        path = self.chain.with_suffix(".both.pem")
        path.write_text(self.key.read_text() + self.chain.read_text())
        path.chmod(0o644)
        return path


class Pki:
    """Makes authorities and leaves on demand in one directory."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(mode=0o777, exist_ok=True)
        self._count = 0

    def branch(self, directory):
        """The same authorities, with a directory of its own for what is signed from here on."""
        branch = copy.copy(self)
        branch.directory = directory
        directory.mkdir(mode=0o777)
        return branch

    @cached_property
    def root(self):
        return self._sign(ROOT, CA_EXTENSIONS, None, days=(-3650, 3650))

    @cached_property
    def issuing(self):
        return self._sign(ISSUING, CA_EXTENSIONS, self.root, days=(-900, 900))

    @cached_property
    def gateway(self):
        return self._sign(GATEWAY, CA_EXTENSIONS, None, days=(-900, 900))

    @cached_property
    def zscaler(self):
        root = self._sign(ZSCALER_ROOT, CA_EXTENSIONS, None, days=(-3000, 3000))
        return self._sign(ZSCALER, CA_EXTENSIONS, root, days=(-900, 900))

    @cached_property
    def leaf_key(self):
        """One key for all leaves: no scenario depends on the keys being different."""
        return self._new_key("leaf")

    def leaf(self, *names, issuer=None, days=(-30, 150), subject=None):
        listed = ", ".join(("IP:" if name.replace(".", "").isdigit() else "DNS:") + name for name in names)
        return self._sign(subject or LEAF + names[0], LEAF_EXTENSIONS.format(names=listed), issuer or self.issuing,
                          days, key=self.leaf_key)

    def authority(self, subject, days=(-900, 900)):
        return self._sign(subject, CA_EXTENSIONS, None, days)

    def _new_key(self, stem):
        key = self.directory / f"{stem}.key"
        run("openssl", "genrsa", "-out", key, "2048")
        key.chmod(0o644)
        return key

    def _sign(self, subject, extensions, issuer, days, key=None):
        self._count += 1
        stem = f"{self._count:02d}"
        key = key or self._new_key(stem)
        config, request = self.directory / f"{stem}.cnf", self.directory / f"{stem}.csr"
        certificate, chain = self.directory / f"{stem}.crt", self.directory / f"{stem}.chain.pem"
        config.write_text(CA_CONFIG.format(directory=self.directory) + extensions)
        (self.directory / "index.txt").write_text("")
        run("openssl", "req", "-new", "-key", key, "-subj", subject, "-out", request)
        signer = ("-keyfile", issuer.key, "-cert", issuer.certificate) if issuer else ("-selfsign", "-keyfile", key)
        run("openssl", "ca", "-batch", "-notext", "-config", config, "-extensions", "extensions", "-in", request,
            "-out", certificate, "-startdate", _asn1_time(days[0]), "-enddate", _asn1_time(days[1]), *signer)
        links = certificate.read_text()
        if issuer and issuer is not self.__dict__.get("root"):
            links += issuer.chain.read_text()
        chain.write_text(links)
        return Credential(certificate, key, chain)


def _asn1_time(days_from_now):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days_from_now)
    return moment.strftime("%Y%m%d%H%M%SZ")
