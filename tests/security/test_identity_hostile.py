# SPDX-License-Identifier: Apache-2.0
"""Hostile certificates and chains, one line each: what it is, and the one code that refuses it.

The attacker holds the private key of every certificate here, so that the signature always holds, and
most are signed by a real root: what refuses them is the gate's own reading, not a broken signature.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

from connectors.simulators.jpki import JpkiWorld, names
from connectors.simulators.jpki.responder import make_crl
from engine.core.errors import CODES, EngineError
from engine.identity import cades
from engine.identity.attributes import attributes_of
from engine.identity.examiner import Examiner
from engine.identity.fetch import Unreachable
from engine.identity.profiles import Environment, Use
from engine.identity.status import RevocationService
from engine.identity.trust import TrustStore
from engine.identity.verdict import ProvenTime, Standing
from tests.security.hostile import (
    DESK,
    KEY,
    PUBLIC,
    STRANGER,
    Change,
    added,
    criticality,
    doubled,
    field,
    forged,
    key_of,
    lists,
    moved,
    municipality,
    named_root,
    no_key_named,
    other_kind_of_key,
    period,
    policy,
    real,
    root_key,
    rsa_key,
    rubbish,
    rubbish_in,
    signed_with,
    small_key,
    swapped,
    value_of,
    without,
)
from tests.unit.identity_desk import HANAKO, START

TEXT = "the text of a challenge"
CONTENT = b'{"what":"is signed"}'
LOGIN, SIGN = Use.LOGIN, Use.SIGNATURE
REAL = real()
REAL_SIGN = real(SIGN)
ROOT = DESK.world.authorities[LOGIN, 2]
OWN_POLICY = policy(Environment.DEVELOPMENT, LOGIN)
ANY_POLICY = "2.5.29.32.0"
MOBILE_POLICY = "1.2.392.200149.8.5.1.1.40"


@dataclass(frozen=True)
class Hostile:
    """What it is, how it is made, which code refuses it."""

    name: str
    make: Callable[[], bytes]
    code: str
    use: Use = LOGIN


def bytes_(name: str, made: bytes, code: str = "malformed-certificate") -> Hostile:
    return Hostile(f"bytes: {name}", lambda: made, code)


# --- what is no certificate in DER ---

BYTES = [
    bytes_("nothing", b""),
    bytes_("one byte", b"\x30"),
    bytes_("an empty sequence", b"\x30\x00"),
    bytes_("an indefinite length", b"\x30\x80" + REAL[4:] + b"\x00\x00"),
    bytes_("a length beyond the end", b"\x30\x82\xff\xff" + REAL[4:]),
    bytes_("a length of four gigabytes", b"\x30\x84\xff\xff\xff\xff" + REAL[4:]),
    bytes_("a length in too many bytes", b"\x30\x83\x00" + REAL[2:]),
    bytes_("one byte behind it", REAL + b"\x00"),
    bytes_("another certificate behind it", REAL + REAL),
    bytes_("zeros behind it", REAL + bytes(1000)),
    *(bytes_(f"cut at {cut}", REAL[:cut]) for cut in (4, 8, 40, 200, len(REAL) // 2, len(REAL) - 1)),
    bytes_("its first byte missing", REAL[1:]),
    bytes_("PEM", DESK.card().login_certificate.public_bytes(Encoding.PEM)),
    bytes_("JSON", b'{"certificate":true}'),
    bytes_("a web page", b"<html><body>certificate</body></html>"),
    bytes_("nested to the bottom", b"\x30\x80" * 2000),
    bytes_("a key", PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    bytes_("a signature", cades.assemble(cades.to_be_signed(CONTENT, REAL, START), b"s", REAL)),
    bytes_("a revocation list", make_crl(ROOT, municipality().value, [], now=START)),
    bytes_("more than a certificate can be", b"\x30\x82\x20\x00" + bytes(8192), "certificate-too-large"),
    bytes_("megabytes", REAL + bytes(4_000_000), "certificate-too-large"),
    Hostile("bytes: an extension of twenty thousand bytes",
            lambda: forged(added("1.2.3.4", bytes(20_000), critical=False)), "certificate-too-large"),
]  # fmt: skip

# --- fields as nobody in JPKI writes them, signed by the real root ---


def subject(country: str, *numbers: str) -> Change:
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)]
    parts += [x509.NameAttribute(NameOID.COMMON_NAME, number) for number in numbers or ("1",)]
    return field("subject", names_of(x509.Name(parts)))


def names_of(name: x509.Name) -> object:
    return asn1_x509.Name.load(name.public_bytes())


IN_UTF8 = "電子　花子".encode()
EXTENSIONS = (
    "key_usage",
    "extended_key_usage",
    "certificate_policies",
    "crl_distribution_points",
    "authority_information_access",
    "authority_key_identifier",
    "key_identifier",
)
FIELDS = [
    *(
        Hostile(f"field: rubbish in {name}", lambda name=name: rubbish(name), "malformed-certificate")
        for name in (*EXTENSIONS, "issuer_alt_name")
    ),
    *(
        Hostile(f"field: {name} twice", lambda name=name: forged(doubled(name)), "malformed-certificate")
        for name in ("key_usage", "certificate_policies", "authority_key_identifier")
    ),
    Hostile("field: no extensions", lambda: forged(field("extensions", None)), "malformed-certificate"),
    Hostile("field: version 1", lambda: forged(field("version", "v1")), "certificate-wrong-profile"),
    Hostile("field: version 2", lambda: forged(field("version", "v2")), "malformed-certificate"),
    Hostile("field: number zero", lambda: forged(field("serial_number", 0)), "malformed-certificate"),
    Hostile("field: number below zero", lambda: forged(field("serial_number", -5)), "malformed-certificate"),
    Hostile("field: number of 2000 bits", lambda: forged(field("serial_number", 1 << 2000)), "chain-invalid"),
    Hostile("field: nobody", lambda: forged(field("subject", names_of(x509.Name([])))), "certificate-wrong-profile"),
    Hostile("field: somebody of another country", lambda: forged(subject("XX")), "certificate-wrong-profile"),
    Hostile("field: a subject without a number",
            lambda: forged(field("subject", names_of(names.name()))), "certificate-wrong-profile"),
    Hostile("field: a subject with two numbers",
            lambda: forged(subject("JP", "1", "2")), "certificate-wrong-profile"),
    Hostile("field: a name of a length it does not have, to sign",
            lambda: swapped(b"\x0c\x0f" + IN_UTF8, b"\x0c\x0e" + IN_UTF8, use=SIGN),
            "malformed-certificate", SIGN),
    Hostile("field: an extension cut off",
            lambda: swapped(bytes.fromhex("03020780"), bytes.fromhex("03030780")), "malformed-certificate"),
    Hostile("field: the two algorithms differ",
            lambda: REAL.replace(bytes.fromhex("06092a864886f70d01010b"),
                                 bytes.fromhex("06092a864886f70d01010c"), 1), "chain-invalid"),
]  # fmt: skip

# --- algorithms and keys ---

ALGORITHMS = [
    *(
        Hostile(f"algorithm: {name}", lambda name=name: forged(signed_with(name)), "certificate-wrong-algorithm")
        for name in ("sha1_rsa", "md5_rsa", "sha224_rsa", "sha384_rsa", "sha512_rsa", "sha256_ecdsa", "sha256_dsa")
    ),
    Hostile("algorithm: really SHA-384", lambda: real(digest=hashes.SHA384()), "certificate-wrong-algorithm"),
    *(
        Hostile(f"key: RSA {bits}", lambda bits=bits: forged(key_of(small_key(bits))), "certificate-weak-key")
        for bits in (1024, 1536, 3072, 4096)
    ),
    Hostile("key: exponent 3",
            lambda: forged(rsa_key(PUBLIC.public_numbers().n, 3)), "certificate-weak-key"),
    Hostile("key: exponent 17",
            lambda: forged(rsa_key(PUBLIC.public_numbers().n, 17)), "certificate-weak-key"),
    Hostile("key: exponent 1", lambda: forged(rsa_key(PUBLIC.public_numbers().n, 1)), "malformed-certificate"),
    Hostile("key: even exponent",
            lambda: forged(rsa_key(PUBLIC.public_numbers().n, 65538)), "malformed-certificate"),
    Hostile("key: even modulus",
            lambda: forged(rsa_key(PUBLIC.public_numbers().n + 1, 65537)), "certificate-weak-key"),
    Hostile("key: modulus zero", lambda: forged(rsa_key(0, 65537)), "malformed-certificate"),
    Hostile("key: modulus below zero",
            lambda: forged(rsa_key(-PUBLIC.public_numbers().n, 65537)), "malformed-certificate"),
    Hostile("key: P-256", lambda: forged(key_of(other_kind_of_key("p256"))), "certificate-wrong-algorithm"),
    Hostile("key: P-384 under an RSA root",
            lambda: forged(key_of(other_kind_of_key("p384"))), "certificate-wrong-algorithm"),
    Hostile("key: Ed25519", lambda: forged(key_of(other_kind_of_key("ed25519"))), "malformed-certificate"),
    Hostile("key: DSA", lambda: forged(key_of(other_kind_of_key("dsa"))), "malformed-certificate"),
]  # fmt: skip

# --- policies ---


def policies(*oids: str, use: Use = LOGIN) -> Callable[[], bytes]:
    return lambda: real(use, policies=oids)


POLICIES = [
    Hostile("policy: none", lambda: forged(without("certificate_policies")), "certificate-wrong-policy"),
    Hostile("policy: not critical", lambda: real(policies_critical=False), "certificate-wrong-policy"),
    Hostile("policy: of production",
            policies(policy(Environment.PRODUCTION, LOGIN)), "certificate-wrong-policy"),
    Hostile("policy: of signatures", policies(policy(Environment.DEVELOPMENT, SIGN)), "certificate-wrong-policy"),
    Hostile("policy: any", policies(ANY_POLICY), "certificate-wrong-policy"),
    Hostile("policy: of phones", policies(MOBILE_POLICY), "certificate-wrong-policy"),
    Hostile("policy: one arc more", policies(f"{OWN_POLICY}.1"), "certificate-wrong-policy"),
    Hostile("policy: one arc less", policies(OWN_POLICY.rpartition(".")[0]), "certificate-wrong-policy"),
    Hostile("policy: ours and any", policies(OWN_POLICY, ANY_POLICY), "certificate-wrong-policy"),
    Hostile("policy: ours and another", policies(OWN_POLICY, MOBILE_POLICY), "certificate-wrong-policy"),
    Hostile("policy: not critical, to sign",
            lambda: real(SIGN, policies_critical=False), "certificate-wrong-policy", SIGN),
    Hostile("policy: of login, to sign",
            policies(OWN_POLICY, use=SIGN), "certificate-wrong-policy", SIGN),
    Hostile("policy: of production, to sign",
            policies(policy(Environment.PRODUCTION, SIGN), use=SIGN), "certificate-wrong-policy", SIGN),
]  # fmt: skip

# --- what the key may be used for ---


def usage(*bits: str) -> x509.KeyUsage:
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: name in bits for name in every})


OFF_USAGES = (
    ("content_commitment",),
    ("key_encipherment",),
    ("digital_signature", "content_commitment"),
    ("digital_signature", "key_encipherment"),
    ("digital_signature", "data_encipherment"),
    ("digital_signature", "key_agreement"),
    ("digital_signature", "key_cert_sign"),
    ("digital_signature", "crl_sign"),
)
USAGES = [
    *(
        Hostile(f"usage: {'+'.join(bits)}", lambda bits=bits: forged(value_of("key_usage", usage(*bits))),
                "certificate-wrong-key-usage")
        for bits in OFF_USAGES
    ),
    Hostile("usage: none at all", lambda: forged(without("key_usage")), "certificate-wrong-key-usage"),
    Hostile("usage: no bit", lambda: forged(rubbish_in("key_usage", bytes.fromhex("030100"))),
            "certificate-wrong-key-usage"),
    Hostile("usage: not critical",
            lambda: forged(criticality("key_usage", critical=False)), "certificate-wrong-key-usage"),
    *(
        Hostile(f"purpose: {name}", lambda usages=usages: real(usages=usages), "certificate-wrong-key-usage")
        for name, usages in (
            ("none", []),
            ("server", [Usage.SERVER_AUTH]),
            ("any", [Usage.ANY_EXTENDED_KEY_USAGE]),
            ("client and server", [Usage.CLIENT_AUTH, Usage.SERVER_AUTH]),
            ("OCSP", [Usage.OCSP_SIGNING]),
            ("code", [Usage.CODE_SIGNING]),
            ("time stamps", [Usage.TIME_STAMPING]),
        )
    ),
    Hostile("purpose: client, to sign",
            lambda: real(SIGN, usages=[Usage.CLIENT_AUTH]), "certificate-wrong-key-usage", SIGN),
    Hostile("usage: no commitment, to sign",
            lambda: real(SIGN, content_commitment=False), "certificate-wrong-key-usage", SIGN),
    Hostile("usage: authority's, to sign",
            lambda: forged(value_of("key_usage", usage("key_cert_sign", "crl_sign")), use=SIGN),
            "certificate-wrong-key-usage", SIGN),
]  # fmt: skip

# --- authorities in disguise, and extensions nobody knows ---

CA = bytes.fromhex("30030101ff")
PATHLESS = bytes.fromhex("30060101ff020100")
REST = [
    Hostile("authority: CA bit", lambda: real(is_authority=True), "certificate-is-authority"),
    Hostile("authority: CA bit, to sign", lambda: real(SIGN, is_authority=True), "certificate-is-authority", SIGN),
    Hostile("authority: CA bit, critical",
            lambda: forged(added("2.5.29.19", CA, critical=True)), "certificate-is-authority"),
    Hostile("authority: CA bit, no path",
            lambda: forged(added("2.5.29.19", PATHLESS, critical=True)), "certificate-is-authority"),
    Hostile("extension: unknown and critical", lambda: real(unknown_critical=True), "certificate-unknown-extension"),
    Hostile("extension: unknown and critical, to sign",
            lambda: real(SIGN, unknown_critical=True), "certificate-unknown-extension", SIGN),
    Hostile("extension: name constraints",
            lambda: forged(added("2.5.29.30", bytes.fromhex("3000"), critical=True)), "malformed-certificate"),
    Hostile("extension: purpose critical",
            lambda: forged(criticality("extended_key_usage", critical=True)), "certificate-unknown-extension"),
    Hostile("extension: attributes critical, to sign",
            lambda: forged(criticality("subject_alt_name", critical=True), use=SIGN),
            "certificate-unknown-extension", SIGN),
    Hostile("list: none", lambda: forged(without("crl_distribution_points")), "certificate-no-revocation-list"),
    Hostile("list: an address",
            lambda: forged(lists([x509.UniformResourceIdentifier("http://evil.example/crl")])),
            "certificate-no-revocation-list"),
    Hostile("list: two", lambda: forged(lists([municipality()], [municipality("Chuo-ku")])),
            "certificate-no-revocation-list"),
    Hostile("list: two names", lambda: forged(lists([municipality(), municipality("Chuo-ku")])),
            "certificate-no-revocation-list"),
    Hostile("list: for some reasons only",
            lambda: forged(lists([municipality()], reasons=frozenset([x509.ReasonFlags.key_compromise]))),
            "certificate-no-revocation-list"),
    Hostile("list: of another issuer",
            lambda: forged(lists([municipality()], issuer=[municipality()])), "certificate-no-revocation-list"),
]  # fmt: skip

# --- time ---

TIMES = [
    Hostile("time: over for a second",
            lambda: real(not_before=moved(-1), not_after=START - timedelta(seconds=1)), "certificate-expired"),
    Hostile("time: over for years",
            lambda: real(not_before=moved(-2000), not_after=moved(-1000)), "certificate-expired"),
    Hostile("time: over, to sign",
            lambda: real(SIGN, not_before=moved(-9), not_after=moved(-1)), "certificate-expired", SIGN),
    Hostile("time: begins in a second",
            lambda: real(not_before=START + timedelta(seconds=1)), "certificate-not-yet-valid"),
    Hostile("time: begins, to sign, tomorrow",
            lambda: real(SIGN, not_before=moved(1)), "certificate-not-yet-valid", SIGN),
    Hostile("time: ends before it begins",
            lambda: forged(period(moved(2), moved(-2))), "certificate-not-yet-valid"),
    Hostile("time: of the last century",
            lambda: forged(period(datetime(1970, 1, 1, tzinfo=UTC), datetime(1999, 1, 1, tzinfo=UTC))),
            "certificate-expired"),
    Hostile("time: no time at all",
            lambda: REAL.replace(f"{START:%y%m%d%H%M%S}Z".encode(), b"999999999999Z"), "malformed-certificate"),
]  # fmt: skip

# --- chains ---


def by_a_person() -> bytes:
    """A person's key signs another certificate, and names itself as the issuer."""
    holder = x509.load_der_x509_certificate(REAL)

    def change(tbs: object) -> None:
        value_of("authority_key_identifier", x509.AuthorityKeyIdentifier.from_issuer_public_key(PUBLIC))(tbs)
        field("issuer", names_of(holder.subject))(tbs)

    return forged(change, by=KEY)


