"""An offense of QRadar's API as an alert and its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from watchfloor import times
from watchfloor.mappings.qradar.intake import DESTINATION_ID, SOURCE_ID, STATUS, Offenses
from watchfloor.mappings.qradar.lookups import Lookups
from watchfloor.schemas import ALERTS, EVIDENCE, REJECTS, Tables

__all__ = ["alerts", "alerts_of", "evidence_of"]


def alerts(offenses: Iterable[Any], lookups: Lookups | None = None, *, source: str = "qradar") -> Tables:
    """Alerts, evidence and rejects of offenses as the API gives them, without a file.

    Arguments:
        offenses: JSON objects; a text is read as the JSON of one. Their numbers from 1 are the column `record`.
        lookups: what their ids point to; without, every id stays `unknown (54)`.
        source: what the rows say they are from: the console's address, say.
    """
    lookups = lookups or Lookups()
    rejected: list[tuple[int, str, str]] = []

    def reject(number: int, reason: str, record: Any) -> None:
        rejected.append((number, reason, (record if isinstance(record, str) else json.dumps(record))[:2000]))

    known = Offenses.of(((number, _object(one)) for number, one in enumerate(offenses, start=1)), reject)
    rejects = pl.DataFrame(rejected, schema=["record", "reason", "text"], orient="row")
    return {
        "alerts": alerts_of(known, lookups, source),
        "evidence": evidence_of(known, lookups, source),
        "rejects": REJECTS.fill(rejects, source=source),
    }


def _object(offense: Any) -> Any:
    """The object that a text holds; a text that is no JSON stays one, and is rejected as no object."""
    if isinstance(offense, str):
        try:
            return json.loads(offense)
        except (ValueError, RecursionError):
            return offense
    return offense


def alerts_of(offenses: Offenses, lookups: Lookups, source: str) -> pl.LazyFrame:
    """One alert per offense.

    `rule` is the name of its first rule where rules were exported too, else the first segment of the description,
    to which QRadar appends ` preceded by Y` and ` containing X`. `severity` is ten times the magnitude, which decays.
    `escalated` has no field in QRadar: true where the offense is marked for follow-up or its closing reason speaks of
    escalation, else false once it is closed, null before. A closing reason or domain without a name is `unknown (54)`.
    """
    status = pl.col("status").str.to_uppercase().replace_strict(STATUS, return_dtype=pl.String)
    reasons, domains = offenses.rows["closing_reason_id"], offenses.rows["domain_id"]
    rows = (
        offenses.rows.lazy()
        .join(_rule_names(offenses.facts, lookups).lazy(), on="record", how="left", maintain_order="left")
        .with_columns(
            client=_looked_up(domains, lookups.client),
            closing_reason=_looked_up(reasons, lookups.reason),
            status=status,
        )
    )
    marked = pl.col("follow_up").fill_null(False) | pl.col("closing_reason").str.contains("(?i)escalat").fill_null(
        False
    )
    return ALERTS.fill(
        rows.select(
            "record",
            "status",
            "closing_reason",
            "event_count",
            "client",
            alert_id=pl.col("id").cast(pl.String),
            rule=pl.coalesce("rule", _first_segment(pl.col("description"))),
            title=_one_line(pl.col("description")),
            severity=pl.col("magnitude") * 10,
            disposition=_dispositions(offenses.rows, lookups),
            escalated=pl.when(marked).then(True).when(pl.col("status") == "closed").then(False),
            assignee="assigned_to",
            closed_by="closing_user",
            first_event_time=_instant("start_time"),
            last_event_time=_instant("last_updated_time"),
            created_time=pl.coalesce(_instant("first_persisted_time"), _instant("start_time")),
            closed_time=_instant("close_time"),
            updated_time=_instant("last_persisted_time"),
        ),
        source=source,
        system="qradar",
    )


def _dispositions(rows: pl.DataFrame, lookups: Lookups) -> pl.Expr:
    """By closing reason, which a client may mean in a way of its own."""
    kinds = rows.select("domain_id", "closing_reason_id").unique().drop_nulls("closing_reason_id")
    known = {
        (domain, reason): lookups.disposition(reason, lookups.client(domain)) for domain, reason in kinds.iter_rows()
    }
    key = pl.concat_str(pl.col("domain_id").cast(pl.String).fill_null(""), pl.lit("/"), "closing_reason_id")
    named = {f"{'' if domain is None else domain}/{reason}": said for (domain, reason), said in known.items()}
    return key.replace_strict(named, default=None, return_dtype=pl.String)


def _looked_up(ids: pl.Series, name: Any) -> pl.Expr:
    """Names by id."""
    known = {number: name(number) for number in ids.unique().to_list()}
    return pl.col(ids.name).replace_strict(known, default=None, return_dtype=pl.String)


def _rule_names(facts: pl.DataFrame, lookups: Lookups) -> pl.DataFrame:
    """For each record the first of its rules that has a name."""
    names = {f"{number}": name for number, name in lookups.rules.items()}
    named = pl.col("value").replace_strict(names, default=None, return_dtype=pl.String)
    return (
        facts.filter(pl.col("field") == "rule_id")
        .select("record", rule=named)
        .filter(pl.col("rule").is_not_null())
        .unique("record", keep="first", maintain_order=True)
    )


def _first_segment(description: pl.Expr) -> pl.Expr:
    """The offense's rule: QRadar writes each further segment on a line of its own; where the lines were joined, by
    their words."""
    lines = description.str.strip_chars()
    first = lines.str.extract(r"^([^\n]*)")
    alone = first.str.replace(r"\s(?:preceded by|containing)\s.*$", "")
    chained = first.str.replace(r"\spreceded by\s.*$", "")
    return _one_line(pl.when(lines.str.contains("\n", literal=True)).then(chained).otherwise(alone))


def _one_line(text: pl.Expr) -> pl.Expr:
    line = text.str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(line != "").then(line)


def _instant(name: str) -> pl.Expr:
    """Epoch milliseconds (API 12.0 to 26.0); a 0 stands for none."""
    column = pl.col(name)
    return times.from_epoch(pl.when(column != 0).then(column), "ms")


_BY_TYPE = {0: "src_ip", 1: "dst_ip", 3: "user"}
"""Offense types whose meaning does not depend on the installation."""
_BY_PROPERTY = {
    "sourceip": "src_ip",
    "sourceipv6": "src_ip",
    "destinationip": "dst_ip",
    "destinationipv6": "dst_ip",
    "username": "user",
    "hostname": "host",
    "sourcehostname": "host",
    "computername": "host",
    "machineid": "host",
    "machineidentifier": "host",
    "sourcemac": "mac",
    "url": "url",
    "urldomain": "domain",
    "dnsdomain": "domain",
    "domainname": "domain",
    "filename": "file",
    "filehash": "hash",
    "processname": "process",
}
"""Properties by their name, in small letters without blanks: the last ones are custom ones of IBM's extensions."""


