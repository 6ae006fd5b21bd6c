"""The rows of a chart: what fits is kept, what does not is counted in a note, and every text is made safe to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from watchfloor.charts.kinds import Bars, Heat, Lines, Points
from watchfloor.hostile import visible
from watchfloor.wording import Kind, kind_of, label_of, spoken

__all__ = ["Axis", "Shape", "bars", "heat", "lines", "points"]

CATEGORIES = 6
"""Colours at most; what is rarer is `other`."""
POINTS = 1_000
"""Marks of a scatter at most."""
LINE_POINTS = 1_500
"""Points of all lines together, at most."""
HEAT_COLUMNS, HEAT_ROWS = 60, 30
"""Cells of a grid, at most."""
NAMES = 25
"""Names on the axis of a scatter at most."""
TEXT = 160
"""Characters of a name at most, the whole of it is in the table."""

OTHER = "other"
MISSING = "(none)"


@dataclass(frozen=True)
class Axis:
    """An axis: what it shows, in which unit, and where its ticks stand if that is not for the drawing to choose."""

    title: str
    scale: Literal["names", "numbers", "times"]
    format: str = ""
    """Of numbers, as d3 writes them."""
    names: tuple[str, ...] = ()
    """In order."""
    start: float = 0
    end: float = 1
    zone: str = "UTC"


@dataclass(frozen=True)
class Shape:
    """Rows that can be drawn as they are: columns x, y, and of low, high, x_end, color, size, value, tip what applies."""

    rows: pl.DataFrame
    x: Axis
    y: Axis
    colors: tuple[str, ...] = ()
    color_title: str = ""
    note: str = ""


def bars(chart: Bars, frame: pl.DataFrame) -> Shape:
    """The first rows as bars; with a colour the first names, each with its categories."""
    rows = frame.filter(pl.col(chart.x).is_not_null()).select(
        _name(chart.y).alias("y"),
        pl.col(chart.x).alias("x"),
        *([_name(chart.color).alias("color")] if chart.color else []),
        *([pl.col(chart.low).alias("low"), pl.col(chart.high).alias("high")] if chart.low and chart.high else []),
    )
    kind = kind_of(chart.x, frame.schema[chart.x])
    colors: tuple[str, ...] = ()
    if chart.color:
        names = rows["y"].unique(maintain_order=True)
        top = names.head(chart.top)
        rest = rows.filter(~pl.col("y").is_in(top.implode()))
        colors, rows = _colors(rows.filter(pl.col("y").is_in(top.implode())))
        rows = rows.group_by("y", "color", maintain_order=True).agg(pl.col("x").sum())
        rows = rows.with_columns(total=pl.col("x").sum().over("y"))
        left_out = len(names) - len(top)
    else:
        rest, left_out = rows.slice(chart.top), max(0, rows.height - chart.top)
        rows = _distinct(rows.head(chart.top)).with_columns(total=pl.col("x"))
    note = ""
    if left_out:
        shown = rows["y"].n_unique()
        together = f"; the other {left_out:,} have {spoken(rest['x'].sum(), kind)} together" if _adds_up(kind) else ""
        note = f"The first {shown:,} of {shown + left_out:,}{together}."
    tips = [
        _tip(
            (label_of(chart.y), row["y"]),
            *([(label_of(chart.color), row["color"])] if chart.color else []),
            (label_of(chart.x), spoken(row["x"], kind)),
            *(
                [("interval", f"{spoken(row['low'], kind)} to {spoken(row['high'], kind)}")]
                if row.get("low") is not None
                else []
            ),
        )
        for row in rows.to_dicts()
    ]
    rows = rows.with_columns(
        value=pl.Series([spoken(value, kind) for value in rows["total"].to_list()], dtype=pl.String),
        tip=pl.Series(tips, dtype=pl.String),
    )
    scaled, axis = _scaled(rows, kind, label_of(chart.x), ("x", "low", "high", "total"))
    names = tuple(rows["y"].unique(maintain_order=True).to_list())
    return Shape(scaled, axis, Axis(label_of(chart.y), "names", names=names), colors, label_of(chart.color or ""), note)


def lines(chart: Lines, frame: pl.DataFrame) -> Shape:
    """Points in order of x, one line per category."""
    rows = frame.filter(pl.col(chart.x).is_not_null()).select(
        pl.col(chart.x).alias("x"),
        pl.col(chart.y).alias("y"),
        *([_name(chart.color).alias("color")] if chart.color else []),
    )
    colors: tuple[str, ...] = ()
    if chart.color:
        colors, rows = _colors(rows, "y")
        rows = rows.group_by("x", "color").agg(pl.col("y").sum())
    rows = rows.sort("x")
    rows, note = _thinned(rows, LINE_POINTS)
    kind = kind_of(chart.y, frame.schema[chart.y])
    rows, x = _axis(rows, "x", chart.x, frame, chart.zone)
    rows = rows.with_columns(
        tip=pl.Series(
            [
                _tip(
                    (label_of(chart.x), row["x_text"]),
                    *([(label_of(chart.color), row["color"])] if chart.color else []),
                    (label_of(chart.y), spoken(row["y"], kind)),
                )
                for row in rows.to_dicts()
            ],
            dtype=pl.String,
        )
    )
    rows, y = _scaled(rows, kind, label_of(chart.y), ("y",))
    return Shape(rows, x, y, colors, label_of(chart.color or ""), note)


def points(chart: Points, frame: pl.DataFrame) -> Shape:
    """Marks, evenly thinned where there are too many; an axis of text shows its most frequent names."""
    tips = tuple(
        dict.fromkeys(
            (
                chart.x,
                *([chart.x_end] if chart.x_end else []),
                chart.y,
                *([chart.color] if chart.color else []),
                *([chart.size] if chart.size else []),
                *chart.tooltip,
            )
        )
    )
    rows = frame.filter(pl.col(chart.x).is_not_null() & pl.col(chart.y).is_not_null())
    rows, note = _thinned(rows, POINTS)
    lines_of_tip = [
        _tip(*((label_of(name), spoken(value, kind_of(name, frame.schema[name]))) for name, value in row.items()))
        for row in rows.select(_local(rows, tips, chart.zone)).to_dicts()
    ]
    rows = rows.select(
        pl.col(chart.x).alias("x"),
        pl.col(chart.y).alias("y"),
        *([pl.col(chart.x_end).alias("x_end")] if chart.x_end else []),
        *([_name(chart.color).alias("color")] if chart.color else []),
        *([pl.col(chart.size).alias("size")] if chart.size else []),
        tip=pl.Series(lines_of_tip, dtype=pl.String),
    )
    colors: tuple[str, ...] = ()
    if chart.color:
        colors, rows = _colors(rows)
    rows, x = _axis(rows, "x", chart.x, frame, chart.zone, "x_end")
    rows, y = _axis(rows, "y", chart.y, frame, chart.zone)
    return Shape(rows, x, y, colors, label_of(chart.color or ""), note)


def heat(chart: Heat, frame: pl.DataFrame) -> Shape:
    """Cells; of too many rows those with the largest sums stay, of too many columns the last ones."""
    kind = kind_of(chart.color, frame.schema[chart.color])
    rows = frame.filter(pl.col(chart.color).is_not_null())
    rows = rows.select(x_key=pl.col(chart.x), y_key=pl.col(chart.y), color=pl.col(chart.color))
    xs = _ordered(rows["x_key"])
    ys = _ordered(rows["y_key"])
    notes = []
    if len(ys) > HEAT_ROWS:
        notes.append(f"the {HEAT_ROWS} largest of {len(ys):,} rows")
        top = rows.group_by("y_key").agg(pl.col("color").sum()).sort("color", descending=True).head(HEAT_ROWS)["y_key"]
        ys = ys.filter(ys.is_in(top.implode()))
    if len(xs) > HEAT_COLUMNS:
        notes.append(f"the last {HEAT_COLUMNS} of {len(xs):,} columns")
        xs = xs.tail(HEAT_COLUMNS)
    rows = rows.filter(pl.col("x_key").is_in(xs.implode()), pl.col("y_key").is_in(ys.implode()))
    x_names, y_names = _names(xs), _names(ys)
    rows = rows.with_columns(
        x=pl.col("x_key").replace_strict(xs, pl.Series(x_names, dtype=pl.String), return_dtype=pl.String),
        y=pl.col("y_key").replace_strict(ys, pl.Series(y_names, dtype=pl.String), return_dtype=pl.String),
    ).select("x", "y", "color")
    rows = rows.with_columns(
        tip=pl.Series(
            [
                _tip(
                    (label_of(chart.y), row["y"]),
                    (label_of(chart.x), row["x"]),
                    (label_of(chart.color), spoken(row["color"], kind)),
                )
                for row in rows.to_dicts()
            ],
            dtype=pl.String,
        )
    )
    rows, color = _scaled(rows, kind, label_of(chart.color), ("color",))
    note = f"Shown: {' and '.join(notes)}." if notes else ""
    return Shape(
        rows,
        Axis(label_of(chart.x), "names", names=tuple(x_names)),
        Axis(label_of(chart.y), "names", names=tuple(y_names)),
        color_title=color.title,
        note=note,
    )


def _name(column: str) -> pl.Expr:
    """Names in one line, short enough for a chart."""
    text = visible(pl.col(column).cast(pl.String).str.slice(0, TEXT)).str.replace_all(r"\s+", " ")
    return text.fill_null(MISSING)


def _distinct(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of the same name get a number, so that each has a bar of its own."""
    number = pl.int_range(pl.len()).over("y")
    return rows.with_columns(y=pl.when(number > 0).then(pl.format("{} ({})", "y", number + 1)).otherwise("y"))