def flipped(der: bytes, at: int) -> bytes:
    return der[:at] + bytes([der[at] ^ 1]) + der[at + 1 :]


def own_root(use: Use) -> bytes:
    return DESK.world.authorities[use, 2].certificate.public_bytes(Encoding.DER)


def crossed(use: Use) -> Callable[[], bytes]:
    other = SIGN if use is LOGIN else LOGIN
    issue = DESK.world.issue
    return lambda: issue(other, HANAKO, PUBLIC, profile=use).public_bytes(Encoding.DER)


def responder() -> bytes:
    return ROOT.delegate(PUBLIC).public_bytes(Encoding.DER)


CHAINS = [
    Hostile("chain: login under the root of signatures", crossed(LOGIN), "chain-wrong-hierarchy"),
    Hostile("chain: signature under the root of login", crossed(SIGN), "chain-wrong-hierarchy", SIGN),
    Hostile("chain: the other certificate of the card", lambda: REAL_SIGN, "chain-wrong-hierarchy"),
    Hostile("chain: the login certificate, to sign", lambda: REAL, "chain-wrong-hierarchy", SIGN),
    Hostile("chain: a stranger with our names",
            lambda: JpkiWorld(DESK.clock).issue(LOGIN, HANAKO, PUBLIC).public_bytes(Encoding.DER),
            "chain-unknown-issuer"),
    Hostile("chain: signed again by a stranger", lambda: forged(lambda _: None, by=STRANGER), "chain-invalid"),
    Hostile("chain: signed again by a stranger, to sign",
            lambda: forged(lambda _: None, use=SIGN, by=STRANGER), "chain-invalid", SIGN),
    Hostile("chain: signed by itself", lambda: forged(lambda _: None, by=KEY), "chain-invalid"),
    Hostile("chain: by another person's card", by_a_person, "chain-unknown-issuer"),
    Hostile("chain: by another person's card, naming the root",
            lambda: forged(named_root(2), by=KEY), "chain-invalid"),
    Hostile("chain: names the first generation, by the second",
            lambda: forged(named_root(1)), "chain-wrong-generation"),
    Hostile("chain: names the second generation, by the first",
            lambda: forged(lambda _: None, by=root_key(LOGIN, 1)), "chain-wrong-generation"),
    Hostile("chain: names the wrong generation, to sign",
            lambda: forged(named_root(1, SIGN), use=SIGN), "chain-wrong-generation", SIGN),
    Hostile("chain: by the root of signatures, naming that of login",
            lambda: forged(lambda _: None, by=root_key(SIGN)), "chain-wrong-generation"),
    Hostile("chain: names no key", lambda: forged(no_key_named()), "chain-unknown-issuer"),
    Hostile("chain: names nothing", lambda: forged(without("authority_key_identifier")), "chain-unknown-issuer"),
    Hostile("chain: issuer of another name",
            lambda: forged(field("issuer", names_of(names.units("Somebody else")))), "chain-invalid"),
    Hostile("chain: issuer without a name",
            lambda: forged(field("issuer", names_of(x509.Name([])))), "chain-invalid"),
    Hostile("chain: last byte of the signature", lambda: flipped(REAL, len(REAL) - 1), "chain-invalid"),
    Hostile("chain: number changed after signing",
            lambda: flipped(REAL, REAL.index(b"\x02\x04") + 5 if b"\x02\x04" in REAL[:20] else 16), "chain-invalid"),
    Hostile("chain: the root itself", lambda: own_root(LOGIN), "chain-unknown-issuer"),
    Hostile("chain: the OCSP responder's", responder, "chain-unknown-issuer"),
    Hostile("chain: the root of time stamps",
            lambda: DESK.world.time_authority.root.public_bytes(Encoding.DER), "chain-unknown-issuer"),
]  # fmt: skip

