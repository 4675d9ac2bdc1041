# SPDX-License-Identifier: Apache-2.0
"""Of a move, what other offices keep: licences, vehicles, dogs, land; and what asks for nothing."""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import Anytime, Promptness, Severity, Soft, Within
from engine.core.declaration import Condition, Grade, Kind, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Unit
from workflows.common import both
from workflows.holdings import VehicleKind
from workflows.moving_facts import Mover, MovingFacts, Vehicle
from workflows.moving_terms import (
    ALWAYS,
    BASE_NOTICES,
    ELECTIONS,
    KEI,
    MOVED_IN,
    NEW_MUNICIPALITY,
    NOBODY,
    OLD_MUNICIPALITY,
    POLICE,
    REGISTRY,
    TAX_DESK,
    TRANSPORT,
    Subjects,
    fortnight,
    movers,
)
from workflows.persons import LicenceForm
from workflows.terms import FINE_OF_50_000, UNDATED, some, things

_OWNER: Final = both("所有者又は代理人", "The owner or an agent")
_USER: Final = both("使用者又は代理人", "The user or an agent")
_RESIDENT_RECORD: Final = both("新住所の住民票の写し", "A copy of the new resident record")
_VEHICLES_SINCE: Final = date(1951, 7, 1)  # 道路運送車両法
# What is signed after the move needs a certificate that the move has not made void.
_SIGNED_ANEW: Final = (*BASE_NOTICES, "move.signing-cert-reissue")


def _vehicles(*kinds: VehicleKind, in_garage_area: bool = False) -> Subjects:
    """Return the vehicles of these kinds; `in_garage_area`, only those whose garage has to be shown."""

    def which(facts: MovingFacts, vehicle: Vehicle) -> bool:
        is_one = vehicle.kind in kinds and (vehicle.garage_area or not in_garage_area)
        return facts.stays_in_japan and is_one

    return things("/vehicles", lambda facts: facts.vehicles, which)


def _has_only_my_number_card(mover: Mover) -> bool:
    licence = mover.licence
    return licence is not None and licence.form is LicenceForm.MY_NUMBER_CARD and licence.one_stop


def _is_voter(facts: MovingFacts, mover: Mover) -> bool:
    return mover.residence is None and facts.has_reached(mover, 18)


def _vehicle_days(basis: str, severity: Severity, *, authority: Authority, confirm: bool) -> Within:
    return Within(
        of=MOVED_IN,
        amount=15,
        unit=Unit.DAYS,
        authority=authority,
        severity=severity,
        basis=basis,
        confirm=confirm,
    )


_cars = _vehicles(VehicleKind.CAR)
_garages = _vehicles(VehicleKind.CAR, VehicleKind.KEI, in_garage_area=True)
_kei_cars = _vehicles(VehicleKind.KEI)
_motorcycles = _vehicles(VehicleKind.MOTORCYCLE, VehicleKind.LIGHT_MOTORCYCLE)
_mopeds = _vehicles(VehicleKind.MOPED)
_dogs: Subjects = things(
    "/dogs",
    lambda facts: facts.dogs,
    lambda facts, dog: facts.stays_in_japan and facts.has_to_be_registered(dog),
)
_land: Subjects = things("/realEstate", lambda facts: facts.real_estate, lambda _, land: not land.ex_officio)
_one_stop = movers(lambda facts, mover: facts.stays_in_japan and _has_only_my_number_card(mover))
_licensed = movers(
    lambda facts, mover: (
        facts.stays_in_japan and mover.licence is not None and not _has_only_my_number_card(mover)
    )
)
_foreign = movers(lambda facts, mover: facts.stays_in_japan and mover.residence is not None)

