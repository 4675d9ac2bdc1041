# SPDX-License-Identifier: Apache-2.0
"""The one door to typst: a paper goes in, the same bytes come out every time.

A typst compiler costs a tenth of a second to start and milliseconds to use, so one is kept. What
people wrote travels as JSON beside the template and is never part of it.
"""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import segno
import typst

from engine.core.errors import Code, EngineError, Problem, register
from mailbox.papers.certificate import MoveOutCertificate
from mailbox.papers.glyphs import Glyphs
from mailbox.papers.notice import Notice
from mailbox.papers.sheet import Sheet

register(
    {
        "invalid-characters": Code(
            422,
            "印刷できない文字が含まれています",
            "There are characters that cannot be printed",
        ),
    }
)

_HERE = Path(__file__).parent
_FONTS = _HERE / "fonts"
_TEMPLATES = _HERE / "templates"
# Archival (PDF/A-3a, tagged) and readable by machines for people who cannot see (PDF/UA-1).
_STANDARDS: list[Any] = ["a-3a", "ua-1"]


class Papers:
    """Renders papers; safe to share between threads."""

    def __init__(self) -> None:
        self._glyphs = Glyphs.of(sorted(_FONTS.glob("*.ttf")))
        self._compiler = typst.Compiler(root=_TEMPLATES, font_paths=[_FONTS], ignore_system_fonts=True)
        self._lock = Lock()

    def move_out_certificate(self, certificate: MoveOutCertificate) -> bytes:
        """Return the certificate as PDF.

        Raises:
            EngineError: `invalid-characters`, with a pointer to each field that holds a character
                the fonts lack: a certificate with a wrong name must not leave the house.
        """
        printed = certificate.printed()
        problems = tuple(
            Problem(pointer, "invalid-characters")
            for pointer, text in _texts(printed)
            if not self._glyphs.can_draw(text)
        )
        if problems:
            raise EngineError("invalid-characters", problems=problems)
        return self._render("move-out-certificate.typ", printed | {"qr": _qr(certificate.verification)})

    def sheet(self, sheet: Sheet) -> bytes:
        """Return the sheet as PDF; 〓 stands for what cannot be drawn, and the sheet says so."""
        printed = sheet.printed()
        marked = _with_geta(printed, self._glyphs)
        return self._render("sheet.typ", marked | {"hasGeta": marked != printed, "qr": _qr(sheet.code)})

    def closing_certificate(self, printed: Mapping[str, Any], document: str) -> bytes:
        """Return the certificate of a case as PDF, with the signed document as its attachment."""
        marked = _with_geta(printed, self._glyphs)
        data = marked | {"hasGeta": marked != printed, "qr": _qr(f"sha256:{printed['digest']}")}
        return self._render("closing-certificate.typ", data, document=document)

    def notice(self, notice: Notice) -> bytes:
        """Return the notice as PDF; 〓 stands for what cannot be drawn."""
        return self._render("notice.typ", dict(_with_geta(notice.printed(), self._glyphs)))

    def _render(self, template: str, data: Mapping[str, object], *, document: str = "") -> bytes:
        with self._lock:
            pdf = self._compiler.compile(
                input=_TEMPLATES / template,
                format="pdf",
                sys_inputs={"data": json.dumps(data, ensure_ascii=False), "document": document},
                pdf_standards=_STANDARDS,
            )
        if not isinstance(pdf, bytes):
            raise TypeError(f"typst made {type(pdf).__name__} of {template}")
        return pdf


def _qr(content: str | None) -> list[int] | None:
    """Return a PNG as numbers: JSON knows no bytes, and as SVG it would be ten times the size."""
    if content is None:
        return None
    drawing = io.BytesIO()
    segno.make(content, error="m", micro=False).save(drawing, kind="png", border=2, scale=6)
    return list(drawing.getvalue())


def _texts(value: object, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in the data with the JSON pointer to it."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{pointer}/{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{pointer}/{index}")


def _with_geta(value: Any, glyphs: Glyphs) -> Any:
    if isinstance(value, str):
        return glyphs.with_geta(value)
    if isinstance(value, Mapping):
        return {key: _with_geta(inner, glyphs) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_geta(inner, glyphs) for inner in value]
    return value
