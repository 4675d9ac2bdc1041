# SPDX-License-Identifier: Apache-2.0
"""Coming to the four verdicts about a login or a signed document. Decides nothing."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from engine.core.errors import EngineError
from engine.identity.cades import Signed
from engine.identity.certificates import public_key_of, read_certificate
from engine.identity.paths import path_of
from engine.identity.profiles import Use, digest_of, is_signed
from engine.identity.status import StatusSource
from engine.identity.store import Credential
from engine.identity.timestamps import read_token
from engine.identity.trust import Root, TrustStore
from engine.identity.verdict import Finding, ProvenTime, Standing, Status, Verdicts


@dataclass(frozen=True, slots=True)
class Examined:
    """What was examined and what was found. `root` is None when there is no path."""

    certificate: x509.Certificate
    root: Root | None
    verdicts: Verdicts

    def require(self) -> tuple[Credential, Root]:
        """Return the credential if nothing speaks against it; raises the refusal."""
        self.verdicts.require()
        if self.root is None:
            raise EngineError("chain-unknown-issuer")
        serial = format(self.certificate.serial_number, "x")
        return Credential(self.root.use, self.root.key_id, serial), self.root


class Examiner:
    """Knows the pinned roots and asks the authorities."""

    def __init__(self, trust: TrustStore, status: StatusSource) -> None:
        self._trust = trust
        self._status = status

    async def login(self, certificate: bytes, *, text: str, signature: bytes, now: datetime) -> Examined:
        """Return the verdicts about a signed challenge; raises `malformed-certificate`."""
        parsed = read_certificate(certificate)
        chain, root = self._path(parsed, Use.LOGIN, now)
        crypto = _crypto(parsed, root, signature, text.encode())
        status = await self._standing(parsed, root, crypto, now)
        return Examined(parsed, root, Verdicts(crypto, chain, status, ProvenTime(now, "clock")))

    async def document(self, signed: Signed, *, proven: ProvenTime | None, now: datetime) -> Examined:
        """Return the verdicts about a signature that `cades` found to fit its certificate."""
        chain, root = self._path(signed.certificate, Use.SIGNATURE, proven.at if proven else now)
        crypto = Finding()
        status = await self._standing(signed.certificate, root, crypto, now)
        return Examined(signed.certificate, root, Verdicts(crypto, chain, status, proven))

    def proven_by(self, token: bytes, signed: Signed) -> ProvenTime | None:
        """Return since when the signature exists by this token; None when it does not prove it."""
        try:
            at = read_token(token, signed.signature, self._trust.tsa_roots)
        except EngineError:
            return None
        return ProvenTime(at, "tsa", token)

    def _path(self, certificate: x509.Certificate, use: Use, at: datetime) -> tuple[Finding, Root | None]:
        try:
            return Finding(), path_of(certificate, self._trust, use, at=at)
        except EngineError as error:
            return Finding(error.code), None

    async def _standing(
        self, certificate: x509.Certificate, root: Root | None, crypto: Finding, now: datetime
    ) -> Status:
        """The authority is asked last, and only about what holds so far: strangers cause no traffic."""
        if root is None or crypto.code is not None:
            return Status(Standing.UNAVAILABLE)
        return await self._status.status(certificate, root, now)


def _crypto(certificate: x509.Certificate, root: Root | None, signature: bytes, message: bytes) -> Finding:
    if root is None:
        return Finding("signature-invalid")
    digest = digest_of(root.profile.algorithm)
    holds = is_signed(public_key_of(certificate), signature, message, digest)
    return Finding() if holds else Finding("signature-invalid")
