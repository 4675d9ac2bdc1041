# SPDX-License-Identifier: Apache-2.0
"""The simulated organisations by the name one starts them with, and how each usually behaves."""

from dataclasses import dataclass, field
from typing import Any, Final

from connectors.government.chiyoda_city import ChiyodaCitySimulator
from connectors.government.chiyoda_schools import ChiyodaSchoolsSimulator
from connectors.government.family_court import FamilyCourtSimulator
from connectors.government.family_register import ChiyodaRegisterSimulator
from connectors.government.kei_inspection import KeiInspectionSimulator
from connectors.government.legal_affairs import LegalAffairsSimulator
from connectors.government.licence_ministry import LicenceMinistrySimulator
from connectors.government.muroran_city import MuroranCitySimulator
from connectors.government.muroran_transport import MuroranTransportSimulator
from connectors.government.muroran_water import MuroranWaterSimulator
from connectors.government.passport_office import PassportOfficeSimulator
from connectors.government.pension_service import PensionServiceSimulator
from connectors.government.small_towns import SmallTownsSimulator
from connectors.government.tax_office import TaxOfficeSimulator
from connectors.government.tokyo_police import TokyoPoliceSimulator
from connectors.government.tokyo_transport import TokyoTransportSimulator
from connectors.government.tokyo_water import TokyoWaterSimulator
from connectors.private.employer import MihonIndustrySimulator
from connectors.private.japan_post import JapanPostSimulator
from connectors.private.mihon_bank import MihonBankSimulator
from connectors.private.mihon_card import MihonCardSimulator
from connectors.private.mihon_gas import MihonGasSimulator
from connectors.private.mihon_life import MihonLifeSimulator
from connectors.private.mihon_light import MihonLightSimulator
from connectors.private.mihon_mobile import MihonMobileSimulator
from connectors.private.mihon_mutual_life import MihonMutualLifeSimulator
from connectors.private.mihon_net import MihonNetSimulator
from connectors.private.mihon_news import MihonNewsSimulator
from connectors.private.mihon_nonlife import MihonNonlifeSimulator
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.mihon_securities import MihonSecuritiesSimulator
from connectors.private.mihon_shop import MihonShopSimulator
from connectors.private.mihon_telephone import MihonTelephoneSimulator
from connectors.private.mihon_trading import MihonTradingSimulator
from connectors.private.mihon_trust_bank import MihonTrustBankSimulator
from connectors.private.nhk import NhkSimulator
from connectors.private.undertaker import UndertakerSimulator
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
    "chiyoda-schools": Simulated(ChiyodaSchoolsSimulator()),
    "muroran-water": Simulated(MuroranWaterSimulator()),
    "tokyo-water": Simulated(TokyoWaterSimulator()),
    "tokyo-police": Simulated(TokyoPoliceSimulator()),
    "tokyo-transport": Simulated(TokyoTransportSimulator()),
    "kei-inspection": Simulated(KeiInspectionSimulator()),
    "legal-affairs": Simulated(LegalAffairsSimulator()),
    "chiyoda-register": Simulated(ChiyodaRegisterSimulator()),
    "mihon-industry": Simulated(MihonIndustrySimulator()),
    "mihon-power": Simulated(MihonPowerSimulator()),
    "mihon-gas": Simulated(MihonGasSimulator()),
    "mihon-telephone": Simulated(MihonTelephoneSimulator()),
    "mihon-net": Simulated(MihonNetSimulator()),
    "japan-post": Simulated(JapanPostSimulator()),
    "mihon-news": Simulated(MihonNewsSimulator()),
    "nhk-simulator": Simulated(NhkSimulator()),
    "mihon-bank": Simulated(MihonBankSimulator()),
    "mihon-card": Simulated(MihonCardSimulator()),
    "mihon-mobile": Simulated(MihonMobileSimulator()),
    "mihon-shop": Simulated(MihonShopSimulator()),
    "mihon-life": Simulated(MihonLifeSimulator()),
    "mihon-nonlife": Simulated(MihonNonlifeSimulator()),
    "mihon-securities": Simulated(MihonSecuritiesSimulator()),
    "mihon-trading": Simulated(MihonTradingSimulator()),
    "tax-office": Simulated(TaxOfficeSimulator()),
    "pension-service": Simulated(PensionServiceSimulator()),
    "family-court": Simulated(FamilyCourtSimulator()),
    "undertaker": Simulated(UndertakerSimulator()),
    "mihon-trust-bank": Simulated(MihonTrustBankSimulator()),
    "mihon-mutual-life": Simulated(MihonMutualLifeSimulator()),
    "mihon-light": Simulated(MihonLightSimulator()),
    "passport-office": Simulated(PassportOfficeSimulator()),
    "licence-ministry": Simulated(LicenceMinistrySimulator()),
    "muroran-transport": Simulated(MuroranTransportSimulator()),
    "small-towns": Simulated(SmallTownsSimulator()),
}


def registration(
    connector: Connector, keys: OwnKeys, *, channel: str, endpoint: str | None = None
) -> dict[str, Any]:
    """Return what the registry must know of the organisation, as `engine.registry.seed` takes it.

    An agent takes nothing itself: those for whom it acts do, and entrust it.
    """
    areas: list[str | None] = list(connector.areas) or [None]
    return {
        "number": connector.number,
        "name": connector.name.model_dump(),
        "kind": connector.kind,
        "channel": channel,
        "endpoint": endpoint,
        "areas": list(connector.areas),
        "subscriptions": [
            {"slug": slug, "area": area}
            for slug in sorted(connector.procedures)
            for area in areas
            if not connector.acts_for
        ],
        "keys": keys.public()["keys"],
    }
