# SPDX-License-Identifier: Apache-2.0
"""How the parts of the engine are put together, each of those that it names."""
