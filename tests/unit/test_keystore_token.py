# SPDX-License-Identifier: Apache-2.0
"""Keys in a real token (SoftHSM): they sign, open and wrap there, do not come out, and fail closed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwe

from engine.border.jwk import RecipientKey, exported, jose_key, key_set, thumbprint
from engine.border.sealing import Attributes, Opener, Sealer
from engine.border.signed_json import signed_document, verified_document
from engine.clock import SystemClock
from engine.core.errors import EngineError
from engine.keys import Keys, app_pair, open_store
from engine.keystore.address import TokenAddress
from engine.keystore.files import FileStore
from engine.keystore.hardware import HardwareStore
from engine.keystore.port import PAIRS, SECRETS, TROUBLE, Place
from engine.keystore.token import Token
from engine.settings import Profile, Settings
from engine.soundness import place
from mailbox.papers.closing import ClosingPress
from mailbox.papers.pades import read_signed_pdf
from mailbox.papers.render import Papers
from tests import softhsm
from tests.softhsm import address, token_at
from tests.unit.test_certificates import CONTENT

__all__ = ["address"]

pytestmark = softhsm.needed
NOW = datetime(2026, 4, 1, 3, tzinfo=UTC)
ATTRIBUTES = Attributes("o_1", "jp.todoke.order.submit.v1", "r_1", "/engine", 1, NOW)


@pytest.fixture
def token(address: TokenAddress) -> Iterator[Token]:
    token = token_at(address)
    yield token
    token.close()


@pytest.fixture
def store(token: Token, tmp_path: Path) -> HardwareStore:
    store = HardwareStore(token, tmp_path / "keys")
    for name in (*store.wrapping, *PAIRS, *SECRETS):
        store.make(name)
    return store


def test_what_crosses_the_border_is_signed_and_opened_inside_the_token(store: HardwareStore) -> None:
    keys = Keys.of(store)
    name = thumbprint(keys.signing.public_key())
    sealer = Sealer(keys.signing, kid=name, source="/engine", clock=SystemClock())
    opener = Opener(
        {thumbprint(keys.decryption.public_key()): keys.decryption},
        lambda _, kid: keys.signing.public_key() if kid == name else None,
    )

    sealed = sealer.seal(ATTRIBUTES, b"an order", RecipientKey(keys.decryption.public_key()))

    assert opener.open(ATTRIBUTES, sealed) == b"an order"
    with pytest.raises(EngineError, match="seal-mismatch"):
        opener.open(Attributes("o_2", *list(_rest(ATTRIBUTES))), sealed)
    stranger = jwe.encrypt_compact(
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}, b"a certificate", jose_key_public(keys.decryption)
    )
    assert (
        jwe.decrypt_compact(stranger, jose_key(keys.decryption, {"use": "enc"})).plaintext == b"a certificate"
    )


async def test_documents_and_papers_are_signed_inside_the_token(store: HardwareStore) -> None:
    signing = Keys.of(store).signing
    document = signed_document(CONTENT, signing)
    published = key_set([exported(signing.public_key(), use="sig")])

    printed = await ClosingPress(Papers(), signing).certificate(CONTENT, document, at=NOW)
    read = await read_signed_pdf(printed)

    assert verified_document(document, published) == (CONTENT, thumbprint(signing.public_key()))
    assert (read.key, read.document) == (signing.public_key(), document)


def test_no_private_key_and_no_secret_leaves_the_token_readable(store: HardwareStore, tmp_path: Path) -> None:
    keys = Keys.of(store)

    for attempt in (keys.signing.private_numbers, keys.decryption.private_numbers):
        with pytest.raises(UnsupportedAlgorithm):
            attempt()
    files = list((tmp_path / "keys").glob("*.wrapped"))
    assert len(files) == len(SECRETS)
    assert not any(secret in path.read_bytes() for path in files for secret in (keys.case, keys.mailbox))
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    (tmp_path / "keys/case.key.wrapped").write_bytes((tmp_path / "keys/mailbox.key.wrapped").read_bytes())
    with pytest.raises(EngineError, match="unusable-keys"):
        Keys.of(store)  # a file under another key's name


def test_each_key_changes_while_what_runs_goes_on(store: HardwareStore) -> None:
    running = Keys.of(store)
    for name in ("signing", "decryption", "mailbox"):
        store.make(name, Place.NEXT)
        store.advance(name)
    changed = Keys.of(store)

    assert running.signing.public_key() == changed.signings[1].public_key() != changed.signing.public_key()
    assert changed.mailboxes[1] == running.mailbox
    _check(running.signing)
    _check(changed.signing)
    store.forget("signing")
    with pytest.raises(EngineError, match="unusable-keys"):
        _check(running.signing)
    assert len(Keys.of(store).signings) == 1


def test_the_wrapping_key_changes_and_is_kept_while_it_is_needed(store: HardwareStore) -> None:
    before = Keys.of(store)
    store.make("wrapping", Place.NEXT)
    store.advance("wrapping")

    with pytest.raises(EngineError, match="key-still-needed"):
        store.forget("wrapping")
    assert (store.rewrap("wrapping"), store.rewrap("wrapping")) == (len(SECRETS), 0)
    store.forget("wrapping")

    assert Keys.of(store).case == before.case


def test_a_change_that_broke_off_on_the_token_is_finished(store: HardwareStore, token: Token) -> None:
    old = Keys.of(store).signing.public_key()
    store.make("signing", Place.NEXT)
    token.move("signing", source=Place.CURRENT, to=Place.PREVIOUS)  # and then it died
    with pytest.raises(EngineError, match="missing: signing") as caught:
        Keys.of(store)
    assert caught.value.code == "unusable-keys"

    store.advance("signing")

    assert Keys.of(store).signings[1].public_key() == old
    with pytest.raises(EngineError, match="key-change-out-of-order"):
        store.advance("signing")


def test_keys_of_files_move_onto_the_token_and_stay_the_same(token: Token, tmp_path: Path) -> None:
    before = Keys.create_missing(tmp_path / "files", profile=Profile.TEST)
    store = HardwareStore(token, tmp_path / "keys")

    taken = store.take(FileStore(tmp_path / "files"))
    after = Keys.of(store)

    assert (len(taken), store.take(FileStore(tmp_path / "files"))) == (6, [])
    assert (after.case, after.session) == (before.case, before.session)
    assert after.signing.public_key() == before.signing.public_key()
    _check(after.signing)
    other = ec.generate_private_key(ec.SECP256R1())
    assert after.decryption.exchange(ec.ECDH(), other.public_key()) == other.exchange(
        ec.ECDH(), before.decryption.public_key()
    )


def test_a_wrong_pin_is_tried_once_until_its_file_changes(
    store: HardwareStore, address: TokenAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    real = Token._logged_in

    def counted(self: Token, *, writing: bool) -> Any:
        tries.append(1)
        return real(self, writing=writing)

    store._token.close()  # a login counts for the whole process
    monkeypatch.setattr(Token, "_logged_in", counted)
    address.pin_source.write_text("9999999\n")
    said = [_reason(address) for _ in range(3)]
    address.pin_source.write_text(f"{softhsm.PIN}\n")

    assert "was refused" in said[0]
    assert all("not tried again" in one for one in said[1:])
    assert "9999999" not in "".join(said)
    right = Token(address, remembers=address.pin_source.parent / "keys")
    assert right.found("signing", Place.CURRENT) is not None
    assert not (address.pin_source.parent / "keys/pin-refused").exists()
    right.close()


def test_what_is_missing_is_said_and_nothing_starts(address: TokenAddress, tmp_path: Path) -> None:
    empty = Settings.load(state=tmp_path, keys=softhsm.uri(address), profile="production")
    elsewhere = Settings.load(
        state=tmp_path, profile="production",
        keys=f"pkcs11:token=other?module-path={address.module}&pin-source={address.pin_source}",
    )  # fmt: skip
    nowhere = Settings.load(
        state=tmp_path, profile="production", keys=f"pkcs11:token=t?module-path=/no.so&pin-source={address.pin_source}"
    )  # fmt: skip

    def found(settings: Settings) -> list[str]:
        return [f"{one.code}: {one.detail}" for one in place.keys(settings, now=NOW)]

    assert found(empty)[0].startswith("keys-unusable: missing: case")
    assert found(elsewhere) == [f"keys-unreachable: token other: {address.module} has no token called other"]
    no_module = tmp_path / "module.so"
    no_module.write_text("nothing")
    odd = Settings.load(
        state=tmp_path, profile="production",
        keys=f"pkcs11:token=t?module-path={no_module}&pin-source={address.pin_source}",
    )  # fmt: skip
    assert found(odd) == [f"keys-unusable: token t: {no_module} is no PKCS#11 module"]
    assert found(nowhere) == ["keys-unusable: there is no PKCS#11 module /no.so"]
    with pytest.raises(EngineError, match="unusable-keys"):
        Keys.opened(empty)
    with pytest.raises(EngineError, match="unusable-keys"):
        app_pair(empty)
    open_store(empty)._token.close()  # type: ignore[attr-defined] # it is one of hardware
    address.pin_source.chmod(0o644)
    assert "open to other users" in found(empty)[0]


def test_a_key_that_could_be_taken_out_is_refused(store: HardwareStore, token: Token) -> None:
    import pkcs11

    token.destroy("signing", Place.CURRENT)
    template = {pkcs11.Attribute.EXTRACTABLE: True, pkcs11.Attribute.SENSITIVE: False}
    token._kept = lambda: template  # type: ignore[method-assign]
    store.make("signing")

    with pytest.raises(EngineError, match="unusable-keys") as caught:
        Keys.of(store)

    assert "can be taken out" in str(caught.value.values["reason"])


def test_a_session_that_was_lost_is_opened_again(store: HardwareStore, token: Token) -> None:
    signing = Keys.of(store).signing
    token._session.close()  # as when the line to the device is cut

    _check(signing)


def test_a_token_that_went_away_is_no_fault_of_the_message(
    store: HardwareStore, token: Token, address: TokenAddress
) -> None:
    keys = Keys.of(store)
    sealed = _sealed_for(keys)
    opener = Opener(
        {thumbprint(keys.decryption.public_key()): keys.decryption}, lambda *_: keys.signing.public_key()
    )
    token.close()
    for path in (address.pin_source.parent / "tokens").rglob("*.object"):
        path.rename(path.with_suffix(".away"))

    with pytest.raises(EngineError) as caught:
        opener.open(ATTRIBUTES, sealed)

    assert caught.value.code in TROUBLE


def _sealed_for(keys: Keys) -> str:
    name = thumbprint(keys.signing.public_key())
    sealer = Sealer(keys.signing, kid=name, source="/engine", clock=SystemClock())
    return sealer.seal(ATTRIBUTES, b"an order", RecipientKey(keys.decryption.public_key()))


def _reason(address: TokenAddress) -> str:
    token = Token(address, remembers=address.pin_source.parent / "keys")
    with pytest.raises(EngineError, match="unusable-keys") as caught:
        token.found("signing", Place.CURRENT)
    return str(caught.value.values["reason"])


def _check(key: ec.EllipticCurvePrivateKey) -> None:
    key.public_key().verify(key.sign(b"x", ec.ECDSA(SHA256())), b"x", ec.ECDSA(SHA256()))


def _rest(attributes: Attributes) -> Iterator[Any]:
    yield from (attributes.type, attributes.subject, attributes.source, attributes.sequence, attributes.time)


def jose_key_public(key: ec.EllipticCurvePrivateKey) -> Any:
    from joserfc.jwk import ECKey

    return ECKey.import_key(dict(exported(key.public_key(), use="enc")))
