# SPDX-License-Identifier: Apache-2.0
"""What can be asked of `./todoke`: each module here has `register(group)` and imports lazily what it runs."""
