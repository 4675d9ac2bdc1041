# SPDX-License-Identifier: Apache-2.0
"""The whole engine with its keys in a token: orders go out, replies come in, and an outage parks nothing."""

from pathlib import Path

import pytest

from engine.core.errors import EngineError
from engine.keystore.address import TokenAddress
from engine.keystore.hardware import HardwareStore
from engine.keystore.port import PAIRS, SECRETS, TROUBLE
from tests import softhsm
from tests.integration.engine_ground import ground
from tests.integration.test_engine_statements import POWER, facts, sealed_replies
from tests.softhsm import address, token_at, uri

__all__ = ["address"]

pytestmark = softhsm.needed


async def test_orders_and_replies_cross_the_border_by_a_token_and_wait_while_it_is_away(
    postgres_dsn: str, tmp_path: Path, address: TokenAddress
) -> None:
    store = HardwareStore(token := token_at(address), tmp_path / "keys")
    for name in (*store.wrapping, *PAIRS, *SECRETS):
        store.make(name)
    token.close()
    async with ground(postgres_dsn, tmp_path, sends=False, keys=uri(address)) as here:
        await here.register(POWER)
        case = await here.open(facts(here))
        await here.confirm([case])
        replies = await sealed_replies(here, [case])
        inside = here.engine.keys.decryption._token  # type: ignore[attr-defined] # it is one of a token

        inside.close()
        hidden = [path.rename(path.with_suffix(".away")) for path in _objects(address)]
        with pytest.raises(EngineError) as caught:
            await here.engine.desk.take(POWER.number, replies)
        for path in hidden:
            path.rename(path.with_suffix(".object"))
        inside.close()
        results = await here.engine.desk.take(POWER.number, replies)

        assert caught.value.code in TROUBLE
        assert [result.outcome for result in results] == ["applied"]
        assert await here.engine.pool.fetchval("select count(*) from engine.parked") == 0
        inside.close()


def _objects(address: TokenAddress) -> list[Path]:
    return list((address.pin_source.parent / "tokens").rglob("*.object"))
