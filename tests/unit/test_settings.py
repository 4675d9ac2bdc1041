# SPDX-License-Identifier: Apache-2.0
"""What the operator decides is checked before anything starts, and no secret is repeated."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engine.core.errors import EngineError
from engine.keys import Keys
from engine.settings import Profile, Settings, unknown_variables


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TODOKE_{name.upper()}", raising=False)


def refusal(**decided: object) -> str:
    with pytest.raises(EngineError) as caught:
        Settings.load(**decided)
    assert caught.value.code == "invalid-settings"
    return str(caught.value.values["reason"])


def test_the_environment_is_read_under_the_documented_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODOKE_LISTEN", "[::1]:9000")
    monkeypatch.setenv("TODOKE_PROFILE", "test")
    monkeypatch.setenv("TODOKE_DATABASE_URL", "postgresql://u:secret@db/todoke")
    monkeypatch.setenv("TODOKE_STATE", "/srv/todoke")

    settings = Settings.load()

    assert (settings.host, settings.port) == ("::1", 9000)
    assert settings.profile is Profile.TEST
    assert settings.required("database_url") == "postgresql://u:secret@db/todoke"
    assert settings.keys_directory == Path("/srv/todoke/keys")
    assert settings.documents_directory == Path("/srv/todoke/documents")


def test_production_is_what_nobody_has_to_remember() -> None:
    assert Settings.load().profile is Profile.PRODUCTION


def test_a_simulated_clock_is_refused_in_production() -> None:
    assert "TODOKE_CLOCK=simulated" in refusal(clock="simulated")

    assert Settings.load(clock="simulated", profile="demo").clock == "simulated"


def test_the_public_address_is_https_in_production() -> None:
    assert "https" in refusal(public_url="http://todoke.example")

    assert Settings.load(public_url="https://todoke.example/").origin == "https://todoke.example"


def test_only_named_proxies_are_believed_besides_this_machine() -> None:
    assert Settings.load().proxies == ()
    assert [str(one) for one in Settings.load(trusted_proxies="10.1.0.0/16, ::1/128").proxies] == [
        "10.1.0.0/16",
        "::1/128",
    ]
    assert "TODOKE_TRUSTED_PROXIES" in refusal(trusted_proxies="10.1.0.7/16")
    assert "TODOKE_WEBHOOK_NETWORKS" in refusal(webhook_networks="office")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen", "8080"),
        ("listen", "127.0.0.1:99999"),
        ("bus", "kafka"),
        ("amqp_url", "http://broker"),
        ("database_url", "mysql://db"),
        ("database_url", "postgresql://db:port/x"),
        ("public_url", "https://todoke.example/path"),
        ("trust", "/no/such/place"),
        ("log", "loud"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, value: str) -> None:
    assert f"TODOKE_{name.upper()}" in refusal(**{name: value})


def test_every_wrong_value_is_named_at_once() -> None:
    reason = refusal(listen="x", bus="y")

    assert "TODOKE_LISTEN" in reason
    assert "TODOKE_BUS" in reason


def test_a_password_is_never_repeated() -> None:
    settings = Settings.load(amqp_url="amqp://u:hush@broker/")

    assert "hush" not in repr(settings)
    assert "hush" not in refusal(amqp_url="http://u:hush@broker:nonsense/")


def test_the_broker_needs_its_address_and_a_database() -> None:
    assert "TODOKE_AMQP_URL" in refusal(bus="rabbitmq")


def test_a_role_says_what_it_cannot_do_without() -> None:
    with pytest.raises(EngineError) as caught:
        Settings.load().required("amqp_url")

    assert caught.value.values["reason"] == "TODOKE_AMQP_URL is not set"


def test_a_slip_of_the_pen_is_found() -> None:
    assert unknown_variables({"TODOKE_LISTENS": "x", "TODOKE_LISTEN": "y", "PATH": "z"}) == ["TODOKE_LISTENS"]


def test_keys_are_made_once_and_stay(tmp_path: Path) -> None:
    made = Keys.create_missing(tmp_path / "keys", profile=Profile.TEST)

    again = Keys.create_missing(tmp_path / "keys", profile=Profile.TEST)

    assert (again.case, again.references, again.mailbox, again.session) == (
        made.case,
        made.references,
        made.mailbox,
        made.session,
    )
    assert again.signing.private_numbers() == made.signing.private_numbers()
    assert len({made.case, made.references, made.mailbox, made.session}) == 4
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert len(list((tmp_path / "keys").iterdir())) == 6


def test_in_production_no_keys_are_made(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="unusable-keys") as caught:
        Keys.create_missing(tmp_path / "keys", profile=Profile.PRODUCTION)

    assert "keys init" in str(caught.value.values["reason"])
    assert not (tmp_path / "keys").exists()


def test_keys_open_to_others_are_refused(tmp_path: Path) -> None:
    Keys.create_missing(tmp_path, profile=Profile.TEST)
    (tmp_path / "case.key").chmod(0o644)

    with pytest.raises(EngineError) as caught:
        Keys.load(tmp_path)

    assert "chmod 600" in str(caught.value.values["reason"])


def test_a_key_that_is_cut_short_or_of_another_curve_is_refused(tmp_path: Path) -> None:
    Keys.create_missing(tmp_path, profile=Profile.TEST)
    (tmp_path / "case.key").write_bytes(bytes(31))
    with pytest.raises(EngineError) as short:
        Keys.load(tmp_path)
    (tmp_path / "case.key").write_bytes(bytes(32))
    other = ec.generate_private_key(ec.SECP384R1())
    (tmp_path / "signing.pem").write_bytes(
        other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )

    with pytest.raises(EngineError) as curve:
        Keys.load(tmp_path)

    assert "32" in str(short.value.values["reason"])
    assert "P-256" in str(curve.value.values["reason"])


def test_keys_do_not_show_themselves(tmp_path: Path) -> None:
    keys = Keys.create_missing(tmp_path, profile=Profile.TEST)

    assert repr(keys) == "Keys()"
