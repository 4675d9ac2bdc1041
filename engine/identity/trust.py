# SPDX-License-Identifier: Apache-2.0
"""Whom the gate believes: pinned roots, one environment at a time.

`TODOKE_TRUST` is a directory with one folder for each environment; in the folder `trust.json` names
each root's file, SHA-256, use and algorithm, and says where its revocation information is asked.
Where to ask is configuration: an address inside a certificate is never followed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from engine.core.errors import EngineError
from engine.identity.certificates import issuer_key_id, read_certificate, subject_key_id
from engine.identity.profiles import POLICIES, Algorithm, Environment, Profile, Use

MANIFEST: Final = "trust.json"
_TEST_NAME: Final = "O=JPKI-TEST"


class TrustStoreError(Exception):
    """The trust store cannot be used as it is; nothing starts with half a trust store."""


class Anchor(Protocol):
    """A pinned certificate, and where one asks what its authority revoked."""

    @property
    def certificate(self) -> x509.Certificate: ...
    @property
    def ocsp_url(self) -> str | None: ...
    @property
    def crl_urls(self) -> Mapping[str, str]: ...
    @property
    def key_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class TsaRoot:
    """A pinned root of a time-stamping authority; where neither is configured, nobody is asked."""

    certificate: x509.Certificate
    ocsp_url: str | None = None
    crl_urls: Mapping[str, str] = field(default_factory=dict)

    @property
    def key_id(self) -> str:
        """The name of the root's key."""
        return (subject_key_id(self.certificate) or b"").hex()

    @property
    def is_asked(self) -> bool:
        """Whether it is configured where its revocations are asked."""
        return self.ocsp_url is not None or bool(self.crl_urls)


@dataclass(frozen=True, slots=True)
class Root:
    """One pinned root: a self-signed certificate and what may stand under it.

    `crl_urls` gives, for the name of a distribution point (RFC 4514), where its CRL lies; the name
    `*` stands for all others, `{sha256}` in its URL for the digest of the name's DER.
    """

    certificate: x509.Certificate
    profile: Profile
    ocsp_url: str | None = None
    crl_urls: Mapping[str, str] = field(default_factory=dict)

    @property
    def use(self) -> Use:
        """What the certificates under this root are for."""
        return self.profile.use

    @property
    def key_id(self) -> str:
        """The name of the root's key: with a serial number it names one certificate."""
        return (subject_key_id(self.certificate) or b"").hex()


@dataclass(frozen=True, slots=True)
class TrustStore:
    """The roots of one environment; the roots of its time-stamping authorities, and where one answers.

    `mapping_url` is where the authority tells which two certificates are one holder's, to those who may ask.
    """

    environment: Environment
    roots: tuple[Root, ...]
    tsa_authorities: tuple[TsaRoot, ...] = ()
    tsa_url: str | None = None
    mapping_url: str | None = None

    @property
    def tsa_roots(self) -> tuple[x509.Certificate, ...]:
        """The certificates of the time-stamping authorities' roots."""
        return tuple(one.certificate for one in self.tsa_authorities)

    @classmethod
    def load(cls, directory: Path, environment: Environment) -> "TrustStore":
        """Return the roots in the folder of this environment, and of no other.

        Raises:
            TrustStoreError: something is missing, or a file is not the one that was pinned.
        """
        folder = directory / environment.value
        try:
            manifest = _Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        except (OSError, ValidationError) as error:
            raise TrustStoreError(f"{folder / MANIFEST} cannot be read") from error
        if manifest.environment is not environment:
            raise TrustStoreError(f"{folder / MANIFEST} is for {manifest.environment.value}")
        return cls(
            environment=environment,
            roots=tuple(_root(folder, entry, environment) for entry in manifest.roots),
            tsa_authorities=tuple(
                TsaRoot(_pinned(folder, entry), entry.ocsp_url, entry.crl_urls)
                for entry in manifest.tsa_roots
            ),
            tsa_url=manifest.tsa_url,
            mapping_url=manifest.mapping_url,
        )

    def issuer_of(self, certificate: x509.Certificate, use: Use) -> Root:
        """Return the root whose key the certificate names, for this use.

        Raises:
            EngineError: `chain-wrong-hierarchy` when it is a root of the other use;
                `chain-unknown-issuer`.
        """
        named = issuer_key_id(certificate)
        known = [root for root in self.roots if subject_key_id(root.certificate) == named]
        if named is None or not known:
            raise EngineError("chain-unknown-issuer")
        for root in known:
            if root.use is use:
                return root
        raise EngineError("chain-wrong-hierarchy")


