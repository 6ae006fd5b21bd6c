"""The rows of a chart: what fits is kept, what does not is counted in a note, and every text is made safe to show."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

import polars as pl
import polars.selectors as cs

from watchfloor.charts.kinds import Bars, Chart, Heat, Lines, Points
from watchfloor.hostile import harmless, visible
from watchfloor.wording import Kind, kind_of, label_of, spoken

__all__ = ["MISSING", "OTHER", "Axis", "Shape", "is_rest", "of", "reworded", "title_of"]

CATEGORIES = 6
"""Colours at most; what is rarer is `other`."""
POINTS = 2_000
"""Marks of a scatter at most."""
LINE_POINTS = 1_500
"""Points of all lines together, at most."""
HEAT_COLUMNS, HEAT_ROWS = 60, 30
"""Cells of a grid, at most."""
NAMES = 25
"""Names on the axis of a scatter at most."""
TEXT = 160
"""Characters of a name at most; the whole of it is in the table."""

OTHER = "other"
MISSING = "(none)"


@dataclass(frozen=True)
class Axis:
    """An axis: what it shows, in which unit, and from where to where."""

    title: str
    scale: Literal["names", "numbers", "times"]
    format: str = ""
    """Of numbers, as d3 writes them."""
    names: tuple[str, ...] = ()
    """In order."""
    start: float = 0
    end: float = 1
    zone: str = "UTC"
    density: int = 1
    """How many times more ticks of time than fit at first."""


@dataclass(frozen=True)
class Shape:
    """Rows that can be drawn as they are: columns x, y, tip, and what applies of color, low, high, x_end, size, .."""

    rows: pl.DataFrame
    x: Axis
    y: Axis
    colors: tuple[str, ...] = ()
    """Categories in order."""
    color_title: str = ""
    breaks: tuple[float, ...] = ()
    """Where the next colour of an amount begins."""
    color_format: str = ""
    """Of amounts, as d3 writes them."""
    note: str = ""
    """What is not drawn."""


def of(chart: Chart, table: pl.DataFrame | pl.LazyFrame) -> Shape:
    """The rows of the chart, of a table that may be larger than memory: only the chart's columns are looked at."""
    match chart:
        case Bars():
            return _bars(chart, _collect(table, chart.x, chart.y, chart.color, chart.low, chart.high))
        case Lines():
            return _lines(chart, _collect(table, chart.x, chart.y, chart.color, chart.low, chart.high))
        case Points():
            lazy = table.lazy().filter(pl.col(chart.x).is_not_null(), pl.col(chart.y).is_not_null())
            names = (chart.x, chart.x_end, chart.y, chart.color, chart.size, *chart.tooltip)
            total = int(lazy.select(pl.len()).collect().item())
            return _points(chart, _collect(_sample(lazy, total), *names), total)
        case Heat():
            return _heat(chart, _collect(table, chart.x, chart.y, chart.color))
        case _:
            assert_never(chart)


def reworded(shape: Shape, old: str, new: str) -> Shape:
    """The same with one text replaced by another in all its words."""

    def axis(old_axis: Axis) -> Axis:
        names = tuple(name.replace(old, new) for name in old_axis.names)
        return replace(old_axis, title=old_axis.title.replace(old, new), names=names)

    return replace(
        shape,
        rows=shape.rows.with_columns(cs.string().str.replace_all(old, new, literal=True)),
        x=axis(shape.x),
        y=axis(shape.y),
        colors=tuple(color.replace(old, new) for color in shape.colors),
        color_title=shape.color_title.replace(old, new),
    )


def title_of(chart: Chart) -> str:
    """The chart's title, or what it shows in the words of its columns."""
    if chart.title:
        return harmless(chart.title)
    match chart:
        case Heat():
            title = f"{label_of(chart.color)} by {label_of(chart.y)} and {label_of(chart.x)}"
        case Bars():
            title = f"{label_of(chart.x)} by {label_of(chart.y)}"
        case Lines():
            title = f"{label_of(chart.y)} over {label_of(chart.x)}"
        case Points():
            title = f"{label_of(chart.y)} and {label_of(chart.x)}"
        case _:
            assert_never(chart)
    return title[:1].upper() + title[1:]


