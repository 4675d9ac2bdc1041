# SPDX-License-Identifier: Apache-2.0
"""Whatever DER comes in ends in one of our codes: no library's own error, no warning, no crash."""

import asyncio
import os
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.attributes import attributes_of
from engine.identity.certificates import read_certificate
from engine.identity.crl import distribution_point, read_list
from engine.identity.examiner import Examiner
from engine.identity.ocsp import NotBelieved, read_answer
from engine.identity.profiles import Use
from engine.identity.status import RevocationService
from engine.identity.timestamps import TsaTimestamper, read_token
from engine.identity.verdict import ProvenTime, Standing
from tests.security.der_mutants import mutants, tree
from tests.security.hostile import DESK, KEY, real, root_key
from tests.security.test_identity_hostile import CONTENT, examine
from tests.unit.identity_desk import START

MANY = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "300")),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
REAL = {use: real(use) for use in Use}
TRUST = DESK.world.trust()


def signed_again(der: bytes, use: Use) -> bytes:
    """Return a mutant whose inside is signed by the real root: nothing but reading refuses it."""
    whole = tree(der)
    signature = root_key(use).sign(whole.inside[0].dump(), padding.PKCS1v15(), hashes.SHA256())
    whole.inside[2].inside, whole.inside[2].content = [], b"\x00" + signature
    return whole.dump()


async def read(der: bytes, use: Use) -> None:
    """Read the certificate as the gate does; of documents, without the CMS around it (that is below)."""
    if use is Use.LOGIN:
        await examine(der, use)
        return
    certificate = read_certificate(der)
    signed = replace(cades.read_detached(SIGNATURE, CONTENT), certificate=certificate)
    examiner = Examiner(TRUST, RevocationService(DESK.world.fetch))
    (await examiner.document(signed, proven=ProvenTime(START, "clock"), now=START)).require()
    attributes_of(certificate)


async def taken(der: bytes, use: Use) -> bool:
    try:
        await read(der, use)
    except EngineError:
        return False
    return True


ATTRIBUTES = cades.to_be_signed(CONTENT, REAL[Use.SIGNATURE], START)
SIGNATURE = cades.assemble(
    ATTRIBUTES, KEY.sign(ATTRIBUTES, padding.PKCS1v15(), hashes.SHA256()), REAL[Use.SIGNATURE]
)


@pytest.mark.parametrize("use", Use)
@MANY
@given(data=st.data())
async def test_a_mutant_of_a_certificate_is_refused(use: Use, data: st.DataObject) -> None:
    mutant = data.draw(mutants(REAL[use]))

    assert not await taken(mutant, use) or mutant == REAL[use]


@pytest.mark.parametrize("use", Use)
@MANY
@given(data=st.data())
async def test_whatever_a_root_signs_is_read_or_refused(use: Use, data: st.DataObject) -> None:
    await taken(signed_again(data.draw(mutants(REAL[use], inside=(0,))), use), use)


@MANY
@given(der=st.binary(max_size=300))
async def test_bytes_without_any_sense_are_refused(der: bytes) -> None:
    assert not await taken(der, Use.LOGIN)


@MANY
@given(mutant=mutants(SIGNATURE))
def test_a_mutant_of_a_signature_says_nothing_else(mutant: bytes) -> None:
    try:
        signed = cades.read_detached(mutant, CONTENT)
    except EngineError:
        return
    assert signed.signature == cades.read_detached(SIGNATURE, CONTENT).signature


REQUEST = (
    ocsp.OCSPRequestBuilder()
    .add_certificate(
        x509.load_der_x509_certificate(REAL[Use.LOGIN]),
        DESK.world.authorities[Use.LOGIN, 2].certificate,
        hashes.SHA256(),
    )
    .add_extension(x509.OCSPNonce(bytes(32)), critical=False)
    .build()
)
ANSWER = DESK.world.ocsp(REQUEST.public_bytes(Encoding.DER))
LOGIN_ROOT, SIGN_ROOT = (
    TRUST.issuer_of(x509.load_der_x509_certificate(REAL[use]), use) for use in (Use.LOGIN, Use.SIGNATURE)
)


@MANY
@given(mutant=mutants(ANSWER))
def test_a_mutant_of_an_ocsp_answer_is_not_believed(mutant: bytes) -> None:
    try:
        status = read_answer(mutant, REQUEST, LOGIN_ROOT, START)
    except NotBelieved:
        return
    assert status.standing is Standing.GOOD  # a byte that nothing covers: what was said is the same


POINT = distribution_point(x509.load_der_x509_certificate(REAL[Use.SIGNATURE]))


LIST = asyncio.run(
    RevocationService(DESK.world.fetch).status(
        x509.load_der_x509_certificate(REAL[Use.SIGNATURE]), SIGN_ROOT, START
    )
).evidence


@MANY
@given(mutant=mutants(LIST))
def test_a_mutant_of_a_list_is_not_believed(mutant: bytes) -> None:
    try:
        read_list(mutant, POINT, SIGN_ROOT, START)
    except NotBelieved:
        return
    assert mutant == LIST


async def stamped() -> bytes:
    assert TRUST.tsa_url is not None
    stamper = TsaTimestamper(DESK.world.fetch, url=TRUST.tsa_url, roots=TRUST.tsa_roots)
    proven = await stamper.prove(CONTENT, START)
    assert proven is not None
    return proven.token


TOKEN = asyncio.run(stamped())


@MANY
@given(mutant=mutants(TOKEN))
def test_a_mutant_of_a_time_stamp_tells_no_other_time(mutant: bytes) -> None:
    try:
        at = read_token(mutant, CONTENT, TRUST.tsa_roots)
    except EngineError:
        return
    assert at == START
