# SPDX-License-Identifier: Apache-2.0
"""The messages described for strangers: AsyncAPI 3 for tools, a Markdown page for people.

Both are made from the models that the engine itself reads with, so they cannot say anything else.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import JsonValue

from engine.border.envelope import (
    BATCH_MEDIA_TYPE,
    DOCUMENT,
    EVENT_MEDIA_TYPE,
    EXAMPLES,
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    PAYLOADS,
    SUBMIT,
    component_schemas,
    dataschema,
    schema_of,
)
from engine.border.payloads import Document, Payload

_VERSION: Final = "1.0.0"  # of the contract, not of the engine
_DIALECT: Final = "application/schema+json;version=draft-2020-12"
_ABOUT: Final = f"""Orders (指図) go from Todoke to an organisation, replies (回答) come back.

Each message is a CloudEvents 1.0 event in structured JSON (`{EVENT_MEDIA_TYPE}`), alone or in a batch
(`{BATCH_MEDIA_TYPE}`, at most {MAX_BATCH_EVENTS} events and {MAX_BATCH_BYTES} bytes). `data` is a compact
JWE (ECDH-ES+A256KW, A256GCM) for the receiver's key around a compact JWS (ES256) of the sender; both
protected headers repeat id, type, subject, source and sequence, the JWS also names the receiver's key
(`aud`) and has `typ` "todoke-message+jose". `contentSchema` is the schema of what was signed.
They stand there as header parameters of these very names, `sequence` as a number: a JOSE library that
knows registered parameters only has to be told to let them pass. `kid` is the RFC 7638 thumbprint of the
receiver's key in the JWE, of the signer's in the JWS.
Everything may arrive twice: the id tells. A re-sent order has the same id."""
_NUMBER: Final = {
    "description": "The organisation's 13-digit number (法人番号)",
    "examples": ["1130001012345"],
}


def asyncapi(public_url: str, examples: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of an engine that is reached under this URL.

    `examples` are submissions as they were before they were sealed, by their procedure.
    """
    orders = [name for name in PAYLOADS if ".order." in name]
    replies = [name for name in PAYLOADS if ".reply." in name]
    url = urlsplit(public_url)
    messages = {_short(name): _message(name) for name in PAYLOADS}
    messages[_short(SUBMIT)]["x-content-examples"] = dict(examples)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:jp:todoke:border",
        "info": {
            "title": "Todoke (届): orders and replies",
            "version": _VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": EVENT_MEDIA_TYPE,
        "servers": {
            "web": {
                "host": url.netloc,
                "pathname": f"{url.path.rstrip('/')}/v1",
                "protocol": url.scheme,
                "description": "Pull: for organisations that work in office hours",
                "security": [{"$ref": "#/components/securitySchemes/organisation"}],
            },
            "broker": {
                "host": "{broker}",
                "protocol": "amqps",
                "protocolVersion": "0.9.1",
                "description": "AMQP, virtual host `todoke`, user `org-{number}`",
                "variables": {"broker": {"description": "Told to the organisation with its user"}},
                "security": [{"$ref": "#/components/securitySchemes/broker"}],
            },
        },
        "channels": {
            "orders": {
                "address": "orders.{number}",
                "title": "Orders for one organisation",
                "description": "A durable queue that only this organisation reads; at most 1,000 wait in it.",
                "servers": [{"$ref": "#/servers/broker"}],
                "parameters": {"number": _NUMBER},
                "messages": _references(orders),
                "bindings": {"amqp": {"is": "queue", "queue": {"name": "orders.{number}", "durable": True}}},
            },
            "replies": {
                "address": "{number}",
                "title": "Replies of one organisation",
                "description": "The routing key under which only this organisation may publish.",
                "servers": [{"$ref": "#/servers/broker"}],
                "parameters": {"number": _NUMBER},
                "messages": _references(replies),
                "bindings": {
                    "amqp": {
                        "is": "routingKey",
                        "exchange": {"name": "todoke.replies", "type": "topic", "durable": True},
                    }
                },
            },
            "pulledOrders": {
                "address": "/organisation/orders",
                "title": "Orders, pulled",
                "description": "`?after=` the last one seen, `&wait=` seconds; acknowledged at `/organisation/orders/acks`.",  # noqa: E501
                "servers": [{"$ref": "#/servers/web"}],
                "messages": _references(orders),
            },
            "postedReplies": {
                "address": "/organisation/replies",
                "title": "Replies, posted",
                "servers": [{"$ref": "#/servers/web"}],
                "messages": _references(replies),
            },
        },
        "operations": {
            "sendOrders": _operation("send", "orders", orders, "Todoke puts an order into the queue"),
            "receiveReplies": _operation("receive", "replies", replies, "Todoke takes a reply"),
            "givePulledOrders": {
                **_operation("send", "pulledOrders", orders, "An organisation fetches its orders"),
                "bindings": {"http": {"method": "GET", "bindingVersion": "0.3.0"}},
            },
            "receivePostedReplies": {
                **_operation("receive", "postedReplies", replies, "An organisation hands in its replies"),
                "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
            },
        },
        "components": {
            "messages": messages,
            "schemas": component_schemas(),
            "securitySchemes": {
                "organisation": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "ES256 by a registered key; iss = sub = the number, aud this URL, 300 s",
                },
                "broker": {
                    "type": "userPassword",
                    "description": "User `org-{number}`; the broker checks user_id",
                },
            },
        },
    }


