"""Draws charts with Altair, for a notebook as they are and for documents as SVG: the one file that knows Altair."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, assert_never

import altair as alt
import polars as pl
import vl_convert
from markupsafe import Markup, escape

from watchfloor.charts import shape
from watchfloor.charts.kinds import Bars, Chart, Heat, Lines, Points
from watchfloor.charts.shape import MISSING, OTHER, Axis, Shape
from watchfloor.charts.ticks import ticks
from watchfloor.hostile import harmless
from watchfloor.wording import label_of

__all__ = ["COLORS", "NARROW", "STEPS", "WIDE", "Picture", "draw", "picture", "svg", "title_of"]

WIDE, NARROW = 860, 350
"""Widths of a drawing in pixels: beside a list of contents, and on a telephone."""

COLORS = {
    "c1": "#2a6ebb",
    "c2": "#d9782d",
    "c3": "#2f9e8f",
    "c4": "#b4528f",
    "c5": "#8b7a22",
    "c6": "#7761b5",
    "c7": "#8c97a4",
}
"""Colours of categories, told apart with any kind of colour blindness; the last one is for `other`."""
STEPS = {
    "s1": "#eaf1f9",
    "s2": "#c8dbf0",
    "s3": "#9dc0e5",
    "s4": "#6a9fd6",
    "s5": "#3d7cc0",
    "s6": "#1f5a9c",
    "s7": "#123a69",
}
"""Colours of amounts, from few to many."""
_INK = {"ink": "#1c2530", "ink2": "#55616f", "grid": "#e8ecf0"}
_THEMED = {color: name for name, color in (COLORS | STEPS | _INK).items()}

# Arial, Helvetica and Liberation Sans have the same widths: what is measured here fits there.
_FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
_BAR, _BAND = 16, 26


@dataclass(frozen=True)
class Picture:
    """A drawing in two widths, with its title and a remark on what it leaves out."""

    title: str
    wide: Markup
    narrow: Markup
    note: str = ""


def draw(chart: Chart, table: pl.DataFrame | pl.LazyFrame, *, width: int = WIDE) -> alt.LayerChart | alt.Chart:
    """The chart as Altair draws it: interactive in a notebook."""
    drawn = _drawn(chart, _shape(chart, table.lazy().collect()), width)
    return drawn.properties(title=title_of(chart)).configure(**_config())


def svg(chart: Chart, table: pl.DataFrame | pl.LazyFrame, *, width: int = WIDE, themed: bool = False) -> str:
    """The chart as SVG, with a title on each mark; `themed` names colours as CSS variables, for light and dark."""
    return _svg(chart, _shape(chart, table.lazy().collect()), width, themed=themed)


def picture(chart: Chart, table: pl.DataFrame | pl.LazyFrame) -> Picture:
    """The chart as a page shows it."""
    shaped = _shape(chart, table.lazy().collect())
    if not shaped.rows.height:
        return Picture(title_of(chart), Markup(), Markup(), "No data to draw.")
    wide, narrow = (Markup(_svg(chart, shaped, width, themed=True)) for width in (WIDE, NARROW))  # noqa: S704
    return Picture(title_of(chart), wide, narrow, shaped.note)


def title_of(chart: Chart) -> str:
    """The chart's title, or what it shows in the words of its columns."""
    if chart.title:
        return harmless(chart.title)
    match chart:
        case Heat():
            return f"{label_of(chart.color)} by {label_of(chart.y)} and {label_of(chart.x)}"
        case Bars():
            return f"{label_of(chart.x)} by {label_of(chart.y)}"
        case Lines():
            return f"{label_of(chart.y)} over {label_of(chart.x)}"
        case Points():
            return f"{label_of(chart.y)} and {label_of(chart.x)}"
        case _:
            assert_never(chart)


