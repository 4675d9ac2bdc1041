# SPDX-License-Identifier: Apache-2.0
"""The gate as operators see it: numbers and codes, nobody's identity."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from engine.core.views import View
from engine.web.api.common import both
from engine.web.operations import Call, Group
from engine.web.security import Who

GATE: Final = Group("gate", both("本人確認の門", "The gate"))


class RefusalsOfDay(View):
    """How often something was refused on a day (UTC)."""

    day: date
    code: str
    count: int


class RootView(View):
    """A root that is believed."""

    use: str
    key: str
    algorithm: str
    not_after: datetime
    sources: tuple[str, ...]


class UndoneView(View):
    """A signature of a certificate that had been revoked before; what had not gone out was put aside."""

    case_id: UUID
    signed_at: datetime
    put_aside_at: datetime | None


class GateOverview(View):
    """Refusals of the last thirty days, the roots, how far the proofs of signatures are, and warnings."""

    environment: str
    refusals: tuple[RefusalsOfDay, ...]
    roots: tuple[RootView, ...]
    evidence: Mapping[str, int]
    undone: tuple[UndoneView, ...]
    warnings: tuple[str, ...]


@GATE.operation(
    "GET",
    "/v1/operator/gate",
    who=Who.OPERATOR,
    words=both("本人確認の門の様子", "How the gate is doing"),
)
async def gate_overview(call: Call) -> GateOverview:
    """Return what was refused and why, by code, and what about the trust store needs a hand."""
    seen = await call.doors.gate.view()
    return GateOverview(
        environment=seen.environment,
        refusals=tuple(RefusalsOfDay(day=one.day, code=one.code, count=one.count) for one in seen.refusals),
        roots=tuple(
            RootView(
                use=root.use,
                key=root.key,
                algorithm=root.algorithm,
                not_after=root.not_after,
                sources=root.sources,
            )
            for root in seen.roots
        ),
        evidence=seen.evidence,
        undone=tuple(
            UndoneView(case_id=one.case_id, signed_at=one.signed_at, put_aside_at=one.answered_at)
            for one in seen.undone
        ),
        warnings=seen.warnings,
    )
