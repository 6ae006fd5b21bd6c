"""Alerts as work: what was useless, what was not, which case each belongs to, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from watchfloor.analyses.evidence import ENTITIES
from watchfloor.analyses.tuning.coverage import COVERAGE_FIELDS, sole_coverage

__all__ = ["FOLDS", "ORIGINS", "USELESS", "Work", "work_of"]

USELESS = ("false_positive", "benign_positive", "duplicate", "test")
"""Dispositions of alerts that were no attack."""
FOLDS = 4
"""Equal parts of the time that is learned from."""
ORIGINS = ("log_source", "sensor", "device")
"""Fields of evidence that say where alerts come from."""
_MEASURED = 10
"""Alerts of a rule whose handling time is known, from which on its median counts."""
_EFFORT = 5.0
"""No rule's work weighs more, or less, than by this factor."""
_LABELLED = 0.05
"""Verdicts tell something from this share of alerts on; with fewer the nature of what fires must do."""


@dataclass(frozen=True)
class Work:
    """Alerts and their evidence, numbered."""

    alerts: pl.DataFrame
    """`row` (0, 1, ..), `rule`, `time`, `hour` (since 1970), `useless`, `positive`, `decided`, `case`, `protected` (its
    case was an attack or was escalated), `severity`, and whose alert it is (`source`, `record`, `alert_id`); without a
    rule or a time an alert is not in it."""
    facts: pl.DataFrame
    """`row`, `rule`, `field`, `value`: evidence by which one could exclude."""
    labelled: bool
    """Whether verdicts are there to be learned from."""
    left_out: int
    """Alerts without a rule or a time."""
    minutes: Mapping[str, float] = field(default_factory=dict)
    """By rule the median minutes from when someone took an alert until it was closed, where enough are known."""
    effort: Mapping[str, float] = field(default_factory=dict)
    """By rule the same against the median of all alerts, from a fifth to five times."""
    sole: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By rule the ATT&CK techniques and tactics that it alone covers."""
    origin: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By rule the one log source that all its alerts come from: field and value."""

    def before(self, time: datetime) -> Work:
        """What was there before an instant."""
        alerts = self.alerts.filter(pl.col("time") < time)
        return replace(self, alerts=alerts, facts=self.facts.join(alerts.select("row"), on="row", how="semi"))

    def after(self, time: datetime, end: datetime | None = None) -> Work:
        """What was there from an instant on, before another."""
        since = pl.col("time") >= time
        alerts = self.alerts.filter(since if end is None else since & (pl.col("time") < end))
        return replace(self, alerts=alerts, facts=self.facts.join(alerts.select("row"), on="row", how="semi"))

    @property
    def useless(self) -> pl.Expr:
        """Work that one could save: what was judged useless; without verdicts everything."""
        return pl.col("useless") if self.labelled else pl.lit(True)


def work_of(alerts: pl.LazyFrame, evidence: pl.LazyFrame) -> Work:
    """The alerts as work.

    Arguments:
        alerts: the canonical table, one row per alert.
        evidence: the canonical table.
    """
    disposition = pl.col("disposition")
    positive = ((disposition == "true_positive") | pl.col("escalated").fill_null(False)).fill_null(False)
    all_rows = (
        alerts.select(
            *("source", "alert_id", "record", "rule", "case_id", "severity", "system"),
            time=pl.col("created_time"),
            positive=positive,
            useless=disposition.is_in(USELESS).fill_null(False) & ~positive,
            decided=disposition.is_not_null() & (disposition != "undetermined"),
            minutes=_handling(),
        )
        .with_row_index("row")
        .collect()
    )
    rows = all_rows.filter(pl.col("rule").is_not_null(), pl.col("time").is_not_null())
    own = pl.format("alert {}", "row")
    case = (
        pl.when(pl.col("case_id").is_null())
        .then(own)
        .otherwise(pl.format("case {} {}", pl.col("system").fill_null(""), "case_id"))
    )
    kept = rows.with_columns(
        rule=pl.col("rule").cast(pl.Categorical),
        case=case.rank("dense") if rows["case_id"].null_count() < rows.height else pl.col("row"),
        hour=pl.col("time").dt.epoch("s") // 3600,
    ).with_columns(protected=pl.col("positive").any().over("case") if rows["positive"].any() else pl.lit(False))
    facts, said, origin = _facts(kept, evidence)
    minutes, effort = _efforts(kept)
    decided = int(kept["decided"].sum())
    return Work(
        alerts=kept.drop("case_id", "system", "minutes").with_columns(pl.col("source").cast(pl.Categorical)),
        facts=facts,
        labelled=decided > _LABELLED * kept.height,
        left_out=all_rows.height - kept.height,
        minutes=minutes,
        effort=effort,
        sole=sole_coverage(kept["rule"].unique().cast(pl.String), said),
        origin=origin,
    )