def _shape(chart: Chart, frame: pl.DataFrame) -> Shape:
    match chart:
        case Bars():
            return shape.bars(chart, frame)
        case Lines():
            return shape.lines(chart, frame)
        case Points():
            return shape.points(chart, frame)
        case Heat():
            return shape.heat(chart, frame)
        case _:
            assert_never(chart)


def _drawn(chart: Chart, shaped: Shape, width: int) -> Any:
    match chart:
        case Bars():
            drawn = _bars(shaped, width)
        case Lines():
            drawn = _lines(chart, shaped, width)
        case Points():
            drawn = _points(chart, shaped, width)
        case Heat():
            drawn = _heat(shaped, width)
        case _:
            assert_never(chart)
    return drawn


def _bars(shaped: Shape, width: int) -> Any:
    rows, narrow = shaped.rows, width < 600
    names = list(shaped.y.names)
    band = 38 if narrow else _BAND
    offset = 9 if narrow else 0
    interval = "low" in rows.columns
    reach = rows.select(pl.max_horizontal("total", *(["high"] if interval else [])).max()).item() or 1
    y = alt.Y(
        "y:N",
        sort=names,
        title=None,
        axis=None if narrow else _names_axis(width),
        scale=alt.Scale(paddingInner=0, paddingOuter=0),
    )
    x_axis = _axis(shaped.x, width) if interval else None
    x = alt.X("x:Q", axis=x_axis, scale=alt.Scale(domain=[0, reach], nice=interval), title=shaped.x.title)
    base = alt.Chart(rows).encode(y=y)
    bar = base.mark_bar(height=_BAR if not narrow else 13, yOffset=offset, color=COLORS["c1"]).encode(
        x=x, description="tip:N", tooltip="tip:N"
    )
    if shaped.colors:
        bar = bar.encode(color=_color(shaped), order=alt.Order("rank:Q"))
        bar = bar.transform_calculate(rank="0")
        rank = pl.col("color").replace_strict({name: n for n, name in enumerate(shaped.colors)}, return_dtype=pl.Int64)
        rows = rows.with_columns(rank=rank)
        bar = (
            alt.Chart(rows)
            .mark_bar(height=_BAR if not narrow else 13, yOffset=offset)
            .encode(x=x, y=y, color=_color(shaped), order=alt.Order("rank:Q"), description="tip:N", tooltip="tip:N")
        )
    layers = [bar]
    ends = rows.unique("y", maintain_order=True)
    edge = "high" if interval else "total"
    ends = ends.with_columns(edge=pl.max_horizontal("total", pl.col(edge).fill_null(pl.col("total"))))
    if interval:
        whisker = base.mark_rule(color=_INK["ink"], strokeWidth=1.2, yOffset=offset).encode(
            x=alt.X("low:Q"), x2="high:Q"
        )
        cap = {"color": _INK["ink"], "thickness": 1.2, "size": 7, "yOffset": offset}
        layers += [whisker, base.mark_tick(**cap).encode(x="low:Q"), base.mark_tick(**cap).encode(x="high:Q")]
    layers.append(
        alt.Chart(ends)
        .mark_text(align="left", dx=5, dy=offset, color=_INK["ink"], fontSize=12)
        .encode(x="edge:Q", y=y, text="value:N")
    )
    if narrow:
        layers.append(
            alt.Chart(ends)
            .mark_text(align="left", dy=-8, color=_INK["ink"], fontSize=12, limit=width - 10)
            .encode(x=alt.value(0), y=y, text="y:N")
        )
    return alt.layer(*layers).properties(width=width, height=band * len(names), autosize=_fit())


