# SPDX-License-Identifier: Apache-2.0
"""Only the authority's own word about this certificate, at this time, is believed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from connectors.simulators.jpki import JpkiWorld, Resident
from connectors.simulators.jpki.keys import new_key
from connectors.simulators.jpki.responder import make_crl
from engine.identity.crl import distribution_point
from engine.identity.fetch import Unreachable
from engine.identity.profiles import Use
from engine.identity.status import RevocationService
from engine.identity.verdict import Standing, Status
from tests.unit.identity_desk import HANAKO, KIYOSE, START, Desk

KEY = new_key().public_key()
AT_KIYOSE = Resident(HANAKO.name, HANAKO.born_on, HANAKO.address, "2", KIYOSE)
Answer = Callable[[str, bytes], bytes]


class Told:
    """Answers as the test says."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def get(self, url: str) -> bytes:
        return self._answer(url, b"")

    async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
        return self._answer(url, body)


class Authority(Desk):
    def __init__(self) -> None:
        super().__init__()
        self.service = RevocationService(self.world.fetch)

    async def status(self, use: Use, certificate: x509.Certificate, told: Answer | None = None) -> Status:
        root = self.world.trust().issuer_of(certificate, use)
        service = RevocationService(Told(told)) if told else self.service
        return await service.status(certificate, root, self.clock.now())


@pytest.fixture
def desk() -> Authority:
    return Authority()


@pytest.mark.parametrize(("use", "source"), [(Use.LOGIN, "ocsp"), (Use.SIGNATURE, "crl")])
async def test_each_use_has_its_own_source(desk: Authority, use: Use, source: str) -> None:
    certificate = desk.world.issue(use, HANAKO, KEY)

    status = await desk.status(use, certificate)

    assert (status.standing, status.source, status.this_update) == (Standing.GOOD, source, START)
    assert status.evidence


@pytest.mark.parametrize("use", Use)
async def test_a_revocation_comes_with_its_time(desk: Authority, use: Use) -> None:
    certificate = desk.world.issue(use, HANAKO, KEY)
    desk.world.revoke(use, certificate, at=START - timedelta(hours=1))

    status = await desk.status(use, certificate)

    assert (status.standing, status.revoked_at) == (Standing.REVOKED, START - timedelta(hours=1))


async def test_a_certificate_the_responder_does_not_know_is_unknown(desk: Authority) -> None:
    authority = desk.world.authorities[Use.LOGIN, 2]
    certificate = authority.issue(HANAKO, KEY, serial=99, at=START)

    status = await desk.status(Use.LOGIN, certificate)

    assert status.standing is Standing.UNKNOWN


@pytest.mark.parametrize("use", Use)
async def test_without_an_answer_nothing_is_known(desk: Authority, use: Use) -> None:
    certificate = desk.world.issue(use, HANAKO, KEY)
    desk.world.is_down = True

    status = await desk.status(use, certificate)

    assert status.standing is Standing.UNAVAILABLE


@pytest.mark.parametrize(
    ("use", "lasts"), [(Use.LOGIN, timedelta(minutes=15)), (Use.SIGNATURE, timedelta(days=1))]
)
async def test_an_answer_is_used_until_its_next_update_and_no_longer(
    desk: Authority, use: Use, lasts: timedelta
) -> None:
    certificate = desk.world.issue(use, HANAKO, KEY)
    await desk.status(use, certificate)
    desk.world.revoke(use, certificate)

    desk.clock.at += lasts - timedelta(seconds=1)
    before = await desk.status(use, certificate)
    desk.clock.at += timedelta(seconds=1)
    after = await desk.status(use, certificate)

    assert (before.standing, after.standing) == (Standing.GOOD, Standing.REVOKED)
    assert len(desk.world.fetch.asked) == 2


async def test_one_list_serves_a_whole_municipality(desk: Authority) -> None:
    neighbours = [desk.world.issue(Use.SIGNATURE, HANAKO, KEY) for _ in range(3)]
    desk.world.revoke(Use.SIGNATURE, neighbours[1])

    standings = [(await desk.status(Use.SIGNATURE, neighbour)).standing for neighbour in neighbours]

    assert standings == [Standing.GOOD, Standing.REVOKED, Standing.GOOD]
    assert len(desk.world.fetch.asked) == 1


async def refused(desk: Authority, use: Use, answer: Answer) -> bool:
    certificate = desk.world.issue(use, HANAKO, KEY)
    status = await desk.status(use, certificate, answer)
    return status.standing is Standing.UNAVAILABLE


