# SPDX-License-Identifier: Apache-2.0
"""千代田区教育委員会 (Chiyoda's board of education), simulated: names the school (就学校の指定).

The law keeps the change of school with the notice of moving in, at the counter; the board takes what
was prepared and issues the notice (転入学通知書) that the new school asks for.
"""

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Refused, Text
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead


class Pupil(Fields):
    """What the board needs of a child (学校教育法施行令5条)."""

    name: PersonName
    birth_date: date
    grade: Annotated[int, Field(ge=1, le=9)]
    guardian: PersonName
    new_address: Address
    old_school: str


class SchoolDesk(Clerk):
    """Names the school by the address; outside of its district it names none."""

    fields = Pupil
    receipts = "千教学第{}号"
    _LETTER = Letterhead(
        Text(ja="千代田区教育委員会（見本）", en="Chiyoda Board of Education (Simulator)"),
        "school-transfer-notice",
        Text(ja="転入学通知書（見本）", en="Notice of the new school (sample)"),
        Text(
            ja="在学証明書、教科用図書給与証明書とともに、指定された学校へ提出してください。",
            en="Hand it in at the school, with the certificates of the school before.",
        ),
    )
    _NOT_HERE = Refused(
        "other-district",
        Text(ja="千代田区の学区ではありません", en="The address is not in Chiyoda"),
        field="/newAddress/municipality",
    )

    def objection(self, fields: Pupil, desk: Desk) -> Refused | None:
        return None if fields.new_address.municipality == "131016" else self._NOT_HERE

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Pupil = order.fields
        school = "見本小学校" if told.grade <= 6 else "見本中学校"
        items = {
            ("児童生徒", "Pupil"): told.name,
            ("指定校", "School"): f"{school}（架空） 第{(told.grade - 1) % 6 + 1}学年",
            ("前の学校", "School before"): told.old_school,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.guardian, items, number=number, today=desk.today()),)


class ChiyodaSchoolsSimulator(Office):
    """The board of the municipality that is moved to."""

    number = "5999999000004"
    name = Text(ja="千代田区教育委員会（見本）", en="Chiyoda Board of Education (Simulator)")
    kind = "public-body"
    areas = ("131016",)
    clerks: ClassVar = {"move.school-transfer": SchoolDesk()}
    examples: ClassVar = {
        "move.school-transfer": {
            "name": samples.CHILD,
            "birthDate": samples.CHILD_BORN,
            "grade": 4,
            "guardian": samples.NAME,
            "newAddress": samples.NEW_ADDRESS,
            "oldSchool": "見本東小学校",
        }
    }
