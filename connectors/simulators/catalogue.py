# SPDX-License-Identifier: Apache-2.0
"""The simulated organisations by the name one starts them with, and how each usually behaves."""

from dataclasses import dataclass, field
from typing import Any, Final

from connectors.government.chiyoda_city import ChiyodaCitySimulator
from connectors.government.muroran_city import MuroranCitySimulator
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import CUSTOMER_NUMBER, NhkSimulator
from connectors.sdk import Connector
from connectors.sdk.keys import OwnKeys
from connectors.simulators.behaviour import Behaviour


@dataclass(frozen=True, slots=True)
class Simulated:
    """One organisation, and its dial as it stands unless somebody turns it."""

    connector: Connector
    behaviour: Behaviour = field(default_factory=Behaviour)


SIMULATORS: Final = {
    "muroran-city": Simulated(MuroranCitySimulator()),
    "chiyoda-city": Simulated(ChiyodaCitySimulator()),
    "mihon-power": Simulated(MihonPowerSimulator()),
    "nhk-simulator": Simulated(NhkSimulator(), Behaviour(refuse_first=CUSTOMER_NUMBER)),
}


def registration(
    connector: Connector, keys: OwnKeys, *, channel: str, endpoint: str | None = None
) -> dict[str, Any]:
    """Return what the registry must know of the organisation, as `engine.registry.seed` takes it."""
    areas: list[str | None] = list(connector.areas) or [None]
    return {
        "number": connector.number,
        "name": connector.name.model_dump(),
        "kind": connector.kind,
        "channel": channel,
        "endpoint": endpoint,
        "areas": list(connector.areas),
        "subscriptions": [
            {"slug": slug, "area": area} for slug in sorted(connector.procedures) for area in areas
        ],
        "keys": keys.public()["keys"],
    }
