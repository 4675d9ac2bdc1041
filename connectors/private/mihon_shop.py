# SPDX-License-Identifier: Apache-2.0
"""見本通販 (Mihon Shop), an invented online shop: told the account and the address, and nothing else."""

from typing import ClassVar

from connectors.private.ended_contracts import AccountEndDesk
from connectors.private.new_names import Examples, ShopNameDesk
from connectors.sdk import Address, Clerk, Desk, Fields, Office, Refused, Text
from connectors.simulators import samples


class ShopAccount(Fields):
    """Where parcels go from now on; it need not know who moves, or when."""

    account_id: str | None = None
    new_address: Address


class ParcelDesk(Clerk):
    """What was ordered before still goes to the old address."""

    fields = ShopAccount
    receipts = "MSP-{}"
    _NO_ACCOUNT = Refused(
        "account-missing",
        Text(ja="会員IDをご記入ください", en="Please give your account id"),
        field="/accountId",
        correctable=True,
    )

    def objection(self, fields: ShopAccount, desk: Desk) -> Refused | None:
        return None if fields.account_id else self._NO_ACCOUNT


class MihonShopSimulator(Office):
    """Mail order."""

    number = "7999999000019"
    name = Text(ja="見本通販（架空・見本）", en="Mihon Shop (fictitious, Simulator)")
    clerks: ClassVar = {
        "move.ecommerce": ParcelDesk(),
        "marriage.ecommerce": ShopNameDesk(),
        "death.ecommerce": AccountEndDesk(),
    }
    examples: ClassVar = {
        "marriage.ecommerce": Examples.shop,
        "move.ecommerce": {"accountId": "hanako-m", "newAddress": samples.NEW_ADDRESS},
    }
