# SPDX-License-Identifier: Apache-2.0
"""デジタル認証アプリ, simulated: its OpenID Connect provider and the phone that reads the card."""

from connectors.simulators.digital_app.provider import CLIENT, Client, DigitalApp
from connectors.simulators.digital_app.server import app_of

__all__ = ["CLIENT", "Client", "DigitalApp", "app_of"]
