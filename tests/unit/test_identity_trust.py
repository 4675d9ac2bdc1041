# SPDX-License-Identifier: Apache-2.0
"""The trust store believes what was pinned, in one environment, and nothing else."""

import json
from pathlib import Path

import pytest

from connectors.simulators.jpki import JpkiWorld
from engine.identity import trust
from engine.identity.profiles import Environment
from engine.identity.trust import MANIFEST, TrustStore, TrustStoreError
from tests.unit.identity_desk import Desk


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    trust.write(tmp_path, Desk().world.trust("http://127.0.0.1:9"))
    return tmp_path


def test_a_store_comes_back_as_it_was_written(directory: Path) -> None:
    loaded = TrustStore.load(directory, Environment.DEVELOPMENT)

    assert loaded == Desk().world.trust("http://127.0.0.1:9")


def test_roots_of_another_environment_are_not_seen(directory: Path) -> None:
    with pytest.raises(TrustStoreError, match="production"):
        TrustStore.load(directory, Environment.PRODUCTION)


def test_a_manifest_moved_to_production_is_refused(directory: Path) -> None:
    (directory / "development").rename(directory / "production")

    with pytest.raises(TrustStoreError, match="is for development"):
        TrustStore.load(directory, Environment.PRODUCTION)


def test_a_test_root_relabelled_as_production_is_refused(directory: Path) -> None:
    folder = (directory / "development").rename(directory / "production")
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"environment": "production"}))

    with pytest.raises(TrustStoreError, match="a root for tests"):
        TrustStore.load(directory, Environment.PRODUCTION)


def test_a_certificate_put_in_the_place_of_a_pinned_one_is_refused(directory: Path) -> None:
    stranger = JpkiWorld(Desk().clock).trust()
    trust.write(directory / "elsewhere", stranger)
    pinned = min((directory / "development").glob("*.pem"))
    other = min((directory / "elsewhere" / "development").glob("*.pem"))

    pinned.write_bytes(other.read_bytes())

    with pytest.raises(TrustStoreError, match="not the certificate that was pinned"):
        TrustStore.load(directory, Environment.DEVELOPMENT)


@pytest.mark.parametrize("content", ["", "{}", '{"environment": "development", "roots": []}', "[1]"])
def test_half_a_manifest_is_refused(directory: Path, content: str) -> None:
    (directory / "development" / MANIFEST).write_text(content)

    with pytest.raises(TrustStoreError):
        TrustStore.load(directory, Environment.DEVELOPMENT)


def test_a_manifest_reaches_no_file_outside_its_folder(directory: Path) -> None:
    file = directory / "development" / MANIFEST
    manifest = json.loads(file.read_text())
    manifest["roots"][0]["file"] = "../secret.pem"
    file.write_text(json.dumps(manifest))

    with pytest.raises(TrustStoreError):
        TrustStore.load(directory, Environment.DEVELOPMENT)
