"""Alerts of systems that are read by mapping files, as readers have them of files with the same records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from watchfloor.mappings import STATES, Verdicts, acts_of_states, with_acts
from watchfloor.mappings.cases import with_cases
from watchfloor.mappings.systems import Maker, System, made_by, system_named
from watchfloor.schemas import Tables
from watchfloor.store.records import Records, loads, seen, settled
from watchfloor.times import from_epoch

if TYPE_CHECKING:
    from watchfloor.store.workspace import Workspace

__all__ = ["MAPPED", "of_mapped"]


@dataclass(frozen=True)
class Mapped:
    """A kind of objects that are alerts."""

    kind: str
    mapping: str
    """Of which name."""
    details: str | None = None
    """The kind of objects that hold the rest of a record, by the same id."""


MAPPED = {
    "graph": (Mapped("incident", "defender_incident"),),
    "thehive": (
        Mapped("alert", "thehive_alert", "alert_observables"),
        Mapped("case", "thehive_case", "case_observables"),
    ),
}
"""Kinds of each system; of two the second are cases that alerts of the first are merged into."""


def of_mapped(workspace: Workspace, source: str, system: str, missing: str | None, verdicts: Verdicts) -> Tables:
    """Alerts and evidence of a source, its rejects and its line of the ledger."""
    parts: list[Tables] = []
    notes: list[str] = []
    count = 0
    for one in MAPPED[system]:
        records = Records(workspace, source, one.kind, details=one.details, before=count)
        maker = Maker(system_named(one.mapping), verdicts)
        tables = records.named(made_by(maker, iter(records), source=source, first=count + 1))
        tables["alerts"] = with_acts(tables["alerts"], acts_of_states(_states(workspace, source, one)))
        parts.append(tables)
        notes += maker.notes
        count += records.count
    return settled([with_cases(*parts)] if len(parts) == 2 else parts, source, count, missing, notes)


def _states(workspace: Workspace, source: str, one: Mapped) -> pl.DataFrame:
    """The states of objects that were seen, each when it was fetched."""
    maker = Maker(_narrow(system_named(one.mapping)))
    rows = []
    for _, at, body in seen(workspace, source, one.kind):
        try:
            row, _ = maker(loads(body))
        except ValueError:  # such an object is a reject, or no act of anybody
            continue
        rows.append({name: row.get(name) for name in STATES if name != "seen_time"} | {"seen_time": at})
    types = {name: pl.Int64() if name == "seen_time" else dtype for name, dtype in STATES.items()}
    return pl.DataFrame(rows, schema=types).with_columns(from_epoch(pl.col("seen_time"), "ms"))


def _narrow(system: System) -> System:
    """The mapping, of the columns that tell who was seen to get an alert."""
    columns = {name: origins for name, origins in system.columns.items() if name in STATES}
    return system.model_copy(update={"columns": columns, "evidence": {}, "typed": ()})