def _lines(chart: Lines, shaped: Shape, width: int) -> Any:
    y = alt.Y("y:Q", axis=_axis(shaped.y, width), title=shaped.y.title, stack="zero" if chart.stacked else None)
    base = alt.Chart(shaped.rows).encode(x=_position("x", shaped.x, width), y=y)
    if shaped.colors:
        base = base.encode(color=_color(shaped))
    if chart.stacked:
        marks = base.mark_area(line=False, opacity=0.9)
        return marks.properties(width=width, height=_height(width), autosize=_fit())
    single = {} if shaped.colors else {"color": COLORS["c1"]}
    few = shaped.rows.height <= 40 * max(1, len(shaped.colors))
    line = base.mark_line(strokeWidth=2, strokeJoin="round", **single)
    dots = base.mark_circle(size=26 if few else 60, opacity=1 if few else 0, **single).encode(
        description="tip:N", tooltip="tip:N"
    )
    return alt.layer(line, dots).properties(width=width, height=_height(width), autosize=_fit())


def _points(chart: Points, shaped: Shape, width: int) -> Any:
    names = shaped.y.scale == "names"
    base = alt.Chart(shaped.rows).encode(x=_position("x", shaped.x, width), y=_position("y", shaped.y, width))
    single = {} if shaped.colors else {"color": COLORS["c1"]}
    if shaped.colors:
        base = base.encode(color=_color(shaped))
    layers = []
    if chart.x_end:
        layers.append(
            base.mark_rule(strokeWidth=4, opacity=0.45, strokeCap="round", **single).encode(
                x2="x_end:Q", description="tip:N", tooltip="tip:N"
            )
        )
    dots = base.mark_circle(opacity=0.75, size=45, **single).encode(description="tip:N", tooltip="tip:N")
    if chart.size:
        dots = dots.encode(size=alt.Size("size:Q", legend=None, scale=alt.Scale(range=[20, 320])))
    layers.append(dots)
    height = max(120, 26 * len(shaped.y.names) + 50) if names else _height(width)
    return alt.layer(*layers).properties(width=width, height=height, autosize=_fit())