# --- the four attributes (基本4情報) ---

NAME, FLAGS, SEX, BIRTH, ADDRESS = 1, 2, 3, 4, 5
FOUR = ((NAME, "電子　花子"), (BIRTH, "419900102"), (SEX, "2"), (ADDRESS, "東京都清瀬市試験町一丁目２番３号"))


def attributes(**changed: str | None) -> Callable[[], bytes]:
    numbers = {"name": NAME, "birth": BIRTH, "sex": SEX, "address": ADDRESS, "flags": FLAGS}
    values = dict(FOUR) | {numbers[key]: value for key, value in changed.items()}
    kept = [(number, value) for number, value in values.items() if value is not None]
    return lambda: real(SIGN, attributes=names.attribute_names(kept))


def odd_string(number: int, der: bytes) -> Callable[[], bytes]:
    kept = [one for one in FOUR if one[0] != number]
    return lambda: real(SIGN, attributes=[*names.attribute_names(kept), names.other_name(number, der)])


def person(name: str, make: Callable[[], bytes]) -> Hostile:
    return Hostile(f"person: {name}", make, "certificate-attributes", SIGN)


PERSONS = [
    person("no attributes", lambda: forged(without("subject_alt_name"), use=SIGN)),
    *(person(f"no {key}", attributes(**{key: None})) for key in ("name", "birth", "sex", "address")),
    *(person(f"sex {sex!r}", attributes(sex=sex)) for sex in ("0", "4", "F", "22", "２")),
    *(
        person(f"born {digits!r}", attributes(birth=digits))
        for digits in (
            "4199001",
            "619900102",
            "419901302",
            "419900231",
            "519900102",
            "41990010２",
            "4-1990102",
        )
    ),
    person("two names", lambda: real(SIGN, attributes=names.attribute_names([*FOUR, (NAME, "別人")]))),
    person("a name of another string type", odd_string(NAME, b"\x13\x01A")),
    person("a name that is no UTF-8", odd_string(NAME, b"\x0c\x02\xc3\x28")),
    person("an empty name", odd_string(NAME, b"\x0c\x00")),
    person("a name without end", attributes(name="長" * 201)),
    person("flags for other characters", attributes(flags="01")),
    person("flags that are none", attributes(flags="0000x")),
]