OFFICES: Final[tuple[Procedure[MovingFacts], ...]] = (
    Procedure(
        slug="move.residence-card-address",
        title=both("在留カード等 住居地届出", "Residence card: new address"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("residenceCardNumber", "newAddress"),
        applies=some(
            _foreign,
            both(
                "中長期在留者又は特別永住者がいる",
                "Somebody is a mid- to long-term resident or a special permanent resident",
            ),
        ),
        deadline=fortnight(
            "出入国管理及び難民認定法19条の9、日本国との平和条約に基づき日本の国籍を離脱した者等の出入国管理に関する特例法10条",
            Severity.CONVENIENCE,
        ),
        basis="出入国管理及び難民認定法19条の9、住民基本台帳法30条の46",
        in_force=date(2012, 7, 9),
        grade=Grade.LIKELY,
        after=BASE_NOTICES,
        opens="moving_date",
        who=both("在留する本人", "The foreign resident"),
        bring=(both("在留カード又は特別永住者証明書", "The residence card"),),
        steps=(
            both(
                "転入届・転居届にカードを添えて出すと、届け出たものとされます",
                "Shown together with the notice of moving, it counts as filed",
            ),
        ),
        documents=("residence-card",),
        subjects=_foreign,
    ),
    Procedure(
        slug="move.passport",
        title=both("旅券", "Passport"),
        receiver=NOBODY,
        ways=(Way.AUTOMATIC,),
        needs=(),
        applies=ALWAYS,
        deadline=Anytime(basis="旅券法"),
        basis="旅券法",
        in_force=UNDATED,
        grade=Grade.SURE,
        said_kind=Kind.NO_OP,
        steps=(
            both(
                "何もする必要はありません。住所は旅券の記載事項ではなく、2020年より前の冊子の所持人記入欄は自分で直します",
                "Nothing is to do: no address is printed in it; in booklets from before 2020 the holder"
                " corrects the page by hand",
            ),
        ),
    ),
    Procedure(
        slug="move.drivers-license",
        title=both("運転免許 住所変更", "Driving licence: change of address"),
        receiver=POLICE,
        ways=(Way.VISIT,),
        needs=("name", "birthDate", "licenceNumber", "newAddress"),
        applies=some(_licensed, both("運転免許を持つ人がいる", "Somebody has a driving licence")),
        deadline=Soft(
            promptness=Promptness.PROMPTLY, severity=Severity.FINE, basis="道路交通法94条1項、121条"
        ),
        basis="道路交通法94条1項",
        in_force=date(1960, 12, 20),
        grade=Grade.SURE,
        after=BASE_NOTICES,
        opens="moving_date",
        who=both("本人（代理人を認める警察が多い）", "The holder; many police forces allow an agent"),
        bring=(
            both("運転免許証", "The licence"),
            both("新住所の住民票の写し又はマイナンバーカード", "A copy of the resident record, or the card"),
        ),
        if_late=both("2万円以下の罰金又は科料", "A fine of up to 20,000 yen"),
        documents=("licence-entry",),
        subjects=_licensed,
    ),
    Procedure(
        slug="move.drivers-license-oss",
        title=both("マイナ免許証 住所変更ワンストップ", "Licence on the My Number Card: one stop"),
        receiver=POLICE,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=some(
            _one_stop,
            both(
                "マイナ免許証だけを持ち、ワンストップを登録した人がいる",
                "Somebody has the licence on the My Number Card alone, and signed up for this",
            ),
        ),
        deadline=Anytime(basis="道路交通法95条の5第3項、同法施行規則21条の14"),
        basis="道路交通法95条の5第3項、同法施行規則21条の14",
        in_force=date(2025, 3, 24),
        grade=Grade.SURE,
        rides_on=BASE_NOTICES,
        steps=(
            both(
                "住民票の異動により自動的に変更されます。マイナポータルで確かめられます",
                "It changes with the resident record; it can be seen on Mynaportal",
            ),
        ),
        subjects=_one_stop,
    ),
    Procedure(
        slug="move.garage-certificate",
        title=both("自動車保管場所証明・届出（車庫証明）", "Certificate of the garage"),
        receiver=POLICE,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("name", "newAddress", "carModel", "chassis", "garageSketch", "garageConsent"),
        applies=some(
            _garages,
            both("自動車の新しい保管場所が対象地域にある", "A car is kept where its garage has to be shown"),
        ),
        deadline=_vehicle_days(
            "自動車の保管場所の確保等に関する法律7条",
            Severity.CONVENIENCE,
            authority=Authority.MUNICIPAL,
            confirm=True,
        ),
        basis="自動車の保管場所の確保等に関する法律4条、5条、7条",
        in_force=date(2025, 4, 1),  # no sticker (標章) since
        grade=Grade.LIKELY,
        after=_SIGNED_ANEW,
        opens="moving_date",
        who=_OWNER,
        bring=(
            both("保管場所の所在図・配置図", "A sketch of the garage and of its place"),
            both("使用承諾書又は自認書", "The consent of its owner, or one's own statement"),
        ),
        steps=(both("変更登録より前に受ける", "It is needed before the registration"),),
        documents=("garage-certificate",),
        subjects=_garages,
    ),
    Procedure(
        slug="move.car-registration",
        title=both("自動車 変更登録", "Car registration: change"),
        receiver=TRANSPORT,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("name", "newAddress", "plate", "chassis"),
        applies=some(_cars, both("登録自動車がある", "There is a registered car")),
        deadline=_vehicle_days(
            "道路運送車両法12条1項、109条", Severity.FINE, authority=Authority.NATIONAL, confirm=False
        ),
        basis="道路運送車両法12条1項",
        in_force=_VEHICLES_SINCE,
        grade=Grade.SURE,
        after=("move.garage-certificate", *_SIGNED_ANEW),
        opens="moving_date",
        who=_OWNER,
        bring=(both("車検証", "The inspection certificate"), _RESIDENT_RECORD),
        steps=(
            both(
                "オンライン（OSS）では、番号標の交換を次の車検まで待てることがある",
                "Online, the plates can often wait until the next inspection",
            ),
        ),
        if_late=both("50万円以下の罰金", "A fine of up to 500,000 yen"),
        documents=("inspection-certificate",),
        subjects=_cars,
    ),
    Procedure(
        slug="move.kei-car",
        title=both("軽自動車 変更記録", "Kei car: change"),
        receiver=KEI,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("name", "newAddress", "plate", "chassis"),
        applies=some(_kei_cars, both("軽自動車がある", "There is a kei car")),
        deadline=_vehicle_days(
            "道路運送車両法67条1項", Severity.CONVENIENCE, authority=Authority.NATIONAL, confirm=True
        ),
        basis="道路運送車両法67条1項",
        in_force=_VEHICLES_SINCE,
        grade=Grade.SURE,
        after=_SIGNED_ANEW,
        opens="moving_date",
        who=_USER,
        bring=(both("車検証", "The inspection certificate"), _RESIDENT_RECORD),
        documents=("inspection-certificate",),
        subjects=_kei_cars,
    ),
    Procedure(
        slug="move.motorcycle",
        title=both("バイク（126cc以上）住所変更", "Motorcycle above 125 cc: change of address"),
        receiver=TRANSPORT,
        ways=(Way.VISIT,),
        needs=("name", "newAddress", "plate", "chassis"),
        applies=some(_motorcycles, both("126cc以上のバイクがある", "There is a motorcycle above 125 cc")),
        deadline=_vehicle_days(
            "道路運送車両法67条、97条の3（要確認）",
            Severity.CONVENIENCE,
            authority=Authority.NATIONAL,
            confirm=True,
        ),
        basis="道路運送車両法67条、97条の3（要確認）",
        in_force=_VEHICLES_SINCE,
        grade=Grade.LIKELY,
        after=BASE_NOTICES,
        opens="moving_date",
        who=_USER,
        bring=(
            both("車検証又は軽自動車届出済証", "The inspection certificate or notification certificate"),
            _RESIDENT_RECORD,
        ),
        documents=("inspection-certificate",),
        subjects=_motorcycles,
    ),
    Procedure(
        slug="move.moped",
        title=both("原付 廃車・標識交付", "Moped: scrapping and new plate"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.VISIT, Way.PAPER),
        needs=("name", "newAddress", "chassis", "plate"),
        applies=some(_mopeds, both("原付（125cc以下）がある", "There is a moped of up to 125 cc")),
        deadline=_vehicle_days(
            "地方税法（軽自動車税種別割）、市区町村の税条例",
            Severity.CONVENIENCE,
            authority=Authority.MUNICIPAL,
            confirm=True,
        ),
        basis="地方税法（軽自動車税種別割）、市区町村の税条例",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=BASE_NOTICES,
        opens="moving_date",
        who=_OWNER,
        bring=(both("標識（ナンバープレート）と標識交付証明書", "The plate and its certificate"),),
        steps=(
            both(
                "旧住所地での廃車は、条例で30日以内とされることが多い",
                "To scrap the old plate, ordinances mostly give 30 days",
            ),
        ),
        documents=("plate-certificate",),
        subjects=_mopeds,
    ),
    Procedure(
        slug="move.dog-registration",
        title=both("犬の所在地変更", "Dog: new place"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.ONLINE, Way.VISIT),
        needs=("name", "newAddress", "phone", "dogNumber"),
        applies=some(_dogs, both("生後91日以上の犬がいる", "There is a dog of 91 days or more")),
        deadline=Within(
            of=MOVED_IN,
            amount=30,
            unit=Unit.DAYS,
            authority=Authority.MUNICIPAL,
            severity=Severity.CONVENIENCE,
            basis="狂犬病予防法4条4項",
        ),
        basis="狂犬病予防法4条4項、動物の愛護及び管理に関する法律39条の7",
        in_force=date(2022, 6, 1),
        grade=Grade.SURE,
        after=BASE_NOTICES,
        opens="moving_date",
        who=both("飼い主", "The owner"),
        bring=(both("鑑札又はマイクロチップの登録証明書", "The tag, or the proof of the microchip"),),
        steps=(
            both(
                "特例の市区町村では、環境大臣のマイクロチップ登録の変更で届け出たものとされます",
                "In some municipalities a change in the microchip register counts as this notice",
            ),
        ),
        documents=("dog-tag",),
        subjects=_dogs,
    ),
    Procedure(
        slug="move.bulky-waste",
        title=both("粗大ごみの収集", "Bulky waste"),
        receiver=OLD_MUNICIPALITY,
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "oldAddress", "phone", "items", "collectOn"),
        applies=Condition(
            both("粗大ごみを出す", "Something bulky is to be fetched"),
            lambda facts: facts.bulky_waste is not None and facts.old_address is not None,
        ),
        deadline=Soft(
            promptness=Promptness.BEFOREHAND,
            severity=Severity.CONVENIENCE,
            basis="廃棄物の処理及び清掃に関する法律6条の2、市区町村の条例",
        ),
        basis="廃棄物の処理及び清掃に関する法律6条の2、市区町村の条例",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        steps=(
            both(
                "収集日を予約する。3月・4月は2〜4週間前に",
                "Book the day; in March and April two to four weeks ahead",
            ),
        ),
        documents=("collection-receipt",),
    ),
    Procedure(
        slug="move.resident-tax",
        title=both("個人住民税", "Resident tax"),
        receiver=TAX_DESK,
        ways=(Way.AUTOMATIC,),
        needs=(),
        applies=ALWAYS,
        deadline=Anytime(basis="地方税法294条、318条"),
        basis="地方税法294条、300条、318条",
        in_force=UNDATED,
        grade=Grade.SURE,
        said_kind=Kind.NO_OP,
        steps=(
            both(
                "何もする必要はありません。1月1日に住民登録のあった市区町村が課税します。国外へ移る人は納税管理人を定めます",
                "Nothing is to do: the municipality of 1 January taxes; who goes abroad names a tax agent",
            ),
        ),
    ),
    Procedure(
        slug="move.real-estate-address",
        title=both("不動産 住所等変更登記", "Real estate: change of the owner's address"),
        receiver=REGISTRY,
        ways=(Way.SIGNED, Way.PAPER),
        needs=("name", "kana", "birthDate", "newAddress", "email", "propertyNumber"),
        applies=some(
            _land,
            both(
                "不動産を所有している（職権登記の申出をしていない）",
                "Somebody owns land or a house (and did not sign up for the change ex officio)",
            ),
        ),
        deadline=Within(
            of=MOVED_IN,
            amount=2,
            unit=Unit.YEARS,
            authority=Authority.NATIONAL,
            severity=Severity.FINE,
            basis="不動産登記法76条の5、164条2項",
            in_force=date(2026, 4, 1),
        ),
        basis="不動産登記法76条の5",
        in_force=date(2026, 4, 1),
        grade=Grade.SURE,
        after=_SIGNED_ANEW,
        opens="moving_date",
        who=both("所有権の登記名義人", "The owner in the register"),
        bring=(_RESIDENT_RECORD,),
        steps=(
            both(
                "検索用情報を一度申し出れば、次からは法務局が職権で変更します（76条の6）",
                "Once the data to be found by are given, the registry changes it by itself (art. 76-6)",
            ),
        ),
        if_late=FINE_OF_50_000,
        documents=("registration-complete",),
        subjects=_land,
    ),
    Procedure(
        slug="move.voter-roll",
        title=both("選挙人名簿", "Voters' list"),
        receiver=ELECTIONS,
        ways=(Way.AUTOMATIC,),
        needs=(),
        applies=Condition(
            both("18歳以上の日本国民が転入する", "A Japanese national of 18 or more moves in"),
            lambda facts: facts.enters_municipality and any(_is_voter(facts, one) for one in facts.movers),
        ),
        deadline=Anytime(basis="公職選挙法21条"),
        basis="公職選挙法21条",
        in_force=date(2016, 6, 19),
        grade=Grade.SURE,
        after=("move.move-in-notice",),
        said_kind=Kind.NO_OP,
        steps=(
            both(
                "何もする必要はありません。住民票ができて3か月で登録されます",
                "Nothing is to do: they are listed after three months of residence",
            ),
        ),
    ),
)
