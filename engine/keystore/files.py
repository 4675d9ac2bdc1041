# SPDX-License-Identifier: Apache-2.0
"""Keys in a directory: NAME.key holds 32 bytes, NAME.pem a P-256 key; NAME.key.next and .previous beside it.

Who can read the directory has the keys: right for development, and for production only where nothing
better is at hand.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from engine.core.errors import EngineError
from engine.keystore.port import APP_PAIRS, PAIRS, SECRET_BYTES, SECRETS, Held, Place

_OPEN_TO_OTHERS: Final = 0o027  # group may read: that is how orchestrators hand out files


class FileStore:
    """The keys in one directory."""

    wrapping: Final = ()

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def secret(self, name: str, place: Place = Place.CURRENT) -> bytes | None:
        """Return the 32 bytes of a file."""
        path = path_of(self.directory, name, ".key", place)
        return read_secret(path) if path.exists() else None

    def pair(self, name: str, place: Place = Place.CURRENT) -> ec.EllipticCurvePrivateKey | None:
        """Return the key of a file."""
        path = path_of(self.directory, name, ".pem", place)
        return _pair(path) if path.exists() else None

    def make(self, name: str, place: Place = Place.CURRENT) -> None:
        """Make a file where there is none."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        create(path_of(self.directory, name, _suffix(name), place), _fresh(name))

    def advance(self, name: str) -> None:
        """Rename the files; the current one is there at every moment."""
        advance_file(self.directory, name, _suffix(name))

    def forget(self, name: str) -> None:
        """Delete the file."""
        path_of(self.directory, name, _suffix(name), Place.PREVIOUS).unlink(missing_ok=True)
        sync_directory(self.directory)

    def rewrap(self, name: str) -> int:
        """Nothing is wrapped here."""
        raise EngineError("no-such-own-key", name=name)

    def held(self) -> list[Held]:
        """Return what lies in the directory; the time is that of the file."""
        names = [(name, _suffix(name)) for name in (*SECRETS, *PAIRS, *APP_PAIRS)]
        return list(held_files(self.directory, names))


def path_of(directory: Path, name: str, suffix: str, place: Place) -> Path:
    """Return where a key lies."""
    return directory / f"{name}{suffix}{'' if place is Place.CURRENT else f'.{place.value}'}"


def held_files(directory: Path, names: list[tuple[str, str]]) -> Iterator[Held]:
    """Yield the keys that lie in a directory."""
    for name, suffix in names:
        for place in Place:
            path = path_of(directory, name, suffix, place)
            if path.is_file():
                yield Held(name, place, datetime.fromtimestamp(path.stat().st_mtime, UTC), str(path))


def advance_file(directory: Path, name: str, suffix: str) -> None:
    """Let the next file be the current one.

    Raises:
        EngineError: `key-change-out-of-order`.
    """
    coming, current, previous = (path_of(directory, name, suffix, place) for place in Place)
    if not coming.exists():
        raise EngineError("key-change-out-of-order", reason=f"{coming} is not there: prepare it first")
    try:
        previous.hardlink_to(current)
    except FileExistsError:
        if not previous.samefile(current):  # else a crash came between the two steps
            raise EngineError("key-change-out-of-order", reason=f"{previous} is still there") from None
    coming.replace(current)
    sync_directory(directory)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineError("unusable-keys", reason=f"{path}: {error.strerror}") from error


def read_closed(path: Path) -> bytes:
    """Return what a file holds that must not be open to others; raises `unusable-keys`."""
    with _explained(path):
        if path.stat().st_mode & _OPEN_TO_OTHERS:
            raise EngineError("unusable-keys", reason=f"{path} is open to other users; chmod 600 {path}")
        return path.read_bytes()


def read_secret(path: Path) -> bytes:
    """Return the 32 bytes of a file; raises `unusable-keys`."""
    content = read_closed(path)
    if len(content) != SECRET_BYTES:
        raise EngineError("unusable-keys", reason=f"{path} should be exactly {SECRET_BYTES} random bytes")
    return content


def create(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all; whoever is first wins."""
    if path.exists():
        return
    draft = _draft(path, content)
    try:
        path.hardlink_to(draft)  # unlike a rename it never replaces the key of somebody faster
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Write a file anew, whole or not at all; its time stays, for it is the same key."""
    found = path.stat()
    draft = _draft(path, content)
    os.utime(draft, ns=(found.st_atime_ns, found.st_mtime_ns))
    draft.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Return when the names in a directory are durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return draft


def _suffix(name: str) -> str:
    if name in SECRETS:
        return ".key"
    if name in PAIRS or name in APP_PAIRS:
        return ".pem"
    raise EngineError("no-such-own-key", name=name)


def _fresh(name: str) -> bytes:
    if name in SECRETS:
        return secrets.token_bytes(SECRET_BYTES)
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _pair(path: Path) -> ec.EllipticCurvePrivateKey:
    content = read_closed(path)
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise EngineError("unusable-keys", reason=f"{path} is not an unencrypted PKCS#8 key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise EngineError("unusable-keys", reason=f"{path} is not a P-256 key")
    return key
