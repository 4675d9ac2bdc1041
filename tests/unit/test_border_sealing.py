# SPDX-License-Identifier: Apache-2.0
"""What the seal promises: only the receiver reads it, only the sender can have made it, any library opens it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe, jws
from joserfc.jwk import ECKey

from engine.border.jwk import RecipientKey, decoded, encoded, exported, key_set, public_key, thumbprint
from engine.border.sealing import MAX_PAYLOAD_BYTES, MAX_SEALED_CHARS, MESSAGE_TYPE, Opener, Sealer
from engine.core.errors import EngineError
from tests.unit.border_desk import NOW, ORDERED, Border, Side

PAYLOAD = '{"procedure":"move.move-out-notice","fields":{"name":"届出 花子"}}'.encode()
JWE = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"], strict_check_header=False)
JWS = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
SHARED = {
    "id": ORDERED.id,
    "type": ORDERED.type,
    "subject": ORDERED.subject,
    "source": ORDERED.source,
    "sequence": ORDERED.sequence,
}
Change = Callable[[dict[str, Any]], object]


def theirs(key: Any) -> ECKey:
    """Return a key, or a JWK of ours, as the other library has it."""
    return ECKey.import_key(key)


def unchanged(header: dict[str, Any]) -> None:
    """Leave the header as it is."""


def by_joserfc(
    sender: Side,
    receiver: Side,
    *,
    inner: Change = unchanged,
    outer: Change = unchanged,
    signer: ec.EllipticCurvePrivateKey | None = None,
) -> str:
    """Sign and seal with another library, after some change to a header."""
    head: dict[str, Any] = {
        "alg": "ES256",
        "kid": sender.kid,
        "typ": MESSAGE_TYPE,
        "aud": receiver.address.kid,
        **SHARED,
    }
    inner(head)
    signed = jws.serialize_compact(head, PAYLOAD, theirs(signer or sender.signing), registry=JWS)
    around: dict[str, Any] = {
        "alg": "ECDH-ES+A256KW",
        "enc": "A256GCM",
        "kid": receiver.address.kid,
        "cty": "JOSE",
        **SHARED,
    }
    outer(around)
    key = theirs(exported(receiver.address.key, use="enc"))
    wide = jwe.JWERegistry(algorithms=[around["alg"], around["enc"], "DEF"], strict_check_header=False)
    return jwe.encrypt_compact(around, signed, key, registry=wide)


def refused(border: Border, sealed: str, attributes: Any = ORDERED) -> str:
    with pytest.raises(EngineError) as refusal:
        border.office.opener.open(attributes, sealed)
    assert "花子" not in str(refusal.value)
    return refusal.value.code


# --- it works, with us and with others ----------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"{}", PAYLOAD, bytes(MAX_PAYLOAD_BYTES)])
def test_what_was_sealed_comes_out_byte_for_byte(payload: bytes) -> None:
    border = Border()

    sealed = border.engine.sealer.seal(ORDERED, payload, border.office.address)

    assert border.office.opener.open(ORDERED, sealed) == payload
    assert len(sealed) < MAX_SEALED_CHARS


def test_another_library_opens_what_we_sealed() -> None:
    border = Border()
    sealed = border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address)

    outer = jwe.decrypt_compact(sealed, theirs(border.office.decryption), registry=JWE)
    assert outer.plaintext is not None
    inner = jws.deserialize_compact(
        outer.plaintext,
        theirs(exported(border.engine.signing.public_key(), use="sig")),
        registry=JWS,
    )

    assert inner.payload == PAYLOAD
    assert SHARED.items() <= inner.headers().items()
    assert SHARED.items() <= outer.headers().items()
    assert inner.headers()["time"] == "2026-11-23T01:02:03Z"
    assert outer.headers()["kid"] == border.office.address.kid


def test_we_open_what_another_library_sealed() -> None:
    border = Border()

    assert border.office.opener.open(ORDERED, by_joserfc(border.engine, border.office)) == PAYLOAD


# --- everything else is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "o_" + "z" * 26),
        ("type", "jp.todoke.order.amend.v1"),
        ("subject", "r_" + "z" * 26),
        ("source", "/organisations/2130001099999"),
        ("sequence", 8),
        ("time", NOW + timedelta(seconds=1)),
    ],
)
def test_another_envelope_around_the_same_seal_is_refused(name: str, value: object) -> None:
    border = Border()
    sealed = border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address)
    changed: dict[str, Any] = {name: value}

    assert refused(border, sealed, replace(ORDERED, **changed)) == "seal-mismatch"


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("where", ["inner", "outer"])
def test_a_header_that_says_otherwise_is_refused(where: str, name: str) -> None:
    border = Border()
    changed = 8 if name == "sequence" else "r_other"
    changes: dict[str, Any] = {where: lambda header: header.update({name: changed})}

    assert refused(border, by_joserfc(border.engine, border.office, **changes)) == "seal-mismatch"


@pytest.mark.parametrize("name", [*SHARED, "kid", "alg"])
@pytest.mark.parametrize("where", ["inner", "outer"])
def test_a_header_that_leaves_something_out_is_refused(where: str, name: str) -> None:
    border = Border()
    whole = by_joserfc(border.engine, border.office)

    sealed = rewritten(border, whole, where, lambda header: header.pop(name))

    assert refused(border, sealed) == "seal-malformed"


def rewritten(border: Border, sealed: str, where: str, change: Change) -> str:
    """Change a header by hand, as a library would not; the inner one is sealed again around it."""
    if where == "outer":
        head, rest = sealed.split(".", 1)
        header = json.loads(decoded(head.encode()))
        change(header)
        return f"{encoded(json.dumps(header).encode()).decode()}.{rest}"
    plain = jwe.decrypt_compact(sealed, theirs(border.office.decryption), registry=JWE).plaintext
    assert plain is not None
    head, rest = plain.decode().split(".", 1)
    header = json.loads(decoded(head.encode()))
    change(header)
    plain = f"{encoded(json.dumps(header).encode()).decode()}.{rest}".encode()
    around = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": border.office.address.kid, **SHARED}
    return jwe.encrypt_compact(
        around, plain, theirs(exported(border.office.address.key, use="enc")), registry=JWE
    )


@pytest.mark.parametrize("alg", ["none", "HS256", "ES384", "RS256", "es256"])
def test_a_signature_by_another_algorithm_is_refused(alg: str) -> None:
    border = Border()
    sealed = rewritten(
        border, by_joserfc(border.engine, border.office), "inner", lambda head: head.update(alg=alg)
    )

    assert refused(border, sealed) == "seal-algorithm"


@pytest.mark.parametrize("change", [{"alg": "ECDH-ES+A128KW"}, {"enc": "A128GCM"}, {"enc": "A256CBC-HS512"}])
def test_another_encryption_is_refused(change: dict[str, str]) -> None:
    border = Border()

    sealed = by_joserfc(border.engine, border.office, outer=lambda header: header.update(change))

    assert refused(border, sealed) == "seal-algorithm"


@pytest.mark.parametrize(
    "extra", [{"zip": "DEF"}, {"crit": ["exp"], "exp": 1}, {"apu": "QQ"}, {"jku": "https://x"}]
)
def test_a_header_with_members_we_do_not_know_is_refused(extra: dict[str, Any]) -> None:
    border = Border()
    whole = by_joserfc(border.engine, border.office)

    for where in ("inner", "outer"):
        sealed = rewritten(border, whole, where, lambda header: header.update(extra))
        assert refused(border, sealed) == "seal-malformed"


def test_a_login_token_of_the_same_key_is_no_message() -> None:
    border = Border()

    sealed = by_joserfc(border.engine, border.office, inner=lambda header: header.update(typ="JWT"))

    assert refused(border, sealed) == "seal-algorithm"


def test_a_signature_by_a_stranger_is_refused() -> None:
    border = Border()
    stranger = ec.generate_private_key(ec.SECP256R1())

    assert refused(border, by_joserfc(border.engine, border.office, signer=stranger)) == "seal-signature"
    named = by_joserfc(
        border.engine,
        border.office,
        signer=stranger,
        inner=lambda header: header.update(kid=thumbprint(stranger.public_key())),
    )
    assert refused(border, named) == "seal-unknown-signer"


def test_one_organisation_cannot_speak_for_another() -> None:
    border = Border()
    claimed = replace(ORDERED, source=border.office.source)
    sealer = Sealer(border.bank.signing, kid=border.bank.kid, source=border.office.source, clock=border.clock)

    sealed = sealer.seal(claimed, PAYLOAD, border.engine.address)

    with pytest.raises(EngineError) as refusal:
        border.engine.opener.open(claimed, sealed)
    assert refusal.value.code == "seal-unknown-signer"


def test_an_organisation_cannot_pass_an_order_on_as_if_it_had_been_meant_for_another() -> None:
    border = Border()

    sealed = by_joserfc(
        border.engine, border.office, inner=lambda header: header.update(aud=border.bank.address.kid)
    )

    assert refused(border, sealed) == "seal-mismatch"


def test_nobody_but_the_receiver_opens_it() -> None:
    border = Border()
    sealed = border.engine.sealer.seal(ORDERED, PAYLOAD, border.bank.address)

    assert refused(border, sealed) == "seal-unknown-recipient"
    pretended = rewritten(
        border, sealed, "outer", lambda header: header.update(kid=border.office.address.kid)
    )
    assert refused(border, pretended) == "seal-unreadable"


def test_a_sealer_speaks_for_one_source_and_within_bounds() -> None:
    border = Border()

    with pytest.raises(EngineError) as other:
        border.engine.sealer.seal(replace(ORDERED, source="/else"), PAYLOAD, border.office.address)
    with pytest.raises(EngineError) as large:
        border.engine.sealer.seal(ORDERED, bytes(MAX_PAYLOAD_BYTES + 1), border.office.address)

    assert other.value.code == "seal-wrong-source"
    assert large.value.code == "seal-too-large"


def test_every_bit_counts() -> None:
    border = Border()
    sealed = border.engine.sealer.seal(ORDERED, b"{}", border.office.address)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    for place, character in enumerate(sealed):
        for bit in range(6):
            if character == ".":
                continue
            other = alphabet[alphabet.index(character) ^ 1 << bit]
            assert refused(border, sealed[:place] + other + sealed[place + 1 :]).startswith("seal-")


@pytest.mark.parametrize("part", range(3))
def test_every_part_of_the_signed_message_counts(part: int) -> None:
    border = Border()
    whole = by_joserfc(border.engine, border.office)
    plain = jwe.decrypt_compact(whole, theirs(border.office.decryption), registry=JWE).plaintext
    assert plain is not None
    parts = [decoded(one) for one in plain.split(b".")]
    around = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": border.office.address.kid, **SHARED}
    key = theirs(exported(border.office.address.key, use="enc"))

    for bit in range(0, len(parts[part]) * 8, 3):
        changed = bytearray(parts[part])
        changed[bit // 8] ^= 1 << bit % 8
        texts = [encoded(bytes(changed) if at == part else one) for at, one in enumerate(parts)]
        sealed = jwe.encrypt_compact(around, b".".join(texts), key, registry=JWE)
        assert refused(border, sealed).startswith("seal-")


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        ".",
        "....",
        "a.b.c.d.e",
        "a.b.c.d.e.f",
        "封",
        "eyJ9.a.a.a.a",
        "bnVsbA.a.a.a.a",
        "W10.a.a.a.a",
        "e30=.a.a.a.a",
    ],
)
def test_what_is_no_seal_is_refused(sealed: str) -> None:
    assert refused(Border(), sealed) == "seal-malformed"


@settings(max_examples=200)
@given(
    st.text(st.characters(codec="utf-8"), max_size=60), st.integers(0, 4), st.sampled_from(["raw", "base64"])
)
def test_no_part_however_strange_ends_in_another_error(strange: str, place: int, form: str) -> None:
    parts = BORDER.engine.sealer.seal(ORDERED, PAYLOAD, BORDER.office.address).split(".")
    parts[place] = strange if form == "raw" else encoded(strange.encode()).decode()

    assert refused(BORDER, ".".join(parts)).startswith("seal-")


BORDER = Border()


def test_a_point_off_the_curve_is_refused() -> None:
    border = Border()
    sealed = border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address)

    for x in (encoded(bytes(31) + b"\x01").decode(), "", "A" * 43, "A" * 4000, "***"):
        epk = {**outer_header(sealed)["epk"], "x": x}
        moved = rewritten(border, sealed, "outer", partial(dict.update, epk=epk))
        assert refused(border, moved) in {"seal-malformed", "seal-too-large"}


def test_a_message_over_the_bound_is_refused_before_it_is_read() -> None:
    assert refused(Border(), "a" * (MAX_SEALED_CHARS + 1)) == "seal-too-large"


# --- content keys -------------------------------------------------------------------------------


def outer_header(sealed: str) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(decoded(sealed.split(".", maxsplit=1)[0].encode()))
    return header


def test_one_content_key_serves_one_recipient_for_one_hour() -> None:
    border = Border()

    def epk(to: Side) -> str:
        return str(outer_header(border.engine.sealer.seal(ORDERED, PAYLOAD, to.address))["epk"]["x"])

    first, again, other = epk(border.office), epk(border.office), epk(border.bank)
    border.clock.move(timedelta(hours=1))
    later = epk(border.office)

    assert first == again
    assert len({first, other, later}) == 3


def test_each_message_has_its_own_key_and_nonce() -> None:
    border = Border()

    parts = [border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address).split(".") for _ in range(50)]

    assert len({part[1] for part in parts}) == len({part[2] for part in parts}) == 50


def test_a_content_key_serves_a_bounded_count() -> None:
    border = Border()
    before = outer_header(border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address))["epk"]

    border.engine.sealer._content_keys[border.office.address.kid].left = 1
    last = outer_header(border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address))["epk"]
    after = outer_header(border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address))["epk"]

    assert before == last != after


def test_a_forgotten_key_has_no_content_key_left() -> None:
    border = Border()
    before = outer_header(border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address))["epk"]

    border.engine.sealer.forget(border.office.address.kid)

    assert outer_header(border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address))["epk"] != before


def test_a_revoked_key_opens_and_signs_nothing_from_that_moment() -> None:
    border = Border()
    sealed = border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address)
    assert border.office.opener.open(ORDERED, sealed) == PAYLOAD

    signer = border.office.known.pop(("/engine", border.engine.kid))
    assert refused(border, sealed) == "seal-unknown-signer"

    border.office.known["/engine", border.engine.kid] = signer
    border.office.own.clear()
    border.office.opener.forget(border.office.address.kid)
    assert refused(border, sealed) == "seal-unknown-recipient"
    assert not border.office.opener._wrapping_keys


def test_the_opener_remembers_a_bounded_number_of_content_keys() -> None:
    border = Border()

    for _ in range(30):
        border.clock.move(timedelta(hours=1))
        sealed = border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address)
        assert border.office.opener.open(ORDERED, sealed) == PAYLOAD

    assert len(border.office.opener._wrapping_keys) == 8


def test_a_strangers_noise_is_not_remembered() -> None:
    border = Border()

    for _ in range(3):
        noise = by_joserfc(border.bank, border.office)
        assert refused(border, noise) == "seal-unknown-signer"

    assert not border.office.opener._wrapping_keys


# --- keys as JWK --------------------------------------------------------------------------------


def test_a_key_is_named_as_rfc_7638_names_it() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()

    jwk = exported(key, use="enc")

    assert jwk["kid"] == theirs(jwk).thumbprint() == RecipientKey.from_jwk(jwk).kid
    assert public_key(jwk, use="enc") == key
    assert key_set([jwk]) == {"keys": [jwk]}


def test_a_key_with_a_short_coordinate_keeps_its_length() -> None:
    """One key in 128 has a coordinate that begins with a zero byte."""
    keys = (ec.derive_private_key(number, ec.SECP256R1()).public_key() for number in range(1, 2000))

    key = next(key for key in keys if key.public_numbers().x < 2**248)

    assert public_key(exported(key, use="sig"), use="sig") == key


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"d": "secret"}, "invalid-key-private", "/d"),
        ({"kty": "RSA"}, "invalid-key", "/kty"),
        ({"crv": "P-384"}, "invalid-key", "/crv"),
        ({"use": "sig"}, "invalid-key", "/use"),
        ({"alg": "ES256"}, "invalid-key", "/use"),
        ({"kid": "A" * 43}, "invalid-key", "/kid"),
        ({"x": "A" * 43}, "invalid-key", "/x"),
        ({"x": "A" * 42}, "invalid-key", "/x"),
        ({"y": "A" * 42 + "B"}, "invalid-key", "/x"),
    ],
)
def test_what_is_no_public_key_is_refused(change: dict[str, str], code: str, pointer: str) -> None:
    jwk = exported(ec.generate_private_key(ec.SECP256R1()).public_key(), use="enc")

    with pytest.raises(EngineError) as refusal:
        public_key({**jwk, **change}, use="enc")

    assert (refusal.value.code, refusal.value.problems[0].pointer) == (code, pointer)


@pytest.mark.parametrize("jwk", [None, [], "x", 3, {}])
def test_what_is_no_jwk_is_refused(jwk: object) -> None:
    with pytest.raises(EngineError) as refusal:
        public_key(jwk, use="sig")
    assert refusal.value.code == "invalid-key"


@given(st.binary(max_size=80))
def test_only_one_text_stands_for_some_bytes(raw: bytes) -> None:
    text = encoded(raw)

    assert decoded(text) == raw
    noise = (b"    ", b"====", b"+/+/", b"\r\n\r\n", b"!!!!")
    for other in (text + b"=", text + b"\n", b" " + text, *(one + text for one in noise)):
        with pytest.raises(ValueError):
            decoded(other)


def test_a_key_on_another_curve_is_refused() -> None:
    with pytest.raises(EngineError) as refusal:
        RecipientKey(ec.generate_private_key(ec.SECP384R1()).public_key())
    assert refusal.value.code == "invalid-key"


def test_an_opener_needs_only_lookups() -> None:
    border = Border()
    opener = Opener({}, lambda source, kid: None)

    with pytest.raises(EngineError):
        opener.open(ORDERED, border.engine.sealer.seal(ORDERED, PAYLOAD, border.office.address))
