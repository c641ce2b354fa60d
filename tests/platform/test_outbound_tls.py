"""Certificates are verified, always, and against the name that was asked for."""

import datetime
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.platform.conftest import FarEnd
from wedsync.platform import outbound
from wedsync.platform.outbound import Answer, Failure, Outcome, Request, request

pytestmark = pytest.mark.usefixtures("loopback")

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@dataclass
class Authority:
    """A certificate authority for one test run."""

    folder: Path

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.file = self.folder / "authority.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        certificate = (
            self._builder(self._name, self._key, NOW + DAY)
            .add_extension(constraints, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(
        self, name: str = "127.0.0.1", until: datetime.datetime = NOW + DAY
    ) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Far end")])
        alternative: x509.GeneralName = (
            x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        )
        certificate = (
            self._builder(subject, key, until)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        chain = self.folder / "server.pem"
        chain.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 2 * DAY)
            .not_valid_after(until)
        )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def trusted(authority: Authority) -> Iterator[Authority]:
    outbound.trust(str(authority.file))
    yield authority
    outbound.trust(None)


def call(start: Callable[..., FarEnd], context: ssl.SSLContext) -> tuple[Outcome, FarEnd]:
    there = start(wrap=lambda plain: context.wrap_socket(plain, server_side=True))
    return request(Request("POST", there.url.replace("http", "https"), {}, b"secret")), there


def test_a_trusted_certificate_carries_the_request(
    far_end: Callable[..., FarEnd], trusted: Authority
) -> None:
    outcome, there = call(far_end, trusted.server())
    assert isinstance(outcome, Answer)
    assert outcome.body == b"ok"
    assert outcome.timings.tls_ms > 0
    assert len(there.requests) == 1


def test_a_stranger_who_signed_for_himself_is_sent_nothing(
    far_end: Callable[..., FarEnd], authority: Authority
) -> None:
    outcome, there = call(far_end, authority.server())
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == ("not_sent", "tls_failed")
    assert "known authority" in outcome.message
    assert there.requests == []


def test_an_expired_certificate_is_refused_and_named(
    far_end: Callable[..., FarEnd], trusted: Authority
) -> None:
    outcome, there = call(far_end, trusted.server(until=NOW - DAY))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == ("not_sent", "tls_failed")
    assert outcome.message == "The certificate of this address has expired."
    assert there.requests == []


@pytest.mark.parametrize("name", ["127.0.0.2", "florist.example"])
def test_a_certificate_for_another_name_is_refused_and_named(
    far_end: Callable[..., FarEnd], trusted: Authority, name: str
) -> None:
    outcome, there = call(far_end, trusted.server(name))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == ("not_sent", "tls_failed")
    assert outcome.message == "The certificate of this address is for another name."
    assert there.requests == []
