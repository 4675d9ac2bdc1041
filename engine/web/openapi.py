# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 document, made of the operations themselves: it cannot say anything else."""

import json
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from engine.core.errors import CODES
from engine.web.operations import Group, Operation
from engine.web.problems import MEDIA_TYPE as PROBLEM_TYPE
from engine.web.problems import ProblemDetails, example
from engine.web.reading import ETAG_PATTERN, JSON, KEY_PATTERN
from engine.web.security import ABOUT, COOKIE, Who
from engine.web.standing import ASSISTED, REPRESENTATION, UUID_PATTERN, Also
from engine.web.streams import MEDIA_TYPE as EVENT_STREAM

_VERSION: Final = "1.0.0"  # of the contract, not of the engine
_TEMPLATE: Final = "#/components/schemas/{model}"
_ABOUT: Final = """届（Todoke）の HTTP API です。/ The HTTP API of Todoke.

- JSON は UTF-8、camelCase。未知の項目は拒否します。/
  JSON is UTF-8 and camelCase; unknown members are refused.
- エラーは `application/problem+json`（RFC 9457）。`code` は変わりません。
  言語は `Accept-Language` で選べます（既定は日本語）。/
  Errors are problem details; `code` is stable; `Accept-Language` chooses the words.
- `x-needs-recent-proof` の操作は、直前にカードで示した本人確認を求めます。`login-too-old` と
  答えられたら `POST /v1/login/proofs` のあとで繰り返してください。/
  An operation with `x-needs-recent-proof` wants a proof of now; after `login-too-old`, prove again
  at `POST /v1/login/proofs` and repeat the request.
- `x-also-for` は、本人のほかに誰が使えるかを示します（`assisted` 窓口の係員、`represented` 代理人、
  `by-code` 控えのコード）。ないものは本人だけです。/
  `x-also-for` says who beside the citizen may use it; without it, nobody.
- 案件を変える要求には `Idempotency-Key`、版の確認には `If-Match` と ETag を使います。/
  What changes a case needs an `Idempotency-Key`; `If-Match` says which version was read."""
_SECURITY: Final[dict[Who, list[dict[str, list[str]]]]] = {
    Who.OPEN: [],
    Who.CITIZEN: [{"session": []}, {"cookie": []}],
    Who.OPERATOR: [{"session": []}, {"cookie": []}],
    Who.COUNTER: [{"session": []}, {"cookie": []}],
    Who.ORGANISATION: [{"organisation": []}],
    Who.REPRESENTATIVE: [{"session": []}, {"cookie": []}],
    Who.OWN: [{"organisation": []}, {"session": []}, {"cookie": []}],
}
_SCHEMES: Final = {
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "`token` of `POST /v1/login/sessions`",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The same token in a browser; changing something needs a same-origin Origin",
    },
    "organisation": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "ES256 by a registered key; iss = sub = the 13-digit number, aud this URL, 300 s",
    },
}


def openapi(groups: Sequence[Group], *, public_url: str) -> dict[str, Any]:
    """Return the document of these operations for a service that is reached under this URL."""
    return {**_document(tuple(groups)), "servers": [{"url": public_url}]}


def openapi_json(groups: Sequence[Group], *, public_url: str) -> bytes:
    """Return the same as JSON; all of it but the URL is written once."""
    servers = json.dumps([{"url": public_url}], ensure_ascii=False)
    return f'{_document_json(tuple(groups)).removesuffix("}")}, "servers": {servers}}}'.encode()


@cache
def _document_json(groups: tuple[Group, ...]) -> str:
    return json.dumps(_document(groups), ensure_ascii=False)


@cache
def _document(groups: tuple[Group, ...]) -> dict[str, Any]:
    """Return what does not depend on where the service is: made once, it takes a tenth of a second."""
    operations = [one for group in groups for one in group.operations]
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Todoke (届)",
            "version": _VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [
            {"name": group.name, "description": f"{group.words.ja} / {group.words.en}"} for group in groups
        ],
        "paths": paths,
        "components": {
            "schemas": schemas.all,
            "securitySchemes": _SCHEMES,
            "examples": {code: {"value": example(code)} for one in operations for code in _codes(one)},
        },
    }


class _Schemas:
    """The schemas of all models, and how to refer to each."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(ProblemDetails, "serialization")]
        wanted += [(one.body, "validation") for one in operations if one.body]
        wanted += [(one.part, "validation") for one in operations if one.part]
        wanted += [(one.returns, "serialization") for one in operations if one.returns]
        references, document = models_json_schema(
            list(dict.fromkeys(wanted)), by_alias=True, ref_template=_TEMPLATE
        )
        self._references = references
        self.all: dict[str, Any] = document["$defs"]

    def body(self, model: type[BaseModel]) -> dict[str, Any]:
        """Return the reference to what is sent."""
        return self._references[(model, "validation")]

    def answer(self, model: type[BaseModel]) -> dict[str, Any]:
        """Return the reference to what is answered."""
        return self._references[(model, "serialization")]


def _operation(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": one.id,
        "tags": [one.group],
        "summary": f"{one.words.ja} / {one.words.en}",
        "description": one.handler.__doc__ or "",
        "security": _SECURITY[one.who],
        "parameters": [*_path(one), *_query(one), *_headers(one)],
        "responses": {str(one.status): _answer(one, schemas), **_refusals(one, schemas)},
    }
    if one.recent:
        described["x-needs-recent-proof"] = True
    if one.also:
        described["x-also-for"] = sorted(one.also)
    if one.body is not None:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas.body(one.body)}}}
    elif one.takes:
        content = {kind: {"schema": _taken(one, kind, schemas)} for kind in one.takes}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _taken(one: Operation, kind: str, schemas: _Schemas) -> dict[str, Any]:
    if one.part is None:
        return {"type": "string", "format": "binary"}
    schema = schemas.body(one.part)
    return {"type": "array", "items": schema} if "batch" in kind else schema


def _path(one: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": adapter.json_schema()}
        for name, adapter in one.parts.items()
    ]


def _query(one: Operation) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = one.query.model_json_schema(by_alias=True)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _present(part),
        }
        for name, part in schema["properties"].items()
    ]


def _present(part: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that is there: a query has no null, it leaves the parameter out."""
    options = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) != 1:
        return part
    kept = {name: value for name, value in part.items() if name not in {"anyOf", "default"}}
    return {**kept, **options[0]}


