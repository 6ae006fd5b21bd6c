"""The questions as a user asks them: each takes paths, canonical tables or a frame, and gives a Result that says
where its numbers come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from watchfloor import readers, traffic
from watchfloor.afterwards import Afterwards
from watchfloor.analyses.findings import findings as ask_findings
from watchfloor.analyses.hunt import TABLES_ASKED as HUNTED
from watchfloor.analyses.kpis import MARKS
from watchfloor.analyses.kpis import kpis as ask_kpis
from watchfloor.analyses.noise import noise as ask_noise
from watchfloor.analyses.recheck import load_exclusions
from watchfloor.analyses.recheck import recheck as ask_recheck
from watchfloor.analyses.ritaj import rita_j as ask_rita_j
from watchfloor.analyses.tags import TagRules
from watchfloor.analyses.timeline import from_alerts, from_connections, from_findings, from_requests
from watchfloor.analyses.timeline import timeline as ask_timeline
from watchfloor.analyses.tune import tune as ask_tune
from watchfloor.errors import BadOption, NothingToRead, SchemaError
from watchfloor.mappings import load_verdicts
from watchfloor.readers import Options, Tables
from watchfloor.readers.columns import apply as apply_columns
from watchfloor.readers.columns import load as load_columns
from watchfloor.readers.intake.since import Since
from watchfloor.reports import write_report
from watchfloor.result import Input, Provenance, Result, versions
from watchfloor.schemas import TABLES, as_lazy, needed
from watchfloor.store.promise import HoldsTables
from watchfloor.times import check_zone

__all__ = [
    "QUESTIONS",
    "Data",
    "beacons",
    "dns_tunnels",
    "findings",
    "hunt",
    "kpis",
    "long_connections",
    "noise",
    "read",
    "recheck",
    "report",
    "timeline",
    "tune",
]

Data = Any
"""What a question can be asked of: a path or several, a mapping of paths to their zones, canonical tables as `read`
gives them, a workspace (null: the one that is there), or any frame (Polars, pandas, PyArrow, DuckDB) that is a
canonical table or becomes one by a column map."""


@dataclass(frozen=True)
class Asked:
    """What the user said about the data, the same for every question."""

    format: str | None = None
    zone: str | None = None
    columns: str | Path | Mapping[str, Any] | None = None
    closing_reasons: str | Path | None = None
    mapping: str | Path | None = None
    since_last: Since | str | Path | None = None
    pattern: str | Path | Mapping[str, Any] | None = None
    progress: Callable[[int], None] | None = None

    def options(self) -> Options:
        """The same, as readers take it."""
        options = Options(
            zone=self.zone,
            columns=load_columns(self.columns) if self.columns is not None else None,
            closing_reasons=Path(self.closing_reasons) if self.closing_reasons is not None else None,
            mapping=Path(self.mapping) if self.mapping is not None else None,
            pattern=self.pattern,
        )
        return replace(options, progress=self.progress) if self.progress is not None else options


def read(data: Data, **asked: Any) -> Tables:
    """Any readable files as canonical tables: a dict of lazy Polars frames by name, `rejects` and `ledger` among them.

    Arguments:
        data: a path, several, or a mapping of paths to the zones of their clock times.
        asked: `format`, `zone`, `columns` (a column map: path of a TOML file, or a dict), `closing_reasons` (QRadar's),
            `mapping` (path of a file that says what words for closing an alert mean, before the defaults),
            `since_last` (a state file: only what was added to files since the last call with it is read),
            `pattern` (the name of a shipped pattern, a pattern file, the same as a dict, or a regex with named groups
            or Grok pattern itself).

    Raises:
        NothingToRead: no file, or none that any reader knows.
        AmbiguousTime: clock times without a zone.
        BadColumnMap: a column map that does not fit.
    """
    state = asked.pop("since_last", None)
    since = Since(Path(state)) if isinstance(state, str | Path) else state
    tables = _tables(data, Asked(**asked, since_last=since))
    if since is not None and since is not state:
        since.save()
    return tables


def reading_of(data: Data, **asked: Any) -> dict[str, Result]:
    """What `read` gives, each table as a Result that can show and save itself."""
    tables = _tables(data, Asked(**asked))
    origin = _origin(tables)
    shown = (
        Result(title=name, table=frame, explanation=f"One row: {TABLES[name].row}.", name=name)
        for name, frame in tables.items()
    )
    return {result.name: _answered(result, "read", asked, origin, tables) for result in shown}


def period_of(text: str, zone: str) -> tuple[datetime, datetime]:
    """Start and end of a period in words: `2025-10`, `2025-10-03`, or `2025-10-01..2025-11-01`, days of the zone.

    Raises:
        BadOption: words that are no period.
        UnknownZone: a zone that does not exist.
    """
    check_zone(zone)
    first, dots, last = text.partition("..")
    try:
        start, after = _span(first)
        end = _span(last)[0] if dots else after
        if start >= end:
            raise ValueError("it ends before it starts")
    except ValueError as error:
        raise BadOption(
            f"{text!r} is no period ({error})",
            hint="2025-10, 2025-10-03, or 2025-10-01..2025-11-01 (the end is left out)",
        ) from error
    return tuple(day.replace(tzinfo=ZoneInfo(zone)) for day in (start, end))  # type: ignore[return-value]


def _span(text: str) -> tuple[datetime, datetime]:
    """The first instant of a month or day, and of the one after it, as clock times."""
    if len(text) == len("2025-10"):
        start = datetime.strptime(text, "%Y-%m")  # noqa: DTZ007 - the zone follows
        return start, (start + timedelta(days=32)).replace(day=1)
    start = datetime.fromisoformat(text)
    return start, start + timedelta(days=1)


def findings(data: Data, *, rare: int = 2, **asked: Any) -> Result:
    """What did the scanners find, and on how many hosts was each rule, hash and path seen?"""
    tables = _tables(data, Asked(**asked), "findings", "scans")
    result = ask_findings(needed(tables, "findings"), tables.get("scans"), rare=rare)
    return _traced(result, "findings", tables, {"rare": rare, **asked})


def noise(
    data: Data = None,
    *,
    minimum: int = 10,
    zone_of_days: str = "UTC",
    confidence: float = 0.95,
    top: int = 5,
    steady: float = 2.0,
    bulk: int = 5,
    automatic_seconds: float = 10.0,
    together_seconds: float = 60.0,
    **asked: Any,
) -> Result:
    """Which rules are noise, what do they cost, how far can their labels be trusted, and what lies behind them?

    Arguments:
        data: as everywhere.
        minimum: fewer alerts than this give no rate, no trend and no evidence that stands out.
        zone_of_days: where a day begins.
        confidence: of every interval; what it leaves is the share of false ones among changes and silent rules.
        top: how many rules have a line of their own per day, and how many values each rule and field.
        steady: a trend is steady where a change by more than this factor is ruled out.
        bulk: so many cases that one name closes within one second are closed in bulk.
        automatic_seconds: what is closed sooner after it was made, no person closed.
        together_seconds: two rules fire together where their alerts are at most so far apart.
        asked: as for `read`.
    """
    tables = _tables(data, Asked(**asked), "alerts", "evidence")
    said = {
        "minimum": minimum,
        "confidence": confidence,
        "top": top,
        "steady": steady,
        "bulk": bulk,
        "automatic_seconds": automatic_seconds,
        "together_seconds": together_seconds,
    }
    result = ask_noise(needed(tables, "alerts"), tables.get("evidence"), zone=zone_of_days, **said)  # type: ignore[arg-type]
    return _traced(result, "noise", tables, {**said, "zone_of_days": zone_of_days, **asked})


def tune(
    data: Data = None,
    *,
    learn_until: datetime | None = None,
    most: int = 15,
    worth: float = 30,
    expiry_days: int = 90,
    minimum: int = 10,
    **asked: Any,
) -> Result:
    """What exactly should be tuned, and what would it cost us?

    Arguments:
        data: as everywhere.
        learn_until: learns on alerts created before, and proves on those that follow.
        most: so many exclusions are recommended at most.
        worth: alerts that an exclusion must save until it expires.
        expiry_days: after how many days an exclusion expires.
        minimum: the least number of alerts behind a recommendation.
        asked: as for `read`.
    """
    tables = _tables(data, Asked(**asked), "alerts", "evidence")
    said = {"learn_until": learn_until, "most": most, "worth": worth, "expiry_days": expiry_days, "minimum": minimum}
    result = ask_tune(_countable(tables), tables.get("evidence"), **said)  # type: ignore[arg-type]
    return _traced(result, "tune", tables, {**said, **asked})


def recheck(data: Data, exclusions: str | Path, **asked: Any) -> Result:
    """Do exclusions in force still do what they were made for?

    Arguments:
        data: as everywhere: alerts before anything is hidden.
        exclusions: `exclusions.toml`, as `watchfloor tune --artifacts` writes it.
        asked: as for `read`.
    """
    tables = _tables(data, Asked(**asked), "alerts", "evidence")
    result = ask_recheck(_countable(tables), tables.get("evidence"), load_exclusions(exclusions))
    return _traced(result, "recheck", tables, {"exclusions": str(exclusions), **asked})


def timeline(data: Data, *, to: str = "UTC", **asked: Any) -> Result:
    """What happened when, across sources with different clocks?

    Arguments:
        data: as everywhere; a mapping of paths to zones where the sources' clocks differ.
        to: the zone to show: `UTC`, a name such as `Europe/Paris`, or `majority`, the zone of most events.
        asked: as for `read`.
    """
    tables = _tables(data, Asked(**asked), "events")
    # Who names files for a timeline means all that is in them.
    events = _all_events(tables, traffic=True)
    return _traced(ask_timeline(events, to=to), "timeline", tables, {"to": to, **asked})


def kpis(
    data: Data = None,
    *,
    tags: str | Path | TagRules | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    as_of: datetime | None = None,
    client: str | None = None,
    clock: tuple[str, str] = ("created_time", "closed_time"),
    zone_of_days: str = "UTC",
    minimum: int = 10,
    confidence: float = 0.95,
    marks: tuple[timedelta, ...] = MARKS,
    **asked: Any,
) -> Result:
    """How is the SOC doing: volumes by tag, rule, client and day, closing reasons, escalations, a named clock.

    Arguments:
        data: as everywhere.
        tags: tag rules: a TOML file, or rules in Python; without them the shipped ones.
        start: alerts that start before are left out.
        end: alerts that start then or later are left out.
        as_of: the instant at which open cases are counted; without it the last instant in the data.
        client: only this client's alerts.
        clock: the two instants between which time is measured.
        zone_of_days: where a day begins.
        minimum: fewer alerts than this give no rate.
        confidence: of every interval.
        marks: after how long to ask which share is still running.
        asked: as for `read`.
    """
    rules = tags if isinstance(tags, TagRules) else TagRules.load(tags)
    tables = _tables(data, Asked(**asked), "alerts")
    said = {
        "start": start,
        "end": end,
        "as_of": as_of,
        "clock": clock,
        "zone": zone_of_days,
        "minimum": minimum,
        "confidence": confidence,
        "marks": marks,
    }
    alerts = needed(tables, "alerts")
    if client is not None:
        alerts = _of_client(alerts, client)
    result = ask_kpis(alerts, tags=rules, **said)  # type: ignore[arg-type]
    return _traced(result, "kpis", tables, {**said, "client": client, "tags": str(tags or "shipped"), **asked})


def beacons(data: Data, *, score: str = "watchfloor", **asked: Any) -> Result:
    """Who is calling home at regular times?

    Arguments:
        data: as everywhere.
        score: `watchfloor`: our own; `rita`: RITA v5's beacon score, to the last digit; `rita-j`: that of the RITA-J
            notebook, of HTTP requests.
        asked: as for `read`, and what `watchfloor.analyses.beacons.beacons` takes beside it (with `rita-j`:
            `watchfloor.analyses.ritaj.rita_j`); `threat_intel`: files of what is known to be bad; `allow`: allow lists;
            `what_if`: weights and thresholds that are to be others, as a dict.
    """
    reading = {key: asked.pop(key) for key in _READING & asked.keys()}
    afterwards = Afterwards.of(asked)
    if score == "rita-j":
        tables = _tables(data, Asked(**reading), "http_requests")
        result = ask_rita_j(needed(tables, "http_requests"), **asked)
    else:
        tables = _tables(data, Asked(**reading), "connections")
        result = traffic.beacons(tables, score=score, **asked)
    return afterwards.on(_traced(result, "beacons", tables, {"score": score, **asked, **reading}))


def hunt(data: Data, *, score: str = "rita", **asked: Any) -> Result:
    """Which pairs and domains are a threat, how bad, and why?

    Arguments:
        data: as everywhere: connections, HTTP requests, TLS sessions, DNS queries, those that there are.
        score: `rita`: RITA v5's final score, to the last digit.
        asked: as for `read`, and what `watchfloor.analyses.hunt.hunt` takes beside it; `allow`: allow lists;
            `what_if`: weights and thresholds that are to be others, as a dict.
    """
    reading = {key: asked.pop(key) for key in _READING & asked.keys()}
    afterwards = Afterwards.of(asked, marks=False)
    tables = _tables(data, Asked(**reading), *HUNTED)
    result = traffic.hunt(tables, score=score, **asked)
    return afterwards.on(_traced(result, "hunt", tables, {"score": score, **asked, **reading}))


def long_connections(data: Data, **asked: Any) -> Result:
    """Which pairs keep connections open for hours?

    Arguments:
        data: as everywhere: connections; TLS sessions and HTTP requests give names.
        asked: as for `read`, and what `watchfloor.analyses.long_connections.long_connections` takes beside it.
    """
    return _of_traffic("long_connections", traffic.long_connections, data, "connections", asked)


def dns_tunnels(data: Data, **asked: Any) -> Result:
    """Who carries data in DNS?

    Arguments:
        data: as everywhere: DNS queries; connections tell who connected to what was asked for.
        asked: as for `read`, and what `watchfloor.analyses.dns_tunnels.dns_tunnels` takes beside it.
    """
    return _of_traffic("dns_tunnels", traffic.dns_tunnels, data, "dns_queries", asked)


def _of_traffic(question: str, ask: Callable[..., Result], data: Data, needed: str, asked: Mapping[str, Any]) -> Result:
    """The answer of a question that needs one table, and looks at those beside it."""
    reading = {key: value for key, value in asked.items() if key in _READING}
    said = {key: value for key, value in asked.items() if key not in _READING}
    afterwards = Afterwards.of(said)
    tables = _tables(data, Asked(**reading), needed)
    return afterwards.on(_traced(ask(tables, **said), question, tables, {**said, **reading}))


def report(
    data: Data = None, out: str | Path | None = None, *, title: str = "SOC report", **asked: Any
) -> tuple[Result, ...]:
    """Every question that the data can answer; with `out` (.html, .xlsx, .pdf, ..) written as one document.

    Raises:
        NothingToRead: the data answers no question.
    """
    tables = _tables(data, Asked(**asked))
    origin = _origin(tables)
    results = tuple(
        _answered(ask(tables), name, asked, origin, tables)
        for name, (wants, ask) in QUESTIONS.items()
        if _any_rows(tables, wants)
    )
    if not results:
        raise NothingToRead(
            "nothing in these files answers a question", hint="`watchfloor read` shows what was read, and the rejects"
        )
    if out is not None:
        write_report(results, Path(out), title=title, rejects=tables.get("rejects"), ledger=tables.get("ledger"))
    return results


QUESTIONS: dict[str, tuple[tuple[str, ...], Callable[[Tables], Result]]] = {
    "findings": (("findings", "scans"), lambda tables: ask_findings(needed(tables, "findings"), tables.get("scans"))),
    "noise": (("alerts",), lambda tables: ask_noise(tables["alerts"], tables.get("evidence"))),
    "tune": (("alerts",), lambda tables: ask_tune(tables["alerts"], tables.get("evidence"))),
    "kpis": (("alerts",), lambda tables: ask_kpis(tables["alerts"], tags=TagRules.load(None))),
    "timeline": (("events",), lambda tables: ask_timeline(_all_events(tables))),
    "beacons": (("connections",), traffic.beacons),
    "long_connections": (("connections",), traffic.long_connections),
    "dns_tunnels": (("dns_queries",), traffic.dns_tunnels),
    "hunt": (HUNTED, traffic.hunt),
}
"""What `report` asks, in the order of its chapters: the tables of which one must have rows, and the question."""

_UNSAID = ("progress", "since_last")
"""What the numbers do not depend on, beside the inputs that are listed."""
_READING = frozenset(Asked.__dataclass_fields__)


def _tables(data: Data, asked: Asked, *wanted: str) -> Tables:
    """Whatever the user gave, as canonical tables; a frame without a column map is the first wanted table that fits."""
    if data is None or isinstance(data, HoldsTables):
        return _of_workspace(data, asked)
    if isinstance(data, Mapping):
        if data and all(value is None or isinstance(value, str) for value in data.values()):
            return _by_zone(data, asked)
        return {name: TABLES[name].conform(frame) for name, frame in data.items()}
    if isinstance(data, str | Path | Sequence):
        return _of_files([data] if isinstance(data, str | Path) else data, asked)
    frame = as_lazy(data)
    if asked.columns is not None:
        return apply_columns(frame, load_columns(asked.columns), source=type(data).__name__, zone=asked.zone)
    name = _name_of(frame.collect_schema().names(), wanted)
    return {name: TABLES[name].conform(frame)}


def _of_workspace(workspace: HoldsTables | None, asked: Asked) -> Tables:
    """What a workspace holds; without one, that which is here."""
    verdicts = load_verdicts(Path(asked.mapping)) if asked.mapping is not None else None
    if workspace is not None:
        return _filled(workspace.tables(verdicts))
    from watchfloor.store import open_workspace  # noqa: PLC0415 - SQLAlchemy, for those who keep a workspace

    with open_workspace() as opened:
        return _filled(opened.tables(verdicts))


def _filled(tables: Tables) -> Tables:
    """The tables of a workspace that holds something.

    Raises:
        NothingToRead: it is empty.
    """
    if not _any_rows(tables, ("alerts",)):
        raise NothingToRead("the workspace holds no alerts", hint="`watchfloor pull qradar` fills it; or name files")
    return tables


def _of_files(paths: Sequence[str | Path], asked: Asked) -> Tables:
    since = Since(Path(asked.since_last)) if isinstance(asked.since_last, str | Path) else asked.since_last
    return readers.read_files(paths, format=asked.format, options=asked.options(), since=since)


def _by_zone(zones: Mapping[str | Path, str | None], asked: Asked) -> Tables:
    """Paths with the zones of their clocks: read per zone, so that each file gets its own."""
    groups: dict[str | None, list[str | Path]] = {}
    for path, zone in zones.items():
        groups.setdefault(zone or asked.zone, []).append(path)
    return readers.merge([_of_files(paths, replace(asked, zone=zone)) for zone, paths in groups.items()])


def _name_of(columns: Iterable[str], wanted: Sequence[str]) -> str:
    """The canonical table that a frame is meant to be: the one with most of its columns there."""
    have = set(columns)
    names = wanted or tuple(TABLES)
    best = max(names, key=lambda name: len(have & set(TABLES[name].schema)) / len(TABLES[name].schema))
    if not have & set(TABLES[best].schema):
        raise SchemaError(
            f"this frame is none of the tables {', '.join(names)}: it has {', '.join(sorted(have)) or 'no columns'}",
            hint='pass a column map: columns={"table": "alerts", "columns": {"rule": "name", ..}}',
        )
    return best


def _countable(tables: Tables) -> pl.LazyFrame:
    """The alerts, where any has what tuning needs.

    Raises:
        NothingToRead: no alerts, or none with a rule and a time.
    """
    alerts = needed(tables, "alerts")
    rule, time = pl.col("rule").is_not_null(), pl.col("created_time").is_not_null()
    n, ruled, timed, both = (
        alerts.select(pl.len(), rule=rule.sum(), time=time.sum(), both=(rule & time).sum()).collect().row(0)
    )
    if both:
        return alerts
    if not n:
        rejected = tables["rejects"].select(pl.len()).collect().item() if "rejects" in tables else 0
        raise NothingToRead(
            "there is no alert in this data" + (f": {rejected:,} records could not be read" if rejected else ""),
            hint="`watchfloor read FILE --table rejects` says why" if rejected else "name files that hold alerts",
        )
    name = "created_time" if ruled else "rule"
    both_wanted = "rule and a created_time" if ruled and timed else name
    raise NothingToRead(
        f"none of {n:,} alerts has a {both_wanted}: nothing can be counted without",
        hint=f'export it too, or say in a column map (--columns) where it is: {name} = "their column"',
    )


def _all_events(tables: Tables, *, traffic: bool = False) -> pl.LazyFrame:
    """Events, and beside them whatever else has its place on a timeline: alerts and findings, and on demand traffic."""
    turns: dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
        "events": pl.LazyFrame.lazy,
        "alerts": from_alerts,
        "findings": from_findings,
    }
    if traffic:
        turns |= {"connections": from_connections, "http_requests": from_requests}
    parts = [turn(tables[name]) for name, turn in turns.items() if name in tables]
    return pl.concat(parts) if parts else needed(tables, "events")


def _any_rows(tables: Tables, names: Sequence[str]) -> bool:
    return any(name in tables and tables[name].head(1).collect().height > 0 for name in names)


def _traced(result: Result, question: str, tables: Tables, parameters: Mapping[str, Any]) -> Result:
    """The result with its provenance."""
    return _answered(result, question, parameters, _origin(tables), tables)


def _answered(
    result: Result, question: str, parameters: Mapping[str, Any], origin: Provenance, tables: Tables
) -> Result:
    """The result with where its data comes from, and what was asked of it."""
    said = {key: value for key, value in parameters.items() if value is not None and key not in _UNSAID}
    return result.with_provenance(replace(origin, question=question, parameters=said), tables.get("rejects"))


def _origin(tables: Tables) -> Provenance:
    """What went in, with hashes, and what could not be read: computed once for all that is asked of the same tables."""
    counts = {name: frame.select(pl.len()) for name, frame in tables.items() if name != "ledger"}
    rows = dict(zip(counts, (int(n.item()) for n in pl.collect_all(list(counts.values()))), strict=True))
    return Provenance(
        inputs=_inputs(tables["ledger"]) if "ledger" in tables else (),
        rows_in={name: n for name, n in rows.items() if name != "rejects"},
        rejected=rows.get("rejects", 0),
        made_time=datetime.now(UTC),
        versions=versions(),
    )


def _of_client(alerts: pl.LazyFrame, client: str) -> pl.LazyFrame:
    """The alerts of one client; a name that nobody has is an error, not an empty month."""
    names = alerts.select(pl.col("client").drop_nulls().unique().sort()).collect().to_series().to_list()
    if client not in names:
        raise BadOption(f"there is no client {client!r}", hint=f"clients: {', '.join(names) or 'none in this data'}")
    return alerts.filter(pl.col("client") == client)


def _inputs(ledger: pl.LazyFrame) -> tuple[Input, ...]:
    files = ledger.collect().to_dicts()
    stored = [row["source"].partition("!/")[0] for row in files]  # of a member of an archive, the archive
    with ThreadPoolExecutor(2) as pool:  # hashing lets go of the interpreter
        by_path = dict(zip(dict.fromkeys(stored), pool.map(_sha256, map(Path, dict.fromkeys(stored))), strict=True))
    hashes = [by_path[name] for name in stored]
    return tuple(
        Input(
            source=row["source"],
            bytes=row["file_bytes"],
            sha256=sha256,
            format=row["format"],
            lines=row["lines"],
            rejected=row["lines_rejected"],
            partial=row["partial"],
        )
        for row, sha256 in zip(files, hashes, strict=True)
    )


def _sha256(path: Path) -> str | None:
    if not path.is_file():  # a pipe gives its bytes once
        return None
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
