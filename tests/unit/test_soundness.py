# SPDX-License-Identifier: Apache-2.0
"""Each unsafe thing is found when it is made so, and a sound set-up is left in peace."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.simulators.jpki import JpkiWorld
from engine.clock import SystemClock
from engine.identity import trust
from engine.identity.profiles import Environment
from engine.keys import Keys
from engine.settings import Profile, Settings
from engine.soundness import database, line, place
from engine.soundness.findings import FINDINGS, Finding, Weight
from engine.store.examination import DatabaseState

SOUND = DatabaseState(
    settings={
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "max_connections": "100",
        "superuser_reserved_connections": "3",
    },
    version=180_004,
    is_superuser=False,
    ahead=timedelta(milliseconds=-20),
    pending=(),
    foreign=(),
    registered=("1000020131016",),
)


def codes(found: Iterator[Finding]) -> list[str]:
    return [one.code for one in found]


def production(tmp_path: Path, **changes: Any) -> Settings:
    sound = {
        "state": tmp_path,
        "profile": "production",
        "public_url": "https://todoke.example",
        "database_url": "postgresql://todoke:x@db.example/todoke?sslmode=verify-full",
        "amqp_url": "amqps://todoke:x@broker.example:5671/todoke",
        "bus": "rabbitmq",
    }
    return Settings.load(**{**sound, **changes})


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("fsync", "off", "fsync-off"),
        ("full_page_writes", "off", "full-page-writes-off"),
        ("synchronous_commit", "off", "synchronous-commit-off"),
        ("data_checksums", "off", "checksums-off"),
        ("max_connections", "40", "few-connections"),
    ],
)
def test_a_setting_of_the_database_that_loses_something_is_found(name: str, value: str, code: str) -> None:
    found = replace(SOUND, settings=SOUND.settings | {name: value})

    assert codes(database.all_of(found, Profile.PRODUCTION)) == [code]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": 140_010}, "old-postgresql"),
        ({"is_superuser": True}, "database-superuser"),
        ({"pending": ("0012_x.sql",)}, "migrations-pending"),
        ({"foreign": ("0012_x.sql",)}, "migrations-foreign"),
        ({"ahead": timedelta(seconds=3)}, "clock-skew"),
        ({"ahead": timedelta(seconds=-3)}, "clock-skew"),
        ({"parked": 2}, "parked"),
        ({"oldest_in_outbox": timedelta(hours=1)}, "outbox-old"),
        ({"registered": ("5999999000003",)}, "simulated-organisation"),
    ],
)
def test_what_is_wrong_in_the_database_is_found(change: dict[str, Any], code: str) -> None:
    assert codes(database.all_of(replace(SOUND, **change), Profile.PRODUCTION)) == [code]


def test_a_sound_database_is_left_in_peace_and_a_rehearsal_may_have_simulators() -> None:
    assert codes(database.all_of(SOUND, Profile.PRODUCTION)) == []
    rehearsed = replace(SOUND, is_superuser=True, registered=("5999999000003",))
    assert codes(database.all_of(rehearsed, Profile.DEMO)) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"public_url": None}, "public-url-missing"),
        ({"listen": "0.0.0.0:8080"}, "listens-everywhere"),
        ({"amqp_url": "amqp://todoke:x@broker.example/todoke"}, "broker-without-tls"),
        ({"database_url": "postgresql://todoke:x@db.example/todoke"}, "database-without-tls"),
        (
            {"database_url": "postgresql://todoke:x@db.example/todoke?sslmode=require"},
            "database-without-tls",
        ),
    ],
)
def test_a_line_that_others_can_read_is_found(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    found = list(place.addresses(production(tmp_path, **change)))

    assert [one.code for one in found] == [code]
    assert "x@" not in found[0].detail


def test_lines_on_this_machine_need_no_tls_and_rehearsals_neither(tmp_path: Path) -> None:
    here = production(
        tmp_path,
        amqp_url="amqp://todoke:x@127.0.0.1/todoke",
        database_url="postgresql://todoke:x@[::1]/todoke",
    )

    assert codes(place.addresses(production(tmp_path))) == []
    assert codes(place.addresses(here)) == []
    assert codes(place.addresses(Settings.load(profile="demo", listen="0.0.0.0:1"))) == []


def test_keys_that_are_missing_or_open_to_others_are_found(tmp_path: Path) -> None:
    settings = production(tmp_path)
    missing = codes(place.keys(settings, now=datetime.now(UTC)))
    Keys.create_missing(settings.keys_directory, profile=Profile.DEMO)
    sound = codes(place.keys(settings, now=datetime.now(UTC)))
    (settings.keys_directory / "case.key").chmod(0o644)
    readable = codes(place.keys(settings, now=datetime.now(UTC)))
    (settings.keys_directory / "case.key").chmod(0o600)
    settings.keys_directory.chmod(0o755)

    assert (missing, sound, readable) == (
        ["keys-in-files", "keys-unusable"],
        ["keys-in-files"],
        ["keys-in-files", "keys-unusable"],
    )
    assert codes(place.keys(settings, now=datetime.now(UTC))) == ["keys-in-files", "keys-directory-open"]


def test_a_variable_that_is_none_is_found() -> None:
    assert [one.detail for one in place.slips({"TODOKE_DATABSE_URL": "x", "PATH": ""})] == [
        "TODOKE_DATABSE_URL"
    ]


def test_a_vault_that_cannot_be_written_to_is_found(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")

    assert codes(place.vault(production(tmp_path))) == []
    assert codes(place.vault(production(tmp_path, documents=str(blocked / "documents")))) == [
        "documents-unwritable"
    ]


@pytest.fixture(scope="module")
def jpki(tmp_path_factory: pytest.TempPathFactory) -> trust.TrustStore:
    return JpkiWorld(SystemClock(), state=tmp_path_factory.mktemp("jpki")).trust("http://127.0.0.1:1")


def test_a_trust_store_of_another_environment_and_roots_near_their_end_are_found(
    tmp_path: Path, jpki: trust.TrustStore
) -> None:
    now = datetime.now(UTC)
    trust.write(tmp_path, jpki)
    end = min(root.certificate.not_valid_after_utc for root in jpki.roots)

    def found(environment: Environment, at: datetime) -> set[str]:
        return set(codes(place.trust_store(tmp_path, environment, now=at)))

    assert found(jpki.environment, now) == set()
    assert found(Environment.PRODUCTION, now) == {"trust-unusable"}
    assert "root-ends-soon" in found(jpki.environment, end - timedelta(days=179))
    assert "root-ended" in found(jpki.environment, end)
    trust.write(
        tmp_path, replace(jpki, roots=tuple(replace(r, ocsp_url=None, crl_urls={}) for r in jpki.roots))
    )
    assert found(jpki.environment, now) == {"revocation-unknown"}


async def test_a_responder_that_takes_no_connection_is_found(jpki: trust.TrustStore) -> None:
    found = [one async for one in line.revocation(jpki)]

    assert {one.code for one in found} == {"revocation-unreachable"}
    assert all("127.0.0.1:1 " in one.detail for one in found)


def test_every_finding_is_said_in_both_languages_and_has_a_weight() -> None:
    for code, (weight, text) in FINDINGS.items():
        assert not text.ja.isascii(), code
        assert text.en.isascii(), code
        assert weight in Weight
