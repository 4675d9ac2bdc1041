# SPDX-License-Identifier: Apache-2.0
"""Coming to the four verdicts about a login or a signed document. Decides nothing."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from engine.core.errors import EngineError
from engine.identity.cades import Signed
from engine.identity.certificates import public_key_of, read_certificate
from engine.identity.ocsp import NotBelieved
from engine.identity.paths import check_path, path_of
from engine.identity.profiles import POLICIES, Profile, Use, algorithm_of, digest_of, is_signed
from engine.identity.status import StatusSource, read_kept
from engine.identity.store import Credential, Kind
from engine.identity.timestamps import authority_of, is_rooted_in, read_token, stands
from engine.identity.trust import Root, TrustStore, TsaRoot
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
        return Credential(Kind(self.root.use.value), self.root.key_id, serial), self.root


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

    async def document(
        self, signed: Signed, *, proven: ProvenTime | None, now: datetime, since: datetime | None = None
    ) -> Examined:
        """Return the verdicts about a signature that `cades` found to fit its certificate.

        `since`: of what time the authority's word should be, if there is one.
        """
        chain, root = self._path(signed.certificate, Use.SIGNATURE, proven.at if proven else now)
        crypto = Finding()
        status = await self._standing(signed.certificate, root, crypto, now, since)
        return Examined(signed.certificate, root, Verdicts(crypto, chain, status, proven))

    def kept(self, signed: Signed, *, proven: ProvenTime | None, root: bytes, status: bytes) -> Verdicts:
        """Return the verdicts by what was kept: the root pinned then, the authority's word of then."""
        pinned = self._pinned_then(x509.load_der_x509_certificate(root))
        return self.kept_under(signed, proven=proven, root=pinned, status=status)

    def kept_under(self, signed: Signed, *, proven: ProvenTime | None, root: Root, status: bytes) -> Verdicts:
        """Return the verdicts under this root, by what the authority said then."""
        try:
            check_path(
                signed.certificate, root, proven.at if proven else signed.certificate.not_valid_before_utc
            )
            word = read_kept(status, signed.certificate, root)
        except EngineError as error:
            return Verdicts(Finding(), Finding(error.code), Status(Standing.UNAVAILABLE), proven)
        except NotBelieved:
            return Verdicts(Finding(), Finding(), Status(Standing.UNAVAILABLE), proven)
        return Verdicts(Finding(), Finding(), word, proven)

    def proven_by(self, token: bytes, signed: Signed, *, also: bytes = b"") -> ProvenTime | None:
        """Return since when the signature exists by this token; None when it does not prove it.

        `also` is a root that was pinned when the token was kept.
        """
        kept = (x509.load_der_x509_certificate(also),) if also else ()
        try:
            at = read_token(token, signed.signature, (*self._trust.tsa_roots, *kept))
        except EngineError:
            return None
        return ProvenTime(at, "tsa", token)

    def tsa_root_of(self, proven: ProvenTime | None) -> bytes:
        """Return the pinned root of the token's authority in DER, empty when there is no token."""
        if proven is None or not proven.token:
            return b""
        root = self._tsa(proven)
        return root.certificate.public_bytes(Encoding.DER) if root else b""

    async def time_stamp(self, proven: ProvenTime, now: datetime) -> tuple[bool | None, bytes]:
        """Return whether the token stands by what its authority says now, and that word.

        None: it cannot be told now. A token of whose authority nobody can be asked stands, with no word.
        """
        root = self._tsa(proven) if proven.token else None
        if root is None or not root.is_asked:
            return True, b""
        word = await self._status.status(authority_of(proven.token), root, now, since=proven.at)
        return stands(word, proven.at), word.evidence

    def kept_time_stamp(self, proven: ProvenTime, word: bytes, *, root: bytes = b"") -> bool:
        """Return whether the token stands by the word that was kept with it."""
        kept = TsaRoot(x509.load_der_x509_certificate(root)) if root else self._tsa(proven)
        if kept is None or not proven.token:
            return False
        try:
            return stands(read_kept(word, authority_of(proven.token), kept), proven.at) is True
        except NotBelieved:
            return False

    def _tsa(self, proven: ProvenTime) -> TsaRoot | None:
        for root in self._trust.tsa_authorities:
            if is_rooted_in(proven.token, root.certificate, proven.at):
                return root
        return None

    def _pinned_then(self, certificate: x509.Certificate) -> Root:
        for root in self._trust.roots:
            if root.certificate == certificate:
                return root
        algorithm = algorithm_of(public_key_of(certificate))
        policy = POLICIES[self._trust.environment, Use.SIGNATURE]
        return Root(certificate, Profile(Use.SIGNATURE, policy, algorithm))

    def _path(self, certificate: x509.Certificate, use: Use, at: datetime) -> tuple[Finding, Root | None]:
        try:
            return Finding(), path_of(certificate, self._trust, use, at=at)
        except EngineError as error:
            return Finding(error.code), None

    async def _standing(
        self,
        certificate: x509.Certificate,
        root: Root | None,
        crypto: Finding,
        now: datetime,
        since: datetime | None = None,
    ) -> Status:
        """The authority is asked last, and only about what holds so far: strangers cause no traffic."""
        if root is None or crypto.code is not None:
            return Status(Standing.UNAVAILABLE)
        return await self._status.status(certificate, root, now, since=since)


def _crypto(certificate: x509.Certificate, root: Root | None, signature: bytes, message: bytes) -> Finding:
    if root is None:
        return Finding("signature-invalid")
    digest = digest_of(root.profile.algorithm)
    holds = is_signed(public_key_of(certificate), signature, message, digest)
    return Finding() if holds else Finding("signature-invalid")