async def test_an_old_answer_is_not_believed(desk: Authority) -> None:
    certificate = desk.world.issue(Use.SIGNATURE, HANAKO, KEY)
    authority = desk.world.authorities[Use.SIGNATURE, 2]
    old = make_crl(authority, distribution_point(certificate), [], now=START - timedelta(days=1))

    assert await refused(desk, Use.SIGNATURE, lambda *_: old)


async def test_an_answer_from_the_future_is_not_believed(desk: Authority) -> None:
    certificate = desk.world.issue(Use.SIGNATURE, HANAKO, KEY)
    authority = desk.world.authorities[Use.SIGNATURE, 2]
    early = make_crl(authority, distribution_point(certificate), [], now=START + timedelta(hours=1))

    assert await refused(desk, Use.SIGNATURE, lambda *_: early)


async def test_the_list_of_another_municipality_is_not_believed(desk: Authority) -> None:
    elsewhere = distribution_point(desk.world.issue(Use.SIGNATURE, AT_KIYOSE, KEY))
    other = make_crl(desk.world.authorities[Use.SIGNATURE, 2], elsewhere, [], now=START)

    assert await refused(desk, Use.SIGNATURE, lambda *_: other)


async def test_the_list_of_another_generation_is_not_believed(desk: Authority) -> None:
    here = distribution_point(desk.world.issue(Use.SIGNATURE, HANAKO, KEY))
    other = make_crl(desk.world.authorities[Use.SIGNATURE, 1], here, [], now=START)

    assert await refused(desk, Use.SIGNATURE, lambda *_: other)


async def test_a_list_that_leaves_out_persons_or_reasons_is_not_believed(desk: Authority) -> None:
    here = distribution_point(desk.world.issue(Use.SIGNATURE, HANAKO, KEY))
    authority = desk.world.authorities[Use.SIGNATURE, 2]

    def narrow(*, only_authorities: bool, reasons: frozenset[x509.ReasonFlags] | None) -> bytes:
        scope = x509.IssuingDistributionPoint(
            full_name=[x509.DirectoryName(here)],
            relative_name=None,
            only_contains_user_certs=False,
            only_contains_ca_certs=only_authorities,
            only_some_reasons=reasons,
            indirect_crl=False,
            only_contains_attribute_certs=False,
        )
        crl = x509.CertificateRevocationListBuilder(
            authority.certificate.subject, START, START + timedelta(1)
        )
        return (
            crl.add_extension(scope, critical=True)
            .sign(authority.key, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )

    some_reasons = narrow(only_authorities=False, reasons=frozenset({x509.ReasonFlags.key_compromise}))
    no_persons = narrow(only_authorities=True, reasons=None)

    assert await refused(desk, Use.SIGNATURE, lambda *_: some_reasons)
    assert await refused(desk, Use.SIGNATURE, lambda *_: no_persons)


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("garbage", [b"", b"\x30\x03\x0a\x01\x06", b"<html>", b"\x30\x82\xff\xff"])
async def test_an_answer_that_cannot_be_read_is_not_believed(
    desk: Authority, use: Use, garbage: bytes
) -> None:
    assert await refused(desk, use, lambda *_: garbage)


async def test_every_flipped_bit_in_a_list_is_noticed(desk: Authority) -> None:
    certificate = desk.world.issue(Use.SIGNATURE, HANAKO, KEY)
    desk.world.revoke(Use.SIGNATURE, certificate)
    real = make_crl(
        desk.world.authorities[Use.SIGNATURE, 2],
        distribution_point(certificate),
        desk.world.register.entries(Use.SIGNATURE),
        now=START,
    )

    for position in range(0, len(real), 7):
        bad = bytearray(real)
        bad[position] ^= 1
        status = await desk.status(Use.SIGNATURE, certificate, lambda *_, bad=bytes(bad): bad)  # type: ignore[misc]
        assert status.standing is Standing.UNAVAILABLE, position


def nonce_of(request: bytes) -> bytes:
    loaded = ocsp.load_der_ocsp_request(request)
    return loaded.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce


def asking_about(certificate: x509.Certificate, desk: Authority, nonce: bytes) -> bytes:
    root = desk.world.authorities[Use.LOGIN, 2].certificate
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, root, hashes.SHA256())
    return request.add_extension(x509.OCSPNonce(nonce), critical=False).build().public_bytes(Encoding.DER)


