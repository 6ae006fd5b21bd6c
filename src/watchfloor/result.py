"""The answer to a question: a frozen value that shows itself in a notebook or a terminal, and saves itself."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.charts import Chart
from watchfloor.errors import BadOption

__all__ = ["FORMATS", "Input", "Provenance", "Result"]

FORMATS: dict[str, str] = {
    ".html": "watchfloor.reports.html",
    ".xlsx": "watchfloor.reports.xlsx",
    ".pdf": "watchfloor.reports.pdf",
    ".json": "watchfloor.reports.json",
    ".jsonl": "watchfloor.reports.jsonl",
    ".csv": "watchfloor.reports.csv",
    ".parquet": "watchfloor.reports.parquet",
}
"""Which document writes which extension: looked up by name when it is needed, so that a Result costs no import of them.
Each has `write(result, path)`."""


@dataclass(frozen=True)
class Input:
    """A file or system that was read."""

    source: str
    bytes: int | None = None
    sha256: str | None = None
    """Null where it was not computed, or the input is no file."""
    format: str | None = None
    lines: int | None = None
    rejected: int | None = None
    partial: str | None = None
    """Why it was not read to its end; null where it was."""


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from: enough to compute them again."""

    question: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    rows_in: Mapping[str, int] = field(default_factory=dict)
    """Rows of each canonical table that went in."""
    rejected: int = 0
    """Records of the inputs that could not be read."""
    period: tuple[datetime, datetime] | None = None
    """The first and the last instant of what went in, or the period that was asked for."""
    made_time: datetime | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """True where an input was not read to its end."""
        return any(source.partial for source in self.inputs)


def versions() -> dict[str, str]:
    """Versions of what computed: watchfloor, Polars, Python."""
    return {"watchfloor": metadata.version("watchfloor"), "polars": pl.__version__, "python": platform.python_version()}