def message_catalogue_markdown() -> str:
    """Return docs/messages.md: each message with its members, their bounds and an example."""
    return "\n".join(_catalogue()) + "\n"


def _catalogue() -> Iterator[str]:
    yield "# Messages"
    yield ""
    yield "Generated from the models in `engine/border/payloads.py`; do not edit."
    yield ""
    yield _ABOUT
    for name in (*PAYLOADS, DOCUMENT):
        schema = schema_of(name)
        yield ""
        yield f"## `{name}`"
        yield ""
        yield _model(name).__doc__ or ""
        yield ""
        yield "| member | must | what | meaning |"
        yield "|---|---|---|---|"
        for member, part in schema["properties"].items():
            must = "yes" if member in schema.get("required", ()) else ""
            yield f"| `{member}` | {must} | {_cell(_kind(part))} | {_cell(part.get('description', ''))} |"
        yield ""
        yield "```json"
        yield _pretty(EXAMPLES[name])
        yield "```"


def _references(names: list[str]) -> dict[str, Any]:
    return {_short(name): {"$ref": f"#/components/messages/{_short(name)}"} for name in names}


def _operation(action: str, channel: str, names: list[str], summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{_short(name)}"} for name in names],
    }


def _message(name: str) -> dict[str, Any]:
    model = _model(name)
    envelope = "OrderEvent" if ".order." in name else "ReplyEvent"
    inside = {
        "type": {"const": name},
        "dataschema": {"const": dataschema(name)},
        "data": {
            "contentMediaType": "application/jose",
            "contentSchema": {"$ref": f"#/components/schemas/{model.__name__}"},
        },
    }
    return {
        "name": name,
        "title": model.__name__,
        "summary": model.__doc__,
        "contentType": EVENT_MEDIA_TYPE,
        "payload": {
            "schemaFormat": _DIALECT,
            "schema": {
                "allOf": [{"$ref": f"#/components/schemas/{envelope}"}, {"properties": inside}],
            },
        },
        "x-content-example": EXAMPLES[name],
    }


def _model(name: str) -> type[Payload]:
    return Document if name == DOCUMENT else PAYLOADS[name]


def _short(name: str) -> str:
    """Return what a message is called within the document: `orderSubmit`, and `orderSubmitV2`."""
    *_, group, kind, version = name.split(".")
    return f"{group}{kind.capitalize()}{'' if version == 'v1' else version.upper()}"


def _kind(part: dict[str, Any]) -> str:
    """Return in a few words what may stand there."""
    if "$ref" in part:
        return str(part["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in part:
        return " or ".join(_kind(one) for one in part["anyOf"] if one.get("type") != "null")
    if "enum" in part:
        return ", ".join(f"`{one}`" for one in part["enum"])
    words = [str(part.get("format", part.get("type", "any JSON")))]
    if "items" in part:
        words.append(f"of {_kind(part['items'])}")
    for keyword, sign in (
        ("minimum", "≥"),
        ("maximum", "≤"),
        ("minLength", "length ≥"),
        ("maxLength", "length ≤"),
        ("maxItems", "at most"),
        ("maxProperties", "at most"),
        ("pattern", ""),
    ):
        if keyword in part and (keyword != "pattern" or "maxLength" not in part):
            value = f"`{part[keyword]}`" if keyword == "pattern" else part[keyword]
            words.append(f"{sign} {value}".strip())
    return " ".join(words)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _pretty(example: dict[str, Any]) -> str:
    return json.dumps(example, ensure_ascii=False, indent=2)
