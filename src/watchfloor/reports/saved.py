"""An answer that was written to a file, read again: what comes afterwards needs no logs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.errors import BadOption, NothingToRead, UnreadableFile
from watchfloor.result import Input, Provenance, Result

__all__ = ["load"]

_HINT = "name a file that a watchfloor question wrote with --out: .parquet or .json"


_NUMBER = re.compile(
    "(score|seconds|bytes|count|port|prevalence|connections|subdomains|share|beats|servers|twins|others)$"
)
_TIMES = ("time", "first_seen", "time_end")


def load(path: str | Path) -> Result:
    """The answer of a file: Parquet, whose types are exact, or JSON, which has the parts too.

    Raises:
        BadOption: a file of another kind.
        NothingToRead: no such file.
        UnreadableFile: a file that is damaged, or was not written by watchfloor.
    """
    source = Path(path)
    kind = source.suffix.lower()
    if kind not in (".parquet", ".json"):
        raise BadOption(
            f"{source.name}: an answer cannot be read from a {kind or 'file without extension'}",
            hint="write it as --out answer.parquet (exact) or answer.json; CSV and pages lose what is needed",
        )
    if not source.is_file():
        raise NothingToRead(f"{source}: no such file", hint=_HINT)
    try:
        return _of_parquet(source) if kind == ".parquet" else _of_json(source)
    except (
        pl.exceptions.PolarsError,
        OSError,
        ValueError,
        RecursionError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise UnreadableFile(f"{source}: not an answer of watchfloor: {_first_line(error)}", hint=_HINT) from error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _of_parquet(path: Path) -> Result:
    head = pl.read_parquet_metadata(path).get("watchfloor")
    if head is None:
        raise ValueError("its metadata does not say what it is")
    return _with_head(json.loads(head), pl.scan_parquet(path))


def _of_json(path: Path) -> Result:
    return _answer(json.loads(path.read_text(encoding="utf-8")))


def _answer(said: Mapping[str, Any], name: str = "") -> Result:
    rows = said["rows"]
    table = _typed(pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame())
    parts = tuple(_answer(part, name) for name, part in said.get("parts", {}).items())
    return _with_head(said, table.lazy(), name, parts)


def _typed(table: pl.DataFrame) -> pl.DataFrame:
    """Times as times, which JSON has as text; columns without any value as numbers or text, by their names."""
    empty = [name for name, dtype in table.schema.items() if dtype == pl.Null]
    table = table.cast({name: pl.Float64 if _NUMBER.search(name) else pl.String for name in empty})
    text = [name for name, dtype in table.schema.items() if dtype == pl.String and _is_time(name)]
    return table.with_columns(
        pl.col(name).str.to_datetime(time_unit="us", time_zone="UTC", strict=True) for name in text
    )


def _is_time(name: str) -> bool:
    return name in _TIMES or name.endswith("_time")


def _with_head(head: Mapping[str, Any], table: pl.LazyFrame, name: str = "", parts: tuple[Result, ...] = ()) -> Result:
    said = head["provenance"]
    question = str(said.get("question", ""))
    provenance = Provenance(
        question=question,
        parameters=dict(said.get("parameters", {})),
        inputs=tuple(Input(**one) for one in said.get("inputs", ())),
        rows_in=dict(said.get("rows_in", {})),
        rejected=int(said.get("rejected", 0)),
        made_time=datetime.fromisoformat(said["made_time"]) if said.get("made_time") else None,
        versions=dict(said.get("versions", {})),
    )
    return Result(
        title=str(head["title"]),
        table=table,
        explanation=str(head.get("explanation", "")),
        provenance=provenance,
        name=name or question,
        parts=parts,
    )
