# SPDX-License-Identifier: Apache-2.0
"""The scripts of all life events, by the event."""

from collections.abc import Mapping
from typing import Final

from engine.demos.birth import Birth
from engine.demos.death import Death
from engine.demos.marriage import Marriage
from engine.demos.moving import Moving
from engine.demos.script import Script, Turn

__all__ = ["SCRIPTS", "Turn"]

SCRIPTS: Final[Mapping[str, Script]] = {one.event: one for one in (Moving(), Marriage(), Birth(), Death())}
