# SPDX-License-Identifier: Apache-2.0
"""The one door to PKCS#11: a token whose private keys sign and agree inside it and cannot be taken out.

Needs three mechanisms of it: CKM_ECDSA over a digest, CKM_ECDH1_DERIVE without a key derivation of its own
(the agreed secret comes out, the private key does not: JOSE derives from it, RFC 7518, 4.6), CKM_AES_GCM.

One session for each process, one call at a time: the library tells the module that there are no threads.
A session that was lost is opened again once. A PIN that was refused is not tried again, by this process
or the next, until its file has changed: tokens lock after a few.
"""

import importlib
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from asn1crypto.core import OctetString
from cryptography.hazmat.primitives.asymmetric import ec

from engine.clock import SystemClock
from engine.core.errors import EngineError
from engine.keystore.address import TokenAddress
from engine.keystore.files import read_closed
from engine.keystore.port import Place
from engine.keystore.token_key import TokenKey, check_agreeing, check_signing, point_of

_HALF_BYTES: Final = 32
_ID_BYTES: Final = 16
_TIME_BYTES: Final = 5
_NONCE_BYTES: Final = 12
_PREFIX: Final = "todoke-"
_SIGNING: Final = "signing"  # what a pair whose name ends so may do; others agree on keys
_LOST: Final = (
    "SessionHandleInvalid",
    "SessionClosed",
    "UserNotLoggedIn",
    "DeviceError",
    "DeviceRemoved",
    "TokenNotPresent",
    "KeyHandleInvalid",
    "ObjectHandleInvalid",
    "FunctionFailed",
    "GeneralError",
)
T = TypeVar("T")
_LOCK: Final = threading.RLock()  # of the process: the module is one for all tokens


@dataclass(frozen=True, slots=True)
class Found:
    """A key of ours on the token."""

    label: str
    id: bytes
    made_at: datetime | None


