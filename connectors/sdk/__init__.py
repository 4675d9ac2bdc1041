# SPDX-License-Identifier: Apache-2.0
"""Everything a connector needs, in one import; see docs/connectors.md."""

from connectors.sdk.clerk import Clerk, Office, Question, choice
from connectors.sdk.connector import Connector, OrganisationClosed, OrganisationUnavailable
from connectors.sdk.desk import Amend, Answered, Desk, Order, Submit, Withdraw
from connectors.sdk.fields import Address, Fields, Mover, PersonName, Phone
from connectors.sdk.replies import (
    Accepted,
    Amended,
    Answer,
    Answering,
    Asked,
    Completed,
    Irrevocable,
    IssuedDocument,
    Later,
    Received,
    Refused,
    Reply,
    Withdrawn,
)
from engine.core.text import Text

__all__ = [
    "Accepted",
    "Address",
    "Amend",
    "Amended",
    "Answer",
    "Answered",
    "Answering",
    "Asked",
    "Clerk",
    "Completed",
    "Connector",
    "Desk",
    "Fields",
    "Irrevocable",
    "IssuedDocument",
    "Later",
    "Mover",
    "Office",
    "Order",
    "OrganisationClosed",
    "OrganisationUnavailable",
    "PersonName",
    "Phone",
    "Question",
    "Received",
    "Refused",
    "Reply",
    "Submit",
    "Text",
    "Withdraw",
    "Withdrawn",
    "choice",
]
