"""Closing reasons from a file of their own, which the user names."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from watchfloor.errors import UnreadableFile
from watchfloor.readers.intake import files
from watchfloor.readers.records.documents import document, has_lines, loads

__all__ = ["reasons_in"]


def reasons_in(path: Path) -> list[Any]:
    """The closing reasons of their own export: a JSON list, JSON lines, or CSV with `id` and `text`.

    Raises:
        UnreadableFile: it holds no closing reasons.
    """
    head = files.head(path)
    text = files.content(path).content.decode("utf-8-sig", errors="replace")
    if head.content.lstrip()[:1] in (b"{", b"["):
        found = _json_in(text, path, lines=has_lines(head.lines))
    else:
        found = list(csv.DictReader(text.splitlines()))
    if not any(isinstance(one, Mapping) and {"id", "text"} <= one.keys() for one in found):
        raise UnreadableFile(
            f"{path}: no closing reasons: no objects or columns with id and text",
            hint="export /siem/offense_closing_reasons?include_deleted=true&include_reserved=true",
        )
    return found


def _json_in(text: str, path: Path, *, lines: bool) -> list[Any]:
    if not lines:
        return document(text, str(path), [{"id"}, {"text"}]).records
    try:
        return [loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise UnreadableFile(f"{path}: {error}", hint="export the closing reasons again") from error
