# SPDX-License-Identifier: Apache-2.0
"""The operations of the JSON API, one file for each chapter."""