def _collect(table: pl.DataFrame | pl.LazyFrame, *names: str | None) -> pl.DataFrame:
    return table.lazy().select(list(dict.fromkeys(name for name in names if name))).collect()


def _sample(lazy: pl.LazyFrame, total: int) -> pl.LazyFrame:
    """About `POINTS` rows by chance, the same at every drawing: every n-th row would halve the pace of what repeats."""
    if total <= POINTS:
        return lazy
    chance = pl.int_range(pl.len()).hash(seed=1) % total
    return lazy.filter(chance < POINTS)


def _bars(chart: Bars, frame: pl.DataFrame) -> Shape:
    """The first rows as bars; with a colour the first names, each with its categories."""
    kind = kind_of(chart.x, frame.schema[chart.x])
    rows = frame.filter(pl.col(chart.x).is_not_null()).select(
        x=pl.col(chart.x),
        y=_name(chart.y),
        **({"color": _name(chart.color)} if chart.color else {}),
        **({"low": pl.col(chart.low), "high": pl.col(chart.high)} if chart.low and chart.high else {}),
    )
    colors: tuple[str, ...] = ()
    if chart.color:
        first = rows["y"].unique(maintain_order=True)
        kept = pl.col("y").is_in(first.head(chart.top).implode())
        shown, rest, others = rows.filter(kept), rows.filter(~kept), max(0, len(first) - chart.top)
        colors, shown = _colors(shown, "x")
        shown = shown.group_by("y", "color", maintain_order=True).agg(pl.col("x").sum())
        last = pl.int_range(pl.len()).over("y") == 0
        shown = shown.with_columns(rank=_rank(colors), total=pl.col("x").sum().over("y"))
    else:
        shown, rest, others = _distinct(rows.head(chart.top)), rows.slice(chart.top), max(0, rows.height - chart.top)
        last = pl.lit(value=True)
        shown = shown.with_columns(total="x")
    top = [name for name in ("total", "high") if name in shown.columns]
    shown = shown.with_columns(
        edge=pl.max_horizontal(top),
        value=pl.when(last).then(_spoken(shown["total"], kind)),
        tip=_tips(
            (label_of(chart.y), shown["y"]),
            *([(label_of(chart.color), shown["color"])] if chart.color else []),
            (label_of(chart.x), _spoken(shown["x"], kind)),
            *([("interval", _interval(shown, kind))] if "low" in shown.columns else []),
        ),
    )
    names = tuple(shown["y"].unique(maintain_order=True).to_list())
    note = ""
    if others:
        together = f"; the other {others:,} have {spoken(rest['x'].sum(), kind)} together" if _adds_up(chart.x) else ""
        note = f"The first {len(names):,} of {len(names) + others:,}{together}."
    shown, x = _scaled(shown, kind, label_of(chart.x), ("x", "total", "edge", "low", "high"))
    y = Axis(label_of(chart.y), "names", names=names)
    return Shape(shown, x, y, colors, label_of(chart.color or ""), note=note)


