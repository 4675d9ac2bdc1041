# SPDX-License-Identifier: Apache-2.0
"""A signature has exactly the form that was agreed, and others can read it."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.card import JpkiCard
from engine.identity.profiles import Use
from tests.unit.identity_desk import START, Desk

CONTENT = "委任します".encode()
DESK = Desk()
CARD = DESK.card()
READER = JpkiCard(CARD)
READER.verify_pin(Use.SIGNATURE, "ABC123")
DER = CARD.chip.signature_certificate
SIGNATURE = READER.sign_detached(CONTENT, START)


def signed_over(change: Callable[[list[Any]], object]) -> bytes:
    """Return a signature, really by the card, over other signed attributes."""
    attributes = cms.CMSAttributes.load(cades.to_be_signed(CONTENT, DER, START))
    values = list(attributes)
    change(values)
    changed = cms.CMSAttributes(values).dump()
    return cades.assemble(changed, READER.sign(Use.SIGNATURE, changed), DER)


def rebuilt(change: Callable[[Any], object]) -> bytes:
    """Return the signature with something different around it."""
    info = cms.ContentInfo.load(SIGNATURE)
    change(info["content"])
    return bytes(info.dump(force=True))


def named(values: list[Any], name: str) -> int:
    return next(i for i, value in enumerate(values) if value["type"].native == name)


def test_what_the_card_signed_is_read() -> None:
    signed = cades.read_detached(SIGNATURE, CONTENT)

    assert signed.certificate == CARD.signature_certificate
    assert signed.content_digest == hashlib.sha256(CONTENT).digest()
    assert signed.signing_time == START
    assert cades.time_stamp_of(SIGNATURE) is None


async def test_another_library_finds_the_signature_intact() -> None:
    root = DESK.world.authorities[Use.SIGNATURE, 2].certificate.public_bytes(Encoding.DER)
    context = ValidationContext(trust_roots=[asn1_x509.Certificate.load(root)], moment=START)

    status = await async_validate_detached_cms(
        CONTENT,
        cms.ContentInfo.load(SIGNATURE)["content"],
        signer_validation_context=context,
        key_usage_settings=KeyUsageConstraints(key_usage={"non_repudiation"}),
    )

    assert (status.intact, status.valid, status.trusted) == (True, True, True)


def test_a_time_stamp_is_put_beside_the_signature_and_changes_nothing_in_it() -> None:
    raised = cades.with_time_stamp(SIGNATURE, SIGNATURE)

    assert cades.time_stamp_of(raised) == SIGNATURE
    assert cades.read_detached(raised, CONTENT) == cades.read_detached(SIGNATURE, CONTENT)


def other_certificate(values: list[Any]) -> None:
    ess = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(b"another certificate with this key").digest()})
    values[named(values, "signing_certificate_v2")]["values"] = [tsp.SigningCertificateV2({"certs": [ess]})]


@pytest.mark.parametrize(
    "change",
    [
        other_certificate,
        lambda values: values.pop(named(values, "signing_certificate_v2")),
        lambda values: values.pop(named(values, "signing_time")),
        lambda values: values.pop(named(values, "message_digest")),
        lambda values: values.pop(named(values, "content_type")),
        lambda values: values.append(values[named(values, "message_digest")].copy()),
    ],
)
def test_signed_attributes_are_all_there_once_and_fit(change: Callable[[list[Any]], object]) -> None:
    with pytest.raises(EngineError, match="signature-wrong-attributes"):
        cades.read_detached(signed_over(change), CONTENT)


def test_the_old_way_of_naming_a_certificate_is_for_time_stamps_only() -> None:
    def old(values: list[Any]) -> None:
        other_certificate(values)
        first = tsp.ESSCertID({"cert_hash": hashlib.sha1(DER).digest()})  # noqa: S324 - what RFC 2634 has
        values[named(values, "signing_certificate_v2")] = cms.CMSAttribute(
            {"type": "signing_certificate", "values": [tsp.SigningCertificate({"certs": [first]})]}
        )

    with pytest.raises(EngineError, match="signature-wrong-attributes"):
        cades.read_detached(signed_over(old), CONTENT)


def attach(data: Any) -> None:
    data["encap_content_info"] = {"content_type": "data", "content": CONTENT}


def second_signer(data: Any) -> None:
    data["signer_infos"] = [data["signer_infos"][0], data["signer_infos"][0].copy()]


def other_signer(data: Any) -> None:
    certificate = asn1_x509.Certificate.load(CARD.chip.login_certificate)
    name = cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )
    data["signer_infos"][0]["sid"] = cms.SignerIdentifier({"issuer_and_serial_number": name})


def no_certificate(data: Any) -> None:
    data["certificates"] = []


@pytest.mark.parametrize("change", [attach, second_signer, other_signer, no_certificate])
def test_any_other_form_is_refused(change: Callable[[Any], object]) -> None:
    with pytest.raises(EngineError, match="signature-malformed"):
        cades.read_detached(rebuilt(change), CONTENT)


def test_a_certificate_with_the_same_number_but_another_key_is_refused() -> None:
    from connectors.simulators.jpki.keys import new_key
    from tests.unit.identity_desk import HANAKO

    twin = DESK.world.authorities[Use.SIGNATURE, 2].issue(
        HANAKO, new_key().public_key(), serial=CARD.signature_certificate.serial_number, at=START
    )

    def swap(data: Any) -> None:
        data["certificates"] = [asn1_x509.Certificate.load(twin.public_bytes(Encoding.DER))]

    with pytest.raises(EngineError, match="signature-wrong-attributes"):
        cades.read_detached(rebuilt(swap), CONTENT)


def test_other_content_does_not_fit() -> None:
    with pytest.raises(EngineError, match="signature-invalid"):
        cades.read_detached(SIGNATURE, CONTENT + b"!")
