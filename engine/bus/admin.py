# SPDX-License-Identifier: Apache-2.0
"""What `migrate` and the registry tell the broker: queues, policies, users and their rights.

Over the management API, in words that RabbitMQ 3.10 and 4 both understand. Everything may be said
again: what is already so stays as it is. Services never declare anything.
"""

import json
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from engine.bus.tls import BrokerTls
from engine.bus.topology import (
    DEAD,
    ENGINE_RIGHTS,
    EXCHANGES,
    ORDERS,
    POLICIES,
    QUEUE_ARGUMENTS,
    QUEUES,
    REPLIES,
    RETIRED,
    Rights,
    broker_queue,
    organisation_of,
    organisation_rights,
    reply_queue,
    user_of,
)
from engine.core.errors import Code, EngineError, register

_ANSWER_SECONDS: Final = 10.0
_NOT_THERE: Final = 404

register(
    {
        "unavailable-broker": Code(
            503, "メッセージ基盤に接続できません", "The broker's management API cannot be reached"
        ),
        "invalid-broker-request": Code(
            422,
            "メッセージ基盤の設定が拒否されました",
            "The broker refused what it was told",
        ),
    }
)


class BrokerAdmin:
    """The management API (`https://user:password@host:port`), for one virtual host.

    `tls` says whom to trust where the address is https; without it the machine's own authorities.
    """

    def __init__(self, admin_url: str, vhost: str, *, tls: BrokerTls | None = None) -> None:
        parts = urlsplit(admin_url)
        host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        self._base = urlunsplit((parts.scheme, host, parts.path.rstrip("/") + "/api", "", ""))
        self._vhost = vhost
        credentials = aiohttp.encode_basic_auth(unquote(parts.username or ""), unquote(parts.password or ""))
        self._session = aiohttp.ClientSession(
            headers={"Authorization": credentials},
            timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS),
            connector=aiohttp.TCPConnector(ssl=tls.context() if tls else True),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def declare(self) -> None:
        """Make the virtual host and everything in it that does not depend on who is connected.

        Raises:
            EngineError: `unavailable-broker`; `invalid-broker-request`, such as a queue of another type.
        """
        await self._call("PUT", f"/vhosts/{_name(self._vhost)}", {})
        for name, policy in POLICIES.items():  # before the queues: none is ever without its limit
            body = {"pattern": policy.pattern, "definition": policy.definition, "apply-to": "queues"}
            await self._call("PUT", self._path("policies", name), body)
        for name, kind in EXCHANGES.items():
            await self._call("PUT", self._path("exchanges", name), {"type": kind, "durable": True})
        for name in QUEUES:
            await self._declare_queue(name)
        for name in RETIRED:
            await self._call("DELETE", self._path("queues", name))
        await self._bind(DEAD, DEAD, key="")

    async def declare_engine_user(self, user: str, password: str) -> None:
        """Make or change the user of the engine's own processes."""
        await self._declare_user(user, password, ENGINE_RIGHTS)

    async def declare_organisation(self, organisation: str, password: str) -> None:
        """Make or change an organisation's queue and user: it may read the one, and reply as itself."""
        user = user_of(organisation)
        queue = f"orders.{organisation}"
        await self._declare_queue(queue)
        await self._bind(ORDERS, queue, key=organisation)
        await self._bind(REPLIES, reply_queue(organisation), key=organisation)
        await self._declare_user(user, password, organisation_rights(organisation))

    async def shut_out(self, organisation: str) -> None:
        """Delete the organisation's user, with which the broker ends its connections; its queue stays."""
        await self._call("DELETE", f"/users/{_name(user_of(organisation))}")

    async def problems(self) -> list[str]:
        """Return what is not as it was declared; empty when all is well.

        A queue without its policy loses messages in silence: RabbitMQ 4 drops what came back 20 times.
        """
        found = {queue["name"]: queue for queue in await self._call("GET", self._path("queues")) or ()}
        missing = [f"queue {name} is missing" for name in QUEUES if name not in found]
        wrong_type = [f"queue {n} is no quorum queue" for n, q in found.items() if q.get("type") != "quorum"]
        unpoliced = [
            f"queue {name} has no delivery limit"
            for name, queue in found.items()
            if "delivery-limit" not in (queue.get("effective_policy_definition") or {})
        ]
        return sorted(missing + wrong_type + unpoliced)

    async def alarms(self) -> list[str]:
        """Return the alarms of all nodes: while there is one, the broker takes nothing from publishers."""
        return [
            f"{node['name']} {kind}"
            for node in await self._call("GET", "/nodes") or ()
            for kind in ("mem_alarm", "disk_free_alarm")
            if node.get(kind)
        ]

    async def waiting(self, queue: str) -> int:
        """Return how many messages a queue holds, given out ones included; raises `unavailable-broker`."""
        found = await self._call("GET", self._path("queues", broker_queue(queue)))
        return int((found or {}).get("messages", 0))

    async def users(self) -> list[str]:
        """Return the names of all users."""
        return [str(user["name"]) for user in await self._call("GET", "/users") or ()]

    async def excessive_rights(self) -> list[str]:
        """Return the users of organisations whose rights are not exactly those that were declared."""
        found = []
        for user in await self.users():
            number = organisation_of(user)
            if number is None:
                continue
            rights = organisation_rights(number)
            given = await self._call("GET", self._path("permissions", user)) or {}
            topics = await self._call("GET", f"/users/{_name(user)}/topic-permissions") or ()
            limited = [one["write"] for one in topics if one["vhost"] == self._vhost]
            declared = (rights.configure, rights.write, rights.read, [rights.topic])
            actual = tuple(given.get(name) for name in ("configure", "write", "read"))
            if given and (*actual, limited) != declared:
                found.append(user)
        return found

    async def _declare_queue(self, name: str) -> None:
        await self._call(
            "PUT", self._path("queues", name), {"durable": True, "arguments": dict(QUEUE_ARGUMENTS)}
        )

    async def _bind(self, exchange: str, queue: str, *, key: str) -> None:
        path = f"/bindings/{_name(self._vhost)}/e/{_name(exchange)}/q/{_name(queue)}"
        await self._call("POST", path, {"routing_key": key})

    async def _declare_user(self, user: str, password: str, rights: Rights) -> None:
        await self._call("PUT", f"/users/{_name(user)}", {"password": password, "tags": ""})
        # The topic first: without one, a user with the right to write may use any routing key.
        if rights.topic:
            topic = {"exchange": REPLIES, "write": rights.topic, "read": "^$"}
            await self._call("PUT", self._path("topic-permissions", user), topic)
        permissions = {"configure": rights.configure, "write": rights.write, "read": rights.read}
        await self._call("PUT", self._path("permissions", user), permissions)
        if rights.most_connections is not None:
            path = f"/user-limits/{_name(user)}/max-connections"
            await self._call("PUT", path, {"value": rights.most_connections})

    def _path(self, kind: str, name: str | None = None) -> str:
        path = f"/{kind}/{_name(self._vhost)}"
        return path if name is None else f"{path}/{_name(name)}"

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        """Return what the API answers, None if there is no such thing."""
        url = URL(self._base + path, encoded=True)  # else it would be quoted twice
        try:
            async with self._session.request(method, url, json=body) as answer:
                text = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise EngineError("unavailable-broker") from error
        if answer.status == _NOT_THERE and method in {"GET", "DELETE"}:
            return None
        if not answer.ok:
            raise EngineError("invalid-broker-request", method=method, path=path, answered=answer.status)
        return json.loads(text) if text else None


def _name(text: str) -> str:
    return quote(text, safe="")
