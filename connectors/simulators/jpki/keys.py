# SPDX-License-Identifier: Apache-2.0
"""The keys of the test authority: made once, then the same for as long as the directory lives."""

import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Keys:
    """RSA-2048 keys by name; in memory when there is no directory."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._keys: dict[str, rsa.RSAPrivateKey] = {}

    def key(self, name: str) -> rsa.RSAPrivateKey:
        """Return the key of this name, made when it is first asked for."""
        if name not in self._keys:
            self._keys[name] = self._read(name) or self._made(name)
        return self._keys[name]

    def _read(self, name: str) -> rsa.RSAPrivateKey | None:
        if self._directory is None or not (file := self._directory / f"{name}.pem").exists():
            return None
        key = load_pem_private_key(file.read_bytes(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{file} is not an RSA key")
        return key

    def _made(self, name: str) -> rsa.RSAPrivateKey:
        key = new_key()
        if self._directory is None:
            return key
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key if _put(self._directory / f"{name}.pem", pem) else self.key(name)


def _put(file: Path, content: bytes) -> bool:
    """Write the file; False when another process was faster, whose file stays."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def new_key() -> rsa.RSAPrivateKey:
    """Return a new key as today's cards have it."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
