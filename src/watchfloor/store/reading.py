"""What a workspace holds as canonical tables, by the mapping of each system; and the history of what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
import sqlalchemy as sa

from watchfloor.mappings import (
    STATES,
    Verdicts,
    acts_of_notes,
    acts_of_states,
    shipped_verdicts,
    verdicts_of,
    with_acts,
)
from watchfloor.mappings.qradar import Kind, Lookups
from watchfloor.mappings.qradar import alerts as qradar_alerts
from watchfloor.schemas import ALERTS, EVIDENCE, LEDGER, REJECTS, Tables
from watchfloor.store.layout import history, runs, sources
from watchfloor.store.mapped import MAPPED, of_mapped
from watchfloor.store.records import Records, loads, seen, settled
from watchfloor.times import from_epoch

if TYPE_CHECKING:
    from watchfloor.store.workspace import Workspace

__all__ = ["HISTORY", "history_of", "tables_of"]

_NAMED: dict[str, Kind] = {
    "closing_reason": "closing reasons",
    "offense_type": "offense types",
    "rule": "rules",
    "contribution": "rule contributions",
    "domain": "domains",
    "tenant": "tenants",
    "source_address": "source addresses",
    "local_destination_address": "local destination addresses",
}
"""Kinds of objects that name what offenses hold as ids."""
HISTORY = pl.Schema(
    {
        "source": pl.String(),
        "kind": pl.String(),
        "id": pl.String(),
        "generation": pl.Int64(),
        "version": pl.Int64(),
        "change": pl.String(),
        "observed_time": pl.Datetime("us", "UTC"),
        "run_id": pl.Int64(),
        "page_id": pl.Int64(),
        "body": pl.String(),
    }
)
"""One row per observed state of an object: new, changed, closed, reopened, gone, back; the body is its JSON."""


def tables_of(workspace: Workspace, verdicts: Verdicts | None = None) -> Tables:
    """Alerts and evidence of all that the workspace holds, those included that their system has deleted since.

    Arguments:
        workspace: what to read.
        verdicts: what closing reasons mean; without, `mapping.toml` beside the file, else the shipped words.
    """
    with workspace.reading() as connection:
        found = list(connection.execute(sa.select(sources.c.source, sources.c.system).order_by("source")))
        missing = {source: _missing(connection, source) for source, _ in found}
    beside = verdicts_of(workspace.folder) if workspace.folder is not None else shipped_verdicts()
    said = verdicts or beside
    parts = [
        _of_qradar(workspace, source, missing[source], said)
        if system == "qradar"
        else of_mapped(workspace, source, system, missing[source], said)
        for source, system in found
        if system == "qradar" or system in MAPPED
    ]
    kinds = {"alerts": ALERTS, "evidence": EVIDENCE, "rejects": REJECTS, "ledger": LEDGER}
    return {name: pl.concat([part[name] for part in parts] or [kind.empty()]) for name, kind in kinds.items()}


def _missing(connection: sa.Connection, source: str) -> str | None:
    """What the last run could not have, in words."""
    chosen = sa.select(runs.c.ended_ms, runs.c.missing).where(runs.c.source == source)
    last = connection.execute(chosen.order_by(runs.c.run_id.desc()).limit(1)).first()
    if last is None:
        return None
    return "the last pull did not end: pull again" if last.ended_ms is None else last.missing


def _of_qradar(workspace: Workspace, source: str, missing: str | None, verdicts: Verdicts) -> Tables:
    lookups = Lookups(verdicts=verdicts)
    for kind, name in _NAMED.items():
        lookups.add(name, (loads(body) for *_, body in workspace.bodies(source, kind)))
    records = Records(workspace, source, "offense")
    tables = records.named(qradar_alerts(iter(records), lookups, source=source))
    acts = pl.concat([acts_of_notes(_notes(workspace, source)), acts_of_states(_states(workspace, source))])
    tables["alerts"] = with_acts(tables["alerts"], acts)
    return settled([tables], source, records.count, missing)


def _notes(workspace: Workspace, source: str) -> Iterator[Mapping[str, Any]]:
    """Notes, each with its offense."""
    for *_, body in workspace.bodies(source, "note"):
        found = loads(body)
        for note in found["notes"]:
            yield note | {"offense_id": found["offense_id"]}


class _State(msgspec.Struct):
    assigned_to: str | None = None
    first_persisted_time: int | None = None
    start_time: int | None = None
    last_persisted_time: int | None = None


def _states(workspace: Workspace, source: str) -> pl.DataFrame:
    """The states of offenses that were seen, each when it was fetched; those of ids that began again are left out."""
    decoder = msgspec.json.Decoder(_State)
    rows = []
    for key, at, body in seen(workspace, source, "offense"):
        try:
            one = decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeError):  # such an offense is a reject, or no act of anybody
            continue
        made = one.first_persisted_time or one.start_time
        rows.append((key, one.assigned_to, made, one.last_persisted_time, at))
    types = {name: pl.Int64() if isinstance(dtype, pl.Datetime) else dtype for name, dtype in STATES.items()}
    frame = pl.DataFrame(rows, schema=types, orient="row")
    return frame.with_columns(from_epoch(pl.col(name), "ms") for name in types if name.endswith("_time"))


def history_of(workspace: Workspace, kind: str | None = None) -> pl.LazyFrame:
    """The history, in the order in which it was observed."""
    columns = ("source", "kind", "key", "generation", "version", "change", "observed_ms", "run_id", "page_id", "body")
    chosen = sa.select(*(history.c[name] for name in columns))
    if kind is not None:
        chosen = chosen.where(history.c.kind == kind)
    with workspace.reading() as connection:
        streamed = connection.execution_options(yield_per=5_000).execute(chosen)
        frames = [_frame(rows) for rows in streamed.partitions()]
    return (
        pl.concat(frames or [pl.DataFrame(schema=HISTORY)])
        .lazy()
        .sort("observed_time", "source", "kind", "id", "generation", "version")
    )


def _frame(rows: Any) -> pl.DataFrame:
    types = {name: pl.Int64() if name == "observed_time" else dtype for name, dtype in HISTORY.items()}
    frame = pl.DataFrame([tuple(row) for row in rows], schema=types, orient="row")
    return frame.with_columns(observed_time=from_epoch(pl.col("observed_time"), "ms"))