def evidence_of(offenses: Offenses, lookups: Lookups, source: str) -> pl.LazyFrame:
    """What the offenses were about: their source by its type, addresses, categories, log sources, networks, rules.

    Addresses are ids that only the console's lists resolve: where these were given, an id that they do not hold stays
    visible as one. An address that is the offense's source too is there once.
    """

    def kind(number: int) -> str:
        said = lookups.offense_types.get(number, "").lower().replace("_", "").replace(" ", "")
        return _BY_TYPE.get(number) or _BY_PROPERTY.get(said, "offense_source")

    kinds = {number: kind(number) for number in offenses.rows["offense_type"].drop_nulls().unique().to_list()}
    of_source = pl.col("offense_type").replace_strict(kinds, default="offense_source", return_dtype=pl.String)
    rows, alert_id = offenses.rows.lazy(), pl.col("id").cast(pl.String).alias("alert_id")
    facts = offenses.facts.lazy()
    parts = [
        rows.select("record", field=of_source, value="offense_source"),
        rows.select("record", field=pl.lit("source_network"), value="source_network"),
        facts.filter(~pl.col("field").is_in([SOURCE_ID, DESTINATION_ID])),
        _named(facts, "rule_id", "rule", lookups.rules),
    ]
    for field, named, names in (
        (SOURCE_ID, "src_ip", lookups.sources),
        (DESTINATION_ID, "dst_ip", lookups.destinations),
    ):
        if names:
            of_field = pl.col("field") == field
            unknown = ~pl.col("value").is_in([f"{number}" for number in names])
            parts += [_named(facts, field, named, names), facts.filter(of_field, unknown)]
    every = pl.concat([part.filter(pl.col("value").is_not_null()) for part in parts])
    if lookups.sources or lookups.destinations:
        every = every.unique(maintain_order=True)
    found = every.join(rows.select("record", alert_id), on="record", maintain_order="left")
    return EVIDENCE.fill(found, source=source)


def _named(facts: pl.LazyFrame, field: str, named: str, names: Mapping[int, str]) -> pl.LazyFrame:
    """The facts of a field, ids replaced by what they name; those without a name left out."""
    known = {f"{number}": name for number, name in names.items()}
    value = pl.col("value").replace_strict(known, default=None, return_dtype=pl.String)
    return (
        facts.filter(pl.col("field") == field)
        .select("record", field=pl.lit(named), value=value)
        .filter(pl.col("value").is_not_null())
    )
