"""Parts of a file through the column map: canonical rows, evidence and rejects are kept, lines are counted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from watchfloor.engine import Keeper
from watchfloor.readers._reader import REJECTED_CHARACTERS
from watchfloor.readers.columns.plan import LINES, SAMPLE_ROWS, Plan, Surveyed
from watchfloor.readers.table.part import Part, Reject
from watchfloor.schemas import REJECTS, TABLES

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap

__all__ = ["Intake"]


class Intake:
    """Takes in the parts of one file in order."""

    def __init__(
        self, path: Path, mapping: ColumnMap, zone: str | None, kept: dict[str, Keeper], *, json: bool
    ) -> None:
        """For a file; `kept` holds the rows of all files, by table."""
        self._path, self._mapping, self._zone, self._kept, self._json = path, mapping, zone, kept, json
        self._plan: Plan | None = None
        self._lines = self._read = self._continued = self._rejected = self._skipped = 0
        self._surveyed = Surveyed()
        self.filled: set[str] = set()
        """Canonical columns and fields of evidence that had a value anywhere."""
        self.notes: list[str] = []
        self.partial: list[str] = []
        self.encoding: str | None = None

    def take(self, part: Part) -> None:
        """Adds the rows of a part.

        Raises:
            BadColumnMap: columns that are missing, or of which no value can be read.
            AmbiguousTime: clock times without a zone.
        """
        if self._plan is None:
            self._plan = Plan.of(
                self._mapping, dict(part.frame.schema), source=str(self._path), zone=self._zone, json=self._json
            )
        chosen = self._plan.choose(part.frame.lazy()).collect()
        frame = chosen.lazy()
        if not self._read:
            self._plan.check(frame.head(SAMPLE_ROWS))
        self._surveyed.add(self._plan.survey(frame))
        wanted = [self._plan.rows(frame), self._plan.rejects(frame, with_text=False)]
        if self._mapping.evidence:
            wanted.append(self._plan.evidence(frame))
        rows, unread, *evidence = pl.collect_all(wanted)
        self._keep(self._mapping.table, rows)
        for facts in evidence:
            self._keep("evidence", facts)
        self._keep("rejects", self._rejects(part, unread))
        self._count(part, int(chosen[LINES].sum()), rows.height, int(unread["lines"].sum()))
        self.filled |= {name for name in rows.columns if rows[name].null_count() < rows.height}
        self.filled |= {field for facts in evidence for field in facts["field"].unique()}

    def reads_as(self, encoding: str) -> None:
        """How the text is stored."""
        self.encoding = encoding

    def ledger(self) -> dict[str, Any]:
        """The file's row of the ledger."""
        notes = [*dict.fromkeys(self.notes), *self._surveyed.notes()]
        return {
            "source": str(self._path),
            "format": "table",
            "file_bytes": self._path.stat().st_size,
            "lines": self._lines,
            "lines_read": self._read,
            "lines_continued": self._continued,
            "lines_rejected": self._rejected,
            "lines_skipped": self._skipped,
            "encoding": self.encoding,
            "partial": "; ".join(dict.fromkeys(self.partial)) or None,
            "notes": "; ".join(notes) or None,
        }

    def surveyed(self) -> Iterable[str]:
        """What the map does not know, in sentences."""
        return self._surveyed.notes()

    def _count(self, part: Part, lines: int, read: int, unread_lines: int) -> None:
        """`lines` are those of the records that the map is about."""
        of_rejects = unread_lines + sum(reject.lines for reject in part.rejects)
        self._lines += part.lines
        self._skipped += part.skipped + int(part.frame[LINES].sum()) - lines
        self._rejected += of_rejects
        self._read += read
        self._continued += lines - unread_lines - read

    def _keep(self, name: str, rows: pl.DataFrame) -> None:
        self._kept.setdefault(name, Keeper(TABLES[name].schema)).add(rows)

    def _rejects(self, part: Part, unread: pl.DataFrame) -> pl.DataFrame:
        """Rejects of the layout and of the values, in the order of the file, each with its text."""
        by_value = [
            Reject(row["record"], row["reason"], part.text(row["record"], row["lines"]), row["lines"])
            for row in unread.select("record", "reason", "lines").to_dicts()
        ]
        found = sorted([*part.rejects, *by_value], key=lambda reject: reject.record)
        columns = {
            "record": [reject.record for reject in found],
            "lines": [reject.lines for reject in found],
            "reason": [reject.reason for reject in found],
            "text": [reject.text[:REJECTED_CHARACTERS] for reject in found],
        }
        schema = {name: REJECTS[name].dtype for name in columns}
        return REJECTS.fill(pl.DataFrame(columns, schema=schema), source=str(self._path)).collect()
