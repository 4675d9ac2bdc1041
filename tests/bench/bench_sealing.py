# SPDX-License-Identifier: Apache-2.0
"""What one message costs at the border, in microseconds of CPU: run it with `python -m tests.bench.bench_sealing`.

joserfc does the same work beside it, so that the figures can be read on any machine.
"""

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwe, jws
from joserfc.jwk import ECKey

from engine.border.envelope import (
    EXAMPLES,
    open_reply,
    parse_payload,
    parse_reply,
    seal_event,
)
from engine.border.jwk import RecipientKey, thumbprint
from engine.border.names import reference
from engine.border.sealing import Opener, Sealer

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
SOURCE = "/organisations/1130001012345"
ROUNDS, CALLS = 15, 200
ES256 = ec.ECDSA(SHA256())


class Still:
    def now(self) -> datetime:
        return NOW


def measure(name: str, call: Callable[[], object]) -> None:
    call()
    costs = []
    for _ in range(ROUNDS):
        start = time.process_time_ns()
        for _ in range(CALLS):
            call()
        costs.append((time.process_time_ns() - start) / CALLS / 1000)
    print(f"{name:52} {statistics.median(costs):8.1f} µs   ({min(costs):.1f}-{max(costs):.1f})")


def main() -> None:
    signing = ec.generate_private_key(ec.SECP256R1())
    decryption = ec.generate_private_key(ec.SECP256R1())
    verification, recipient = signing.public_key(), RecipientKey(decryption.public_key())
    sealer = Sealer(signing, kid=thumbprint(verification), source=SOURCE, clock=Still())
    opener = Opener({recipient.kid: decryption}, lambda _source, _kid: verification)
    kind = "jp.todoke.reply.completed.v1"
    payload = parse_payload(kind, json.dumps(EXAMPLES[kind]).encode())
    name = reference(bytes(32), organisation="1130001012345", filing_id=UUID(int=1), route=0)
    text = payload.wire().ljust(870)  # the size of performance.md §2.7

    def event() -> bytes:
        return seal_event(
            payload, id="reply-1", subject=name, sequence=1, time=NOW, sealer=sealer, recipient=recipient
        )

    raw = event()
    attributes = parse_reply(raw).attributes
    sealed = sealer.seal(attributes, text, recipient)
    print(f"payload {len(text)} bytes, sealed {len(sealed)}; CPU of one message, median of {ROUNDS}")
    measure("seal (sign + encrypt)", lambda: sealer.seal(attributes, text, recipient))
    measure("open (decrypt + verify)", lambda: opener.open(attributes, sealed))
    measure("seal_event: payload to envelope", event)
    measure("open_reply: envelope to payload", lambda: open_reply(raw, opener))
    measure("  of it: envelope", lambda: parse_reply(raw))
    measure("  of it: payload", lambda: parse_payload(kind, text))
    measure("bare: ECDSA sign", lambda: signing.sign(text, ES256))
    signature = signing.sign(text, ES256)
    measure("bare: ECDSA verify", lambda: verification.verify(signature, text, ES256))
    compare(signing, decryption, text)


def compare(signing: ec.EllipticCurvePrivateKey, decryption: ec.EllipticCurvePrivateKey, text: bytes) -> None:
    signer, receiver = ECKey.import_key(signing), ECKey.import_key(decryption)
    inner, outer = ["ES256"], ["ECDH-ES+A256KW", "A256GCM"]

    def seal() -> str:
        signed = jws.serialize_compact({"alg": "ES256"}, text, signer, algorithms=inner)
        return jwe.encrypt_compact({"alg": outer[0], "enc": outer[1]}, signed, receiver, algorithms=outer)

    def open_() -> bytes:
        signed = jwe.decrypt_compact(sealed, receiver, algorithms=outer).plaintext or b""
        return jws.deserialize_compact(signed, signer, algorithms=inner).payload

    sealed = seal()
    measure("joserfc, the same: seal", seal)
    measure("joserfc, the same: open", open_)


if __name__ == "__main__":
    main()