def _colors(rows: pl.DataFrame, weight: str = "x") -> tuple[tuple[str, ...], pl.DataFrame]:
    """The most important categories in order, and the rows with all others renamed."""
    size = pl.col(weight).sum() if rows.schema[weight].is_numeric() else pl.len()
    ranked = (
        rows.group_by("color").agg(size.alias("n")).sort(["n", "color"], descending=[True, False])["color"].to_list()
    )
    top = ranked[:CATEGORIES] if len(ranked) > CATEGORIES else ranked
    if len(top) == len(ranked):
        return tuple(top), rows
    rows = rows.with_columns(pl.when(pl.col("color").is_in(top)).then("color").otherwise(pl.lit(OTHER)).alias("color"))
    return (*top, OTHER), rows


def _adds_up(kind: Kind) -> bool:
    return kind in ("count", "bytes", "seconds")


def _thinned(rows: pl.DataFrame, limit: int) -> tuple[pl.DataFrame, str]:
    """Every n-th row, so that the whole span stays in view."""
    if rows.height <= limit:
        return rows, ""
    step = -(-rows.height // limit)
    kept = rows.gather_every(step)
    return kept, f"{kept.height:,} of {rows.height:,} rows are drawn, evenly chosen."


def _axis(
    rows: pl.DataFrame, column: str, name: str, frame: pl.DataFrame, zone: str, end: str = ""
) -> tuple[pl.DataFrame, Axis]:
    """The column as positions on its axis: milliseconds for times, scaled numbers, or names."""
    dtype = frame.schema[name]
    both = [c for c in (column, end) if c in rows.columns]
    if dtype.is_temporal() and not isinstance(dtype, pl.Duration):
        zone = dtype.time_zone or zone if isinstance(dtype, pl.Datetime) and zone == "UTC" else zone
        texts = rows.select(_local(rows, (column,), zone))[column]
        rows = rows.with_columns(
            pl.Series(
                f"{column}_text",
                [spoken(v, "time").removesuffix(" 00:00:00") for v in texts.to_list()],
                dtype=pl.String,
            ),
            *(pl.col(c).cast(pl.Datetime("ms")).dt.epoch("ms") for c in both),
        )
        values = pl.concat([rows[c].drop_nulls() for c in both])
        start, stop = (float(values.min() or 0), float(values.max() or 0)) if len(values) else (0.0, 0.0)  # type: ignore[arg-type]
        title = label_of(name) if dtype == pl.Date else f"{label_of(name)} ({zone})"
        return rows, Axis(title, "times", start=start, end=stop, zone="UTC" if dtype == pl.Date else zone)
    if dtype.is_numeric():
        kind = kind_of(name, dtype)
        rows = rows.with_columns(
            pl.Series(f"{column}_text", [spoken(v, kind) for v in rows[column].to_list()], dtype=pl.String)
        )
        return _scaled(rows, kind, label_of(name), tuple(both))
    rows = rows.with_columns(_name(column).alias(column))
    counts = rows[column].value_counts(sort=True)[column]
    names = rows[column].unique(maintain_order=True)
    if len(names) > NAMES:
        top = counts.head(NAMES)
        rows = rows.with_columns(
            pl.when(pl.col(column).is_in(top.implode())).then(column).otherwise(pl.lit(OTHER)).alias(column)
        )
        names = rows[column].unique(maintain_order=True)
    return rows.with_columns(pl.col(column).alias(f"{column}_text")), Axis(
        label_of(name), "names", names=tuple(names.to_list())
    )


def _local(rows: pl.DataFrame, columns: Sequence[str], zone: str) -> list[pl.Expr]:
    """The columns, instants by the clock of the zone."""
    aware = {name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Datetime) and dtype.time_zone}
    return [pl.col(name).dt.convert_time_zone(zone) if name in aware else pl.col(name) for name in columns]