def _handling() -> pl.Expr:
    """Minutes from when someone took an alert until it was closed; of times that the system itself gave only."""
    basis = pl.col("time_basis").fill_null("")

    def given(name: str) -> pl.Expr:
        return pl.when(~basis.str.contains(f"{name}: ", literal=True)).then(pl.col(f"{name}_time"))

    taken = pl.coalesce(given("acknowledged"), given("assigned"))
    minutes = (given("closed") - taken).dt.total_seconds() / 60
    return pl.when(minutes > 0).then(minutes)


def _efforts(kept: pl.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Medians by rule: in minutes, and against that of all."""
    known = kept.filter(pl.col("minutes").is_not_null())
    if known.is_empty():
        return {}, {}
    median = pl.col("minutes").median()
    by_rule = known.group_by("rule").agg(median, n=pl.len()).filter(pl.col("n") >= _MEASURED)
    overall = float(known.select(median).item())
    minutes = {str(rule): float(took) for rule, took in by_rule.select("rule", "minutes").iter_rows()}
    return minutes, {rule: min(_EFFORT, max(1 / _EFFORT, took / overall)) for rule, took in minutes.items()}


def _facts(rows: pl.DataFrame, evidence: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, tuple[str, str]]]:
    """Evidence by rows, techniques and tactics by rule, and the one log source of rules that have only one.

    What names nobody and is the same in all alerts of the rule is the rule in other words, and no evidence.
    """
    known = evidence.filter(pl.col("field").is_not_null(), pl.col("value").is_not_null())
    by_id = ["source", "alert_id"]
    with_id = known.filter(pl.col("alert_id").is_not_null()).join(
        rows.lazy().filter(pl.col("alert_id").is_not_null()).select(*by_id, "row", "rule"), on=by_id, nulls_equal=True
    )
    by_record = ["source", "record"]
    without = known.filter(pl.col("alert_id").is_null(), pl.col("record").is_not_null()).join(
        rows.lazy().filter(pl.col("alert_id").is_null()).select(*by_record, "row", "rule"),
        on=by_record,
        nulls_equal=True,
    )
    columns = ["row", "rule", "field", "value"]
    # Few texts, often repeated: by number they take a quarter of the memory.
    numbered = pl.concat([with_id.select(columns), without.select(columns)]).with_columns(
        pl.col("rule", "field", "value").cast(pl.Categorical)
    )
    facts = numbered.unique().collect()
    fields = facts.group_by("rule", "field").agg(values=pl.col("value").n_unique())
    place = {field: n for n, field in enumerate(ENTITIES)}
    said = facts.filter(pl.col("field").is_in(COVERAGE_FIELDS)).select("rule", "value").unique()
    single = fields.filter(pl.col("field").is_in(ORIGINS), pl.col("values") == 1).select("rule", "field")
    origin = {
        str(rule): (str(name), str(value))
        for rule, name, value in facts.join(single, on=["rule", "field"], how="semi")
        .select("rule", "field", "value")
        .unique()
        .sort("rule", "field")
        .iter_rows()
    }
    useful = fields.filter((pl.col("values") > 1) | pl.col("field").is_in(ENTITIES))
    # QRadar's offense source is one of the addresses, users or hosts; these say what it is.
    typed = facts.filter(pl.col("field").is_in([field for field in place if field != "offense_source"]))[
        "rule"
    ].unique()
    useful = useful.filter(~((pl.col("field") == "offense_source") & pl.col("rule").is_in(typed.implode())))
    if useful.height == fields.height:
        return facts.sort("row"), said, origin
    return facts.join(useful.select("rule", "field"), on=["rule", "field"], how="semi").sort("row"), said, origin
