"""JSON: title, explanation, rows, provenance, the number of rejects, and the parts in the same shape."""

from __future__ import annotations

import dataclasses
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import polars as pl

from watchfloor.reports.atomic import replacing
from watchfloor.reports.cells import exact
from watchfloor.result import Provenance, Result

__all__ = ["head", "names_of", "plain", "provenance_of", "write", "write_report"]


def write(result: Result, path: Path) -> None:
    """Streams the answer to disk. JSON has no NaN and no infinity: they are null."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as out:
        _answer(result, out)
        out.write("\n")


def write_report(
    results: Sequence[Result],
    path: Path,
    *,
    title: str,
    rejects: pl.LazyFrame | None = None,
    ledger: pl.LazyFrame | None = None,
) -> None:
    """Several answers as the parts of one, with the rejects and the ledger as tables beside them."""
    tables = [
        Result(title=name, table=table, name=name)
        for name, table in (("rejects", rejects), ("ledger", ledger))
        if table is not None
    ]
    provenance = results[0].provenance if results else Provenance()
    empty = pl.LazyFrame()
    write(Result(title=title, table=empty, parts=(*results, *tables), provenance=provenance), path)


def head(result: Result) -> str:
    """What the rows are, without the rows: title, explanation, provenance, rejects."""
    return _text(
        {
            "title": result.title,
            "explanation": result.explanation,
            "provenance": provenance_of(result.provenance),
            "rejects": result.provenance.rejected,
        }
    )


def names_of(parts: Sequence[Result]) -> list[str]:
    """A name for each part, no two alike: its own, or its number."""
    names: list[str] = []
    for number, part in enumerate(parts, start=1):
        name = part.name or f"part-{number}"
        names.append(name if name not in names else f"{name}-{number}")
    return names


def provenance_of(provenance: Provenance) -> dict[str, Any]:
    """Provenance as JSON carries it."""
    return {field.name: plain(getattr(provenance, field.name)) for field in dataclasses.fields(provenance)} | {
        "partial": provenance.partial
    }


def plain(value: Any) -> Any:  # noqa: PLR0911 - one line per type
    """A value of a parameter as JSON carries it; what JSON does not know becomes its text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case datetime():
            instant = value if value.tzinfo is None else value.astimezone(UTC)
            return instant.isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case _:
            return value.isoformat() if isinstance(value, date) else str(value)


def _answer(result: Result, out: IO[str]) -> None:
    begin, end = head(result)[:-1], "}"
    out.write(begin)
    out.write(', "rows": [')
    _rows(result, out)
    out.write("]")
    if result.parts:
        out.write(', "parts": {')
        for number, (name, part) in enumerate(zip(names_of(result.parts), result.parts, strict=True)):
            out.write(f"{', ' if number else ''}{_text(name)}: ")
            _answer(part, out)
        out.write("}")
    out.write(end)


def _rows(result: Result, out: IO[str]) -> None:
    """One row per line, by way of a temporary file: a table may be larger than memory."""
    with tempfile.TemporaryDirectory(prefix="watchfloor-") as folder:
        lines = Path(folder) / "rows.jsonl"
        exact(result.table).sink_ndjson(lines)
        with lines.open(encoding="utf-8", newline="\n") as rows:
            for number, line in enumerate(rows):
                out.write(",\n" if number else "\n")
                out.write(_unfolded(line, result) if result.json_columns or result.json_pairs else line.rstrip("\n"))
            out.write("\n")


def _unfolded(line: str, result: Result) -> str:
    """A row whose columns of JSON text are what the text says, and whose pairs are lists."""
    row = json.loads(line)
    pairs = {name: [row[name], row[other]] for name, other in result.json_pairs if row[other] is not None}
    said = {name: json.loads(row[name]) for name in result.json_columns if row[name] is not None}
    return _text(row | pairs | said)


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()  # file names may hold bytes that are no text
