# SPDX-License-Identifier: Apache-2.0
"""Certificates as an attacker makes them: any field changed, and signed again by whichever key."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.simulators.jpki import names
from connectors.simulators.jpki.authority import Changes
from connectors.simulators.jpki.keys import new_key
from engine.identity.profiles import POLICIES, Environment, Use
from tests.unit.identity_desk import HANAKO, Desk

DESK = Desk()
KEY = new_key()  # the attacker holds it: crypto always holds, so what refuses is the certificate
PUBLIC = KEY.public_key()
STRANGER = new_key()

Tbs = Any  # asn1crypto's TbsCertificate, any field of which is changed here
Change = Callable[[Tbs], object]


def root_key(use: Use, generation: int = 2) -> rsa.RSAPrivateKey:
    return DESK.world.authorities[use, generation].key


def real(use: Use = Use.LOGIN, generation: int = 2, **off: object) -> bytes:
    """Return a certificate of the attacker's key, off the profile where it says so."""
    changes = Changes(**off)  # type: ignore[arg-type] # the tables name real fields
    issued = DESK.world.issue(use, HANAKO, PUBLIC, generation=generation, changes=changes)
    return issued.public_bytes(Encoding.DER)


def forged(
    change: Change, *, use: Use = Use.LOGIN, by: rsa.RSAPrivateKey | None = None, der: bytes | None = None
) -> bytes:
    """Return a real certificate with something changed inside, signed again (by its root)."""
    certificate = asn1_x509.Certificate.load(der or real(use))
    tbs = certificate["tbs_certificate"]
    change(tbs)
    message = tbs.dump(force=True)
    certificate["signature_algorithm"] = tbs["signature"].copy()
    certificate["signature_value"] = (by or root_key(use)).sign(message, padding.PKCS1v15(), hashes.SHA256())
    return bytes(certificate.dump(force=True))


def swapped(old: bytes, new: bytes, *, use: Use = Use.LOGIN, der: bytes | None = None) -> bytes:
    """Return a real certificate with these bytes, as many, in the place of those, signed again."""
    whole = der or real(use)
    certificate = asn1_x509.Certificate.load(whole)
    before = certificate["tbs_certificate"].dump()
    if len(old) != len(new) or before.count(old) != 1:
        raise ValueError("swap one place, for as many bytes")
    after = before.replace(old, new)
    signature = root_key(use).sign(after, padding.PKCS1v15(), hashes.SHA256())
    return whole.replace(before, after).replace(certificate["signature_value"].native, signature)


def extension(tbs: Tbs, name: str) -> Any:
    return next(one for one in tbs["extensions"] if one["extn_id"].native == name)


def without(name: str) -> Change:
    def change(tbs: Tbs) -> None:
        tbs["extensions"] = [one for one in tbs["extensions"] if one["extn_id"].native != name]

    return change


def rubbish(name: str) -> bytes:
    """Return a real certificate with an extension that is of another type than its name says."""
    whole = real()
    content = extension(asn1_x509.Certificate.load(whole)["tbs_certificate"], name)["extn_value"].contents
    return swapped(content, b"\x0c" + content[1:], der=whole)


def rubbish_in(name: str, content: bytes) -> Change:
    def change(tbs: Tbs) -> None:
        extension(tbs, name)["extn_value"] = core.ParsableOctetString(content)

    return change


def criticality(name: str, *, critical: bool) -> Change:
    def change(tbs: Tbs) -> None:
        extension(tbs, name)["critical"] = critical

    return change


def doubled(name: str) -> Change:
    def change(tbs: Tbs) -> None:
        tbs["extensions"].append(extension(tbs, name).copy())

    return change


def added(oid: str, content: bytes, *, critical: bool) -> Change:
    def change(tbs: Tbs) -> None:
        value = core.ParsableOctetString(content)
        tbs["extensions"].append(
            asn1_x509.Extension({"extn_id": oid, "critical": critical, "extn_value": value})
        )

    return change


def value_of(name: str, new: x509.ExtensionType) -> Change:
    return rubbish_in(name, new.public_bytes())


def field(name: str, value: object) -> Change:
    def change(tbs: Tbs) -> None:
        tbs[name] = value

    return change


def signed_with(algorithm: str) -> Change:
    return field("signature", {"algorithm": algorithm})


def key_bits(info: bytes) -> Change:
    return field("subject_public_key_info", asn1_x509.PublicKeyInfo.load(info))


def key_of(key: Any) -> Change:
    return key_bits(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def rsa_key(modulus: int, exponent: int) -> Change:
    inner = asn1_x509.PublicKeyInfo.load(PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    numbers = inner["public_key"].parsed.copy()
    numbers["modulus"], numbers["public_exponent"] = modulus, exponent
    inner["public_key"] = core.ParsableOctetBitString(numbers.dump(force=True))
    return key_bits(inner.dump(force=True))


def small_key(bits: int) -> rsa.RSAPublicKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()


def period(first: datetime, last: datetime) -> Change:
    def change(tbs: Tbs) -> None:
        tbs["validity"]["not_before"] = asn1_x509.Time({"utc_time": core.UTCTime(first)})
        tbs["validity"]["not_after"] = asn1_x509.Time({"utc_time": core.UTCTime(last)})

    return change


def other_kind_of_key(kind: str) -> Any:
    match kind:
        case "p256":
            return ec.generate_private_key(ec.SECP256R1()).public_key()
        case "p384":
            return ec.generate_private_key(ec.SECP384R1()).public_key()
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate().public_key()
        case _:
            return dsa.generate_private_key(key_size=2048).public_key()


def named_root(generation: int, use: Use = Use.LOGIN) -> Change:
    """Name another generation of the authority as the issuer's key."""
    authority = DESK.world.authorities[use, generation]
    key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return value_of("authority_key_identifier", key_id)


def no_key_named() -> Change:
    root = DESK.world.authorities[Use.LOGIN, 2].certificate
    only_name = x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(root.issuer)], root.serial_number)
    return value_of("authority_key_identifier", only_name)


def lists(*points: Sequence[x509.GeneralName], **more: Any) -> Change:
    made = [
        x509.DistributionPoint(list(point), None, more.get("reasons"), more.get("issuer")) for point in points
    ]
    return value_of("crl_distribution_points", x509.CRLDistributionPoints(made))


def municipality(city: str = "Chiyoda-ku") -> x509.DirectoryName:
    return x509.DirectoryName(names.distribution_point(Use.LOGIN, "Tokyo-to", city))


def policy(environment: Environment, use: Use) -> str:
    return POLICIES[environment, use]


def moved(days: float) -> datetime:
    return DESK.clock.now().astimezone(UTC) + timedelta(days=days)
