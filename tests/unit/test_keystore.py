# SPDX-License-Identifier: Apache-2.0
"""A key comes, is used, goes; a crash between two steps loses nothing, and a name that is none is told."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.commands.keys import keys as command
from engine.core.errors import EngineError
from engine.keys import Keys, app_pair
from engine.keystore.address import TokenAddress
from engine.keystore.files import FileStore
from engine.keystore.port import Place
from engine.settings import Profile, Settings
from engine.soundness import place


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    Keys.create_missing(tmp_path / "keys", profile=Profile.TEST)
    return FileStore(tmp_path / "keys")


def said(tmp_path: Path, *words: str) -> str:
    environment = {"TODOKE_STATE": str(tmp_path), "TODOKE_PROFILE": "test"}
    return CliRunner().invoke(command, words, env=environment, catch_exceptions=False).output


def test_a_key_is_prepared_changed_and_forgotten_and_opens_all_the_while(store: FileStore) -> None:
    old = store.secret("session")
    store.make("session", Place.NEXT)
    prepared = Keys.of(store)
    store.advance("session")
    changed = Keys.of(store)
    store.forget("session")

    assert prepared.session == old
    assert changed.session != old
    assert set(prepared.sessions) == set(changed.sessions)
    assert Keys.of(store).sessions == (changed.session,)


def test_a_change_that_broke_off_between_its_steps_is_finished(store: FileStore) -> None:
    old = store.secret("case")
    store.make("case", Place.NEXT)
    new = store.secret("case", Place.NEXT)
    (store.directory / "case.key.previous").hardlink_to(store.directory / "case.key")  # and then it died

    assert Keys.of(store).case == old
    store.advance("case")

    assert (store.secret("case"), store.secret("case", Place.PREVIOUS)) == (new, old)
    assert store.secret("case", Place.NEXT) is None


def test_the_steps_have_an_order(store: FileStore) -> None:
    with pytest.raises(EngineError, match="key-change-out-of-order"):
        store.advance("signing")
    for _ in range(2):
        store.make("signing", Place.NEXT)
        if not store.pair("signing", Place.PREVIOUS):
            store.advance("signing")
    with pytest.raises(EngineError, match="key-change-out-of-order"):
        store.advance("signing")


def test_the_commands_say_what_is_next_and_show_no_key(tmp_path: Path, store: FileStore) -> None:
    assert "prepared: signing" in said(tmp_path, "prepare", "signing")
    both = said(tmp_path, "public", "signing")
    assert both.count('"kid"') == 2
    assert '"d"' not in both
    assert "changed: signing" in said(tmp_path, "change", "signing")
    assert "previous" in said(tmp_path, "show")
    assert "forgotten" in said(tmp_path, "forget", "signing")
    assert "changed: session" in said(tmp_path, "change", "session", "--at-once")
    for words, code in (
        (("prepare", "references"), "unchangeable-key"),
        (("prepare", "session"), "key-change-out-of-order"),
        (("change", "sining"), "no-such-own-key"),
        (("rewrap", "session"), "no-such-own-key"),
        (("init", "--from", str(tmp_path)), "invalid-settings"),
    ):
        with pytest.raises(EngineError, match=code):
            said(tmp_path, *words)


def test_missing_keys_are_made_on_purpose_also_in_production(tmp_path: Path) -> None:
    environment = {"TODOKE_STATE": str(tmp_path), "TODOKE_PROFILE": "production"}
    settings = Settings.load(state=tmp_path, profile="production")
    with pytest.raises(EngineError, match="unusable-keys"):
        Keys.opened(settings)

    made = CliRunner().invoke(command, ["init", "--app"], env=environment).output
    again = CliRunner().invoke(command, ["init"], env=environment).output

    assert made.count("made: ") == 8
    assert again.count("there: ") == 6
    assert Keys.opened(settings).signing is not app_pair(settings)[0]


def test_the_doctor_sees_old_keys_and_changes_that_nobody_finished(tmp_path: Path, store: FileStore) -> None:
    settings = Settings.load(state=tmp_path, profile="demo")
    now = datetime.now(UTC)

    def found(later: timedelta) -> set[str]:
        return {f"{one.code} {one.detail.split(':')[0]}" for one in place.keys(settings, now=now + later)}

    assert found(timedelta()) == set()
    store.make("mailbox", Place.NEXT)
    assert found(timedelta(days=31)) == {"key-change-unfinished mailbox"}
    store.advance("mailbox")
    assert found(timedelta(days=31)) == set()
    assert found(timedelta(days=101)) == {"key-change-unfinished mailbox"}
    store.forget("mailbox")
    assert found(timedelta(days=101)) == set()
    assert found(timedelta(days=731)) == {
        f"key-due {name}" for name in ("case", "mailbox", "session", "signing", "decryption")
    }
    years_ago = (now - timedelta(days=800)).timestamp()
    os.utime(store.directory / "references.key", (years_ago, years_ago))  # it cannot be changed
    assert found(timedelta()) == set()


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("pkcs11:token=t?module-path=/m.so&pin-source=/p&pin-value=1234", "PIN"),
        ("pkcs11:token=t?module-path=/m.so", "pin-source"),
        ("pkcs11:?module-path=/m.so&pin-source=/p", "token"),
        ("pkcs11:token=t;object=x?module-path=/m.so&pin-source=/p", "nothing else"),
        ("pkcs11:token=t?module-path=m.so&pin-source=/p", "absolute"),
    ],
)
def test_an_address_of_a_token_that_cannot_be_right_is_refused(address: str, wrong: str) -> None:
    with pytest.raises(EngineError, match="invalid-settings") as caught:
        Settings.load(keys=address)

    assert wrong in str(caught.value.values["reason"])
    assert "1234" not in str(caught.value.values["reason"])


def test_an_address_of_a_token_is_read_as_rfc_7512_writes_it() -> None:
    read = TokenAddress.parse("pkcs11:token=My%20token;serial=42?pin-source=file:/run/p&module-path=/m.so")

    assert read == TokenAddress(Path("/m.so"), "My token", Path("/run/p"), "42")
    settings = Settings.load(keys="pkcs11:token=t?module-path=/m.so&pin-source=/p", state=Path("/s"))
    assert settings.keys_directory == Path("/s/keys")
