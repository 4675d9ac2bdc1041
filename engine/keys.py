# SPDX-License-Identifier: Apache-2.0
"""The operator's keys: a directory of six small files. Who loses them loses what they seal."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from engine.core.errors import Code, EngineError, register
from engine.settings import Profile

register({"unusable-keys": Code(500, "鍵を利用できません", "The operator's keys cannot be used")})

_SECRETS: Final = ("case.key", "references.key", "mailbox.key", "session.key")
_PAIRS: Final = ("signing.pem", "decryption.pem")
_APP_PAIRS: Final = ("app-signing.pem", "app-decryption.pem")  # only where the app is offered
_SIZE_BYTES: Final = 32
_OPEN_TO_OTHERS: Final = 0o027  # group may read: that is how orchestrators hand out files


_PREVIOUS: Final = ".previous"  # session.key.previous beside session.key, while the change is under way


@dataclass(frozen=True, slots=True)
class Previous:
    """The keys that were in use until the change that is under way: they still open, and nothing more."""

    case: bytes | None = field(default=None, repr=False)
    session: bytes | None = field(default=None, repr=False)
    signing: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    decryption: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)

    @property
    def evidence(self) -> bytes | None:
        """The key that sealed signed mandates before."""
        return None if self.case is None else _derived(self.case, "evidence")


@dataclass(frozen=True, slots=True)
class Keys:
    """What the engine seals, names, signs and opens with."""

    case: bytes = field(repr=False)
    references: bytes = field(repr=False)
    mailbox: bytes = field(repr=False)
    session: bytes = field(repr=False)
    signing: ec.EllipticCurvePrivateKey = field(repr=False)
    decryption: ec.EllipticCurvePrivateKey = field(repr=False)
    previous: Previous = field(default_factory=Previous, repr=False)

    @property
    def evidence(self) -> bytes:
        """The key that seals signed mandates; derived, so that no key serves two purposes."""
        return _derived(self.case, "evidence")

    @property
    def invitations(self) -> bytes:
        """The key that makes invitations to a case."""
        return _derived(self.session, "invitations")

    @property
    def calendar(self) -> bytes:
        """The key that makes the addresses of calendars."""
        return _derived(self.session, "calendar")

    @property
    def applicants(self) -> bytes:
        """The key that seals applicants' names until their application is decided; derived as well."""
        return _derived(self.case, "applicants")

    def broker_password(self, organisation: str, generation: int = 1) -> str:
        """Return the password of an organisation's user at the broker; nobody has to keep it.

        The next generation is another password, for this organisation alone.
        """
        counted = f" {generation}" if generation > 1 else ""
        return _derived(self.session, f"broker org-{organisation}{counted}").hex()

    def webhook_secrets(self, organisation: str, generation: int) -> tuple[bytes, ...]:
        """Return the secret that an organisation shares with us for webhooks; nobody has to keep it.

        While the session key changes, the one from the key before comes after it.
        """
        keys = [self.session, self.previous.session] if self.previous.session else [self.session]
        return tuple(_derived(key, f"webhook {organisation} {generation}") for key in keys)

    @property
    def webhook(self) -> Ed25519PrivateKey:
        """The key with which every webhook is signed besides; derived, as above."""
        return Ed25519PrivateKey.from_private_bytes(_derived(self.session, "webhook"))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the keys in the directory.

        Raises:
            EngineError: `unusable-keys`: missing, open to other users, or not what they should be.
        """
        missing = [name for name in (*_SECRETS, *_PAIRS) if not (path / name).is_file()]
        if missing:
            raise EngineError("unusable-keys", reason=f"missing in {path}: {', '.join(missing)}")
        case, references, mailbox, session = (_secret(path / name) for name in _SECRETS)
        signing, decryption = (_pair(path / name) for name in _PAIRS)
        return cls(case, references, mailbox, session, signing, decryption, _previous(path))

    @classmethod
    def create_missing(cls, path: Path, *, profile: Profile) -> Self:
        """Return the keys, made where they are missing; processes that race get the same ones.

        Raises:
            EngineError: `unusable-keys`: in production keys are made by the operator, on purpose.
        """
        if profile is Profile.PRODUCTION:
            try:
                return cls.load(path)
            except EngineError as error:
                raise EngineError(
                    "unusable-keys",
                    reason=f"{error.values['reason']}; in production Todoke makes none: 32 random "
                    "bytes for each .key (openssl rand -out case.key 32), a P-256 key for each .pem "
                    "(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signing.pem), "
                    "mode 0600",
                ) from error
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _SECRETS:
            _create(path / name, secrets.token_bytes(_SIZE_BYTES))
        for name in _PAIRS:
            key = ec.generate_private_key(ec.SECP256R1())
            _create(path / name, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return cls.load(path)


def _previous(path: Path) -> Previous:
    def secret(name: str) -> bytes | None:
        place = path / f"{name}{_PREVIOUS}"
        return _secret(place) if place.exists() else None

    def pair(name: str) -> ec.EllipticCurvePrivateKey | None:
        place = path / f"{name}{_PREVIOUS}"
        return _pair(place) if place.exists() else None

    return Previous(secret("case.key"), secret("session.key"), pair("signing.pem"), pair("decryption.pem"))


def app_pair(
    path: Path, *, profile: Profile
) -> tuple[ec.EllipticCurvePrivateKey, ec.EllipticCurvePrivateKey]:
    """Return the keys by which the provider of デジタル認証アプリ knows us, and to which it seals.

    Raises:
        EngineError: `unusable-keys`; outside production missing ones are made.
    """
    if profile is not Profile.PRODUCTION:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _APP_PAIRS:
            key = ec.generate_private_key(ec.SECP256R1())
            _create(path / name, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    signing, decryption = (_pair(path / name) for name in _APP_PAIRS)
    return signing, decryption


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), _SIZE_BYTES, salt=None, info=b"todoke " + purpose.encode()).derive(key)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_mode & _OPEN_TO_OTHERS:
            raise EngineError("unusable-keys", reason=f"{path} is open to other users; chmod 600 {path}")
        return path.read_bytes()
    except OSError as error:
        raise EngineError("unusable-keys", reason=f"{path}: {error.strerror}") from error


def _secret(path: Path) -> bytes:
    content = _read(path)
    if len(content) != _SIZE_BYTES:
        raise EngineError("unusable-keys", reason=f"{path} should be exactly {_SIZE_BYTES} random bytes")
    return content


def _pair(path: Path) -> ec.EllipticCurvePrivateKey:
    content = _read(path)
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise EngineError("unusable-keys", reason=f"{path} is not an unencrypted PKCS#8 key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise EngineError("unusable-keys", reason=f"{path} is not a P-256 key")
    return key


def _create(path: Path, content: bytes) -> None:
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        path.hardlink_to(draft)  # unlike a rename it never replaces the key of somebody faster
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