_SECONDS = ((86_400 * 2, 86_400, "days"), (3_600 * 2, 3_600, "hours"), (60 * 2, 60, "minutes"), (0, 1, "seconds"))
_BYTES = ((1e12, 1e12, "TB"), (1e9, 1e9, "GB"), (1e6, 1e6, "MB"), (1e3, 1e3, "kB"), (0, 1, "bytes"))


def _scaled(rows: pl.DataFrame, kind: Kind, title: str, columns: Sequence[str]) -> tuple[pl.DataFrame, Axis]:
    """Numbers in the unit that suits the largest of them: hours, not seconds."""
    have = [name for name in columns if name in rows.columns]
    rows = rows.with_columns(pl.col(have).cast(pl.Float64))
    if kind not in ("seconds", "bytes"):
        return rows, Axis(title, "numbers", format=".0%" if kind == "share" else "d" if kind == "id" else ",~r")
    largest = max((float(rows[name].abs().max() or 0) for name in have), default=0.0)  # type: ignore[arg-type]
    _, factor, unit = next(step for step in (_SECONDS if kind == "seconds" else _BYTES) if largest >= step[0])
    return rows.with_columns(pl.col(have) / factor), Axis(f"{title} ({unit})", "numbers", format=",~r")


def _ordered(keys: pl.Series) -> pl.Series:
    """Numbers and times in their order, names in the order of the table."""
    distinct = keys.drop_nulls().unique(maintain_order=True)
    return distinct if distinct.dtype in (pl.String, pl.Categorical, pl.Enum) else distinct.sort()


def _names(keys: pl.Series) -> list[str]:
    """Keys as names: days without a time of day, texts in one line."""
    if keys.dtype.is_temporal():
        texts = [spoken(value, "time") for value in keys.to_list()]
        short = [text[:10] for text in texts]
        return short if len(set(short)) == len(texts) else texts
    if keys.dtype.is_numeric():
        return [spoken(value, "id") for value in keys.to_list()]
    return keys.to_frame().select(_name(keys.name)).to_series().to_list()


def _tip(*facts: tuple[str, object]) -> str:
    return "\n".join(f"{label}: {value}" for label, value in facts if value not in (None, ""))
