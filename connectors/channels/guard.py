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
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
# Within it, what leads elsewhere or nowhere (IANA IPv6 Special-Purpose Address Registry).
_SPECIAL: Final = tuple(
    ipaddress.ip_network(one)
    for one in (
        "2001::/23",  # protocol assignments; Teredo, benchmarking and ORCHID among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)

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
        if named_only or not _is_open(address):
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
    """Return the IPv4 address that the system connects to when it is written as an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_open(address: Address) -> bool:
    """Whether it lies in the open Internet.

    Of IPv6 only what is given out to be reached there: translators and relays (NAT64, 6to4, Teredo)
    and every other way to write an address of the inside are left out, with what they stand for.
    """
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address in _GLOBAL_UNICAST and not any(address in block for block in _SPECIAL)
