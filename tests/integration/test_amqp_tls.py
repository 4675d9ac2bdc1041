# SPDX-License-Identifier: Apache-2.0
"""A broker that is reached over TLS only, and lets in by certificate."""

import asyncio
import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connectors.sdk.amqp import AmqpTransport
from connectors.sdk.transport import EngineUnavailable, Outgoing
from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.bus.tls import BrokerTls, tls_for
from engine.bus.topology import reply_queue
from engine.clock import SystemClock
from engine.core.errors import EngineError
from engine.local import process, rabbitmq
from engine.local.rabbitmq import Rabbit
from engine.ports import BusUnavailable, Parcel
from tests.integration.amqp_ground import CITY, body

_TLS = """\
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {place}/ca.pem
ssl_options.certfile = {place}/server.pem
ssl_options.keyfile = {place}/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = {always}
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
"""


class Authority:
    """Makes certificates into a directory."""

    def __init__(self, place: Path, name: str = "ca") -> None:
        self.place = place
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        process.write_private(place / f"{name}.pem", self._made(self._name, self._key, is_ca=True))

    def issue(self, name: str, file: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        pem, key_pem = self.place / f"{file}.pem", self.place / f"{file}.key"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        process.write_private(pem, self._made(subject, key, is_ca=False))
        process.write_private(key_pem, private)
        return pem, key_pem

    def _made(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> str:
        now = SystemClock().now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
        )
        made: bytes = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        return made.decode()


class SecureRabbit(Rabbit):
    """A private node with a listener for TLS."""

    def __init__(self, directory: Path, place: Path) -> None:
        super().__init__(directory)
        self.tls_port = process.free_port()
        self._place = place

    def _configure(self) -> None:
        super()._configure()
        here = self._directory
        more = _TLS.format(port=self.tls_port, place=self._place, always="false")
        process.write_private(here / "rabbitmq.conf", (here / "rabbitmq.conf").read_text() + more)
        plugins = "[rabbitmq_management,rabbitmq_auth_mechanism_ssl].\n"
        process.write_private(here / "enabled_plugins", plugins)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SecureRabbit, Authority]]:
    if not rabbitmq.installed():
        pytest.skip("RabbitMQ is missing (apt-get install rabbitmq-server)")
    import shutil
    import tempfile

    place = Path(tempfile.mkdtemp(prefix="todoke-tls-"))
    place.chmod(0o755)
    authority = Authority(place)
    authority.issue("127.0.0.1", "server")
    secure = SecureRabbit(place / "node", place)
    try:
        yield secure.start(), authority
    finally:
        secure.stop()
        shutil.rmtree(place, ignore_errors=True)


async def declared(secure: SecureRabbit) -> None:
    async with BrokerAdmin(secure.admin_url, "/") as admin:
        await admin.declare()
        await admin.declare_organisation(CITY, "secret")


async def test_orders_and_replies_go_over_tls_and_by_certificate(
    node: tuple[SecureRabbit, Authority],
) -> None:
    secure, authority = node
    await declared(secure)
    url = f"amqps://127.0.0.1:{secure.tls_port}/%2F"
    ca = authority.place / "ca.pem"
    engine = AmqpBus(url, tls=BrokerTls(ca, *authority.issue("boot", "engine")))
    city = AmqpTransport(url, number=CITY, tls=BrokerTls(ca, *authority.issue(f"org-{CITY}", "city")))
    try:
        await engine.publish([Parcel("o_1", f"orders.{CITY}", body(1))])
        (order,) = await city.take(wait_seconds=10)
        await city.acknowledge([order])
        await city.send([Outgoing("r_1", body(2))])
        (reply,) = await engine.take(reply_queue(CITY), limit=10, wait_seconds=10)
        await engine.ack([reply])
    finally:
        await city.close()
        await engine.close()

    assert order.event == body(1)
    assert (reply.events, reply.sender) == ((body(2),), CITY)


async def test_a_certificate_lets_in_whom_it_names_and_nobody_else(
    node: tuple[SecureRabbit, Authority],
) -> None:
    secure, authority = node
    await declared(secure)
    url = f"amqps://127.0.0.1:{secure.tls_port}/%2F"
    pair = authority.issue("org-3999999999999", "stranger")
    stranger = AmqpTransport(url, number=CITY, tls=BrokerTls(authority.place / "ca.pem", *pair))

    with pytest.raises(EngineUnavailable):
        async with asyncio.timeout(20):
            await stranger.take(wait_seconds=1)
    await stranger.close()


async def test_a_broker_that_nobody_vouches_for_is_not_talked_to(
    node: tuple[SecureRabbit, Authority],
) -> None:
    secure, authority = node
    other = Authority(authority.place, "other")
    url = f"amqps://boot:x@127.0.0.1:{secure.tls_port}/%2F"

    for tls in (BrokerTls(other.place / "other.pem"), BrokerTls()):
        bus = AmqpBus(url, tls=tls)
        with pytest.raises(BusUnavailable):
            await bus.publish([Parcel("o_1", "letters", body(1))])
        await bus.close()


def test_a_certificate_needs_a_line_with_tls(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="unusable-broker-tls"):
        tls_for("amqp://127.0.0.1/", ca=None, certificate=tmp_path / "a.pem", key=None)
    assert tls_for("amqp://127.0.0.1/", ca=None, certificate=None, key=None) is None


def test_a_name_in_the_address_goes_before_the_certificate(tmp_path: Path) -> None:
    tls = BrokerTls(certificate=tmp_path / "a.pem")

    assert tls.address("amqps://org-1:secret@host/v") == "amqps://org-1:secret@host/v"
    assert tls.address("amqps://host/v") == "amqps://host/v?auth=external"


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_files_that_are_none_are_a_fault_of_the_settings(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.pem"
    file.write_text(content)

    with pytest.raises(EngineError, match="unusable-broker-tls"):
        BrokerTls(certificate=file).user()
    with pytest.raises(EngineError, match="unusable-broker-tls"):
        BrokerTls(ca=file).context()
