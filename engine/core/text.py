# SPDX-License-Identifier: Apache-2.0
"""Words that people read, in both languages of the product."""

from pydantic import BaseModel, ConfigDict


class Text(BaseModel):
    """One sentence or title: Japanese first, English beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ja: str
    en: str
