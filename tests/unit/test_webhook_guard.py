# SPDX-License-Identifier: Apache-2.0
import socket

import pytest

from connectors.channels.guard import AddressRefused, Guard
from connectors.channels.line import HttpLine
from engine.core.errors import EngineError
from tests.unit.border_desk import Moving

INSIDE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",  # noqa: S104 - to be refused
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1", "::1", "::", "fe80::1",
    "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1",
    "64:ff9b:1::7f00:1", "64:ff9b::808:808", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "::169.254.169.254", "::7f00:1", "::ffff:0:127.0.0.1", "fec0::1", "fc00::1", "100::1", "3fff::1",
    "5f00::1", "4000::1", "2001:2::1", "2001:20::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_webhook_goes_inside(address: str) -> None:
    with pytest.raises(AddressRefused):
        Guard().check(address)


@pytest.mark.parametrize(
    "address", ["203.0.112.1", "8.8.8.8", "2606:4700::1", "2400:cb00::1", "2001:200::1", "::ffff:8.8.8.8"]
)
def test_webhooks_go_to_the_open_internet(address: str) -> None:
    Guard().check(address)


def test_a_named_network_is_let_through_and_nothing_beside_it() -> None:
    guard = Guard(["10.20.0.0/16"])

    guard.check("10.20.1.1")
    with pytest.raises(AddressRefused):
        guard.check("10.21.1.1")


def test_plain_http_goes_to_named_networks_only() -> None:
    guard = Guard(["127.0.0.0/8"], plain=True)

    guard.check("127.0.0.1", named_only=True)
    with pytest.raises(AddressRefused):
        guard.check("8.8.8.8", named_only=True)


@pytest.mark.parametrize(
    "url", ["http://example.jp/", "ftp://example.jp/", "file:///etc/passwd", "example.jp"]
)
def test_only_https_is_let_through_in_production(url: str) -> None:
    with pytest.raises(AddressRefused):
        Guard().is_plain(url)


def test_a_network_that_is_none_is_a_fault_of_the_settings() -> None:
    with pytest.raises(EngineError, match="unusable-webhook-networks"):
        Guard(["10.0.0.1/8"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_the_address_is_looked_at_when_connecting_whatever_its_name_said(host: str) -> None:
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.05)
        line = HttpLine(Guard(), Moving())
        try:
            answer = await line.post(f"https://{host}:{inside.getsockname()[1]}/", {}, b"{}")
        finally:
            await line.close()

        with pytest.raises(TimeoutError):  # nobody even connected
            asked.append(str(inside.accept()))
    assert (answer.status, answer.trouble, asked) == (None, "address-refused", [])
