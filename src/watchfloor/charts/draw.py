"""Draws charts with Altair, for a notebook as they are and for documents as SVG: the one file that knows Altair."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, assert_never

import altair as alt
import polars as pl
import vl_convert
from markupsafe import Markup, escape

from watchfloor.charts import shape
from watchfloor.charts.kinds import Bars, Chart, Heat, Lines, Points
from watchfloor.charts.shape import Axis, Shape, is_rest
from watchfloor.charts.ticks import ticks
from watchfloor.hostile import in_script

__all__ = ["COLORS", "INKS", "NARROW", "STEPS", "WIDE", "Picture", "draw", "page", "picture", "svg"]

WIDE, NARROW = 860, 350
"""Widths of a drawing in pixels: beside a list of contents, and on a telephone."""
_NAMES = 0.28
"""Part of the width that names beside the axis may take."""
_ROOMY = 600
"""From this width on there is room for names beside bars."""

COLORS = {
    "c1": "#3f75d6",
    "c2": "#dc7c17",
    "c3": "#268e80",
    "c4": "#993580",
    "c5": "#8e7623",
    "c6": "#7162ad",
    "c7": "#9092a8",
}
"""Colours of categories, the last one for `other`. Any two of them differ by 0.06 or more in OKLab for normal sight,
protanopia and deuteranopia, the first four by 0.085, in light and in dark; found by search under that condition."""
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
INKS = {"ink": "#1c2530", "ink2": "#55616f", "grid": "#e8ecf0"}
"""Colours of text and of the lines behind the data."""

# Arial, Helvetica and Liberation Sans have the same widths: what is measured here fits there.
_FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"

Drawing: TypeAlias = Any
"""A chart of Altair: its classes are made at run time, and their types say little."""


@dataclass(frozen=True)
class Picture:
    """A drawing in two widths, with its title and a remark on what it leaves out."""

    title: str
    wide: Markup
    """Empty where there is nothing to draw."""
    narrow: Markup
    note: str = ""


def draw(chart: Chart, table: pl.DataFrame | pl.LazyFrame, *, width: int = WIDE) -> Drawing:
    """The chart as Altair draws it, with tooltips: for a notebook, or to go on from there."""
    # Altair writes data into a script element as it is: a log that says </script> would end it. A space of no width
    # behind each < keeps the words and takes their effect.
    shaped = shape.reworded(shape.of(chart, table), "<", "<\u200b")
    title = shape.title_of(chart).replace("<", "<\u200b")
    return _drawn(chart, shaped, width).properties(title=title).configure(**_config(width) | {"background": "white"})


def page(chart: Chart, table: pl.DataFrame | pl.LazyFrame, *, width: int = WIDE) -> str:
    """The chart as a page of its own, to zoom and move, that needs no network: 0.9 MB of Vega are in it."""
    shaped = shape.of(chart, table)
    finer = replace(shaped, x=replace(shaped.x, density=8), y=replace(shaped.y, density=8))  # for who zooms in
    drawn = _drawn(chart, finer, width)
    if isinstance(chart, Lines | Points):
        drawn = drawn.interactive(bind_x=shaped.x.scale != "names", bind_y=shaped.y.scale != "names")
    titled = drawn.properties(title=shape.title_of(chart)).configure(**_config(width) | {"background": "white"})
    script = vl_convert.javascript_bundle(_EMBED)
    return _PAGE.format(script=script, spec=in_script(json.dumps(titled.to_dict())))


# Not vl-convert's own page, which would run what a log says.
_PAGE = """<!doctype html>
<meta charset="utf-8">
<body>
<div id="chart"></div>
<script type="application/json" id="spec">{spec}</script>
<script type="module">{script}</script>
</body>
"""
_EMBED = """
const spec = JSON.parse(document.getElementById("spec").textContent);
const actions = {export: true, source: false, compiled: false, editor: false};
vegaEmbed("#chart", spec, {renderer: "svg", actions});
"""


def svg(chart: Chart, table: pl.DataFrame | pl.LazyFrame, *, width: int = WIDE, themed: bool = False) -> str:
    """The chart as SVG, with a title on each mark; `themed` names colours as CSS variables, for light and dark."""
    return _svg(chart, shape.of(chart, table), width, themed=themed)


def picture(chart: Chart, table: pl.DataFrame | pl.LazyFrame) -> Picture:
    """The chart as a page shows it."""
    shaped = shape.of(chart, table)
    title = shape.title_of(chart)
    if not shaped.rows.height:
        return Picture(title, Markup(), Markup(), "No data to draw.")
    wide, narrow = (Markup(_svg(chart, shaped, width, themed=True)) for width in (WIDE, NARROW))  # noqa: S704
    return Picture(title, wide, narrow, shaped.note)


def _drawn(chart: Chart, shaped: Shape, width: int) -> Drawing:
    match chart:
        case Bars():
            drawn, height = _bars(shaped, width)
        case Lines():
            drawn, height = _lines(chart, shaped, width)
        case Points():
            drawn, height = _points(shaped, width)
        case Heat():
            drawn, height = _heat(shaped, width)
        case _:
            assert_never(chart)
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    padding = {"left": _spare(chart, shaped, width), "right": 4, "top": 2, "bottom": 2}
    return drawn.properties(width=width, height=height, autosize=fit, padding=padding)


def _spare(chart: Chart, shaped: Shape, width: int) -> int:
    """Room left of the names for pages whose fonts are wider than the ones measured here."""
    if isinstance(chart, Bars) and width < _ROOMY:
        return 2
    longest = max(map(len, shaped.y.names), default=0)
    return 2 + int(0.16 * min(width * _NAMES, 5.6 * longest))


def _bars(shaped: Shape, width: int) -> tuple[Drawing, int]:
    """Names beside the bars, or above them where the page is narrow; values at the ends."""
    roomy = width >= _ROOMY
    interval = "low" in shaped.rows.columns
    down = 0 if roomy else 9
    rows = alt.Chart(shaped.rows).encode(
        y=alt.Y(
            "y:N",
            sort=list(shaped.y.names),
            title=None,
            axis=_names_axis(width) if roomy else None,
            scale=alt.Scale(paddingInner=0, paddingOuter=0),
        )
    )
    x = alt.X(
        "x:Q",
        title=shaped.x.title,
        axis=_axis(shaped.x, width) if interval else None,
        scale=alt.Scale(
            domain=[min(shaped.x.start, 0), (max(shaped.x.end, 0) or 1) * (1.06 if interval else 1)],
            nice=5 if interval else False,
        ),
    )
    bar = rows.mark_bar(height=16 if roomy else 13, yOffset=down, **_plain(shaped)).encode(x=x, **_tips())
    if shaped.colors:
        bar = bar.encode(color=_color(shaped, width), order=alt.Order("rank:Q"))
    layers = [bar]
    if interval:
        ink: dict[str, Any] = {"color": INKS["ink"], "yOffset": down, "aria": False}
        layers.append(rows.mark_rule(strokeWidth=1.2, **ink).encode(x="low:Q", x2="high:Q"))
        layers += [rows.mark_tick(thickness=1.2, size=7, **ink).encode(x=end) for end in ("low:Q", "high:Q")]
    words = rows.mark_text(aria=False, align="left", color=INKS["ink"], fontSize=12, dx=5, dy=down)
    layers.append(words.transform_filter("datum.value != null").encode(x="edge:Q", text="value:N"))
    if not roomy:
        above = rows.mark_text(aria=False, align="left", color=INKS["ink"], fontSize=12, dy=-8, limit=width * 0.86)
        layers.append(above.transform_filter("datum.value != null").encode(x=alt.value(0), text="y:N"))
    return alt.layer(*layers), (26 if roomy else 38) * len(shaped.y.names)


def _lines(chart: Lines, shaped: Shape, width: int) -> tuple[Drawing, int]:
    def vertical(column: str) -> Any:
        return alt.Y(
            f"{column}:Q",
            title=shaped.y.title,
            axis=_axis(shaped.y, width),
            scale=alt.Scale(zero=True, nice=5),
            stack="zero" if chart.stacked else None,
        )

    base = alt.Chart(shaped.rows).encode(x=_position("x", shaped.x, width), y=vertical("y"))
    if shaped.colors:
        base = base.encode(color=_color(shaped, width))
    height = 260 if width >= _ROOMY else 220
    if chart.stacked:
        stacked = base.encode(order=alt.Order("rank:Q")) if shaped.colors else base
        dots = stacked.mark_circle(size=60, opacity=0, **_plain(shaped)).encode(**_tips())
        return alt.layer(stacked.mark_area(aria=False, **_plain(shaped)), dots), height
    # Points can be seen where they are few; where they are many they only carry the tooltips.
    few = shaped.rows.height <= 45 * max(1, len(shaped.colors))
    line = base.mark_line(aria=False, strokeWidth=2, strokeJoin="round", **_plain(shaped))
    dots = base.mark_circle(size=28 if few else 60, opacity=1 if few else 0, **_plain(shaped)).encode(**_tips())
    if "low" not in shaped.rows.columns:
        return alt.layer(line, dots), height
    known = base.transform_filter("datum.low != null && datum.high != null")
    band = known.mark_area(aria=False, opacity=0.18, **_plain(shaped))
    return alt.layer(band.encode(y=vertical("low"), y2="high:Q"), line, dots), height


def _points(shaped: Shape, width: int) -> tuple[Drawing, int]:
    base = alt.Chart(shaped.rows).encode(x=_position("x", shaped.x, width), y=_position("y", shaped.y, width))
    if shaped.colors:
        base = base.encode(color=_color(shaped, width))
    layers = []
    if "x_end" in shaped.rows.columns:
        spans = base.transform_filter("datum.x_end != null && datum.x_end != datum.x")
        layers.append(
            spans.mark_rule(strokeWidth=4, opacity=0.45, strokeCap="round", **_plain(shaped)).encode(
                x2="x_end:Q", **_tips()
            )
        )
    dots = base.mark_circle(opacity=0.75, size=45, **_plain(shaped)).encode(**_tips())
    if "size" in shaped.rows.columns:
        dots = dots.encode(size=alt.Size("size:Q", legend=None, scale=alt.Scale(range=[20, 320])))
    layers.append(dots)
    names = shaped.y.scale == "names"
    return alt.layer(*layers), max(70, 28 * len(shaped.y.names)) if names else 260 if width >= _ROOMY else 230


def _heat(shaped: Shape, width: int) -> tuple[Drawing, int]:
    names = shaped.x.names
    fitting = max(2, int(width * (1 - _NAMES) / (7 * max(map(len, names), default=1) + 14)))
    x = alt.X(
        "x:N",
        sort=list(names),
        title=shaped.x.title,
        axis=alt.Axis(
            values=list(names[:: -(-len(names) // fitting)]),
            labelAngle=0,
            labelLimit=width // 4,
            ticks=False,
            domain=False,
            labelPadding=6,
        ),
    )
    color = alt.Color(
        "color:Q",
        title=shaped.color_title,
        scale=alt.Scale(type="threshold", domain=list(shaped.breaks), range=list(STEPS.values())),
        legend=alt.Legend(
            orient="top",
            direction="horizontal",
            titleOrient="left" if width >= _ROOMY else "top",
            format=shaped.color_format,
            # Pages whose fonts are wider than the ones measured here.
            titlePadding=8 + len(shaped.color_title) if width >= _ROOMY else 4,
            labelOverlap="greedy",
            labelSeparation=3,
        ),
    )
    cells = alt.Chart(shaped.rows).mark_rect(cornerRadius=2)
    y = alt.Y("y:N", sort=list(shaped.y.names), title=None, axis=_names_axis(width))
    return cells.encode(x=x, y=y, color=color, **_tips()), 25 * len(shaped.y.names)


def _position(column: str, axis: Axis, width: int) -> Any:
    channel = alt.X if column == "x" else alt.Y
    match axis.scale:
        case "names":
            names = _names_axis(width)
            if column == "x":
                names = alt.Axis(labelAngle=0, labelLimit=max(30, width // max(1, len(axis.names))))
            return channel(f"{column}:N", sort=list(axis.names), title=None, axis=names)
        case "times":
            wide = axis.end > axis.start
            domain = [axis.start, axis.end] if wide else [axis.start - 1, axis.start + 1]
            scale = alt.Scale(domain=domain, nice=False, zero=False)
        case "numbers":
            scale = alt.Scale(zero=True, nice=5)
        case _:
            assert_never(axis.scale)
    return channel(f"{column}:Q", scale=scale, title=axis.title, axis=_axis(axis, width))


def _axis(axis: Axis, width: int) -> Any:
    if axis.scale == "times":
        most = max(2, axis.density * width // (95 if width >= _ROOMY else 80))
        found = ticks(axis.start, axis.end, axis.zone, most)
        # The labels are made of numbers and names of months alone: no text from a log gets into an expression.
        labels = json.dumps({str(at): list(lines) for at, lines in found})
        return alt.Axis(values=[at for at, _ in found], labelExpr=f"({labels})[datum.value]", labelOverlap="greedy")
    least = 1 if axis.format.endswith("d") else alt.Undefined  # no half alerts
    return alt.Axis(format=axis.format, tickCount=5, tickMinStep=least, domain=False, ticks=False)


def _names_axis(width: int) -> Any:
    return alt.Axis(labelLimit=int(width * _NAMES), ticks=False, domain=False, labelPadding=8, grid=False)


def _color(shaped: Shape, width: int) -> Any:
    hues = _hues(shaped.colors)
    return alt.Color(
        "color:N",
        sort=list(shaped.colors),
        scale=alt.Scale(domain=list(shaped.colors), range=[COLORS[hues[name]] for name in shaped.colors]),
        legend=alt.Legend(
            orient="top",
            title=None,
            columns=_columns(shaped.colors, width),
            # Pages whose fonts are wider than the ones measured here.
            columnPadding=16 + int(0.9 * min(40, max(map(len, shaped.colors), default=0))),
            labelLimit=min(260, width - 60),
            offset=32 if shaped.y.scale == "numbers" else 10,  # numbers have their title above the axis
        ),
    )


def _columns(names: Sequence[str], width: int) -> int:
    """How many entries of a legend fit beside one another; 0 where all do."""
    longest = max(map(len, names), default=0)
    around = 40 + 0.9 * min(40, longest)
    widest = min(260, 7.6 * longest) + around
    return 0 if sum(min(260, 7.6 * len(name)) + around for name in names) <= width else max(1, int(width // widest))


_KNOWN = {
    "alert": "c4",
    "critical": "c4",
    "high": "c4",
    "escalated": "c4",
    "true_positive": "c4",
    "warning": "c2",
    "medium": "c2",
    "benign_positive": "c2",
    "open": "c2",
    "notice": "c1",
    "low": "c1",
    "closed": "c1",
    "false_positive": "c1",
    "info": "c7",
    "undetermined": "c7",
    "tuned": "c2",
    "kept": "c1",
}
"""Words that have the same colour in every chart."""


def _hues(names: Sequence[str]) -> dict[str, str]:
    """A colour for each category: its own where the word has one, else the next that is free."""
    own = {name: "c7" if is_rest(name) else _KNOWN.get(name.lower()) for name in names}
    free = itertools.cycle([hue for hue in COLORS if hue not in own.values() and hue != "c7"] or COLORS)
    return {name: hue or next(free) for name, hue in own.items()}


def _plain(shaped: Shape) -> dict[str, Any]:
    """The colour of marks that have no category."""
    return {} if shaped.colors else {"color": COLORS["c1"]}


def _tips() -> dict[str, Any]:
    """In a notebook a tooltip; in SVG a description, which becomes the mark's title."""
    return {"description": alt.Description("tip:N"), "tooltip": alt.Tooltip("tip:N", title=" ")}


