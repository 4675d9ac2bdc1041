# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON (RFC 8785) for what people sign: one text for one meaning."""

import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Return the value as RFC 8785 writes it. Numbers are integers; keys are ASCII.

    For ASCII keys the order by code point, which json.dumps uses, is the order the RFC asks for.

    Raises:
        ValueError: a float, a key beyond ASCII, or a lone surrogate.
    """
    _check(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def _check(value: Any) -> None:
    match value:
        case dict():
            for key, part in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise ValueError("a key beyond ASCII")
                _check(part)
        case list():
            for part in value:
                _check(part)
        case None | bool() | str():
            return
        case int() if abs(value) < 2**53:
            return
        case _:
            raise ValueError(f"{type(value).__name__} has no one way to be written")
