"""Can the labels be trusted? Closed without a reason, for one reason always, many in one second, or by no person."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.intervals import share
from watchfloor.analyses.volume import DISPOSITIONS

__all__ = [
    "DOUBTS",
    "USELESS",
    "closers",
    "doubts_by_alert",
    "is_closed",
    "is_true",
    "is_useless",
    "label_audit",
    "missing_labels",
    "precision_without_doubts",
]

USELESS = ("false_positive", "benign_positive", "duplicate", "test")
"""Dispositions of alerts that came to nothing."""

DOUBTS = {
    "no_reason": "closed without a reason",
    "one_reason": "closed for one reason always",
    "bulk": "closed in bulk",
    "automatic": "closed by no person",
}
"""Why a label may be no verdict: column of `doubts_by_alert`, and in words."""

_ALWAYS = 0.95
"""Share of a name's closings for one reason, from which on it is called always."""
_CLOSINGS, _RULES = 20, 3
"""Closings of a name at the least, and rules among them, before one reason for all of them says anything."""
_OTHERWISE = 0.8
"""Others closed at most this share of the same rules' alerts for the reason."""
_SURE = 3.0
"""Standard deviations between what a name did and what others would have done."""

_AUTOMATON = (
    r"(?i)(^|[^a-z])(api|auto|bot|robot|playbook|soar|script|service|system|svc|cron|connector|integration|runbook"
    r"|workflow|logic ?app|scheduler)([^a-z]|$)|automat(ion|ed|ic)"
)
"""Names that are no person's."""


def is_true() -> pl.Expr:
    """Judged a true positive, or handed on as an incident."""
    return ((pl.col("disposition") == "true_positive") | pl.col("escalated").fill_null(False)).fill_null(False)


def is_useless() -> pl.Expr:
    """Judged to be nothing, and not handed on."""
    return pl.col("disposition").is_in(USELESS).fill_null(False) & ~pl.col("escalated").fill_null(False)


def is_closed() -> pl.Expr:
    """Closed by its status, or by its closing time where there is no status."""
    return (pl.col("status") == "closed").fill_null(pl.col("closed_time").is_not_null())


def doubts_by_alert(alerts: pl.LazyFrame, *, bulk: int, seconds: float) -> pl.LazyFrame:
    """The alerts with the columns of `DOUBTS`, null where the data cannot tell, and `doubtful`: any of them is true.

    Only closed alerts are looked at. A reason is missing where its system gives reasons to others. In bulk: at least
    `bulk` cases closed by one name (or by nobody named) within one second, where the system keeps seconds and the
    closing time itself. By no person: by a name such as `svc_soar` or `API_user`, or less than `seconds` after it was
    made.
    """
    reason, name, time = pl.col("closing_reason"), pl.col("closed_by"), pl.col("closed_time")
    kept = time.is_not_null() & ~pl.col("time_basis").str.contains(r"(^|; )closed: ").fill_null(False)
    # Few texts, often repeated: joined by number.
    numbers = {"_system": "system", "_name": "closed_by", "_why": "closing_reason"}
    numbered = [pl.col(text).cast(pl.Categorical).alias(number) for number, text in numbers.items()]
    closed = alerts.with_columns(
        *numbered, _closed=is_closed(), _kept=kept, _second=time.dt.truncate("1s").dt.epoch("s")
    )
    systems = (
        closed.filter("_closed")
        .group_by("_system")
        .agg(
            _reasons=reason.is_not_null().any(),
            # Twenty closings that all fall on a whole minute: the system rounds.
            _seconds=(time.filter("_kept").dt.second() != 0).any() | (pl.col("_kept").sum() < _CLOSINGS),
        )
    )
    at_once = (
        closed.filter("_closed", "_kept")
        .group_by("_system", "_name", "_second")
        .agg(_cases=pl.col("case_id").drop_nulls().n_unique() + pl.col("case_id").null_count())
        .filter(pl.col("_cases") >= bulk)
        .select("_system", "_name", "_second", _at_once=True)
    )
    habits = _habits(alerts).select(*numbered, "_compared", "_always")
    automata = (
        closed.filter(name.is_not_null())
        .group_by("_name")
        .agg()
        .with_columns(_robot=pl.col("_name").cast(pl.String).str.contains(_AUTOMATON))
    )
    open_for = (time - pl.col("created_time")).dt.total_microseconds() / 1e6
    quick = pl.when("_kept").then((open_for >= 0) & (open_for < seconds))
    own = pl.col("_robot").fill_null(False)
    flags = {
        "no_reason": pl.when("_reasons").then(reason.is_null()),
        "one_reason": pl.when("_compared").then("_always"),
        "bulk": pl.when("_kept", "_seconds").then(pl.col("_at_once").fill_null(False)),
        "automatic": pl.when(name.is_not_null() | quick.is_not_null()).then(own | quick.fill_null(False)),
    }
    return (
        closed.join(systems, on="_system", how="left", nulls_equal=True, maintain_order="left")
        .join(at_once, on=["_system", "_name", "_second"], how="left", nulls_equal=True, maintain_order="left")
        .join(habits, on=["_system", "_name", "_why"], how="left", nulls_equal=True, maintain_order="left")
        .join(automata, on="_name", how="left", maintain_order="left")
        .with_columns(pl.when("_closed").then(flag).alias(column) for column, flag in flags.items())
        .with_columns(doubtful=pl.any_horizontal(pl.col(column).fill_null(False) for column in DOUBTS))
        .select(pl.exclude("^_.*$"))
    )


