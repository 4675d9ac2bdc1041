# SPDX-License-Identifier: Apache-2.0
"""A connector (コネクタ) is one class in one file: which procedures it takes, and what it does with them.

Each method may be a plain function, `async def`, or a generator of either kind, and answers with
values of replies.py. Everything else (keys, seals, repeats, order, loss, restarts) is the SDK's.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from connectors.sdk.desk import Amend, Answered, Desk, Submit, Withdraw
from connectors.sdk.fields import Fields
from connectors.sdk.replies import Answering, Irrevocable
from engine.core.text import Text

_NO_AMENDMENT = Text(
    ja="この機関ではオンラインで訂正できません。直接お問い合わせください",
    en="It cannot be corrected online; please contact the organisation",
)


class OrganisationClosed(Exception):
    """The organisation takes nothing now and nothing was done (開庁時間外、計画停止).

    The order is tried again after `minutes`, or, without them, soon. Should it be withdrawn before,
    it never reaches the organisation.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self.minutes = minutes
        super().__init__(minutes)


class OrganisationUnavailable(Exception):
    """The organisation's system did not answer: nobody knows whether it was done. Ask again, same id."""


class Connector(ABC):
    """One organisation's side of the border."""

    number: ClassVar[str]
    """The 13-digit corporate number (法人番号)."""
    name: ClassVar[Text]
    kind: ClassVar[Literal["state", "prefecture", "municipality", "public-body", "company"]] = "company"
    areas: ClassVar[tuple[str, ...]] = ()
    """The municipalities it serves, as 6-digit codes; empty for all of Japan."""
    acts_for: ClassVar[Mapping[str, Text]] = {}
    """The organisations for which it acts as their agent (受託者), by number; each order says for which."""
    procedures: ClassVar[Mapping[str, type[Fields]]]
    examples: ClassVar[Mapping[str, dict[str, Any]]] = {}
    """Fields of a procedure as they come on the wire, where a test wants others than everybody's example."""

    @abstractmethod
    def submit(self, order: Submit[Any], desk: Desk) -> Answering:
        """File it."""

    @abstractmethod
    def withdraw(self, order: Withdraw[Any], desk: Desk) -> Answering:
        """Undo it, or say that it can no longer be undone. Called only for what was filed."""

    def amend(self, order: Amend[Any], desk: Desk) -> Answering:  # noqa: ARG002 - for those that override it
        """Correct it; a connector that does not say how cannot."""
        return Irrevocable(receipt=order.id, reason=_NO_AMENDMENT)

    def answered(self, order: Answered[Any], desk: Desk) -> Answering:  # noqa: ARG002 - as above
        """Go on with the citizen's answer; only for connectors that ask."""
        return None

    def follow_up(self, order: Submit[Any], desk: Desk) -> Answering:  # noqa: ARG002 - as above
        """Go on with a filing whose time has come; only for connectors that answer `Later`."""
        return None
