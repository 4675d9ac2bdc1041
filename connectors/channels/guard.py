# SPDX-License-Identifier: Apache-2.0
"""Keeps webhooks away from the inside: an address that somebody registered may lead anywhere.

What counts is the address that is connected to, at the moment of each connection: a name that was
harmless when it was registered may lead to the metadata service a minute later.
"""

import ipaddress
from collections.abc import Sequence
from socket import socket as Socket  # noqa: N812 - beside a method of that name
from typing import Final
from urllib.parse import urlsplit

from aiohappyeyeballs import AddrInfoType as AddrInfo

from engine.core.errors import Code, EngineError, register

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_LAST_32_BITS: Final = 2**32 - 1

register(
    {
        "unusable-webhook-networks": Code(
            500, "Webhookの宛先ネットワークの設定に誤りがあります", "The networks for webhooks cannot be used"
        ),
    }
)


class AddressRefused(OSError):
    """The connection would have gone to where no webhook may go."""


class Guard:
    """Decides where webhooks may go: over https to the open Internet, and to networks that were named.

    Named networks are the closed ones of administrations (LGWAN and the like), and a rehearsal's own
    machine. Plain http, where it is let through at all, goes to named networks only.
    """

    def __init__(self, networks: Sequence[str] = (), *, plain: bool = False) -> None:
        """Raises `unusable-webhook-networks` where one is no network."""
        self._plain = plain
        try:
            self._networks = [ipaddress.ip_network(one) for one in networks]
        except ValueError as error:
            reason = "TODOKE_WEBHOOK_NETWORKS should be networks like 10.0.0.0/8, separated by commas"
            raise EngineError("unusable-webhook-networks", reason=reason) from error

    def is_plain(self, url: str) -> bool:
        """Return whether it is a plain address that may be tried; raises `AddressRefused`."""
        scheme = urlsplit(url).scheme
        if scheme == "https":
            return False
        if scheme != "http" or not self._plain:
            raise AddressRefused("scheme")
        return True

    def check(self, host: str, *, named_only: bool = False) -> None:
        """Raise `AddressRefused` unless this address may be connected to."""
        address = _meant(ipaddress.ip_address(host.partition("%")[0]))
        if any(address in network for network in self._networks):
            return
        if named_only or not address.is_global or address.is_multicast:
            raise AddressRefused("address")

    def socket(self, address: AddrInfo) -> Socket:
        """Return the socket to connect there with: the last moment at which one can say no."""
        return self._socket(address, named_only=False)

    def plain_socket(self, address: AddrInfo) -> Socket:
        """Return the socket for plain http."""
        return self._socket(address, named_only=True)

    def _socket(self, address: AddrInfo, *, named_only: bool) -> Socket:
        family, kind, protocol, _, where = address
        self.check(str(where[0]), named_only=named_only)
        return Socket(family, kind, protocol)


def _meant(address: Address) -> Address:
    """Return the address that an IPv6 address of a translator stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & _LAST_32_BITS)
    return address