class _Entry(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class PinnedFile(_Entry):
    """A certificate file beside the manifest, and the SHA-256 of its DER."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RootEntry(PinnedFile):
    """A root as the manifest describes it."""

    use: Use
    algorithm: Algorithm
    ocsp_url: str | None = None
    crl_urls: dict[str, str] = {}


class TsaEntry(PinnedFile):
    """A root of a time-stamping authority as the manifest describes it."""

    ocsp_url: str | None = None
    crl_urls: dict[str, str] = {}


class _Manifest(_Entry):
    environment: Environment
    roots: Annotated[tuple[RootEntry, ...], Field(min_length=1)]
    tsa_roots: tuple[TsaEntry, ...] = ()
    tsa_url: str | None = None
    mapping_url: str | None = None


def write(directory: Path, store: TrustStore) -> None:
    """Write the store so that `load` returns it: used by the rehearsal authority and its tests."""
    folder = directory / store.environment.value
    folder.mkdir(parents=True, exist_ok=True)
    roots = tuple(_written_root(folder, root) for root in store.roots)
    tsa_roots = tuple(
        TsaEntry(**_written(folder, one.certificate), ocsp_url=one.ocsp_url, crl_urls=dict(one.crl_urls))
        for one in store.tsa_authorities
    )
    manifest = _Manifest(
        environment=store.environment,
        roots=roots,
        tsa_roots=tsa_roots,
        tsa_url=store.tsa_url,
        mapping_url=store.mapping_url,
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(by_alias=True, indent=2) + "\n")


def _root(folder: Path, entry: RootEntry, environment: Environment) -> Root:
    certificate = _pinned(folder, entry)
    if environment is Environment.PRODUCTION and _TEST_NAME in certificate.subject.rfc4514_string():
        raise TrustStoreError(f"{folder / entry.file} is a root for tests")
    profile = Profile(entry.use, POLICIES[environment, entry.use], entry.algorithm)
    return Root(certificate, profile, entry.ocsp_url, entry.crl_urls)


def _pinned(folder: Path, entry: PinnedFile) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate((folder / entry.file).read_bytes())
        der = certificate.public_bytes(Encoding.DER)
        read_certificate(der)
    except (OSError, ValueError, EngineError) as error:
        raise TrustStoreError(f"{folder / entry.file} cannot be read") from error
    if hashlib.sha256(der).hexdigest() != entry.sha256:
        raise TrustStoreError(f"{folder / entry.file} is not the certificate that was pinned")
    if subject_key_id(certificate) is None:
        raise TrustStoreError(f"{folder / entry.file} does not name its key")
    return certificate


def _written_root(folder: Path, root: Root) -> RootEntry:
    return RootEntry(
        **_written(folder, root.certificate),
        use=root.use,
        algorithm=root.profile.algorithm,
        ocsp_url=root.ocsp_url,
        crl_urls=dict(root.crl_urls),
    )


def _written(folder: Path, certificate: x509.Certificate) -> dict[str, str]:
    sha256 = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    file = f"{sha256[:16]}.pem"
    (folder / file).write_bytes(certificate.public_bytes(Encoding.PEM))
    return {"file": file, "sha256": sha256}
