# SPDX-License-Identifier: Apache-2.0
"""Moving (引越し): what the law and the contracts ask of a household that changes its address."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Annotated, Final, Self

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from engine.core.calendars import Authority
from engine.core.deadline_rules import (
    FactDay,
    Nature,
    Offset,
    OpenDaysBefore,
    Promptness,
    Severity,
    Soft,
    Window,
    Within,
)
from engine.core.errors import Problem
from engine.core.lifecycle import Way
from engine.core.periods import Unit
from engine.core.plan import Condition, FactField, Grade, LifeEvent, Procedure, Receiver, Sought
from engine.core.text import Text
from workflows.common import Address, Contract, EventDay, Facts, Line, Name, Person, Phone, YesNo


class Mover(Person):
    """One person who moves. `national_pension` says that they pay it themselves (第1号被保険者)."""

    relation: Line
    national_pension: YesNo = False


class Contracts(Facts):
    """What has to be told about the move besides the authorities."""

    electricity: Contract | None = None
    gas: Contract | None = None
    nhk: Contract | None = None


class MovingFacts(Facts):
    """What a household tells about its move. The applicant is one of the movers, the first."""

    moving_date: EventDay
    old_address: Address
    new_address: Address
    movers: Annotated[tuple[Mover, ...], Field(min_length=1, max_length=20)]
    head: Name
    phone: Phone
    contracts: Contracts = Contracts()

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.old_address == self.new_address:
            raise PydanticCustomError("same-address", "the new address is the old one")
        return self

    @property
    def applicant(self) -> Mover:
        """The person who tells it."""
        return self.movers[0]

    @property
    def leaves_municipality(self) -> bool:
        """Say whether another municipality becomes responsible."""
        return self.old_address.municipality != self.new_address.municipality


PLANNED_AHEAD: Final = timedelta(days=366)  # a move cannot be told earlier; a late one has no such bound

# --- what is told, and where it comes from ----------------------------------------------------------


def _json(facts: Facts) -> JsonValue:
    return facts.as_json()


def _mover(mover: Mover) -> JsonValue:
    told = mover.as_json()
    told.pop("nationalPension")
    return told


def _customer(of: Callable[[Contracts], Contract | None]) -> Callable[[MovingFacts, str], JsonValue]:
    def read(facts: MovingFacts, _: str) -> JsonValue:
        contract = of(facts.contracts)
        return contract.customer_number if contract else None

    return read


def _day(facts: MovingFacts, _: str) -> JsonValue:
    return facts.moving_date.isoformat()


FIELDS: Final[tuple[FactField[MovingFacts], ...]] = (
    FactField("name", Text(ja="氏名", en="Name"), lambda f, _: _json(f.applicant.name)),
    FactField("kana", Text(ja="振り仮名", en="Reading of the name"), lambda f, _: _json(f.applicant.kana)),
    FactField(
        "birthDate", Text(ja="生年月日", en="Date of birth"), lambda f, _: f.applicant.birth_date.isoformat()
    ),
    FactField("oldAddress", Text(ja="旧住所", en="Old address"), lambda f, _: _json(f.old_address)),
    FactField("newAddress", Text(ja="新住所", en="New address"), lambda f, _: _json(f.new_address)),
    FactField("movingDate", Text(ja="異動日（引越し日）", en="Day of the move"), _day),
    FactField("movers", Text(ja="異動する人", en="Who moves"), lambda f, _: [_mover(m) for m in f.movers]),
    FactField("head", Text(ja="新しい世帯主", en="New head of household"), lambda f, _: _json(f.head)),
    FactField("phone", Text(ja="電話番号", en="Telephone"), lambda f, _: f.phone),
    FactField("stopOn", Text(ja="使用停止日", en="Last day of use"), _day),
    FactField("startOn", Text(ja="使用開始日", en="First day of use"), _day),
    FactField(
        "electricityCustomer",
        Text(ja="電気のお客さま番号", en="Electricity customer number"),
        _customer(lambda c: c.electricity),
        "customerNumber",
    ),
    FactField(
        "gasCustomer",
        Text(ja="ガスのお客さま番号", en="Gas customer number"),
        _customer(lambda c: c.gas),
        "customerNumber",
    ),
    FactField(
        "nhkCustomer",
        Text(ja="NHKのお客様番号", en="NHK customer number"),
        _customer(lambda c: c.nhk),
        "customerNumber",
    ),
)

# --- to whom ----------------------------------------------------------------------------------------


def _old(facts: MovingFacts) -> Sought:
    return Sought(facts.old_address.text, area=facts.old_address.municipality)


def _new(facts: MovingFacts) -> Sought:
    return Sought(facts.new_address.text, area=facts.new_address.municipality)


def _company(
    of: Callable[[Contracts], Contract | None], unnamed: Text, *, is_chosen: bool = True
) -> Callable[[MovingFacts], Sought]:
    """Return the company of the contract; one that has no competitors need not be chosen."""

    def find(facts: MovingFacts) -> Sought:
        contract = of(facts.contracts) or Contract()
        name = contract.company_name
        words = Text(ja=name, en=name) if name else unnamed
        return Sought(words, number=contract.company, is_chosen=is_chosen)

    return find


OLD_MUNICIPALITY: Final = Receiver("MUNI-OLD", _old)
NEW_MUNICIPALITY: Final = Receiver("MUNI-NEW", _new)

# --- when -------------------------------------------------------------------------------------------

MOVING_DATE: Final = FactDay(
    name="moving_date", text=Text(ja="引越しの日", en="the day of the move"), nature=Nature.PLANNED
)
# What counts for 転入届 is the day on which they really moved in, not the planned one.
MOVED_IN: Final = FactDay(
    name="moving_date",
    text=Text(ja="住み始めた日", en="the day of moving in"),
    nature=Nature.HAPPENED,
)
BETWEEN_MUNICIPALITIES: Final[Condition[MovingFacts]] = Condition(
    Text(ja="別の市区町村へ引っ越す", en="The household moves to another municipality"),
    lambda facts: facts.leaves_municipality,
)


def _has(of: Callable[[Contracts], Contract | None], text: Text) -> Condition[MovingFacts]:
    return Condition(text, lambda facts: of(facts.contracts) is not None)


def _dates(facts: MovingFacts) -> Mapping[str, date]:
    return {"moving_date": facts.moving_date}


def _doubts(facts: MovingFacts, today: date) -> tuple[Problem, ...]:
    """Return what cannot be so today: a move planned too far ahead, a person not born yet."""
    is_far = facts.moving_date > today + PLANNED_AHEAD
    far = (Problem("/movingDate", "invalid-too-far-ahead"),) if is_far else ()
    unborn = tuple(
        Problem(f"/movers/{number}/birthDate", "invalid-not-born-yet")
        for number, mover in enumerate(facts.movers)
        if mover.birth_date > today
    )
    return far + unborn


def _redated(facts: MovingFacts, day: date) -> MovingFacts:
    return facts.model_copy(update={"moving_date": day})


# --- the procedures ---------------------------------------------------------------------------------

PROCEDURES: Final[tuple[Procedure[MovingFacts], ...]] = (
    Procedure(
        slug="move.move-out-notice",
        title=Text(ja="転出届", en="Notice of moving out"),
        receiver=OLD_MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=(
            "name",
            "kana",
            "birthDate",
            "oldAddress",
            "newAddress",
            "movingDate",
            "movers",
            "phone",
        ),
        applies=BETWEEN_MUNICIPALITIES,
        deadline=Window(
            of=MOVING_DATE,
            opens=Offset(amount=-30),
            closes=Offset(amount=10),
            severity=Severity.FINE,
            basis="住民基本台帳法24条、52条2項",
            confirm=True,  # the window is that of the online service, the Act says only 「あらかじめ」
        ),
        basis="住民基本台帳法24条",
        in_force=date(1967, 11, 10),
        grade=Grade.SURE,
        who=Text(ja="本人、世帯主又は代理人", en="The person, the head of the household or an agent"),
        bring=(
            Text(ja="マイナンバーカード又は本人確認書類", en="My Number Card or another proof of identity"),
        ),
        if_late=Text(ja="5万円以下の過料", en="A fine of up to 50,000 yen"),
        documents=("move-out-certificate",),
    ),
    Procedure(
        slug="move.move-in-notice",
        title=Text(ja="転入届", en="Notice of moving in"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=(
            "name",
            "kana",
            "birthDate",
            "oldAddress",
            "newAddress",
            "movingDate",
            "movers",
            "head",
            "phone",
        ),
        applies=BETWEEN_MUNICIPALITIES,
        deadline=Within(
            of=MOVED_IN,
            amount=14,
            unit=Unit.DAYS,
            authority=Authority.MUNICIPAL,
            severity=Severity.FINE,
            basis="住民基本台帳法22条、52条2項",
        ),
        basis="住民基本台帳法22条、24条の2",
        in_force=date(1967, 11, 10),
        grade=Grade.SURE,
        after=("move.move-out-notice",),
        opens="moving_date",  # it cannot be filed before the household has moved in
        who=Text(ja="本人、世帯主又は代理人", en="The person, the head of the household or an agent"),
        bring=(
            Text(
                ja="異動する全員のマイナンバーカード（暗証番号）",
                en="The My Number Cards of all who move, with PINs",
            ),
            Text(ja="カードがない人は転出証明書", en="For those without a card, the move-out certificate"),
        ),
        steps=(
            Text(ja="住み始めてから窓口へ行く", en="Go to the counter after you have moved in"),
            Text(
                ja="カードの継続利用と署名用電子証明書の発行も同時に頼む",
                en="Have the cards continued and new signing certificates issued at the same visit",
            ),
        ),
        if_late=Text(
            ja="5万円以下の過料。カードが失効することがあります",
            en="A fine of up to 50,000 yen; the cards may become void",
        ),
        my_number=Text(
            ja="個人番号は窓口でカードから確認されます。Todoke は扱いません",
            en="The number is read from the card at the counter; Todoke never handles it",
        ),
    ),
    Procedure(
        slug="move.national-pension-address",
        title=Text(ja="国民年金 住所変更", en="National Pension: change of address"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=Condition(
            Text(
                ja="国民年金の第1号被保険者がいる（別の市区町村へ引っ越す）",
                en="Somebody who moves to another municipality pays the National Pension themselves",
            ),
            lambda facts: facts.leaves_municipality and any(m.national_pension for m in facts.movers),
        ),
        deadline=Within(
            of=MOVED_IN,
            amount=14,
            unit=Unit.DAYS,
            authority=Authority.MUNICIPAL,
            severity=Severity.CONVENIENCE,
            basis="国民年金法12条",
        ),
        basis="国民年金法12条、住民基本台帳法29条",
        in_force=date(2018, 3, 5),
        grade=Grade.SURE,
        rides_on="move.move-in-notice",
        steps=(
            Text(
                ja="転入届とともに届け出たものとされます。別の届出は要りません",
                en="It counts as filed with the notice of moving in; nothing else is needed",
            ),
        ),
    ),
    Procedure(
        slug="move.electricity",
        title=Text(ja="電気の停止・開始", en="Electricity: stop and start"),
        receiver=Receiver(
            "PRIV-ELEC",
            _company(lambda c: c.electricity, Text(ja="契約中の電力会社", en="Your electricity company")),
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=(
            "name",
            "oldAddress",
            "newAddress",
            "stopOn",
            "startOn",
            "electricityCustomer",
            "phone",
        ),
        applies=_has(
            lambda c: c.electricity,
            Text(ja="自分名義の電気の契約がある", en="There is an own electricity contract"),
        ),
        deadline=OpenDaysBefore(
            of=MOVING_DATE,
            amount=2,
            authority=Authority.PRIVATE,
            severity=Severity.CONVENIENCE,
            basis="小売供給約款",
            confirm=True,
        ),
        basis="契約（小売供給約款）",
        in_force=date(2016, 4, 1),
        grade=Grade.LIKELY,
        steps=(
            Text(
                ja="電力会社のページ又は電話で、旧住所の停止と新住所の開始を申し込む",
                en="Ask the company, online or by telephone, to stop at the old and start at the new address",
            ),
        ),
    ),
    Procedure(
        slug="move.gas",
        title=Text(ja="ガスの閉栓・開栓", en="Gas: close and open"),
        receiver=Receiver(
            "PRIV-GAS", _company(lambda c: c.gas, Text(ja="契約中のガス会社", en="Your gas company"))
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "oldAddress", "newAddress", "stopOn", "startOn", "gasCustomer", "phone"),
        applies=_has(
            lambda c: c.gas, Text(ja="自分名義のガスの契約がある", en="There is an own gas contract")
        ),
        deadline=OpenDaysBefore(
            of=MOVING_DATE,
            amount=5,
            authority=Authority.PRIVATE,
            severity=Severity.CONVENIENCE,
            basis="小売供給約款",
            confirm=True,
        ),
        basis="契約（小売供給約款）、ガス事業法159条（消費機器の調査）",
        in_force=date(2017, 4, 1),
        grade=Grade.LIKELY,
        steps=(
            Text(
                ja="ガス会社に閉栓と開栓を申し込み、開栓の時間帯を予約する",
                en="Ask the company to close and open, and book a time for the opening",
            ),
            Text(ja="開栓には立会いが必要です", en="Somebody has to be present at the opening"),
        ),
    ),
    Procedure(
        slug="move.nhk",
        title=Text(ja="NHK 受信契約の住所変更", en="NHK: change of address"),
        receiver=Receiver(
            "PRIV-NHK",
            _company(lambda c: c.nhk, Text(ja="日本放送協会（NHK）", en="NHK"), is_chosen=False),
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "oldAddress", "newAddress", "movingDate", "nhkCustomer", "phone"),
        applies=_has(lambda c: c.nhk, Text(ja="受信契約がある", en="There is a receiving contract")),
        deadline=Soft(
            promptness=Promptness.WITHOUT_DELAY,
            severity=Severity.CONVENIENCE,
            basis="日本放送協会放送受信規約",
        ),
        basis="放送法64条、日本放送協会放送受信規約",
        in_force=date(2025, 10, 1),
        grade=Grade.CHECK,
        steps=(
            Text(
                ja="NHK の受信料の窓口で住所変更を届け出る",
                en="Tell NHK's reception-fee desk the new address",
            ),
        ),
    ),
)

MOVING: Final = LifeEvent(
    slug="moving",
    title=Text(ja="引越し", en="Moving"),
    facts=MovingFacts,
    fields=FIELDS,
    dates=_dates,
    redated=_redated,
    doubts=_doubts,
    procedures=PROCEDURES,
)
