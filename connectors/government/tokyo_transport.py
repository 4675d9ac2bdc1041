# SPDX-License-Identifier: Apache-2.0
"""東京運輸支局 (Tokyo's transport bureau), simulated: changes the registration of a car (変更登録)."""

from typing import ClassVar

from connectors.government.vehicle_records import OwnerNameDesk, RecordDesk
from connectors.sdk import Office, Text
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="東京運輸支局（見本）", en="Tokyo Transport Bureau (Simulator)")


class RegistrationDesk(RecordDesk):
    """Only with a certificate of the garage, which the police have sent over."""

    receipts = "東運第{}号"
    letter = Letterhead(
        _NAME,
        "inspection-certificate",
        Text(ja="自動車検査証記録事項（見本）", en="Record of the inspection certificate (sample)"),
        Text(
            ja="変更登録をしました。車検証のICタグは次の手続のときに書き換えます。",
            en="The registration was changed; the chip of the certificate is rewritten at the next occasion.",
        ),
    )


class NewNameDesk(OwnerNameDesk):
    """The name of an owner who married."""

    receipts = RegistrationDesk.receipts
    letter = RegistrationDesk.letter


class TokyoTransportSimulator(Office):
    """The bureau of the new address."""

    number = "1999999000008"
    name = _NAME
    kind = "state"
    areas = ("130001",)
    clerks: ClassVar = {
        "move.car-registration": RegistrationDesk(),
        "marriage.car-registration": NewNameDesk(),
    }
    examples: ClassVar = {
        "move.car-registration": {
            "name": samples.NAME,
            "newAddress": samples.NEW_ADDRESS,
            "plate": "室蘭 300 あ 12-34",
            "chassis": "ABC12-3456789",
        }
    }
