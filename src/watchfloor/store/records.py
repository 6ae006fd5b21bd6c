"""Objects of a workspace as records that mappings take: their last states, and every state that was seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
import sqlalchemy as sa

from watchfloor.schemas import LEDGER, REJECTS, Tables
from watchfloor.store.layout import history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchfloor.store.workspace import Workspace

__all__ = ["Records", "loads", "seen", "settled"]


class Records:
    """The last states of all objects of a kind, which know the ids that began again."""

    def __init__(
        self, workspace: Workspace, source: str, kind: str, *, details: str | None = None, before: int = 0
    ) -> None:
        """`details`: a kind whose objects add to those of the same id; `before`: records of the source before these."""
        self._workspace, self._source, self._kind, self._before = workspace, source, kind, before
        self._named_details = details
        self.count = 0
        self._earlier: dict[int, str] = {}

    def __iter__(self) -> Iterator[Any]:
        last: dict[str, tuple[int, int]] = {}
        details = self._details()
        for key, generation, _, body in self._workspace.bodies(self._source, self._kind):
            self.count += 1
            record = self._before + self.count
            if generation > 1 or key in last:
                _number_again(self._earlier, last, key, generation, record)
            last[key] = (generation, record)
            found = loads(body)
            yield found | details[key] if key in details else found

    def _details(self) -> dict[str, dict[str, Any]]:
        if self._named_details is None:
            return {}
        return {key: loads(body) for key, *_, body in self._workspace.bodies(self._source, self._named_details)}

    def named(self, tables: Tables) -> Tables:
        """Alerts and evidence by the ids that tell all objects apart; the records must have been read by now."""
        named = pl.col("record").replace_strict(self._earlier, default=None, return_dtype=pl.String)
        changed = {
            name: tables[name].with_columns(alert_id=pl.coalesce(named, "alert_id")) for name in ("alerts", "evidence")
        }
        return tables | changed


def _number_again(
    earlier: dict[int, str], last: dict[str, tuple[int, int]], key: str, generation: int, record: int
) -> None:
    """Ids begin again after a hard clean: the living offense keeps its id, an earlier one is `5 (1)`."""
    before = last.get(key)
    if before is None:
        return
    older, number = min(before, (generation, record))
    earlier[number] = f"{key} ({older})"


def seen(workspace: Workspace, source: str, kind: str) -> Iterator[tuple[str, int, str]]:
    """Id, when it was fetched, and JSON of each state of an object; those of ids that began again are left out."""
    chosen = sa.select(history.c.key, history.c.observed_ms, history.c.body).where(
        history.c.source == source,
        history.c.kind == kind,
        history.c.generation == 1,
        history.c.body.is_not(None),
    )
    with (
        workspace.reading() as connection,
        connection.execution_options(yield_per=1_000).execute(chosen) as found,
    ):
        for row in found:
            yield row.key, row.observed_ms, row.body


def loads(body: str) -> Any:
    """The JSON of an object; the quick reader refuses lone surrogates."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError):
        return json.loads(body)


def settled(parts: Sequence[Tables], source: str, count: int, missing: str | None, notes: Sequence[str] = ()) -> Tables:
    """Tables of a source, computed, with its line of the ledger: so many records, what is missing, what to know."""
    row = {
        "source": source,
        "format": "workspace",
        "lines": count,
        "partial": missing,
        "notes": "; ".join(notes) or None,
    }
    return {
        # Computed once: a question asks for them many times.
        "alerts": pl.concat([part["alerts"] for part in parts]).collect().lazy(),
        "evidence": pl.concat([part["evidence"] for part in parts]).collect().lazy(),
        "rejects": REJECTS.fill(pl.concat([part["rejects"] for part in parts])),
        "ledger": pl.LazyFrame([row], schema=LEDGER.schema),
    }