def _headers(one: Operation) -> list[dict[str, Any]]:
    headers: list[dict[str, Any]] = []
    if one.who in {Who.REPRESENTATIVE, Who.OWN}:
        headers.append(_header(ABOUT, r"^[1-9][0-9]{12}$", required=False))
    if Also.ASSISTED in one.also:
        headers.append(_header(ASSISTED, UUID_PATTERN, required=False))
    if Also.REPRESENTED in one.also:
        headers.append(_header(REPRESENTATION, UUID_PATTERN, required=False))
    if one.idempotent:
        headers.append(_header("Idempotency-Key", KEY_PATTERN, required=True))
    if one.version != "no":
        headers.append(_header("If-Match", ETAG_PATTERN, required=one.version == "must"))
    if one.conditional:
        headers.append(_header("If-None-Match", "", required=False))
    if one.gives == EVENT_STREAM:
        headers.append(_header("Last-Event-ID", r"^[0-9]{1,12}$", required=False))
    return headers


def _header(name: str, pattern: str, *, required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": {"type": "string", "pattern": pattern} if pattern else {"type": "string"},
    }


def _answer(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(one.status).phrase}
    if one.returns is not None:
        answer["content"] = {one.gives: {"schema": schemas.answer(one.returns)}}
    elif one.gives:
        kinds = {"application/octet-stream": "*/*"}
        answer["content"] = {kinds.get(one.gives, one.gives): {}}
    if one.idempotent:
        answer["headers"] = {
            "ETag": {"description": "The case's version", "schema": {"type": "string"}},
            "Idempotent-Replayed": {
                "description": "`true`: it had been done before, under this key",
                "schema": {"type": "string"},
            },
        }
    return answer


def _refusals(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in _codes(one):
        by_status.setdefault(CODES[code].status, []).append(code)
    answers: dict[str, Any] = {
        str(status): {
            "description": "; ".join(f"`{code}` {CODES[code].ja} / {CODES[code].en}" for code in some),
            "content": {
                PROBLEM_TYPE: {
                    "schema": schemas.answer(ProblemDetails),
                    "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in some},
                }
            },
        }
        for status, some in sorted(by_status.items())
    }
    if one.conditional:
        answers["304"] = {"description": "The reader has this version (If-None-Match)"}
    answers["default"] = {
        "description": "どの操作にもありうるエラー / What any operation may answer",
        "content": {PROBLEM_TYPE: {"schema": schemas.answer(ProblemDetails)}},
    }
    return answers


def _codes(one: Operation) -> list[str]:
    return sorted({*one.refusals, *_usual(one)})


def _usual(one: Operation) -> list[str]:
    """Return the codes that follow from how the operation is declared."""
    codes = ["invalid-query", "too-many-requests", "internal-error", "unavailable", "misdirected-request"]
    match one.who:
        case Who.CITIZEN:
            codes += ["not-signed-in", "not-allowed-cross-site"]
        case Who.OPERATOR | Who.COUNTER:
            codes += ["not-signed-in", "not-allowed-cross-site", "not-allowed-role"]
        case Who.ORGANISATION:
            codes += ["not-signed-in-organisation", "not-allowed-revoked"]
        case Who.REPRESENTATIVE | Who.OWN:
            codes += ["not-signed-in", "not-allowed-cross-site", "not-allowed-representative"]
            codes += ["ambiguous-organisation", *(["not-allowed-revoked"] if one.who is Who.OWN else [])]
        case Who.OPEN:
            pass
    if one.who is Who.CITIZEN:
        codes += ["ambiguous-standing", "not-allowed-on-behalf", "not-allowed-by-code"]
    if Also.ASSISTED in one.also:
        codes += ["not-allowed-role", "no-such-assistance", "assistance-ended"]
    if Also.REPRESENTED in one.also:
        codes += ["no-such-representation", "representation-revoked", "representation-ended"]
        codes += ["representation-not-begun", "representation-scope"]
    if one.recent:
        codes.append("login-too-old")
    if one.parts:
        codes.append("no-such-resource")
    if one.body is not None:
        codes += ["malformed-json", "invalid-body"]
    codes.append("body-too-large")
    if one.takes:
        codes += ["unsupported-media-type", "request-too-slow", "malformed-request"]
    if one.idempotent:
        codes.append("malformed-idempotency-key")
    if one.version != "no":
        codes.append("malformed-version")
    if one.version == "must":
        codes.append("version-required")
    return codes