@dataclass(frozen=True, repr=False)
class Result:
    """The answer to one question."""

    title: str
    table: pl.LazyFrame
    """The answer, its most important row first."""
    explanation: str = ""
    """What the table says, with every threshold, and what it does not say."""
    charts: tuple[Chart, ...] = ()
    """Drawn from the columns of `table`."""
    parts: tuple[Result, ...] = ()
    """Further tables of the same answer, each a small Result."""
    rejects: pl.LazyFrame | None = None
    """What could not be read of the inputs: the canonical table."""
    provenance: Provenance = field(default_factory=Provenance)
    name: str = ""
    """A word for files, sheets and anchors: `rules`."""
    json_columns: tuple[str, ...] = ()
    """Columns of JSON text, which a JSON document holds as what they are, and a document for reading last."""
    first_columns: tuple[str, ...] = ()
    """Columns that a document for reading shows first; files have the columns in the order of the table."""
    closer: Callable[[Mapping[str, Any]], Result] | None = field(default=None, compare=False)
    """What a closer look at one row of the table shows, where the answer has one."""
    json_pairs: tuple[tuple[str, str], ...] = ()
    """Columns that a JSON document holds as a list of two in rows where the other column says something."""

    def collect(self) -> pl.DataFrame:
        """The table, computed."""
        return self.table.collect()

    def __getitem__(self, name: str) -> Result:
        """The part of that name."""
        for part in self.parts:
            if part.name == name:
                return part
        names = ", ".join(part.name for part in self.parts)
        raise BadOption(f"{self.title}: there is no part {name!r}", hint=f"parts: {names or 'none'}")

    def why(self, row: int | Mapping[str, Any]) -> str:
        """Why a row is where it is, in words.

        Arguments:
            row: its rank, counted from 1, or the row itself as a dict.

        Raises:
            BadOption: a row that is not there, or an answer that gives no reasons.
        """
        found = self._row(row)
        said = [str(found[name]) for name in ("why", "cause", "reason") if found.get(name)]
        if not said:
            raise BadOption(
                f"{self.title}: its rows have no reasons", hint="answers with a column `why` or `reason` have"
            )
        return "; ".join(said)

    def picture(self, row: int | Mapping[str, Any]) -> Result:
        """A closer look at one row: an answer of its own, with charts, or with the examples that stand behind the row.

        Arguments:
            row: its rank, counted from 1, or the row itself as a dict.

        Raises:
            BadOption: a row that is not there, or an answer without a closer look.
        """
        found = self._row(row)
        if self.closer is not None:
            return self.closer(found)
        examples = next((part for part in self.parts if part.name == "examples"), None)
        if examples is None:
            raise BadOption(
                f"{self.title}: there is no closer look at its rows",
                hint="beacons, long_connections, dns_tunnels and tune have one",
            )
        of_row = examples.table.filter(pl.col("rank") == found["rank"])
        return replace(examples, title=f"Row {found['rank']}", table=of_row, explanation=f"{self.why(found)}.")

    def _row(self, row: int | Mapping[str, Any]) -> Mapping[str, Any]:
        if not isinstance(row, int):
            return row
        found = self.table.slice(row - 1, 1).collect() if row > 0 else self.table.clear().collect()
        if found.is_empty():
            raise BadOption(f"{self.title}: there is no row {row}", hint="rows are counted from 1")
        return found.row(0, named=True)

    def save(self, path: str | Path) -> Path:
        """Writes the answer; the extension decides: .html .xlsx .pdf .json .jsonl .csv .parquet.

        Raises:
            BadOption: an extension that no document has.
            MissingExtra: a document that needs a package which is not installed.
        """
        target = Path(path)
        if (module := FORMATS.get(target.suffix.lower())) is None:
            raise BadOption(
                f"{target.name}: cannot write a {target.suffix or 'file without extension'}",
                hint=f"use one of {' '.join(FORMATS)}",
            )
        importlib.import_module(module).write(self, target)
        return target

    def allow(self, *lists: str | Path, today: date | None = None) -> Result:
        """The same answer with allow lists applied, without reading the logs again: what is allowed stands last.

        Arguments:
            lists: TOML files of what is allowed, with reason, owner and expiry.
            today: the day on which entries may have expired; by default the present one, UTC.

        Raises:
            BadOption: a list that cannot be read, or an answer that is not about the network.
        """
        applied: Result = importlib.import_module("watchfloor.analyses.allowing.applied").allowed(
            self, lists, today=today
        )
        return applied

    def what_if(self, **changes: Any) -> Result:
        """The answer as it would be with other weights or thresholds: what enters and leaves the list, and each rank.

        Arguments:
            changes: new values by the names of the score's own parameters; `first` makes the list the first so many
                rows.

        Raises:
            BadOption: a name that the score does not have, a value that means nothing, or what needs the logs.
        """
        asked: Result = importlib.import_module("watchfloor.analyses.whatif.asked").what_if(self, changes)
        return asked

    def suggest_allowed(self, out: str | Path | None = None, *, beside: Sequence[Result] = (), **said: Any) -> Result:
        """Entries that could stand in an allow list, each with what it would hide; nothing is applied.

        Arguments:
            out: a TOML file to edit, which is written.
            beside: other answers about the same network: a high score there speaks against an entry.
            said: `least_hosts`, `most`, `owner`, `expiry_days`, `today`, as
                `watchfloor.analyses.allowing.suggested.suggested` takes them.

        Raises:
            BadOption: an answer that is not about the network, or an `out` that is no TOML file.
        """
        if out is not None and Path(out).suffix.lower() != ".toml":
            raise BadOption(f"out={str(out)!r}: an allow list is TOML", hint='out="allow.toml"')
        suggesting = importlib.import_module("watchfloor.analyses.allowing.suggested")
        found: Result = suggesting.suggested(self, beside=beside, **said)
        if out is not None:
            with importlib.import_module("watchfloor.reports.atomic").replacing(Path(out)) as beside_it:
                beside_it.write_text(suggesting.listed_as_toml(found), encoding="utf-8")
        return found

    def draw(self, number: int = 0) -> Any:
        """One of the charts as Altair draws it: to look at in a notebook, to change, to combine."""
        return importlib.import_module("watchfloor.charts.draw").draw(self._chart(number), self.table)

    def explore(self, number: int = 0) -> Any:
        """One of the charts in a notebook, to zoom and move; it needs no network."""
        return importlib.import_module("watchfloor.reports.notebook").Explorer(self._chart(number), self.table)

    def _chart(self, number: int) -> Chart:
        if not -len(self.charts) <= number < len(self.charts):
            raise BadOption(
                f"{self.title}: there is no chart {number}",
                hint=f"charts: 0 to {len(self.charts) - 1}" if self.charts else "this answer has none; its parts may",
            )
        return self.charts[number]

    def with_provenance(self, provenance: Provenance, rejects: pl.LazyFrame | None = None) -> Result:
        """The same answer with where it comes from."""
        return replace(self, provenance=provenance, rejects=rejects if rejects is not None else self.rejects)

    def to_pandas(self) -> Any:
        """The table as a pandas frame, where pandas is installed."""
        return self.collect().to_pandas()

    def __repr__(self) -> str:
        text: str = importlib.import_module("watchfloor.reports.terminal").text(self)
        return text

    def _repr_html_(self) -> str:
        html: str = importlib.import_module("watchfloor.reports.notebook").cell(self)
        return html
