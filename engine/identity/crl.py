# SPDX-License-Identifier: Apache-2.0
"""Finding and reading the CRL of one certificate. JPKI's CRLs are cut by municipality.

The certificate names its part by a directoryName; configuration says where that part lies.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from engine.identity.certificates import Unreadable, public_key_of, strictly
from engine.identity.fetch import Unreachable
from engine.identity.ocsp import CLOCK_SKEW, NotBelieved
from engine.identity.profiles import extension_of
from engine.identity.trust import Anchor
from engine.identity.verdict import Standing, Status

_STRONG: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_ANY_OTHER: Final = "*"
Point = x509.Name | str


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A CRL that was checked: it is the root's, it covers the part, and says until when."""

    crl: x509.CertificateRevocationList
    der: bytes
    this_update: datetime
    next_update: datetime

    def status_of(self, certificate: x509.Certificate) -> Status:
        """Return what the list says about a certificate of its part."""
        entry = self.crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        return Status(
            standing=Standing.GOOD if entry is None else Standing.REVOKED,
            source="crl",
            this_update=self.this_update,
            next_update=self.next_update,
            revoked_at=entry.revocation_date_utc if entry else None,
            reason=_reason(entry) if entry else None,
            evidence=self.der,
        )


def distribution_point(certificate: x509.Certificate) -> Point:
    """Return the name of the part of the CRL that covers the certificate; raises NotBelieved.

    A person's certificate has a directory name there (profiles.py); that of a time-stamping authority
    has an address, which is compared and never followed.
    """
    extension = extension_of(certificate, x509.CRLDistributionPoints)
    names = [name.value for point in extension.value for name in point.full_name or ()] if extension else []
    match names:
        case [x509.Name() | str() as name]:
            return name
        case _:
            raise NotBelieved("the certificate does not name one CRL")


def locate(name: Point, urls: Mapping[str, str]) -> str:
    """Return where the CRL of this name lies, by configuration; raises Unreachable."""
    url = urls.get(name_of(name)) or urls.get(_ANY_OTHER)
    if url is None:
        raise Unreachable("no place is configured for this CRL")
    return url.replace("{sha256}", digest_of_name(name))


def name_of(point: Point) -> str:
    """Return how a distribution point is written in the configuration."""
    return point if isinstance(point, str) else point.rfc4514_string()


def digest_of_name(name: Point) -> str:
    """Return a file name for a distribution point: the SHA-256, in hex, of its DER or of the address."""
    return hashlib.sha256(name.encode() if isinstance(name, str) else name.public_bytes()).hexdigest()


def read_list(der: bytes, name: Point, root: Anchor, now: datetime | None) -> RevocationList:
    """Return the CRL if the root signed it, for this part and the present; raises NotBelieved.

    Without `now` it is judged at its own time: what was kept as evidence.
    """
    try:
        with strictly():
            crl = x509.load_der_x509_crl(der)
            _check_signature(crl, root)
            _check_scope(crl, name)
    except Unreadable as error:
        raise NotBelieved("it is not a CRL") from error
    next_update = crl.next_update_utc
    at = now or crl.last_update_utc
    if next_update is None or not crl.last_update_utc - CLOCK_SKEW <= at < next_update:
        raise NotBelieved("the CRL is not about the present")
    return RevocationList(crl, der, crl.last_update_utc, next_update)


def _reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        return str(entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value)
    except x509.ExtensionNotFound:
        return None


def _check_signature(crl: x509.CertificateRevocationList, root: Anchor) -> None:
    if crl.issuer != root.certificate.subject or not isinstance(crl.signature_hash_algorithm, _STRONG):
        raise NotBelieved("the CRL is not from this root")
    if not crl.is_signature_valid(public_key_of(root.certificate)):
        raise NotBelieved("the CRL is not signed by this root")


def _check_scope(crl: x509.CertificateRevocationList, name: Point) -> None:
    """A list of another municipality, or of some reasons only, would make everybody look good."""
    for extension in crl.extensions:
        match extension.value:
            case x509.IssuingDistributionPoint() as point:
                _check_point(point, name)
            case x509.DeltaCRLIndicator():
                raise NotBelieved("the CRL is not complete")
            case _ if extension.critical:
                raise NotBelieved("the CRL has a critical extension that we do not know")


def _check_point(point: x509.IssuingDistributionPoint, name: Point) -> None:
    covered = [covered.value for covered in point.full_name or ()]
    if (covered and name not in covered) or point.relative_name is not None:
        raise NotBelieved("the CRL is of another part")
    if (
        point.only_contains_ca_certs
        or point.only_contains_attribute_certs
        or point.indirect_crl
        or point.only_some_reasons
    ):
        raise NotBelieved("the CRL does not cover persons for every reason")
