# SPDX-License-Identifier: Apache-2.0
"""Keys in a hardware module: pairs never leave the token; 32-byte keys lie in files that it alone opens.

Names, sessions, letters and cases need their keys thousands of times a second, which no token gives. So
these four are wrapped (AES-256-GCM) by a key of the token, and unwrapped once, when a process starts.
A stolen directory, disk or backup is worth nothing without the token and its PIN; the memory of a running
process is worth as much as it would be with files.
"""

import secrets
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from engine.core.errors import EngineError
from engine.keystore.files import (
    FileStore,
    advance_file,
    create,
    held_files,
    path_of,
    read_closed,
    replace,
    sync_directory,
)
from engine.keystore.port import APP_PAIRS, PAIRS, SECRET_BYTES, SECRETS, Held, Place
from engine.keystore.token import Token

WRAPPING: Final = "wrapping"
_SUFFIX: Final = ".key.wrapped"
_FORM: Final = b"todoke-wrapped-1"
_ID_BYTES: Final = 16


class HardwareStore:
    """A token and the directory of what it has wrapped."""

    wrapping: Final = (WRAPPING,)

    def __init__(self, token: Token, directory: Path) -> None:
        self._token = token
        self._directory = directory

    def secret(self, name: str, place: Place = Place.CURRENT) -> bytes | None:
        """Return the 32 bytes, unwrapped by the token."""
        path = path_of(self._directory, name, _SUFFIX, place)
        if not path.exists():
            return None
        wrapped = read_closed(path)
        return self._unwrapped(wrapped, name, path)

    def pair(self, name: str, place: Place = Place.CURRENT) -> ec.EllipticCurvePrivateKey | None:
        """Return the key, which stays where it is."""
        return self._token.pair(name, place)

    def make(self, name: str, place: Place = Place.CURRENT) -> None:
        """Make a key inside the token, or 32 random bytes that it wraps."""
        if name in SECRETS:
            self._keep(name, place, secrets.token_bytes(SECRET_BYTES))
        elif self._token.found(_on_token(name), place) is None:
            if name == WRAPPING:
                self._token.make_wrapping(name, place)
            else:
                self._token.make_pair(name, place)

    def take(self, store: FileStore) -> list[str]:
        """Take over the keys in use from files; return their names. Those that are here already stay."""
        self.make(WRAPPING)
        taken = []
        for name in SECRETS:
            secret = store.secret(name)
            if secret is not None and self.secret(name) is None:
                self._keep(name, Place.CURRENT, secret)
                taken.append(name)
        for name in (*PAIRS, *APP_PAIRS):
            pair = store.pair(name)
            if pair is not None and self._token.found(name, Place.CURRENT) is None:
                self._token.take_pair(name, Place.CURRENT, pair)
                taken.append(name)
        return taken

    def advance(self, name: str) -> None:
        """Rename files, or labels on the token.

        Raises:
            EngineError: `key-change-out-of-order`.
        """
        if name in SECRETS:
            advance_file(self._directory, name, _SUFFIX)
            return
        token, at = self._token, {place: self._token.found(_on_token(name), place) for place in Place}
        if at[Place.NEXT] is None:
            raise EngineError(
                "key-change-out-of-order", reason=f"there is no next {name} key: prepare it first"
            )
        if at[Place.CURRENT] is not None and at[Place.PREVIOUS] is not None:
            raise EngineError("key-change-out-of-order", reason=f"the previous {name} key is still there")
        token.move(name, source=Place.CURRENT, to=Place.PREVIOUS)
        token.move(name, source=Place.NEXT, to=Place.CURRENT)

    def forget(self, name: str) -> None:
        """Destroy the previous key; raises `key-still-needed` while it has wrapped one of our files."""
        if name in SECRETS:
            path_of(self._directory, name, _SUFFIX, Place.PREVIOUS).unlink(missing_ok=True)
            sync_directory(self._directory)
            return
        if name == WRAPPING and (waiting := self._wrapped_before()):
            raise EngineError("key-still-needed", reason=f"{len(waiting)} files: rewrap {WRAPPING} first")
        self._token.destroy(_on_token(name), Place.PREVIOUS)

    def rewrap(self, name: str) -> int:
        """Wrap every file anew that another key than the one in use has wrapped."""
        if name != WRAPPING:
            raise EngineError("no-such-own-key", name=name)
        waiting = self._wrapped_before()
        for name_, path in waiting:
            replace(path, self._wrapped(self._unwrapped(read_closed(path), name_, path), name_))
        return len(waiting)

    def held(self) -> list[Held]:
        """Return what is on the token and what it has wrapped."""
        here = []
        for name in (WRAPPING, *PAIRS, *APP_PAIRS):
            for place in Place:
                found = self._token.found(name, place)
                if found is not None:
                    here.append(Held(name, place, found.made_at, self._token.name))
        return [*here, *held_files(self._directory, [(name, _SUFFIX) for name in SECRETS])]

    def _wrapped_before(self) -> list[tuple[str, Path]]:
        current = self._wrapping_id()
        files = [
            (name, path_of(self._directory, name, _SUFFIX, place)) for name in SECRETS for place in Place
        ]
        return [
            (name, path) for name, path in files if path.exists() and _id_in(read_closed(path)) != current
        ]

    def _keep(self, name: str, place: Place, secret: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        create(path_of(self._directory, name, _SUFFIX, place), self._wrapped(secret, name))

    def _wrapped(self, secret: bytes, name: str) -> bytes:
        id_ = self._wrapping_id()
        return _FORM + id_ + self._token.wrap(id_, secret, _bound_to(name))

    def _unwrapped(self, wrapped: bytes, name: str, path: Path) -> bytes:
        id_, content = _id_in(wrapped), wrapped[len(_FORM) + _ID_BYTES :]
        if not wrapped.startswith(_FORM):
            raise EngineError("unusable-keys", reason=f"{path} was not wrapped by a token")
        secret = self._token.unwrap(id_, content, _bound_to(name))
        if len(secret) != SECRET_BYTES:
            raise EngineError("unusable-keys", reason=f"{path} should hold {SECRET_BYTES} bytes")
        return secret

    def _wrapping_id(self) -> bytes:
        found = self._token.found(WRAPPING, Place.CURRENT)
        if found is None:
            raise EngineError("unusable-keys", reason=f"{self._token.name} has no {WRAPPING} key: keys init")
        return found.id


def _on_token(name: str) -> str:
    if name not in {WRAPPING, *PAIRS, *APP_PAIRS}:
        raise EngineError("no-such-own-key", name=name)
    return name


def _bound_to(name: str) -> bytes:
    """A file under another key's name does not open."""
    return b"todoke " + name.encode()


def _id_in(wrapped: bytes) -> bytes:
    return wrapped[len(_FORM) : len(_FORM) + _ID_BYTES]
