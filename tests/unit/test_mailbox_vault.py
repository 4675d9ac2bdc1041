# SPDX-License-Identifier: Apache-2.0
"""What the vault promises about bytes, on both its twins."""

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from engine.core.errors import EngineError
from mailbox.vault import MAX_DOCUMENT_BYTES, LocalVault, MemoryVault, Sweeper, Vault

NOW = timedelta()
DAY = timedelta(days=1)


@pytest.fixture(params=["local", "memory"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    return LocalVault(tmp_path / "vault") if request.param == "local" else MemoryVault()


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


class Wanted:
    def __init__(self, *blobs: str) -> None:
        self._blobs = set(blobs)

    async def named(self, blobs: list[str]) -> set[str]:
        return self._blobs & set(blobs)


@pytest.mark.parametrize("content", [b"", b"a", bytes(range(256)) * 400], ids=["empty", "one byte", "100 KB"])
async def test_a_document_comes_back_byte_for_byte(vault: Vault, content: bytes) -> None:
    stored = await vault.put(content)

    assert await vault.get(stored.blob, stored.data_key) == content


async def test_the_same_document_twice_has_two_keys_and_two_names(vault: Vault) -> None:
    first, second = await vault.put(b"same"), await vault.put(b"same")

    assert first.blob != second.blob
    assert first.data_key != second.data_key


async def test_another_key_does_not_open_a_document(vault: Vault) -> None:
    first, second = await vault.put(b"one"), await vault.put(b"two")

    with pytest.raises(EngineError) as refused:
        await vault.get(first.blob, second.data_key)

    assert refused.value.code == "damaged-blob"


async def test_a_discarded_document_is_gone_and_may_be_discarded_again(vault: Vault) -> None:
    stored = await vault.put(b"x")

    await vault.discard(stored.blob)
    await vault.discard(stored.blob)

    with pytest.raises(EngineError) as refused:
        await vault.get(stored.blob, stored.data_key)
    assert refused.value.code == "no-such-blob"


async def test_a_document_over_the_limit_is_refused(vault: Vault) -> None:
    with pytest.raises(EngineError) as refused:
        await vault.put(bytes(MAX_DOCUMENT_BYTES + 1))

    assert refused.value.code == "document-too-large"
    assert await vault.older_than(NOW) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n"])
async def test_a_name_that_is_no_hash_is_no_blob(vault: Vault, name: str) -> None:
    with pytest.raises(EngineError) as refused:
        await vault.get(name, bytes(32))

    assert refused.value.code == "no-such-blob"


async def test_the_sweeper_removes_only_what_is_old_and_not_wanted(vault: Vault) -> None:
    wanted, orphan = await vault.put(b"wanted"), await vault.put(b"orphan")

    too_early = await Sweeper(vault, Wanted(wanted.blob)).sweep()
    in_time = await Sweeper(vault, Wanted(wanted.blob), age=NOW).sweep()

    assert (too_early, in_time) == (0, 1)
    assert await vault.get(wanted.blob, wanted.data_key) == b"wanted"
    assert await vault.older_than(NOW) == [wanted.blob]
    assert orphan.blob != wanted.blob


async def test_a_file_holds_nothing_readable_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path / "vault")

    stored = await vault.put("髙橋 一郎の転出証明書".encode() * 10)

    (path,) = files(tmp_path)
    assert path.parent.name + path.name == stored.blob
    assert "髙橋".encode() not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "vault").stat().st_mode) == 0o700
    assert stored.data_key.hex() not in repr(stored)


async def test_a_file_that_changed_on_disk_is_noticed_when_read(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path / "vault")
    stored = await vault.put(b"document")
    (path,) = files(tmp_path)
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])

    with pytest.raises(EngineError) as refused:
        await vault.get(stored.blob, stored.data_key)

    assert refused.value.code == "damaged-blob"


async def test_a_vault_opened_again_has_what_was_put_before(tmp_path: Path) -> None:
    stored = await LocalVault(tmp_path / "vault").put(b"document")

    assert await LocalVault(tmp_path / "vault").get(stored.blob, stored.data_key) == b"document"


async def test_drafts_of_a_crash_go_after_a_day_and_fresh_ones_stay(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path / "vault")
    old, fresh = tmp_path / "vault/drafts/old", tmp_path / "vault/drafts/fresh"
    old.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(old, (0, 0))

    await Sweeper(vault, Wanted(), age=DAY).sweep()

    assert (old.exists(), fresh.exists()) == (False, True)


async def test_a_disk_that_fails_is_an_outage_and_leaves_no_half_file(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path / "vault")
    (tmp_path / "vault/drafts").rmdir()

    with pytest.raises(EngineError) as refused:
        await vault.put(b"document")

    assert refused.value.code == "unavailable-vault"
    assert files(tmp_path) == []
