# SPDX-License-Identifier: Apache-2.0
"""One rule puts the four verdicts together."""

from datetime import timedelta

import pytest

from engine.core.errors import EngineError
from engine.identity import codes
from engine.identity.verdict import Finding, ProvenTime, Standing, Status, Verdicts
from tests.unit.identity_desk import START

FINE, GOOD, NOW = Finding(), Status(Standing.GOOD), ProvenTime(START, "tsa")
assert codes


def revoked(after: timedelta) -> Status:
    return Status(Standing.REVOKED, revoked_at=START + after)


@pytest.mark.parametrize(
    ("verdicts", "refusal"),
    [
        (Verdicts(FINE, FINE, GOOD, NOW), None),
        (Verdicts(Finding("signature-invalid"), FINE, GOOD, NOW), "signature-invalid"),
        (Verdicts(FINE, Finding("chain-invalid"), GOOD, NOW), "chain-invalid"),
        (Verdicts(FINE, FINE, Status(Standing.UNKNOWN), NOW), "status-unknown"),
        (Verdicts(FINE, FINE, Status(Standing.UNAVAILABLE), NOW), "status-unavailable"),
        (Verdicts(FINE, FINE, GOOD, None), "signature-time-unproven"),
        (Verdicts(FINE, FINE, revoked(timedelta(seconds=1)), NOW), None),
        (Verdicts(FINE, FINE, revoked(timedelta()), NOW), "status-revoked"),
        (Verdicts(FINE, FINE, revoked(timedelta(seconds=-1)), NOW), "status-revoked"),
        (Verdicts(FINE, FINE, Status(Standing.REVOKED), NOW), "status-revoked"),
        (Verdicts(FINE, FINE, revoked(timedelta(days=1)), None), "signature-time-unproven"),
        (Verdicts(Finding("signature-invalid"), FINE, revoked(timedelta(days=1)), NOW), "signature-invalid"),
    ],
)
def test_a_signature_counts_when_it_existed_before_the_revocation(
    verdicts: Verdicts, refusal: str | None
) -> None:
    assert verdicts.refusal() == refusal


def test_what_may_be_known_later_may_be_tried_again() -> None:
    for standing in (Standing.UNKNOWN, Standing.UNAVAILABLE):
        with pytest.raises(EngineError) as refused:
            Verdicts(FINE, FINE, Status(standing), NOW).require()

        assert refused.value.status == 503
