# SPDX-License-Identifier: Apache-2.0
"""Where a postal code is: open to everybody, so that a page can fill in an address and ask for the rest."""

from typing import Annotated, Final

from pydantic import Field

from engine.core.views import View
from engine.registry.postal_codes import Place, places
from engine.web.api.common import OPEN, both
from engine.web.operations import Call, Group

PLACES: Final = Group("places", both("住所", "Addresses"))
PostalCode = Annotated[str, Field(pattern=r"^[0-9]{3}-?[0-9]{4}$")]


class PlaceView(View):
    """A municipality with the code; no `towns` means all its towns that have no code of their own."""

    municipality: str
    prefecture: str
    city: str
    towns: tuple[str, ...]


class PostalCodeView(View):
    """A postal code (郵便番号), and every municipality it is in."""

    postal_code: str
    places: tuple[PlaceView, ...]


@PLACES.operation(
    "GET",
    "/v1/postal-codes/{code}",
    who=OPEN,
    words=both("郵便番号から市区町村と町域を調べる", "Where a postal code is"),
    refusals=("no-such-postal-code",),
)
async def postal_code(call: Call, code: PostalCode) -> PostalCodeView:
    """Return its places, as facts have them; what is not found may still be right."""
    del call
    digits = code.replace("-", "")
    found = tuple(_view(place) for place in places(digits))
    return PostalCodeView(postal_code=f"{digits[:3]}-{digits[3:]}", places=found)


def _view(place: Place) -> PlaceView:
    where = place.municipality
    return PlaceView(
        municipality=where.code,
        prefecture=where.prefecture,
        city=f"{where.county}{where.name}",
        towns=place.towns,
    )