def _heat(shaped: Shape, width: int) -> Any:
    most = max(2, width // (46 if width < 600 else 52))
    shown = shaped.x.names[:: -(-len(shaped.x.names) // most)] if shaped.x.names else ()
    x = alt.X(
        "x:N",
        sort=list(shaped.x.names),
        title=shaped.x.title,
        axis=alt.Axis(values=list(shown), labelAngle=0, labelOverlap=True, ticks=False, domain=False, labelPadding=6),
    )
    color = alt.Color(
        "color:Q",
        title=shaped.color_title,
        scale=alt.Scale(type="quantize", range=list(STEPS.values()), nice=True, zero=True),
        legend=alt.Legend(
            orient="top", direction="horizontal", titleOrient="left", gradientLength=min(260, width // 2), format=",~r"
        ),
    )
    cells = (
        alt.Chart(shaped.rows)
        .mark_rect(cornerRadius=2)
        .encode(
            x=x,
            y=alt.Y("y:N", sort=list(shaped.y.names), title=None, axis=_names_axis(width)),
            color=color,
            description="tip:N",
            tooltip="tip:N",
        )
    )
    return cells.properties(width=width, height=24 * len(shaped.y.names) + 70, autosize=_fit())


def _position(column: str, axis: Axis, width: int) -> Any:
    channel = alt.X if column == "x" else alt.Y
    if axis.scale == "names":
        shown = (
            _names_axis(width) if column == "y" else alt.Axis(labelAngle=0, labelLimit=width // max(1, len(axis.names)))
        )
        return channel(f"{column}:N", sort=list(axis.names), title=None, axis=shown)
    zero = axis.scale == "numbers"
    scale = (
        alt.Scale(zero=zero, nice=zero)
        if zero
        else alt.Scale(
            domain=[axis.start, axis.end] if axis.end > axis.start else [axis.start - 1, axis.start + 1], nice=False
        )
    )
    return channel(f"{column}:Q", scale=scale, title=axis.title, axis=_axis(axis, width))


def _axis(axis: Axis, width: int) -> Any:
    if axis.scale == "times":
        found = ticks(axis.start, axis.end, axis.zone, most=max(2, width // (75 if width < 600 else 90)))
        # The labels are made of numbers and names of months alone: no text from a log gets into an expression.
        labels = json.dumps({str(at): list(lines) for at, lines in found})
        return alt.Axis(
            values=[at for at, _ in found], labelExpr=f"({labels})[datum.value]", grid=True, labelFlush=False
        )
    return alt.Axis(format=axis.format, tickCount=5, domain=False, ticks=False)


def _names_axis(width: int) -> Any:
    return alt.Axis(
        labelLimit=int(width * (0.32 if width >= 600 else 0.36)), ticks=False, domain=False, labelPadding=8, grid=False
    )


def _color(shaped: Shape) -> Any:
    plain = [name for name in shaped.colors if name not in (OTHER, MISSING)]
    hues = dict(zip(plain, COLORS.values(), strict=False))
    scale = alt.Scale(domain=list(shaped.colors), range=[hues.get(name, COLORS["c7"]) for name in shaped.colors])
    legend = alt.Legend(
        orient="top",
        direction="horizontal",
        title=None,
        symbolType="square",
        columnPadding=16,
        labelLimit=220,
        columns=0,
    )
    return alt.Color("color:N", scale=scale, legend=legend, sort=list(shaped.colors))


def _height(width: int) -> int:
    return 260 if width >= 600 else 230


def _fit() -> Any:
    return alt.AutoSizeParams(type="fit-x", contains="padding")


def _config() -> dict[str, Any]:
    text = {
        "labelColor": _INK["ink2"],
        "titleColor": _INK["ink2"],
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    return {
        "background": "transparent",
        "font": _FONT,
        "padding": 2,
        "view": alt.ViewConfig(stroke=None),
        "axis": alt.AxisConfig(
            **text, gridColor=_INK["grid"], domainColor=_INK["grid"], tickColor=_INK["grid"], titlePadding=10
        ),
        "axisY": alt.AxisConfig(
            titleAngle=0, titleAlign="left", titleAnchor="start", titleX=0, titleY=-14, titleBaseline="bottom"
        ),
        "legend": alt.LegendConfig(**text, symbolSize=110, symbolStrokeWidth=0),
        "title": alt.TitleConfig(anchor="start", fontSize=14, color=_INK["ink"]),
    }


def _svg(chart: Chart, shaped: Shape, width: int, *, themed: bool) -> str:
    if not shaped.rows.height:
        return _nothing(chart, width, themed=themed)
    spec = _drawn(chart, shaped, width).configure(**_config()).to_dict()
    drawn: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return _finished(drawn, title_of(chart), themed=themed)


_MARK = re.compile(r'<(path|line|rect|text|circle)( aria-label="([^"]*)"[^>]*?)(/>|>)')
_THEME = re.compile(r'(fill|stroke)="(#[0-9a-f]{6})"')


def _finished(drawn: str, title: str, *, themed: bool) -> str:
    """Labels of marks become titles, which browsers show; colours become variables of the page."""
    drawn = _MARK.sub(_titled, drawn)
    if themed:
        drawn = _THEME.sub(lambda m: f'{m[1]}="var(--{_THEMED[m[2]]},{m[2]})"' if m[2] in _THEMED else m[0], drawn)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)


def _titled(mark: re.Match[str]) -> str:
    name, attributes, label, end = mark.groups()
    attributes = attributes.replace(f' aria-label="{label}"', "", 1)
    close = f"</{name}>" if end == "/>" else ""
    return f"<{name}{attributes}><title>{label}</title>{close}"


def _nothing(chart: Chart, width: int, *, themed: bool) -> str:
    ink = "var(--ink2,#55616f)" if themed else _INK["ink2"]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title_of(chart))}: no data" width="{width}" height="60" '
        f'viewBox="0 0 {width} 60"><text x="{width / 2:.0f}" y="35" text-anchor="middle" font-family="{_FONT}" font-size="13" fill="{ink}">'
        "No data to draw</text></svg>"
    )