def _config(width: int) -> dict[str, Any]:
    words: dict[str, Any] = {
        "labelColor": INKS["ink2"],
        "titleColor": INKS["ink2"],
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    lines: dict[str, Any] = {"gridColor": INKS["grid"], "domainColor": INKS["grid"], "tickColor": INKS["grid"]}
    above: dict[str, Any] = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleX": 0, "titleY": -12}
    return {
        "background": "transparent",
        "font": _FONT,
        "padding": 2,
        "view": alt.ViewConfig(stroke=None),
        "axis": alt.AxisConfig(**words, **lines, titlePadding=10),
        "axisY": alt.AxisConfig(**above, titleBaseline="bottom"),
        "legend": alt.LegendConfig(
            **words,
            symbolType="square",
            symbolSize=110,
            symbolStrokeWidth=0,
            symbolOpacity=1,
            columnPadding=16,
            gradientStrokeWidth=0,
            gradientLength=320 if width >= _ROOMY else 170,  # Vega-Lite takes it for steps from here alone
            gradientStrokeColor="transparent",
            offset=24,
        ),
        "title": alt.TitleConfig(anchor="start", fontSize=14, color=INKS["ink"]),
    }


def _svg(chart: Chart, shaped: Shape, width: int, *, themed: bool) -> str:
    title = shape.title_of(chart)
    if not shaped.rows.height:
        return _nothing(title, width, themed=themed)
    spec = _drawn(chart, shaped, width).configure(**_config(width)).to_dict()
    drawn: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return _finished(drawn, title, themed=themed)


# Vega writes its SVG itself and escapes every text in it: these patterns meet nothing but its own hand.
_MARK = re.compile(r'<(path|line|rect|text|circle) aria-label="([^"]*)" role="graphics-symbol"([^>]*?)(/>|>)')
_CIRCLE = re.compile(
    r'<path (aria-label="[^"]*" role="graphics-symbol" )?aria-roledescription="circle" '
    r'transform="translate\(([^,()]+),([^,()]+)\)" d="M([\d.]+),0A[^"]*"'
)
_ROLES = re.compile(r' (role="graphics-[a-z]+"|aria-roledescription="[^"]*"|aria-hidden="true"|pointer-events="none")')
_PLACE = re.compile(r' (?:transform|d|x|y|x2|y2|width|height|cx|cy|r)="[^"]*"')
_LONG = re.compile(r"(\d\.\d\d)\d+")
_COLOR = re.compile(r'(fill|stroke)="(#[0-9a-f]{6})"')
_VARIABLES = {color: name for name, color in (COLORS | STEPS | INKS).items()}


def _finished(drawn: str, title: str, *, themed: bool) -> str:
    """Descriptions of marks become titles, which browsers show; colours become variables; vain digits go."""
    drawn = _CIRCLE.sub(r'<circle \1cx="\2" cy="\3" r="\4"', drawn)
    drawn = _ROLES.sub("", _MARK.sub(_titled, drawn))
    drawn = _PLACE.sub(lambda m: _LONG.sub(r"\1", m[0]), drawn)
    if themed:
        drawn = _COLOR.sub(lambda m: f'{m[1]}="var(--{_VARIABLES[m[2]]})"' if m[2] in _VARIABLES else m[0], drawn)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)


def _titled(mark: re.Match[str]) -> str:
    name, label, attributes, end = mark.groups()
    close = f"</{name}>" if end == "/>" else ""
    return f"<{name}{attributes}><title>{label}</title>{close}"


def _nothing(title: str, width: int, *, themed: bool) -> str:
    ink = f"var(--ink2,{INKS['ink2']})" if themed else INKS["ink2"]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}: no data" '
        f'width="{width}" height="60" viewBox="0 0 {width} 60">'
        f'<text x="{width // 2}" y="35" text-anchor="middle" font-family="{_FONT}" font-size="13" fill="{ink}">'
        "No data to draw</text></svg>"
    )
