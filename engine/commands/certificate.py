# SPDX-License-Identifier: Apache-2.0
"""`todoke certificate`: check what somebody shows as the closing certificate of a case."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from engine.border.jwk import thumbprint
from engine.border.signed_json import key_named, verified_document
from engine.core.errors import EngineError
from engine.settings import Settings

_PDF = b"%PDF-"


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(certificate)


@click.group()
def certificate() -> None:
    """Closing certificates (手続終了証明書): check one that is shown to you."""


@certificate.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys",
    "keys_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The published keys (GET /v1/keys) as a file: then nothing is asked of anybody.",
)
@click.option("--server", help="Where the keys are published. [default: TODOKE_PUBLIC_URL]")
def verify(file: Path, *, keys_file: Path | None, server: str | None) -> None:
    """Say whether FILE (JSON or PDF) is a certificate as it was signed, and what it says."""
    if keys_file is not None:
        keys = _parsed(keys_file.read_bytes())
    else:
        keys = asyncio.run(_published(server or Settings.load().origin))
    text = file.read_bytes()
    content, kid = _verified(text, keys)
    click.echo(f"valid 署名は有効です  key {kid}")
    for line in _told(content):
        click.echo(line)


def _verified(text: bytes, keys: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return what the certificate says; of a PDF, both signatures have to be good and of one key."""
    if not text.startswith(_PDF):
        return verified_document(text, keys)
    from mailbox.papers.pades import read_signed_pdf  # noqa: PLC0415 - heavy, and only here

    signed = asyncio.run(read_signed_pdf(text))
    kid = thumbprint(signed.key)
    key_named(kid, keys)
    content, inner = verified_document(signed.document, keys)
    if inner != kid:
        raise EngineError("closing-certificate-forged")
    return content, kid


async def _published(server: str) -> dict[str, Any]:
    import aiohttp  # noqa: PLC0415

    try:
        async with aiohttp.ClientSession() as session, session.get(f"{server}/v1/keys") as answer:
            return _parsed(await answer.read())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise EngineError("unreachable-server", reason=server) from error


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise EngineError("closing-certificate-unknown-key") from error
    return found if isinstance(found, dict) else {}


def _told(content: Mapping[str, Any]) -> Iterable[str]:
    case = content["case"]
    yield f"{content['issuer']['name']['ja']}  {content['issuer']['url']}  {content['issuedAt']}"
    yield f"{case['title']['ja']} {case['title']['en']}: {case['outcomeText']['ja']} {case['outcome']}"
    if content["simulation"]:
        yield "SIMULATION: it proves nothing real. シミュレーションです。"
    for one in content["filings"]:
        fields = "、".join(each["label"]["ja"] for each in one["told"]) or "—"
        yield f"  {one['title']['ja']}  {one['receiver']['ja']}  {one['outcomeText']['ja']}  {fields}"