TABLE = [*BYTES, *FIELDS, *ALGORITHMS, *POLICIES, *USAGES, *REST, *TIMES, *CHAINS, *PERSONS]


async def examine(der: bytes, use: Use, *, trust: TrustStore | None = None, now: datetime = START) -> None:
    """Take the certificate the whole way, as the gate does; raises the refusal."""
    examiner = Examiner(trust or DESK.world.trust(), RevocationService(DESK.world.fetch))
    if use is LOGIN:
        signature = KEY.sign(TEXT.encode(), padding.PKCS1v15(), hashes.SHA256())
        (await examiner.login(der, text=TEXT, signature=signature, now=now)).require()
        return
    signed_attributes = cades.to_be_signed(CONTENT, der, now)
    signature = KEY.sign(signed_attributes, padding.PKCS1v15(), hashes.SHA256())
    signed = cades.read_detached(cades.assemble(signed_attributes, signature, der), CONTENT)
    examined = await examiner.document(signed, proven=ProvenTime(now, "clock"), now=now)
    examined.require()
    attributes_of(examined.certificate)


async def refusal(examining: Awaitable[None]) -> str:
    """Return the code; any other error than ours ends the test."""
    with pytest.raises(EngineError) as refused:
        await examining
    return refused.value.code


@pytest.mark.parametrize("use", Use)
async def test_what_the_table_changes_is_taken_when_nothing_is_changed(use: Use) -> None:
    await examine(real(use), use)
    await examine(forged(lambda _: None, use=use), use)


