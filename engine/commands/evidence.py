# SPDX-License-Identifier: Apache-2.0
"""`todoke evidence`: check the signatures that a person downloaded of their own case, without a network."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.core.errors import EngineError
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.identity.trust import TrustStore

_ENVIRONMENTS: Final = ("production", "test", "development")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(evidence)


@click.group()
def evidence() -> None:
    """Signatures of mandates (委任の署名): check what is shown to you."""


@evidence.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trust",
    type=click.Path(path_type=Path),
    help="The pinned roots. [default: TODOKE_TRUST, trust/ in TODOKE_STATE]",
)
@click.option("--environment", type=click.Choice(_ENVIRONMENTS), default="production", show_default=True)
def verify(file: Path, *, trust: Path | None, environment: str) -> None:
    """Judge every signature in FILE (of `GET /v1/cases/{case}/evidence`); nothing is asked of anybody."""
    roots = _trust(trust, environment)
    lines = [line for one in _signatures(file) for line in _judged(one, roots)]
    if not lines:
        raise click.ClickException(f"{file} holds no signature")
    for line in lines:
        click.echo(line)


def _trust(folder: Path | None, environment: str) -> "TrustStore":
    from engine.identity.profiles import Environment  # noqa: PLC0415
    from engine.identity.trust import TrustStore, TrustStoreError  # noqa: PLC0415

    settings = Settings.load()
    try:
        return TrustStore.load(folder or settings.trust or settings.state / "trust", Environment(environment))
    except TrustStoreError as error:
        raise click.ClickException(str(error)) from error


def _signatures(file: Path) -> list[Mapping[str, Any]]:
    try:
        found = json.loads(file.read_bytes())["signatures"]
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{file} is not a list of signatures") from None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _judged(one: Mapping[str, Any], trust: "TrustStore") -> Iterator[str]:
    """Yield what is proven; raises the refusal of what is not."""
    from engine.identity.proofs import judged  # noqa: PLC0415

    try:
        content, signed_at = base64.b64decode(one["mandate"]), datetime.fromisoformat(one["signedAt"])
        signature = base64.b64decode(one["signature"] or "")
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise EngineError("signature-malformed") from None
    if not signature:
        raise EngineError("evidence-not-settled")
    found = judged(content, signature, signed_at=signed_at, trust=trust)
    yield f"valid 署名は有効です  {found.attributes.name}  {found.attributes.address}"
    says = (
        "time stamp タイムスタンプ"
        if found.proven.source == "tsa"
        else "the engine's clock alone 受付時計のみ"
    )
    yield f"signed no later than 遅くとも {found.proven.at.isoformat()}  ({says})"
    status = found.verdicts.status
    word = status.this_update.isoformat() if status.this_update else "—"
    yield f"certificate 電子証明書  {status.standing.value}  by a list of {word}"
