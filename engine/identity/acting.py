# SPDX-License-Identifier: Apache-2.0
"""Who acts in another's place, and what a mandate says of it: the same word in evidence and journal."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from engine.core.standing import Standing
from engine.identity.assistance import BASES, Assistance
from engine.identity.mandate import OnBehalf
from engine.identity.representation import POWERS, Representation

_ATTESTED: Final = (
    "申請者は、本人確認を受けたうえで、私の面前で、下記の届出・申請と、それに必要な事項の提供を、下記の受取先ごとに"
    "書面で委任し、同意しました。私は窓口の係員として、このことを証明します。"
    " / The applicant was identified, and in my presence has entrusted Todoke in writing with the filings"
    " below and agreed to what each recipient is told. As staff of the counter I attest this."
)
_REPRESENTED: Final = (
    "私は、{ja}（{law}）として、本人に代わり、下記の届出・申請と、それに必要な事項の提供を、下記の受取先ごとに委任し、"
    "同意します。 / As {en} I entrust Todoke, for the person represented, with the filings below and agree"
    " to what each recipient is told."
)


@dataclass(frozen=True, slots=True)
class Assisted:
    """Staff of a counter acts while the citizen sits there."""

    assistance: Assistance

    @property
    def subject(self) -> UUID:
        """For whom."""
        return self.assistance.citizen

    @property
    def actor(self) -> str:
        """Under which name the journal knows who acts."""
        return f"counter:{self.assistance.staff}/{self.assistance.id}"

    @property
    def standing(self) -> Standing:
        """How they stand to the person."""
        return Standing.ASSISTED

    @property
    def mark(self) -> str:
        """Who the person has to be in the facts."""
        return self.assistance.mark

    @property
    def statement(self) -> str:
        """What the signature says."""
        return _ATTESTED

    @property
    def stated(self) -> OnBehalf:
        """What a mandate says of it."""
        basis = BASES[self.assistance.basis]
        return OnBehalf(
            kind=Standing.ASSISTED.value,
            basis=self.assistance.basis.value,
            text=f"窓口の係員による補助。本人の来庁と書面の同意。本人確認：{basis.ja}",
            text_en=f"Assisted by staff, the person being there and agreeing in writing; by {basis.en}",
            reference=self.assistance.id,
        )


@dataclass(frozen=True, slots=True)
class Represented:
    """A representative acts with their own card."""

    representation: Representation

    @property
    def subject(self) -> UUID:
        """For whom."""
        return self.representation.represented

    @property
    def actor(self) -> str:
        """Under which name the journal knows who acts."""
        return f"representative:{self.representation.representative}/{self.representation.id}"

    @property
    def standing(self) -> Standing:
        """How they stand to the person."""
        return Standing.REPRESENTED

    @property
    def mark(self) -> str:
        """Who the person has to be in the facts."""
        return self.representation.mark

    @property
    def statement(self) -> str:
        """What the signature says."""
        power = POWERS[self.representation.kind]
        return _REPRESENTED.format(ja=power.name.ja, en=power.name.en, law=power.law)

    @property
    def stated(self) -> OnBehalf:
        """What a mandate says of it."""
        power = POWERS[self.representation.kind]
        return OnBehalf(
            kind=self.representation.kind.value,
            basis=power.law,
            text=f"{power.name.ja}による代理",
            text_en=f"Represented by the {power.name.en}",
            reference=self.representation.id,
        )


Acting = Assisted | Represented