class Token:
    """The token at an address, logged in when it is first needed."""

    def __init__(self, address: TokenAddress, *, remembers: Path) -> None:
        """`remembers` is the directory that keeps in mind which PIN was refused."""
        self._address = address
        self._refused = remembers / "pin-refused"
        self._session: Any = None
        self._handles: dict[bytes, Any] = {}  # of private keys, as long as the session lives
        self._p = _library()

    @property
    def name(self) -> str:
        """What to call it."""
        return f"token {self._address.label}"

    # --- what is asked of it ---

    def sign(self, id_: bytes, digest: bytes) -> bytes:
        """Return r and s, 32 bytes each, over a SHA-256 digest."""
        p = self._p

        def act(session: Any) -> bytes:
            return bytes(self._private(session, id_).sign(digest, mechanism=p.Mechanism.ECDSA))

        return self._asked(act)

    def agree(self, id_: bytes, point: bytes) -> bytes:
        """Return the x-coordinate that our key and another's point agree on, 32 bytes."""
        p = self._p
        template = {p.Attribute.SENSITIVE: False, p.Attribute.EXTRACTABLE: True, p.Attribute.TOKEN: False}

        def act(session: Any) -> bytes:
            agreed = self._private(session, id_).derive_key(
                p.KeyType.GENERIC_SECRET, 8 * _HALF_BYTES, mechanism=p.Mechanism.ECDH1_DERIVE,
                mechanism_param=(p.KDF.NULL, None, point), template=template,
            )  # fmt: skip
            try:
                return bytes(agreed[p.Attribute.VALUE])
            finally:
                agreed.destroy()

        return self._asked(act)

    def wrap(self, id_: bytes, content: bytes, bound_to: bytes) -> bytes:
        """Return the content encrypted by a key of the token: nonce, then ciphertext with its tag."""
        p, nonce = self._p, secrets.token_bytes(_NONCE_BYTES)

        def act(session: Any) -> bytes:
            key = self._wrapping(session, id_)
            how = p.GCMParams(nonce, bound_to, 128)
            return bytes(key.encrypt(content, mechanism=p.Mechanism.AES_GCM, mechanism_param=how))

        return nonce + self._asked(act)

    def unwrap(self, id_: bytes, wrapped: bytes, bound_to: bytes) -> bytes:
        """Return what was wrapped; raises `unusable-keys` when it is something else."""
        p, nonce, content = self._p, wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]

        def act(session: Any) -> bytes:
            key = self._wrapping(session, id_)
            how = p.GCMParams(nonce, bound_to, 128)
            return bytes(key.decrypt(content, mechanism=p.Mechanism.AES_GCM, mechanism_param=how))

        return self._asked(act, wrong=(p.EncryptedDataInvalid, p.EncryptedDataLenRange, p.GeneralError))

    # --- which keys there are ---

    def found(self, name: str, place: Place) -> Found | None:
        """Return a key by name and place; raises `unusable-keys` when two go by it."""
        p, label = self._p, label_of(name, place)
        kinds = (p.ObjectClass.PRIVATE_KEY, p.ObjectClass.SECRET_KEY)

        def act(session: Any) -> list[Found]:
            objects = [
                one
                for kind in kinds
                for one in session.get_objects({p.Attribute.LABEL: label, p.Attribute.CLASS: kind})
            ]
            ids = [bytes(one[p.Attribute.ID]) for one in objects]
            return [Found(label, id_, _made(id_)) for id_ in ids]

        found = self._asked(act)
        if len(found) > 1:
            raise EngineError("unusable-keys", reason=f"{self.name} has {len(found)} keys called {label}")
        return found[0] if found else None

    def pair(self, name: str, place: Place) -> "TokenKey | None":
        """Return a key pair, after it has shown that it works.

        Raises:
            EngineError: `unusable-keys`: it can be taken out of the token, or is not what its public
                half says.
        """
        found = self.found(name, place)
        if found is None:
            return None
        key = TokenKey(self, found.id, self._asked(lambda session: self._public(session, found)))
        if name.endswith(_SIGNING):
            check_signing(key, found.label)
        else:
            check_agreeing(key, found.label)
        return key

    # --- making and changing ---

    def make_pair(self, name: str, place: Place) -> None:
        """Generate a P-256 key pair inside the token."""
        p = self._p
        is_signing = name.endswith(_SIGNING)
        flags = p.MechanismFlag.SIGN | p.MechanismFlag.VERIFY if is_signing else p.MechanismFlag.DERIVE

        def act(session: Any) -> None:
            curve = session.create_domain_parameters(
                p.KeyType.EC, {p.Attribute.EC_PARAMS: _curve()}, local=True
            )
            curve.generate_keypair(
                label=label_of(name, place),
                id=_new_id(),
                store=True,
                capabilities=flags,
                private_template=self._kept(),
            )

        self._asked(act, repeat=False)

    def take_pair(self, name: str, place: Place, key: ec.EllipticCurvePrivateKey) -> None:
        """Take a key in that was made outside; from then on it cannot be taken out."""
        p, id_, label = self._p, _new_id(), label_of(name, place)
        is_signing = name.endswith(_SIGNING)
        shared = {
            p.Attribute.KEY_TYPE: p.KeyType.EC, p.Attribute.TOKEN: True, p.Attribute.LABEL: label,
            p.Attribute.ID: id_, p.Attribute.EC_PARAMS: _curve(),
        }  # fmt: skip
        value = key.private_numbers().private_value.to_bytes(_HALF_BYTES, "big")
        private = {p.Attribute.VALUE: value, p.Attribute.SIGN: is_signing, p.Attribute.DERIVE: not is_signing}
        point = OctetString(point_of(key.public_key())).dump()

        def act(session: Any) -> None:
            public = {p.Attribute.CLASS: p.ObjectClass.PUBLIC_KEY, p.Attribute.EC_POINT: point}
            session.create_object({**shared, **public})
            session.create_object(
                {**shared, **self._kept(), **private, p.Attribute.CLASS: p.ObjectClass.PRIVATE_KEY}
            )

        self._asked(act, repeat=False)

    def make_wrapping(self, name: str, place: Place) -> None:
        """Generate an AES-256 key inside the token, for nothing but wrapping."""
        p = self._p

        def act(session: Any) -> None:
            session.generate_key(
                p.KeyType.AES,
                256,
                label=label_of(name, place),
                id=_new_id(),
                store=True,
                capabilities=p.MechanismFlag.ENCRYPT | p.MechanismFlag.DECRYPT,
                template=self._kept(),
            )

        self._asked(act, repeat=False)

    def move(self, name: str, *, source: Place, to: Place) -> None:
        """Give every object of a key another place; those that are there already stay."""
        p = self._p

        def act(session: Any) -> None:
            for one in list(session.get_objects({p.Attribute.LABEL: label_of(name, source)})):
                one[p.Attribute.LABEL] = label_of(name, to)

        self._asked(act, repeat=False)

    def destroy(self, name: str, place: Place) -> None:
        """Destroy every object of a key."""
        p = self._p

        def act(session: Any) -> None:
            for one in list(session.get_objects({p.Attribute.LABEL: label_of(name, place)})):
                one.destroy()

        self._asked(act, repeat=False)

    def close(self) -> None:
        """Let go of the session."""
        with _LOCK:
            session, self._session = self._session, None
            self._handles.clear()
            if session is not None:
                try:
                    session.close()
                except self._p.PKCS11Error:
                    return  # it was lost already

    # --- inside ---

    def _asked(
        self, act: Callable[[Any], T], *, repeat: bool = True, wrong: tuple[type[Exception], ...] = ()
    ) -> T:
        """Return what the token answers.

        Raises:
            EngineError: `unavailable-keys`, out of reach; `unusable-keys`, it refuses.
        """
        with _LOCK:
            fresh = self._session is None
            try:
                return act(self._opened(writing=not repeat))
            except wrong as error:
                self._fail(error, "unusable-keys", "what it was given was not wrapped by it")
            except self._p.PKCS11Error as error:
                if not isinstance(error, self._lost) or not repeat or fresh:
                    self._explain(error)
            self.close()
            try:
                return act(self._opened(writing=False))
            except self._p.PKCS11Error as error:
                self._explain(error)

    @property
    def _lost(self) -> tuple[type[Exception], ...]:
        return tuple(getattr(self._p, name) for name in _LOST)

    def _opened(self, *, writing: bool) -> Any:
        if self._session is not None and writing and not self._session.rw:
            self.close()
        if self._session is None:
            self._session = self._logged_in(writing=writing)
        return self._session

    def _logged_in(self, *, writing: bool) -> Any:
        p, where = self._p, self._address
        if not where.module.exists():
            raise EngineError("unusable-keys", reason=f"there is no PKCS#11 module {where.module}")
        try:
            token = self._inserted()
        except p.NoSuchToken as error:
            self._fail(error, "unavailable-keys", f"{where.module} has no token called {where.label}")
        except p.MultipleTokensReturned as error:
            self._fail(error, "unusable-keys", f"more than one token is called {where.label}: say serial=")
        except (RuntimeError, OSError) as error:
            if isinstance(error, p.PKCS11Error) and type(error) is not p.PKCS11Error:
                self._explain(error)  # the module itself said so
            self._fail(error, "unusable-keys", f"{where.module} is no PKCS#11 module")
        self._check_tries(token)
        pin, mark = self._pin()
        try:
            session = token.open(rw=writing, user_pin=pin)
        except p.UserAlreadyLoggedIn:
            return token.open(rw=writing)
        except (p.PinIncorrect, p.PinInvalid, p.PinLenRange, p.PinLocked, p.PinExpired) as error:
            self._remember(mark)
            self._fail(error, "unusable-keys", f"the PIN in {where.pin_source} was refused")
        self._refused.unlink(missing_ok=True)
        return session

    def _inserted(self) -> Any:
        """Return the token; a module that lost it is begun anew, for many look at their slots only then."""
        p, where = self._p, self._address
        module = p.lib(str(where.module))
        wanted = {
            "token_label": where.label,
            "token_serial": where.serial.encode() if where.serial else None,
        }
        try:
            return module.get_token(**wanted)
        except p.MultipleTokensReturned:
            raise
        except p.PKCS11Error:
            module.reinitialize()  # sessions of others in this process are lost, and opened again
            return module.get_token(**wanted)

    def _check_tries(self, token: Any) -> None:
        """Raise before a login that could lock the token, or that could be repeated until it is."""
        flag = self._p.TokenFlag
        can_remember = os.access(self._refused.parent, os.W_OK)
        last = flag.USER_PIN_LOCKED | flag.USER_PIN_FINAL_TRY
        if token.flags & last or (token.flags & flag.USER_PIN_COUNT_LOW and not can_remember):
            raise EngineError(
                "unusable-keys",
                reason=f"{self.name}: a wrong PIN was entered, and few tries are left; log in by hand first",
            )

    def _pin(self) -> tuple[str, str]:
        """Return the PIN and a mark of its file; raises `unusable-keys` where it was refused before."""
        source = self._address.pin_source
        pin = read_closed(source).decode("utf-8", "replace").rstrip("\r\n")
        found = source.stat()
        mark = f"{found.st_mtime_ns} {found.st_size}"
        if self._refused.exists() and self._refused.read_text("ascii") == mark:
            raise EngineError(
                "unusable-keys",
                reason=f"the PIN in {source} was refused before and is not tried again: write the right one "
                f"into the file (or, if the token was changed, delete {self._refused})",
            )
        return pin, mark

    def _remember(self, mark: str) -> None:
        with suppress(OSError):  # a directory for reading only: then the token's own flag has to do
            self._refused.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._refused, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(mark)

    def _private(self, session: Any, id_: bytes) -> Any:
        if id_ not in self._handles:
            self._handles[id_] = session.get_key(object_class=self._p.ObjectClass.PRIVATE_KEY, id=id_)
        return self._handles[id_]

    def _wrapping(self, session: Any, id_: bytes) -> Any:
        key = session.get_key(object_class=self._p.ObjectClass.SECRET_KEY, id=id_)
        self._check_kept(key, "the wrapping key")
        return key

    def _check_kept(self, key: Any, name: str) -> None:
        if key[self._p.Attribute.EXTRACTABLE] or not key[self._p.Attribute.SENSITIVE]:
            raise EngineError("unusable-keys", reason=f"{name} can be taken out of {self.name}")

    def _public(self, session: Any, found: Found) -> ec.EllipticCurvePublicKey:
        p = self._p
        self._check_kept(self._private(session, found.id), found.label)
        public = session.get_key(object_class=p.ObjectClass.PUBLIC_KEY, id=found.id)
        point = bytes(public[p.Attribute.EC_POINT])
        try:
            raw = point if len(point) == 1 + 2 * _HALF_BYTES else OctetString.load(point).native
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
        except ValueError as error:
            raise EngineError("unusable-keys", reason=f"{found.label} is not a P-256 key") from error

    def _kept(self) -> dict[Any, Any]:
        p = self._p
        return {
            p.Attribute.SENSITIVE: True,
            p.Attribute.EXTRACTABLE: False,
            p.Attribute.PRIVATE: True,
        }

    def _explain(self, error: Exception) -> NoReturn:
        p, kind = self._p, type(error).__name__
        if isinstance(error, p.NoSuchKey):
            self._fail(error, "unusable-keys", "a key is not there (any more)")
        if isinstance(error, p.MultipleObjectsReturned):
            self._fail(error, "unusable-keys", "two keys have the same id")
        if isinstance(error, (p.MechanismInvalid, p.FunctionNotSupported, p.MechanismParamInvalid)):
            self._fail(error, "unusable-keys", f"it cannot do what is needed ({kind})")
        self._fail(error, "unavailable-keys", kind)

    def _fail(self, error: Exception, code: str, reason: str) -> NoReturn:
        raise EngineError(code, reason=f"{self.name}: {reason}") from error


def label_of(name: str, place: Place) -> str:
    """Return what a key is called on the token."""
    return f"{_PREFIX}{name}{'' if place is Place.CURRENT else f'-{place.value}'}"


def _curve() -> bytes:
    return bytes.fromhex("06082a8648ce3d030107")  # the OID of P-256, 1.2.840.10045.3.1.7, in DER


def _new_id() -> bytes:
    """Return a random id that begins with the time: tokens do not agree about attributes for dates."""
    now = int(SystemClock().now().timestamp())
    return now.to_bytes(_TIME_BYTES, "big") + secrets.token_bytes(_ID_BYTES - _TIME_BYTES)


def _made(id_: bytes) -> datetime | None:
    if len(id_) != _ID_BYTES:
        return None  # it was not made by us
    return datetime.fromtimestamp(int.from_bytes(id_[:_TIME_BYTES], "big"), UTC)


def _library() -> Any:
    """Return python-pkcs11; raises `unusable-keys` where it is not installed."""
    try:
        return importlib.import_module("pkcs11")
    except ImportError as error:
        raise EngineError(
            "unusable-keys",
            reason="keys on a token need the package python-pkcs11: "
            "pip install --require-hashes -r requirements/pkcs11.txt",
        ) from error
