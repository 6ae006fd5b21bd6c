"""Rules of which one alert means nothing and many within a window do: from which number on they are worth seeing."""

from __future__ import annotations

import math
from collections.abc import Iterator

import polars as pl

from watchfloor.analyses.tuning.remedies import Remedy

__all__ = ["thresholds"]

_WINDOWS = {"10 minutes": 600, "hour": 3600, "day": 86_400}
"""Seconds; aligned to UTC, so that anyone can count again."""
_MOST = 200
"""A higher number than this is no threshold that a SIEM counts."""
_ALPHA = 0.05
"""Of finding anything where true alerts fell by chance, over all rules, windows and numbers (Bonferroni)."""
_SHARE = 0.3
"""A threshold removes at least this share of what its rule raised."""


def thresholds(named: pl.DataFrame, learned: pl.Series, *, minimum: int) -> Iterator[Remedy]:
    """One threshold per rule at most: the window and number that remove most and show every true case.

    Within a window and entity the first N alerts are not shown, those beyond are. A number is proposed where all
    windows with a true alert hold more: by the hypergeometric chance that so many windows drawn at random would all be
    among the full ones, at 5 % over all that was tried.

    Arguments:
        named: alerts with `entity`, in any order.
        learned: rows from which the number is learned; it is applied to all.
        minimum: a threshold removes at least so many of the learned ones.
    """
    rules = (
        named.filter(pl.col("row").is_in(learned.implode()))
        .group_by("rule")
        .agg(n=pl.len(), true=pl.col("positive").sum())
        .filter(pl.col("n") >= 2 * minimum, pl.col("true") > 0)
        .sort("n", "rule", descending=[True, False])
    )
    for rule, _, _ in rules.iter_rows():
        mine = named.filter(pl.col("rule") == rule).sort("time", "row")
        best: tuple[int, str, int, pl.Series, str] | None = None
        known = mine.filter(pl.col("row").is_in(learned.implode()))
        for name, seconds in _WINDOWS.items():
            window = (pl.col("time").dt.epoch("s") // seconds).alias("window")
            windows = known.group_by("entity", window).agg(n=pl.len(), true=pl.col("protected").any())
            number = _number(windows, tested=rules.height * len(_WINDOWS))
            if number is None:
                continue
            placed = mine.with_columns(window).with_columns(
                place=pl.int_range(1, pl.len() + 1).over("entity", "window")
            )
            past = placed.filter(pl.col("row").is_in(learned.implode()))
            held = past.filter(pl.col("place") <= number).height
            if held < max(minimum, _SHARE * past.height) or (best is not None and held <= best[0]):
                continue
            true = windows.filter("true")
            best = (
                held,
                name,
                number,
                placed.filter(pl.col("place") <= number)["row"].sort(),
                f"all {true.height} windows with a true alert hold more than {number} (at least {min(true['n'])}), and "
                f"{windows.filter(pl.col('n') <= number).height} of the {windows.height} learned from do not",
            )
        if best is not None:
            _, name, number, rows, why = best
            yield Remedy(
                "threshold",
                str(rule),
                rows=rows,
                cause="a single one means nothing, many do",
                reason=f"worth seeing from alert {number + 1} of one entity in the same {name} on: {why}",
                parameters={"above": number, "window_seconds": _WINDOWS[name], "aligned": "UTC", "by": "entity"},
            )


def _number(windows: pl.DataFrame, *, tested: int) -> int | None:
    """Half of what the smallest true window holds: the next true one may be smaller; null where it may be chance."""
    true = windows.filter("true")["n"]
    if true.is_empty():
        return None
    least = int(true.min())  # type: ignore[arg-type]
    number = min(_MOST, least // 2)
    if number < 1:
        return None
    # As many windows drawn at random, all of them with more: a product of shares that shrink as they are drawn.
    total, full = windows.height, windows.filter(pl.col("n") >= least).height
    chance = sum(math.log(full - k) - math.log(total - k) for k in range(true.len()))
    return number if chance <= math.log(_ALPHA / tested / max(1, windows["n"].n_unique())) else None