def label_audit(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per check: `check`, `alerts` that it found `of` those where it can be told, `share`, `doubtful`.

    `true_positive` and `useless` say what the found ones are labelled; nothing found is 0, nothing known is null.

    Arguments:
        alerts: as `doubts_by_alert` gives them.
    """
    closed, undecided = is_closed(), pl.col("disposition").is_null()
    backwards = (pl.col("closed_time") < pl.col("created_time")).fill_null(False)
    timed = pl.col("closed_time").is_not_null() & pl.col("created_time").is_not_null()
    every, said = pl.col("doubtful").is_not_null(), pl.col("escalated").is_not_null()
    useless = pl.col("disposition").is_in(USELESS)
    any_doubt = pl.any_horizontal(pl.col(column).is_not_null() for column in DOUBTS)
    checks: list[tuple[str, pl.Expr, pl.Expr, bool]] = [
        ("all alerts", every, every, False),
        ("closed", closed, pl.col("status").is_not_null() | pl.col("closed_time").is_not_null(), False),
        ("closed without a verdict", closed & undecided, closed, False),
        *(
            (words, pl.col(column).fill_null(False), pl.col(column).is_not_null(), True)
            for column, words in DOUBTS.items()
        ),
        ("any of these four: doubtful", pl.col("doubtful"), any_doubt, True),
        ("closed as undetermined", closed & (pl.col("disposition") == "undetermined").fill_null(False), closed, False),
        ("open with a verdict", ~closed & ~undecided, pl.col("status").is_not_null(), False),
        ("escalated, yet labelled as nothing", pl.col("escalated") & useless, said, False),
        ("closed before it was made", backwards, timed, False),
        ("without a verdict", undecided, every, False),
        ("without a status", pl.col("status").is_null(), every, False),
        ("whose system does not say whether escalated", ~said, every, False),
        ("without a rule", pl.col("rule").is_null(), every, False),
        ("without created_time (in no day, hour or trend)", pl.col("created_time").is_null(), every, False),
    ]
    rows = [
        pl.struct(
            check=pl.lit(name),
            alerts=pl.when(of.any()).then((of & found).sum().cast(pl.Int64)),
            of=of.sum().cast(pl.Int64),
            share=pl.when(of.any()).then((of & found).sum() / of.sum()),
            doubtful=pl.lit(doubtful),
            true_positive=(of & found & (pl.col("disposition") == "true_positive")).sum().cast(pl.Int64),
            useless=(of & found & useless).sum().cast(pl.Int64),
        )
        for name, found, of, doubtful in checks
    ]
    return alerts.select(row=pl.concat_list(rows)).explode("row").unnest("row")


def missing_labels(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """How many alerts lack what the figures need, one row each: `count`, `alerts`."""
    closed, undecided = pl.col("status") == "closed", pl.col("disposition").is_null()
    counts = {
        "all": pl.len(),
        "without a rule": pl.col("rule").is_null().sum(),
        "without created_time (in no day, hour or trend)": pl.col("created_time").is_null().sum(),
        "without a status": pl.col("status").is_null().sum(),
        "without a disposition": undecided.sum(),
        "closed without a disposition": (closed & undecided).sum(),
        "closed without a reason": (closed & pl.col("closing_reason").is_null()).sum(),
        "open with a disposition": ((pl.col("status") == "open") & ~undecided).sum(),
        "whose system does not say whether escalated": pl.col("escalated").is_null().sum(),
    }
    return alerts.select(count.cast(pl.Int64).alias(name) for name, count in counts.items()).unpivot(
        variable_name="count", value_name="alerts"
    )


def precision_without_doubts(alerts: pl.LazyFrame, *, minimum: int, z: float) -> pl.LazyFrame:
    """One row per way to count: all `labels`, and those without each doubt and without all: `judged`, `precision`, ..

    Arguments:
        alerts: as `doubts_by_alert` gives them.
        minimum: the least number of judged alerts for a rate.
        z: of the intervals.
    """
    ways = {
        "all labels": pl.lit(True),
        **{f"all but: {words}": ~pl.col(column).fill_null(False) for column, words in DOUBTS.items()},
        "all but any doubtful": ~pl.col("doubtful"),
    }
    right = pl.col("disposition") == "true_positive"
    judged = pl.col("disposition").is_in(DISPOSITIONS[:3])
    rows = [
        pl.struct(
            labels=pl.lit(words),
            judged=(judged & kept).sum().cast(pl.Int64),
            true_positive=(right & kept).sum().cast(pl.Int64),
        )
        for words, kept in ways.items()
    ]
    return (
        alerts.select(row=pl.concat_list(rows))
        .explode("row")
        .unnest("row")
        .with_columns(share("precision", pl.col("true_positive"), pl.col("judged"), minimum=minimum, z=z))
    )


def closers(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per system and name that closes, the busiest first: for what reasons, in bulk, at which hours (UTC).

    `others_share` is the share of `most_frequent_reason` among what others closed of the same rules.

    Arguments:
        alerts: as `doubts_by_alert` gives them.
    """
    who = ["system", "closed_by"]
    most = _habits(alerts).filter("_first").select(*who, "most_frequent_reason", "most_frequent_share", "others_share")
    return (
        alerts.filter(is_closed())
        .group_by(who)
        .agg(
            alerts=pl.len().cast(pl.Int64),
            rules=pl.col("rule").drop_nulls().n_unique().cast(pl.Int64),
            reasons=pl.col("closing_reason").drop_nulls().n_unique().cast(pl.Int64),
            **{column: _known_sum(column) for column in DOUBTS},
            hours_of_day=pl.col("closed_time").dt.hour().drop_nulls().n_unique().cast(pl.Int64),
        )
        .join(most, on=who, how="left", nulls_equal=True)
        .sort(pl.col("closed_by").is_null(), pl.col("alerts").neg(), *who, nulls_last=True)
        .select(
            *("closed_by", "system", "alerts", "rules", "reasons"),
            *("most_frequent_reason", "most_frequent_share", "others_share", *DOUBTS, "hours_of_day"),
        )
    )


def _known_sum(column: str) -> pl.Expr:
    flag = pl.col(column)
    return pl.when(flag.is_not_null().any()).then(flag.sum().cast(pl.Int64))


def _habits(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per system, name and reason: is it this name's reason for everything, where others decide otherwise?

    `_compared` where others closed enough of the same rules to tell.
    """
    who, n = ["system", "closed_by"], pl.col("n")
    given = alerts.filter(is_closed(), pl.col("closed_by").is_not_null(), pl.col("closing_reason").is_not_null())
    counts = given.group_by(*who, "rule", "closing_reason").agg(n=pl.len().cast(pl.Int64))
    by_rule = counts.group_by("system", "rule").agg(rule_n=n.sum())
    by_reason = counts.group_by("system", "rule", "closing_reason").agg(reason_n=n.sum())
    mine = counts.group_by(*who, "rule").agg(mine=n.sum())
    top = (
        counts.group_by(*who, "closing_reason")
        .agg(n=n.sum())
        .with_columns(closings=n.sum().over(who))
        .sort(n.neg(), "closing_reason")
        .with_columns(_first=pl.int_range(pl.len()).over(who) == 0, share=n / pl.col("closings"))
    )
    # What others made of each rule's alerts, weighted as this name had them.
    first = top.filter("_first").select(*who, "closing_reason")
    others = (
        mine.join(first, on=who, nulls_equal=True)
        .join(by_rule, on=["system", "rule"], nulls_equal=True)
        .join(by_reason, on=["system", "rule", "closing_reason"], how="left", nulls_equal=True)
        .join(counts, on=[*who, "rule", "closing_reason"], how="left", nulls_equal=True)
        .with_columns(others=pl.col("rule_n") - pl.col("mine"), same=pl.col("reason_n").fill_null(0) - n.fill_null(0))
        .filter(pl.col("others") > 0)
        .with_columns(rate=pl.col("same") / pl.col("others"))
        .group_by(who)
        .agg(
            rules=pl.len(),
            others=pl.col("others").sum(),
            compared=pl.col("mine").sum(),
            others_share=(pl.col("rate") * pl.col("mine")).sum() / pl.col("mine").sum(),
            spread=(pl.col("rate") * (1 - pl.col("rate")) * pl.col("mine")).sum().sqrt() / pl.col("mine").sum(),
        )
    )
    apart = (pl.col("share") - pl.col("others_share")) > _SURE * pl.col("spread")
    enough = (pl.col("compared") >= _CLOSINGS) & (pl.col("rules") >= _RULES) & (pl.col("others") >= _CLOSINGS)
    return (
        top.join(others, on=who, how="left", nulls_equal=True)
        .with_columns(_compared=enough.fill_null(False))
        .with_columns(
            _always=pl.col("_first")
            & pl.col("_compared")
            & (pl.col("share") >= _ALWAYS)
            & (pl.col("others_share") <= _OTHERWISE)
            & apart,
            most_frequent_reason="closing_reason",
            most_frequent_share="share",
        )
    )