@pytest.mark.parametrize("hostile", TABLE, ids=[one.name for one in TABLE])
async def test_a_hostile_certificate_is_refused_with_its_code(hostile: Hostile) -> None:
    assert await refusal(examine(hostile.make(), hostile.use)) == hostile.code


def test_the_table_is_long_and_no_line_is_there_twice() -> None:
    assert len(TABLE) >= 120
    assert len({one.name for one in TABLE}) == len(TABLE)


def test_every_code_about_certificates_and_chains_is_met_in_this_file() -> None:
    codes = {code for code in CODES if code.startswith(("certificate-", "chain-"))}

    assert codes - {one.code for one in TABLE} == {"chain-root-expired"}  # met below


# --- chains and standings that need a world of their own ---


async def test_a_generation_that_is_no_longer_pinned_is_unknown() -> None:
    whole = DESK.world.trust()
    newer = tuple(root for root in whole.roots if root.certificate.serial_number != 0xA1)
    left = TrustStore(whole.environment, newer)

    assert await refusal(examine(real(LOGIN, 1), LOGIN, trust=left)) == "chain-unknown-issuer"
    await examine(real(LOGIN, 2), LOGIN, trust=left)


async def test_under_a_root_whose_period_is_over_nothing_holds() -> None:
    later = datetime(2029, 3, 9, tzinfo=UTC)  # the first generation has ended the day before
    der = real(LOGIN, 1, not_after=datetime(2031, 1, 1, tzinfo=UTC))

    assert await refusal(examine(der, LOGIN, now=later)) == "chain-root-expired"


