# SPDX-License-Identifier: Apache-2.0
"""What a token costs: `python -m tests.bench.bench_token`, with SoftHSM, beside the same keys in files.

Wall time of one call after another in one process, for a token works while the process waits. A hardware
module has other figures: its own speed, and the way to it. This one shows what our side adds.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from engine.border.envelope import EXAMPLES
from engine.border.jwk import RecipientKey, thumbprint
from engine.border.sealing import Attributes, Opener, Sealer
from engine.clock import SystemClock
from engine.keys import Keys
from engine.keystore.files import FileStore
from engine.keystore.hardware import HardwareStore
from engine.keystore.port import PAIRS, SECRETS, KeyStore
from tests.softhsm import made, missing, token_at

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
ATTRIBUTES = Attributes("o_1", "jp.todoke.order.submit.v1", "r_1", "/engine", 1, NOW)
ROUNDS, CALLS = 7, 200
ES256 = ec.ECDSA(SHA256())


def measure(name: str, call: Callable[[], object]) -> None:
    call()
    rates = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        rates.append(CALLS / (time.perf_counter() - start))
    print(f"{name:44} {statistics.median(rates):8.0f} /s   ({min(rates):.0f}-{max(rates):.0f})")


def measured(where: str, store: KeyStore) -> None:
    for name in (*store.wrapping, *PAIRS, *SECRETS):
        store.make(name)
    start = time.perf_counter()
    keys = Keys.of(store)
    print(f"{where}: all keys opened in {(time.perf_counter() - start) * 1000:.0f} ms")
    kid, recipient = thumbprint(keys.signing.public_key()), RecipientKey(keys.decryption.public_key())
    sealer = Sealer(keys.signing, kid=kid, source="/engine", clock=SystemClock())
    opener = Opener({recipient.kid: keys.decryption}, lambda *_: keys.signing.public_key())
    text = json.dumps(EXAMPLES["jp.todoke.reply.completed.v1"]).encode().ljust(870)
    sealed = sealer.seal(ATTRIBUTES, text, recipient)
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key()

    def opened_afresh() -> None:
        opener.forget(recipient.kid)  # as the first message of an hour from one organisation
        opener.open(ATTRIBUTES, sealed)

    measure(f"{where}: sign", lambda: keys.signing.sign(text, ES256))
    measure(f"{where}: agree (ECDH)", lambda: keys.decryption.exchange(ec.ECDH(), stranger))
    measure(f"{where}: seal a message", lambda: sealer.seal(ATTRIBUTES, text, recipient))
    measure(f"{where}: open, key agreed before", lambda: opener.open(ATTRIBUTES, sealed))
    measure(f"{where}: open, key agreed anew", opened_afresh)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="todoke-bench-") as directory:
        base = Path(directory)
        measured("files", FileStore(base / "files"))
        if reason := missing():
            print(reason)
            return
        token = token_at(made(base))
        measured("SoftHSM", HardwareStore(token, base / "wrapped"))
        token.close()


if __name__ == "__main__":
    main()
