# SPDX-License-Identifier: Apache-2.0
"""The operator's keys: what each is for. Who loses them loses what they seal. `engine.keystore` has them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.core.errors import EngineError
from engine.keystore.files import FileStore
from engine.keystore.hardware import HardwareStore
from engine.keystore.port import APP_PAIRS, PAIRS, SECRET_BYTES, SECRETS, KeyStore, Place
from engine.keystore.token import Token
from engine.settings import Profile, Settings


@dataclass(frozen=True, slots=True)
class Beside:
    """Keys beside those in use, while a change is under way: they open, and nothing new is made with them."""

    case: bytes | None = field(default=None, repr=False)
    mailbox: bytes | None = field(default=None, repr=False)
    session: bytes | None = field(default=None, repr=False)
    signing: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    decryption: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """What the engine seals, names, signs and opens with.

    `previous` was in use before; `coming` will be: it opens what a process that was restarted earlier
    has made with it.
    """

    case: bytes = field(repr=False)
    references: bytes = field(repr=False)
    mailbox: bytes = field(repr=False)
    session: bytes = field(repr=False)
    signing: ec.EllipticCurvePrivateKey = field(repr=False)
    decryption: ec.EllipticCurvePrivateKey = field(repr=False)
    previous: Beside = field(default_factory=Beside, repr=False)
    coming: Beside = field(default_factory=Beside, repr=False)

    @property
    def cases(self) -> tuple[bytes, ...]:
        """The keys that open cases, the one in use first."""
        return self._all(self.case, self.previous.case, self.coming.case)

    @property
    def mailboxes(self) -> tuple[bytes, ...]:
        """The keys that open the PO box, the one in use first."""
        return self._all(self.mailbox, self.previous.mailbox, self.coming.mailbox)

    @property
    def sessions(self) -> tuple[bytes, ...]:
        """The keys under which sessions are known, the one in use first."""
        return self._all(self.session, self.previous.session, self.coming.session)

    @property
    def decryptions(self) -> tuple[ec.EllipticCurvePrivateKey, ...]:
        """The keys that open what was sealed for us, the one in use first."""
        beside = (self.previous.decryption, self.coming.decryption)
        return (self.decryption, *(key for key in beside if key is not None))

    @property
    def signings(self) -> tuple[ec.EllipticCurvePrivateKey, ...]:
        """The keys whose signatures are ours, the one in use first."""
        beside = (self.previous.signing, self.coming.signing)
        return (self.signing, *(key for key in beside if key is not None))

    @property
    def evidence(self) -> tuple[bytes, ...]:
        """The keys that seal signed mandates, the one in use first; derived: no key serves two purposes."""
        return tuple(_derived(key, "evidence") for key in self.cases)

    @property
    def applicants(self) -> tuple[bytes, ...]:
        """The keys that seal applicants' names until their application is decided; derived as well."""
        return tuple(_derived(key, "applicants") for key in self.cases)

    @property
    def invitations(self) -> tuple[bytes, ...]:
        """The keys that make invitations to a case, the one in use first."""
        return tuple(_derived(key, "invitations") for key in self.sessions)

    @property
    def calendar(self) -> bytes:
        """The key that makes the addresses of calendars."""
        return _derived(self.session, "calendar")

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
    def of(cls, store: KeyStore) -> Self:
        """Return the keys of a store.

        Raises:
            EngineError: `unusable-keys`: missing, open to other users, or not what they should be;
                `unavailable-keys`.
        """
        found = {
            **{name: store.secret(name) for name in SECRETS},
            **{name: store.pair(name) for name in PAIRS},
        }
        missing = [name for name, key in found.items() if key is None]
        if missing:
            names = ", ".join(missing)
            raise EngineError("unusable-keys", reason=f"missing: {names}; ./todoke keys init makes them")
        beside = (_beside(store, place) for place in (Place.PREVIOUS, Place.NEXT))
        return cls(*found.values(), *beside)  # type: ignore[arg-type] # none is None, by the line above

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the keys in a directory; raises `unusable-keys`."""
        return cls.of(FileStore(path))

    @classmethod
    def create_missing(cls, path: Path, *, profile: Profile) -> Self:
        """Return the keys in a directory, made where they are missing; processes that race get the same ones.

        Raises:
            EngineError: `unusable-keys`: in production keys are made by the operator, on purpose.
        """
        store = FileStore(path)
        if profile is not Profile.PRODUCTION:
            for name in (*SECRETS, *PAIRS):
                store.make(name)
        return cls.of(store)

    @classmethod
    def opened(cls, settings: Settings) -> Self:
        """Return the keys of these settings; in rehearsals files are made where they are missing.

        Raises:
            EngineError: `unusable-keys`, `unavailable-keys`: nothing starts without its keys.
        """
        if settings.keys_token is None:
            return cls.create_missing(settings.keys_directory, profile=settings.profile)
        return cls.of(open_store(settings))

    @staticmethod
    def _all(first: bytes, *others: bytes | None) -> tuple[bytes, ...]:
        return (first, *(key for key in others if key is not None))


def open_store(settings: Settings) -> KeyStore:
    """Return where the keys of these settings live; a token is asked only when a key is."""
    if settings.keys_token is None:
        return FileStore(settings.keys_directory)
    directory = settings.keys_directory
    return HardwareStore(Token(settings.keys_token, remembers=directory), directory)


def app_pair(settings: Settings) -> tuple[ec.EllipticCurvePrivateKey, ec.EllipticCurvePrivateKey]:
    """Return the keys by which the provider of デジタル認証アプリ knows us, and to which it seals.

    Raises:
        EngineError: `unusable-keys`; outside production missing files are made.
    """
    store = open_store(settings)
    if settings.profile is not Profile.PRODUCTION and isinstance(store, FileStore):
        for name in APP_PAIRS:
            store.make(name)
    signing, decryption = (store.pair(name) for name in APP_PAIRS)
    if signing is None or decryption is None:
        raise EngineError("unusable-keys", reason=f"missing: {', '.join(APP_PAIRS)} (keys init --app)")
    return signing, decryption


def _beside(store: KeyStore, place: Place) -> Beside:
    return Beside(
        case=store.secret("case", place),
        mailbox=store.secret("mailbox", place),
        session=store.secret("session", place),
        signing=store.pair("signing", place),
        decryption=store.pair("decryption", place),
    )


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), SECRET_BYTES, salt=None, info=b"todoke " + purpose.encode()).derive(key)