@pytest.mark.parametrize("use", Use)
async def test_a_revoked_certificate_is_refused(use: Use) -> None:
    der = real(use)
    DESK.world.revoke(use, x509.load_der_x509_certificate(der))

    assert await refusal(examine(der, use)) == "status-revoked"


async def test_a_certificate_the_authority_does_not_know_is_refused() -> None:
    unknown = ROOT.issue(HANAKO, PUBLIC, serial=5, at=START).public_bytes(Encoding.DER)

    assert await refusal(examine(unknown, LOGIN)) == "status-unknown"


@pytest.mark.parametrize("use", Use)
async def test_while_nobody_answers_nobody_comes_in(use: Use) -> None:
    der = real(use)
    DESK.world.is_down = True
    try:
        assert await refusal(examine(der, use)) == "status-unavailable"
    finally:
        DESK.world.is_down = False


class Odd:
    """An authority that answers the same to everything."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    async def get(self, url: str) -> bytes:
        return self._answer

    async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
        if not self._answer:
            raise Unreachable(url)
        return self._answer


def another_list(**how: object) -> bytes:
    point = names.distribution_point(SIGN, "Tokyo-to", str(how.get("city", "Chiyoda-ku")))
    world = how.get("world", DESK.world)
    assert isinstance(world, JpkiWorld)
    at = how.get("at", START)
    assert isinstance(at, datetime)
    return make_crl(world.authorities[SIGN, 2], point, [], now=at)


ANSWERS = [
    ("nothing", b""),
    ("rubbish", b"\x30\x00"),
    ("a web page", b"<html>please sign in to this network</html>"),
    ("a certificate", REAL),
    ("the list of another city", another_list(city="Chuo-ku")),
    ("yesterday's list", another_list(at=START - timedelta(days=2))),
    ("tomorrow's list", another_list(at=START + timedelta(days=2))),
    ("a stranger's list", another_list(world=JpkiWorld(DESK.clock))),
    ("a list changed on the way", flipped(another_list(), -1)),
    ("a list with something behind it", another_list() + b"\x00"),
    ("a list of the other use", make_crl(ROOT, municipality().value, [], now=START)),
]


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("answer", [answer for _, answer in ANSWERS], ids=[name for name, _ in ANSWERS])
async def test_an_answer_that_cannot_be_believed_is_no_answer(use: Use, answer: bytes) -> None:
    certificate = x509.load_der_x509_certificate(real(use))
    root = DESK.world.trust().issuer_of(certificate, use)

    status = await RevocationService(Odd(answer)).status(certificate, root, START)

    assert status.standing is Standing.UNAVAILABLE
