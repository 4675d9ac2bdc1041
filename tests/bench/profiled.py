# SPDX-License-Identifier: Apache-2.0
"""What a profile says, by room: where the engine's own time goes."""

import cProfile
import pstats
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

TREE: Final = Path(__file__).resolve().parents[2]
_MOST: Final = 25


def by_room(profile: cProfile.Profile) -> str:
    """Return the share of each room (own time), and the functions that take longest with all they call."""
    stats: dict[tuple[str, int, str], Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    rooms: dict[str, float] = defaultdict(float)
    for (file, _, name), (_, _, own, _, _) in stats.items():
        rooms[_room(file, name)] += own
    total = sum(rooms.values()) - rooms.pop("waiting", 0.0)
    lines = ["own time by room:"]
    lines += [
        f"  {100 * own / total:5.1f} %  {room}"
        for room, own in sorted(rooms.items(), key=lambda one: -one[1])
        if own > total / 200
    ]
    lines.append(f"the {_MOST} functions of ours that take longest, with all they call:")
    ours = [(own_key, value) for own_key, value in stats.items() if str(TREE) in own_key[0]]
    ours = [one for one in ours if ".venv" not in one[0][0] and "tests/bench" not in one[0][0]]
    for (file, number, name), (_, calls, own, with_called, _) in sorted(ours, key=lambda o: -o[1][3])[:_MOST]:
        where = f"{Path(file).relative_to(TREE)}:{number} {name}"
        lines.append(
            f"  {100 * with_called / total:5.1f} %  own {100 * own / total:4.1f} %  {calls:8} ×  {where}"
        )
    return "\n".join(lines)


def _room(file: str, name: str) -> str:
    if file == "~":
        if "select.epoll" in name:
            return "waiting"
        for word in ("cryptography", "_rust", "openssl", "pydantic_core", "_asyncio", "hashlib"):
            if word in name.lower():
                return {"_rust": "cryptography", "openssl": "cryptography"}.get(word, word)
        return "other built-ins"
    path = Path(file)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1].split(".")[0]
    if path.is_relative_to(TREE) and ".venv" not in path.parts:
        return "/".join(path.relative_to(TREE).parts[:2])
    return "asyncio" if "asyncio" in path.parts else "standard library"
