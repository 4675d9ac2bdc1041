# SPDX-License-Identifier: Apache-2.0
"""`python -m engine` is `./todoke` without the preparation of packages."""

from engine.cli import main

main()
