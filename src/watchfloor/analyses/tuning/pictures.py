"""What tuning shows: where to stop, what stands out behind a rule, and a rule's volume before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl

from watchfloor.analyses.evidence import ENTITIES
from watchfloor.analyses.intervals import z_of
from watchfloor.analyses.tuning.exclusion import Exclusion, matching
from watchfloor.analyses.tuning.selection import Chosen
from watchfloor.analyses.tuning.work import Work
from watchfloor.charts import Lines, Points
from watchfloor.result import Result

__all__ = ["evidence_of_rules", "expected_left", "volumes", "where_to_stop"]

_RULES = 12
"""Rules whose evidence is shown."""
_VALUES = 5
"""Values of each of them."""
_DRAWN = 6
"""Rules whose volume is drawn, each by itself."""
_BEFORE, _AFTER = timedelta(days=90), timedelta(days=730)
"""How much of the time around the making of exclusions is shown."""
_DAYS = 7
"""With fewer whole days before there is no prediction."""
_LEVEL = 0.95
_RAISED, _LEFT = "as raised", "without what is excluded"

_CURVE = {
    "exclusions": pl.Int64,
    "exclusion": pl.String,
    "removed": pl.Int64,
    "share": pl.Float64,
    "stage": pl.String,
    "recommended": pl.Boolean,
}


def where_to_stop(past: Work, chosen: Sequence[tuple[Chosen, bool]], floor: float, most: int) -> Result:
    """The marginal curve: what share of the work the first exclusions remove, and its knee.

    Arguments:
        past: what was learned from.
        chosen: exclusions in the order of the answer, each with whether it is recommended.
        floor: the least number of useless alerts that is worth an exclusion.
        most: so many are recommended at most.
    """
    worthless = past.alerts.filter(past.useless)["row"]
    size = int(past.alerts["row"].max() or 0) + 1  # type: ignore[arg-type]
    alive = pl.Series([0], dtype=pl.UInt8).new_from_index(0, size).scatter(worthless, 1)
    knee = sum(good for _, good in chosen)
    rows: list[dict[str, object]] = []
    total = 0
    for number, (one, good) in enumerate(chosen, start=1):
        matched = one.judged.candidate.rows
        removed = int(alive.gather(matched).cast(pl.Int64).sum())
        alive = alive.scatter(matched, 0)
        total += removed
        beyond = one.gain < floor or knee >= most
        rows.append(
            {
                "exclusions": number,
                "exclusion": one.exclusion.label,
                "removed": removed,
                "share": total / worthless.len() if worthless.len() else None,
                "stage": "recommended" if good else "beyond the knee" if beyond else "would hide a case",
                "recommended": good,
            }
        )
    return Result(
        title="Where to stop",
        name="curve",
        table=pl.DataFrame(rows, schema=_CURVE).lazy(),
        charts=(
            Lines(x="exclusions", y="share", color="stage", title="Share of the work removed by the first exclusions"),
        ),
        explanation=f"Each point is one exclusion more. {_why_there(chosen)} "
        f"An exclusion is worth {floor:.0f} useless alerts of those that were learned from, and at most {most} can be "
        "reviewed. Work is the alerts that were judged useless; without verdicts all alerts.",
    )


def _why_there(chosen: Sequence[tuple[Chosen, bool]]) -> str:
    """Where the recommendation ends, and what the first exclusion beyond would bring."""
    knee = sum(good for _, good in chosen)
    gains = [one.gain for one, good in chosen if not good]
    if not chosen:
        return "No exclusion stands the test."
    then = f"the next would remove {gains[0]:,}, or hide a case." if gains else "nothing else stands the test."
    return f"The recommendation stops after {knee}: {then}"


def evidence_of_rules(work: Work, rules: Sequence[str], gone: pl.Series) -> Result:
    """Which values are in what share of a rule's alerts: the noisy address that stands out at once.

    Arguments:
        work: all alerts.
        rules: the rules of the answer, in its order; the first are shown.
        gone: rows of alerts that recommended exclusions remove, and those of rules whose severity is to be lowered.
    """
    first = list(dict.fromkeys(rules))[:_RULES]
    place = pl.col("rule").replace_strict(
        {rule: n for n, rule in enumerate(first)}, default=None, return_dtype=pl.Int64
    )
    mine = pl.col("rule").is_in(first)
    totals = work.alerts.filter(mine).group_by("rule").agg(rule_alerts=pl.len().cast(pl.Int64))
    counted = (
        work.facts.filter(mine, pl.col("field").is_in(ENTITIES))
        .group_by("rule", "field", "value")
        .agg(alerts=pl.len().cast(pl.Int64), removed=pl.col("row").is_in(gone.implode()).sum().cast(pl.Int64))
        .join(totals, on="rule")
        .with_columns(pl.col("rule", "field", "value").cast(pl.String))
        .with_columns(
            share=pl.col("alerts") / pl.col("rule_alerts"),
            fate=pl.when(pl.col("removed") * 2 > pl.col("alerts")).then(pl.lit("tuned")).otherwise(pl.lit("kept")),
            evidence=pl.format("{} = {}", "field", "value"),
        )
        .sort(place, pl.col("alerts").neg(), "field", "value")
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("rule"))
        .filter(pl.col("rank") <= _VALUES)
    )
    return Result(
        title="What stands out behind each rule",
        name="evidence",
        table=counted.select("rule", "evidence", "share", "alerts", "removed", "fate", "field", "value").lazy(),
        charts=(
            Points(
                x="share",
                y="rule",
                color="fate",
                size="alerts",
                tooltip=("evidence", "share", "alerts", "removed"),
                title="Addresses, users and hosts by their share of a rule's alerts",
            ),
        ),
        explanation=f"The {_VALUES} most frequent values that name somebody or something, for the first {_RULES} rules "
        "of the answer. `share` is of the rule's alerts, `removed` counts those that a recommended exclusion or a "
        "lowered severity takes; a value is tuned where that is more than half of its alerts. One that stands out and "
        "is kept has its reason in the answer or under what is not recommended.",
    )


def volumes(work: Work, exclusions: Sequence[tuple[Exclusion, date]]) -> tuple[Result, ...]:
    """The daily volume of rules with exclusions, before and after, with what was predicted: a table and pictures.

    Arguments:
        work: all alerts.
        exclusions: with the day from which each is in force, in the order of their importance.
    """
    made: dict[str, list[tuple[Exclusion, date]]] = {}
    for exclusion, day in exclusions:
        made.setdefault(exclusion.rule, []).append((exclusion, day))
    schema = {"rule": pl.String, "day": pl.Date, "alerts": pl.Int64, "left": pl.Int64}
    schema |= {"expected_low": pl.Float64, "expected_high": pl.Float64}
    tables = {rule: _volume(work, rule, mine) for rule, mine in made.items()}
    whole = Result(
        title="Volume of their rules",
        name="volume",
        table=pl.concat([pl.DataFrame(schema=schema), *(table.select(*schema) for table in tables.values())]).lazy(),
        explanation="Alerts of each rule by day, UTC, and what is left of them once its exclusions are in force; from "
        f"{_BEFORE.days} days before the first of them. The first and the last day may be cut. The interval is what "
        f"the days before predict for one day ({_LEVEL:.0%}; one day in twenty lies outside by chance), where there "
        f"are {_DAYS} at least.",
    )
    drawn = [(rule, table) for rule, table in tables.items() if table.height][:_DRAWN]
    return (whole, *(_picture(number, rule, table) for number, (rule, table) in enumerate(drawn, start=1)))


def _volume(work: Work, rule: str, made: Sequence[tuple[Exclusion, date]]) -> pl.DataFrame:
    """One row per day of the rule."""
    alerts = work.alerts.filter(pl.col("rule") == rule)
    facts = work.facts.filter(pl.col("rule") == rule)
    first, last = min(day for _, day in made), max(day for _, day in made)
    days = alerts.select("row", day=pl.col("time").dt.date(), gone=pl.lit(value=False), ever=pl.lit(value=False))
    for exclusion, day in made:
        matched = pl.col("row").is_in(matching(exclusion, alerts, facts).implode())
        days = days.with_columns(
            gone=pl.col("gone") | (matched & (pl.col("day") >= day)), ever=pl.col("ever") | matched
        )
    start, end = _span(work)
    from_day, to_day = max(start, first - _BEFORE), min(end, last + _AFTER)
    counted = (
        (
            pl.DataFrame({"day": pl.date_range(from_day, to_day, eager=True) if from_day <= to_day else []}).cast(
                {"day": pl.Date}
            )
        )
        .join(
            days.group_by("day").agg(
                alerts=pl.len().cast(pl.Int64),
                left=(~pl.col("gone")).sum().cast(pl.Int64),
                never=(~pl.col("ever")).sum().cast(pl.Int64),
            ),
            on="day",
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("alerts", "left", "never").fill_null(0))
    )
    # The day on which the data begins, and that on which it ends, may be cut.
    whole = counted.filter(pl.col("day") > start, pl.col("day") < min(first, end))
    low, high = expected_left(whole["never"]) or (None, None)
    later = pl.col("day") >= last
    return counted.with_columns(
        rule=pl.lit(rule),
        expected_low=pl.when(later).then(pl.lit(low, dtype=pl.Float64)),
        expected_high=pl.when(later).then(pl.lit(high, dtype=pl.Float64)),
    )


def _span(work: Work) -> tuple[date, date]:
    """The first and the last day of the data; without data a span of no day."""
    start, end = work.alerts["time"].min(), work.alerts["time"].max()
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return date.max, date.min
    return start.date(), end.date()


def expected_left(before: pl.Series) -> tuple[float, float] | None:
    """The interval in which a further day lies with 95 %, by daily counts; null where they are too few.

    A count varies as a Poisson one or more, by the spread that was seen (quasi-Poisson: McCullagh and Nelder 1989),
    and the mean is itself estimated. Where no day has any the mean may be 3 / n all the same (the rule of three).

    Arguments:
        before: alerts of each whole day.
    """
    n = before.len()
    if n < _DAYS:
        return None
    mean = float(before.mean())  # type: ignore[arg-type]
    variance = float(before.var())  # type: ignore[arg-type]
    z = z_of(_LEVEL)
    if mean == 0:
        return 0.0, 3 / n + z * math.sqrt(3 / n)
    spread = max(1.0, variance / mean)
    half = z * math.sqrt(spread * mean * (1 + 1 / n))
    return max(0.0, mean - half), mean + half


def _picture(number: int, rule: str, table: pl.DataFrame) -> Result:
    """The volume of one rule as raised and as left, and how many days lie outside of what was predicted."""
    nothing = pl.lit(None, dtype=pl.Float64)
    series = pl.concat(
        [
            table.select("day", series=pl.lit(_RAISED), alerts="alerts", expected_low=nothing, expected_high=nothing),
            table.select("day", "expected_low", "expected_high", series=pl.lit(_LEFT), alerts="left"),
        ],
        how="diagonal",
    )
    later = table.filter(pl.col("expected_high").is_not_null())
    outside = later.filter(~pl.col("left").is_between("expected_low", "expected_high")).height
    said = (
        f"Predicted are {later['expected_low'][0]:.3g} to {later['expected_high'][0]:.3g} alerts a day; {outside} of "
        f"{later.height} days lie outside."
        if later.height
        else f"There are fewer than {_DAYS} whole days before the first of its exclusions: nothing is predicted."
    )
    return Result(
        title=f"Before and after: {rule}",
        name=f"volume_{number}",
        table=series.lazy(),
        charts=(
            Lines(
                x="day",
                y="alerts",
                color="series",
                low="expected_low",
                high="expected_high",
                title=f"Alerts per day of {rule}",
            ),
        ),
        explanation=said,
    )
