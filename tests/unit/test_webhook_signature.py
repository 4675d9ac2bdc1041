# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook, WebhookVerificationError

from connectors.channels.secrets import ROTATION, WebhookSecrets
from connectors.channels.signature import ID, SIGNATURE, TIMESTAMP, Signer, Verifier, public_text, secret_text
from engine.core.errors import EngineError
from engine.ports import Lane

OLD, NEW = b"o" * 32, b"n" * 32
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
BODY = '{"id":"o_1","data":"日本語"}'.encode()
NUMBER = "1130001012345"


def now() -> datetime:
    """The official library looks at the machine's own clock."""
    return datetime.now(UTC)


def test_the_official_library_verifies_what_we_send() -> None:
    headers = Signer([NEW], KEY).headers("o_1", BODY, now=now())

    assert Webhook(secret_text(NEW)).verify(BODY, headers) == {"id": "o_1", "data": "日本語"}


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_a_secret_changes_both_are_good(secret: bytes) -> None:
    headers = Signer([NEW, OLD], KEY).headers("o_1", BODY, now=now())

    Webhook(secret_text(secret)).verify(BODY, headers)


def test_the_official_library_refuses_what_was_changed() -> None:
    headers = Signer([NEW], KEY).headers("o_1", BODY, now=now())

    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(NEW)).verify(BODY, headers | {ID: "o_2"})
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(OLD)).verify(BODY, headers)


def test_we_verify_what_the_official_library_signs() -> None:
    at = now()
    signature = Webhook(secret_text(NEW)).sign("o_1", at, BODY.decode())
    headers = {ID: "o_1", TIMESTAMP: str(int(at.timestamp())), SIGNATURE: signature}

    assert Verifier([secret_text(NEW)]).verified(headers, BODY, now=at) == "o_1"


def test_whoever_has_only_the_public_key_verifies_too() -> None:
    headers = Signer([NEW], KEY).headers("o_1", BODY, now=now())
    public = Verifier([public_text(KEY.public_key())])

    assert public.verified(headers, BODY, now=now()) == "o_1"
    with pytest.raises(EngineError, match="not-signed-webhook"):
        public.verified(headers, BODY + b" ", now=now())


@pytest.mark.parametrize("name", [ID, TIMESTAMP, SIGNATURE])
def test_a_webhook_without_one_of_its_headers_is_refused(name: str) -> None:
    headers = Signer([NEW], KEY).headers("o_1", BODY, now=now())
    del headers[name]

    with pytest.raises(EngineError) as refused:
        Verifier([secret_text(NEW)]).verified(headers, BODY, now=now())
    assert refused.value.code == "not-signed-webhook"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_webhook_out_of_its_time_is_refused(minutes: int) -> None:
    at = now()
    headers = Signer([NEW]).headers("o_1", BODY, now=at)

    with pytest.raises(EngineError) as refused:
        Verifier([secret_text(NEW)]).verified(headers, BODY, now=at + timedelta(minutes=minutes))
    assert refused.value.code == "not-signed-webhook-late"


@pytest.mark.parametrize("signature", ["v1,%%%", "v1", "", "v2,AAAA", "v1a,AAAA", "v1," + "A" * 43 + "="])
def test_a_signature_of_another_make_is_refused(signature: str) -> None:
    headers = Signer([NEW]).headers("o_1", BODY, now=now()) | {SIGNATURE: signature}

    with pytest.raises(EngineError, match="not-signed-webhook"):
        Verifier([secret_text(NEW), public_text(KEY.public_key())]).verified(headers, BODY, now=now())


@pytest.mark.parametrize("text", ["whsec_", "whsec_AAAA", "whpk_AAAA", "whsec_ä", "whpk_" + "A" * 40])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(EngineError, match="invalid-webhook-key"):
        Verifier([text])


def test_the_secret_before_signs_beside_the_new_one_and_then_no_more() -> None:
    secrets = WebhookSecrets(lambda number, generation: (f"{number}{generation}".ljust(32).encode(),), KEY)
    at = now()
    before, after = Lane(number=NUMBER), Lane(number=NUMBER, secret_generation=2, secret_changed_at=at)
    old, new = (Verifier([secrets.told(lane)[0]]) for lane in (before, after))

    during = secrets.signer(after, at + ROTATION / 2).headers("o_1", BODY, now=at)
    later = secrets.signer(after, at + ROTATION).headers("o_1", BODY, now=at)

    assert old.verified(during, BODY, now=at) == new.verified(during, BODY, now=at) == "o_1"
    assert new.verified(later, BODY, now=at) == "o_1"
    with pytest.raises(EngineError, match="not-signed-webhook"):
        old.verified(later, BODY, now=at)