async def test_an_answer_to_an_earlier_question_is_not_believed(desk: Authority) -> None:
    certificate = desk.world.issue(Use.LOGIN, HANAKO, KEY)
    recorded = desk.world.ocsp(asking_about(certificate, desk, bytes(32)))

    status = await desk.status(Use.LOGIN, certificate, lambda *_: recorded)

    assert status.standing is Standing.UNAVAILABLE


async def test_an_answer_without_the_nonce_is_not_believed(desk: Authority) -> None:
    certificate = desk.world.issue(Use.LOGIN, HANAKO, KEY)
    root = desk.world.authorities[Use.LOGIN, 2].certificate
    bare = ocsp.OCSPRequestBuilder().add_certificate(certificate, root, hashes.SHA256()).build()
    answer = desk.world.ocsp(bare.public_bytes(Encoding.DER))

    status = await desk.status(Use.LOGIN, certificate, lambda *_: answer)

    assert status.standing is Standing.UNAVAILABLE


async def test_an_answer_about_another_certificate_is_not_believed(desk: Authority) -> None:
    other, certificate = (desk.world.issue(Use.LOGIN, HANAKO, KEY) for _ in range(2))

    def swapped(_: str, request: bytes) -> bytes:
        return desk.world.ocsp(asking_about(other, desk, nonce_of(request)))

    status = await desk.status(Use.LOGIN, certificate, swapped)

    assert status.standing is Standing.UNAVAILABLE


async def test_a_responder_of_another_authority_is_not_believed(desk: Authority) -> None:
    """It answers for our root's key hash, with a certificate that a stranger's root issued."""
    certificate = desk.world.issue(Use.LOGIN, HANAKO, KEY)
    stranger = JpkiWorld(desk.clock)
    own, pinned = stranger.authorities[Use.LOGIN, 2], desk.world.authorities[Use.LOGIN, 2]

    def forged(_: str, request: bytes) -> bytes:
        key = new_key()
        asked = ocsp.load_der_ocsp_request(request)
        delegate = own.delegate(key.public_key())
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate, pinned.certificate, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, START,
            START + timedelta(hours=1), None, None,
        )  # fmt: skip
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, delegate).certificates([delegate])
        nonce = asked.extensions.get_extension_for_class(x509.OCSPNonce).value
        signed = builder.add_extension(nonce, critical=False).sign(key, hashes.SHA256())
        return signed.public_bytes(Encoding.DER)

    status = await desk.status(Use.LOGIN, certificate, forged)

    assert status.standing is Standing.UNAVAILABLE


async def test_a_citizen_is_no_responder(desk: Authority) -> None:
    """A person's certificate is under the same root, but not for OCSP."""
    key = new_key()
    pinned = desk.world.authorities[Use.LOGIN, 2]
    citizen = desk.world.issue(Use.LOGIN, HANAKO, key.public_key())

    def forged(_: str, request: bytes) -> bytes:
        nonce = x509.OCSPNonce(nonce_of(request))
        builder = ocsp.OCSPResponseBuilder().add_response(
            citizen, pinned.certificate, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, START,
            START + timedelta(hours=1), None, None,
        )  # fmt: skip
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, citizen).certificates([citizen])
        return (
            builder.add_extension(nonce, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
        )

    status = await desk.status(Use.LOGIN, citizen, forged)

    assert status.standing is Standing.UNAVAILABLE


async def test_nobody_is_asked_where_no_place_is_configured(desk: Authority) -> None:
    from dataclasses import replace

    certificate = desk.world.issue(Use.LOGIN, HANAKO, KEY)
    root = replace(desk.world.trust().issuer_of(certificate, Use.LOGIN), ocsp_url=None)

    status = await desk.service.status(certificate, root, START)

    assert status.standing is Standing.UNAVAILABLE
    assert desk.world.fetch.asked == []


def test_a_distribution_point_has_a_place_of_its_own_or_the_common_one(desk: Authority) -> None:
    from engine.identity.crl import digest_of_name, locate

    here = distribution_point(desk.world.issue(Use.SIGNATURE, HANAKO, KEY))
    kiyose = distribution_point(desk.world.issue(Use.SIGNATURE, AT_KIYOSE, KEY))
    urls = {kiyose.rfc4514_string(): "https://a.example/kiyose.crl", "*": "https://b.example/{sha256}"}

    assert locate(kiyose, urls) == "https://a.example/kiyose.crl"
    assert locate(here, urls) == f"https://b.example/{digest_of_name(here)}"
    with pytest.raises(Unreachable):
        locate(here, {})
