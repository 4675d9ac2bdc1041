# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: A005 - the name is fixed by the layout; the repository root comes first on the path