def _lines(chart: Lines, frame: pl.DataFrame) -> Shape:
    """Points in order of x, one line per category; a missing value breaks its line."""
    kind = kind_of(chart.y, frame.schema[chart.y])
    rows = frame.filter(pl.col(chart.x).is_not_null()).select(
        x=pl.col(chart.x),
        y=pl.col(chart.y),
        **({"color": _name(chart.color)} if chart.color else {}),
        **({"low": pl.col(chart.low), "high": pl.col(chart.high)} if chart.low and chart.high else {}),
    )
    numbers = [name for name in ("y", "low", "high") if name in rows.columns]
    notes = []
    colors: tuple[str, ...] = ()
    if chart.color:
        if not _adds_up(chart.y) and (names := rows["color"].n_unique()) > CATEGORIES:
            notes.append(f"The {CATEGORIES} most frequent of {names:,} lines.")
            frequent = rows["color"].value_counts(sort=True)["color"].head(CATEGORIES)
            rows = rows.filter(pl.col("color").is_in(frequent.implode()))
        colors, rows = _colors(rows, "y")
        totals = [pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in numbers]
        rows = rows.group_by("x", "color").agg(totals).with_columns(rank=_rank(colors))
    rows = rows.sort("x", *(["rank"] if chart.color else []))
    if (distinct := rows["x"].n_unique()) > (most := LINE_POINTS // max(1, len(colors))):
        kept = rows["x"].unique(maintain_order=True).gather_every(-(-distinct // most))
        rows = rows.filter(pl.col("x").is_in(kept.implode()))
        notes.append(f"{len(kept):,} of {distinct:,} steps are drawn, evenly chosen.")
    where, rows, x = _placed(rows, "x", chart.x, chart.zone)
    tip = _tips(
        (label_of(chart.x), where),
        *([(label_of(chart.color), rows["color"])] if chart.color else []),
        (label_of(chart.y), _spoken(rows["y"], kind)),
        *([("interval", _interval(rows, kind))] if "low" in rows.columns else []),
    )
    rows, y = _scaled(rows.with_columns(tip=tip), kind, label_of(chart.y), numbers)
    return Shape(rows, x, y, colors, label_of(chart.color or ""), note=" ".join(notes))


def _points(chart: Points, frame: pl.DataFrame, total: int) -> Shape:
    """Marks; an axis of text shows its most frequent names."""
    clock = frame.select(_by_clock(frame, chart.zone))
    tip = _tips(*((label_of(s.name), _spoken(s, kind_of(s.name, s.dtype))) for s in clock))
    rows = frame.select(
        x=pl.col(chart.x),
        y=pl.col(chart.y),
        tip=tip,
        **({"x_end": pl.col(chart.x_end)} if chart.x_end else {}),
        **({"color": _name(chart.color)} if chart.color else {}),
        **({"size": pl.col(chart.size)} if chart.size else {}),
    )
    colors: tuple[str, ...] = ()
    if chart.color:
        colors, rows = _colors(rows, None)
    _, rows, x = _placed(rows, "x", chart.x, chart.zone, "x_end")
    _, rows, y = _placed(rows, "y", chart.y, chart.zone)
    note = f"{rows.height:,} of {total:,} rows are drawn, chosen by chance." if rows.height < total else ""
    return Shape(rows, x, y, colors, label_of(chart.color or ""), note=note)


def _heat(chart: Heat, frame: pl.DataFrame) -> Shape:
    """Cells; of too many rows those with the largest sums stay, of too many columns the last ones."""
    kind = kind_of(chart.color, frame.schema[chart.color])
    rows = frame.select(x=pl.col(chart.x), y=pl.col(chart.y), color=pl.col(chart.color)).drop_nulls()
    xs, ys = _in_order(rows["x"]), _in_order(rows["y"])
    notes = []
    if len(ys) > HEAT_ROWS:
        notes.append(f"the {HEAT_ROWS} largest of {len(ys):,} rows")
        largest = rows.group_by("y").agg(pl.col("color").sum()).sort("color", descending=True).head(HEAT_ROWS)["y"]
        ys = ys.filter(ys.is_in(largest.implode()))
    if len(xs) > HEAT_COLUMNS:
        notes.append(f"the last {HEAT_COLUMNS} of {len(xs):,} columns")
        xs = xs.tail(HEAT_COLUMNS)
    rows = rows.filter(pl.col("x").is_in(xs.implode()), pl.col("y").is_in(ys.implode()))
    x_names, y_names = _headings(xs), _headings(ys)
    zone = getattr(xs.dtype, "time_zone", None)
    rows = rows.with_columns(
        x=pl.col("x").replace_strict(xs, x_names, return_dtype=pl.String),
        y=pl.col("y").replace_strict(ys, y_names, return_dtype=pl.String),
    )
    rows = rows.with_columns(
        tip=_tips(
            (label_of(chart.y), rows["y"]),
            (label_of(chart.x), rows["x"]),
            (label_of(chart.color), _spoken(rows["color"], kind)),
        )
    )
    rows, amount = _scaled(rows, kind, label_of(chart.color), ("color",))
    return Shape(
        rows,
        Axis(f"{label_of(chart.x)} ({zone})" if zone else label_of(chart.x), "names", names=tuple(x_names)),
        Axis(label_of(chart.y), "names", names=tuple(y_names)),
        color_title=amount.title,
        breaks=_breaks(amount.end, kind),
        color_format="~%" if kind == "share" else amount.format,
        note=f"Shown: {' and '.join(notes)}." if notes else "",
    )


def _name(column: str) -> pl.Expr:
    """Names in one line, short enough for a chart."""
    text = visible(pl.col(column).cast(pl.String).str.slice(0, TEXT)).str.replace_all(r"\s+", " ")
    return text.fill_null(MISSING)


def _distinct(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the same name get a number, so that each has a bar of its own."""
    number = pl.int_range(pl.len()).over("y")
    return rows.with_columns(y=pl.when(number > 0).then(pl.format("{} ({})", "y", number + 1)).otherwise("y"))


def _colors(rows: pl.DataFrame, weight: str | None) -> tuple[tuple[str, ...], pl.DataFrame]:
    """The categories, the largest first, and the rows with those renamed that there is no colour for."""
    size = pl.len() if weight is None else pl.col(weight).sum()
    counts = rows.group_by("color").agg(n=size).with_columns(rest=pl.col("color").str.contains(_REST))
    ranked = counts.sort("rest", "n", "color", descending=[False, True, False])["color"].to_list()
    if len(ranked) <= CATEGORIES:
        return tuple(ranked), rows
    top = ranked[:CATEGORIES]
    kept = pl.col("color").is_in(pl.Series(top).implode())
    return (*top, OTHER), rows.with_columns(color=pl.when(kept).then("color").otherwise(pl.lit(OTHER)))


_REST = r"^(?i)(all )?other( |$)"
"""Categories that an analysis put together itself: they stand last."""


def is_rest(name: str) -> bool:
    """True for a category that holds what has none of its own."""
    return name == MISSING or name.lower().removeprefix("all ").split(" ")[0] == OTHER


def _rank(colors: Sequence[str]) -> pl.Expr:
    return pl.col("color").replace_strict(list(colors), list(range(len(colors))), return_dtype=pl.Int64)


_SUMS = re.compile(
    r"(^|_)(alerts|bytes|closed|connections|escalated|events|findings|hits|lines|open|opened|queries|records|requests"
    r"|rows|sessions)$"
)


def _adds_up(name: str) -> bool:
    """True where a sum of such values means something: alerts add up, hosts and scores do not."""
    return bool(_SUMS.search(name)) and not name.startswith(("max_", "mean_", "median_", "min_"))


def _placed(
    rows: pl.DataFrame, column: str, name: str, zone: str, end: str = ""
) -> tuple[pl.Series, pl.DataFrame, Axis]:
    """The column in words, and as positions on its axis: milliseconds for times, scaled numbers, or names."""
    dtype = rows.schema[column]
    both = [c for c in (column, end) if c in rows.columns]
    if dtype.is_numeric():
        kind = kind_of(name, dtype)
        return _spoken(rows[column], kind), *_scaled(rows, kind, label_of(name), both)
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        words = _spoken(rows.select(_by_clock(rows.select(column), zone)).to_series(), "time")
        words = words.str.strip_suffix(" 00:00:00")
        rows = rows.with_columns(pl.col(both).cast(pl.Datetime("ms")).dt.epoch("ms").cast(pl.Float64))
        aware = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
        title = f"{label_of(name)} ({zone})" if aware else label_of(name)
        start, stop = _reach(rows, both)
        return words, rows, Axis(title, "times", start=start, end=stop, zone=zone if aware else "UTC")
    rows = rows.with_columns(_name(column).alias(column))
    frequent = rows[column].value_counts(sort=True)[column].head(NAMES)
    if rows[column].n_unique() > NAMES:
        kept = pl.col(column).is_in(frequent.implode())
        rows = rows.with_columns(pl.when(kept).then(column).otherwise(pl.lit(OTHER)).alias(column))
    names = tuple(rows[column].unique(maintain_order=True).to_list())
    return rows[column], rows, Axis(label_of(name), "names", names=names)


def _by_clock(frame: pl.DataFrame, zone: str) -> list[pl.Expr]:
    """All columns, instants by the clock of the zone."""
    return [
        pl.col(name).dt.convert_time_zone(zone) if isinstance(dtype, pl.Datetime) and dtype.time_zone else pl.col(name)
        for name, dtype in frame.schema.items()
    ]


_SECONDS = ((2 * 86_400, 86_400, "days"), (2 * 3_600, 3_600, "hours"), (120, 60, "minutes"), (0, 1, "seconds"))
_BYTES = ((1e12, 1e12, "TB"), (1e9, 1e9, "GB"), (1e6, 1e6, "MB"), (1e3, 1e3, "kB"), (0, 1, "bytes"))


def _scaled(rows: pl.DataFrame, kind: Kind, title: str, columns: Sequence[str]) -> tuple[pl.DataFrame, Axis]:
    """Numbers in the unit that suits the largest of them: hours, not seconds."""
    have = [name for name in columns if name in rows.columns]
    numbers = pl.col(have).cast(pl.Float64)
    rows = rows.with_columns(pl.when(numbers.is_finite()).then(numbers))
    form = {"share": ".0%", "id": "d", "count": ",d"}.get(kind, ",~r")
    if kind in ("seconds", "bytes"):
        largest = max(map(abs, _reach(rows, have)))
        factor, unit = next((f, u) for least, f, u in (_SECONDS if kind == "seconds" else _BYTES) if largest >= least)
        rows, title = rows.with_columns(pl.col(have) / factor), f"{title} ({unit})"
    start, end = _reach(rows, have)
    return rows, Axis(title, "numbers", format=form, start=start, end=end)


def _reach(rows: pl.DataFrame, columns: Sequence[str]) -> tuple[float, float]:
    """The smallest and the largest of several columns of floats."""
    values = rows.select(pl.min_horizontal(pl.col(columns).min()), max=pl.max_horizontal(pl.col(columns).max()))
    low, high = values.row(0)
    return (0.0, 0.0) if low is None else (float(low), float(high))


def _breaks(largest: float, kind: Kind) -> tuple[float, ...]:
    """Six round numbers between nothing and the largest amount; a share has none above 100 %."""
    if largest <= 0:
        largest = 1 if kind == "share" else 7
    power = 10.0 ** math.floor(math.log10(largest / 7))
    rounds = (1, 1.5, 2, 2.5, 5, 10, 20) if kind == "share" else (1, 2, 2.5, 5, 10, 20)
    step = next(power * n for n in rounds if power * n * 7 >= largest)
    if kind == "count":
        step = float(max(1, math.ceil(step)))
    return tuple(round(step * n, 12) for n in range(1, 7))


def _in_order(keys: pl.Series) -> pl.Series:
    """Numbers and times in their order, names in the order of the table."""
    distinct = keys.unique(maintain_order=True)
    return distinct if distinct.dtype in (pl.String, pl.Categorical, pl.Enum) else distinct.sort()


def _headings(keys: pl.Series) -> list[str]:
    """Keys as headings, as short as they can be without two alike: days, or times of a day; texts in one line."""
    if keys.dtype == pl.Date or isinstance(keys.dtype, pl.Datetime):
        days = keys.dtype == pl.Date or (keys.dt.truncate("1d") == keys).all()
        ways = ("%-d %b", "%-d %b %Y") if days else ("%H:%M", "%-d %b %H:%M")
        short = (words for words in map(keys.dt.strftime, ways) if words.n_unique() == len(words))
        return next(short, _spoken(keys, "time")).to_list()
    if keys.dtype.is_numeric():
        return _spoken(keys, "id").to_list()
    return keys.to_frame("name").select(_name("name")).to_series().to_list()


def _spoken(values: pl.Series, kind: Kind) -> pl.Series:
    """Values in words; a chart has few of them."""
    words = [spoken(value, kind)[:TEXT] for value in values.to_list()]
    return pl.Series(values.name, words, dtype=pl.String)


def _interval(rows: pl.DataFrame, kind: Kind) -> pl.Series:
    ends = zip(rows["low"].to_list(), rows["high"].to_list(), strict=True)
    words = [
        "" if low is None or high is None else f"{spoken(low, kind)} to {spoken(high, kind)}" for low, high in ends
    ]
    return pl.Series(words, dtype=pl.String)


def _tips(*facts: tuple[str, pl.Series]) -> pl.Series:
    """One text per row, a line for each fact that it has."""
    labels = [label for label, _ in facts]
    rows = zip(*(values.to_list() for _, values in facts), strict=True)
    texts = ["\n".join(f"{label}: {word}" for label, word in zip(labels, row, strict=True) if word) for row in rows]
    return pl.Series("tip", texts, dtype=pl.String)
