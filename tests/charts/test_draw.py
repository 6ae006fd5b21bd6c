"""Drawings: every kind of chart, in both widths, harmless, readable in light and dark."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from importlib import resources

import polars as pl
import pytest

from watchfloor.charts import Bars, Chart, Heat, Lines, Points
from watchfloor.charts.draw import COLORS, INKS, NARROW, STEPS, WIDE, _hues, draw, page, picture, svg

HOSTILE = "</text><script>alert(1)</script>\"&'{datum.x}${7*7}\x1b[31m\u202e"

TABLE = pl.DataFrame(
    {
        "rule": [f"{HOSTILE} {n}" for n in range(4)],
        "kind": ["x", HOSTILE, "x", "y"],
        "alerts": [40, 30, 2, 1],
        "precision": [0.5, 0.25, None, 1.0],
        "precision_low": [0.4, 0.1, None, 0.2],
        "precision_high": [0.6, 0.4, None, 1.0],
        "time": [datetime(2025, 10, 25, 20, tzinfo=UTC) + timedelta(hours=n) for n in range(4)],
        "time_latest": [datetime(2025, 10, 25, 20, 30, tzinfo=UTC) + timedelta(hours=n) for n in range(4)],
        "hour": [0, 1, 2, 3],
    }
)
CHARTS: list[Chart] = [
    Bars(x="alerts", y="rule"),
    Bars(x="alerts", y="rule", color="kind"),
    Bars(x="precision", y="rule", low="precision_low", high="precision_high", title=HOSTILE),
    Lines(x="time", y="alerts"),
    Lines(x="time", y="alerts", color="kind", zone="Europe/Paris"),
    Lines(x="hour", y="alerts", color="kind", stacked=True),
    Lines(x="time", y="precision", low="precision_low", high="precision_high"),
    Points(x="time", y="rule", color="kind", x_end="time_latest", tooltip=("kind", "alerts")),
    Points(x="alerts", y="precision", size="hour"),
    Heat(x="hour", y="rule", color="alerts"),
]
NAMES = [f"{type(chart).__name__}{n}" for n, chart in enumerate(CHARTS)]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("chart", CHARTS, ids=NAMES)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_kind_is_drawn(chart: Chart, width: int) -> None:
    """Well-formed, of the width asked for, made of shapes and text alone; marks have titles, without a script."""
    root = ET.fromstring(svg(chart, TABLE, width=width))
    assert int(root.attrib["width"]) == width
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names <= {
        "svg",
        "g",
        "path",
        "rect",
        "line",
        "text",
        "tspan",
        "title",
        "circle",
        "defs",
        "clipPath",
        "linearGradient",
        "stop",
    }
    assert len(list(root.iter(f"{SVG}title"))) >= 3
    assert not [key for element in root.iter() for key in element.attrib if key.startswith("on") or "href" in key]


@pytest.mark.parametrize("chart", CHARTS, ids=NAMES)
def test_hostile_text_is_shown_and_nothing_else(chart: Chart) -> None:
    """The words of the log stand in the drawing as they are, control characters made visible, none evaluated."""
    text = svg(chart, TABLE)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "49" not in "".join(re.findall(r"\$\{?49", text))
    shown = "".join(ET.fromstring(text).itertext())
    if HOSTILE[:20] in "".join(map(str, (chart.y, getattr(chart, "color", "")))):
        assert "{datum.x}" in shown


def test_a_name_that_is_cut_is_whole_in_its_tooltip() -> None:
    """The drawing shortens, the title does not."""
    name = "A rule with a name that goes on and on, over more letters than any axis has room for at all"
    root = ET.fromstring(svg(Bars(x="alerts", y="rule"), pl.DataFrame({"rule": [name], "alerts": [1]})))
    assert [title.text for title in root.iter(f"{SVG}title")] == [f"rule: {name}\nalerts: 1"]
    assert not [text for text in root.iter(f"{SVG}text") if text.text == name]
    assert [text for text in root.iter(f"{SVG}text") if (text.text or "").endswith("…")]


def test_numbers_stand_beside_their_bars() -> None:
    """With thousands separators; the bars need no axis then."""
    root = ET.fromstring(svg(Bars(x="alerts", y="rule"), pl.DataFrame({"rule": ["a"], "alerts": [1234567]})))
    assert [text.text for text in root.iter(f"{SVG}text")] == ["a", "1,234,567"]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_legend_of_long_names_takes_several_lines(width: int) -> None:
    """No entry stands over another, none is outside."""
    names = [f"A rule whose name has some forty letters {n}" for n in range(5)]
    table = pl.DataFrame({"day": [1, 2] * 5, "rule": sorted(names * 2), "alerts": [3] * 10})
    root = ET.fromstring(svg(Lines(x="day", y="alerts", color="rule"), table, width=width))
    assert int(root.attrib["width"]) == width
    assert sum((text.text or "").startswith("A rule") for text in root.iter(f"{SVG}text")) == 5


def test_the_clock_of_the_zone_is_on_the_axis() -> None:
    """22:00 UTC is midnight in Paris, and the axis says whose midnight."""
    words = [text.text for text in ET.fromstring(svg(CHARTS[4], TABLE)).iter() if text.text]
    assert "time (Europe/Paris)" in words
    assert "26 Oct" in words


@pytest.mark.parametrize("chart", CHARTS, ids=NAMES)
def test_an_empty_table_says_so(chart: Chart) -> None:
    """A friendly panel, not an empty frame."""
    assert "No data to draw" in svg(chart, TABLE.head(0))
    shown = picture(chart, TABLE.head(0))
    assert (shown.wide, shown.narrow, shown.note) == ("", "", "No data to draw.")


@pytest.mark.parametrize(
    "values",
    [[0, 0, 0, 0], [None, None, None, None], [float("nan"), float("inf"), -5.0, 1e300], [1, 1, 1, 1]],
    ids=["zeros", "nulls", "not finite", "equal"],
)
def test_odd_numbers_are_drawn_too(values: list[float | None]) -> None:
    """Zeros, nulls, infinities and a span of nothing raise no error."""
    table = TABLE.with_columns(alerts=pl.Series(values, dtype=pl.Float64), hour=pl.Series([3, 3, 3, 3]))
    for chart in (*CHARTS, Lines(x="hour", y="alerts"), Points(x="alerts", y="alerts")):
        assert svg(chart, table).startswith("<svg")


@pytest.mark.parametrize("chart", CHARTS, ids=NAMES)
def test_a_themed_drawing_takes_all_its_colours_from_the_page(chart: Chart) -> None:
    """Each colour is a variable that the page defines."""
    colors = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg(chart, TABLE, themed=True))) - {"none", "transparent"}
    defined = {f"var(--{name})" for name in COLORS | STEPS | INKS}
    assert colors
    assert {color for color in colors if not color.startswith("url(")} <= defined


def test_a_word_has_one_colour_in_every_chart() -> None:
    """Levels, dispositions and states look alike throughout a report, whatever stands beside them."""
    first = _hues(("NOTICE", "WARNING", "ALERT"))
    assert first == {"NOTICE": "c1", "WARNING": "c2", "ALERT": "c4"}
    assert _hues(("ALERT", "other")) == {"ALERT": "c4", "other": "c7"}
    assert _hues(("x", "all other rules", "(none)")) == {"x": "c1", "all other rules": "c7", "(none)": "c7"}
    assert _hues(("x", "false_positive", "y")) == {"x": "c2", "false_positive": "c1", "y": "c3"}


def css() -> dict[str, tuple[str, str]]:
    """Light and dark of each variable of the page."""
    text = resources.files("watchfloor.reports").joinpath("colors.css").read_text(encoding="utf-8")
    return {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", text)}


def test_the_page_has_the_colours_of_the_drawings() -> None:
    """What is light in the page is what is drawn without it."""
    assert {name: light for name, (light, _) in css().items() if name in COLORS | STEPS | INKS} == COLORS | STEPS | INKS


def linear(color: str) -> list[float]:
    """Linear red, green and blue."""
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    low, high = sorted(
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (one, other)
    )
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_can_be_read(theme: int) -> None:
    """WCAG 2.2: text 4.5 to 1, marks 3 to 1."""
    colors = {name: pair[theme] for name, pair in css().items()}
    for name in ("ink", "ink2", "accent"):
        assert contrast(colors[name], colors["bg"]) >= 4.5, name
        assert contrast(colors[name], colors["raised"]) >= 4.5, name
    assert contrast(colors["warn"], colors["warn-bg"]) >= 4.5
    for name in COLORS:
        assert contrast(colors[name], colors["bg"]) >= 3, name


# Machado, Oliveira and Fernandes 2009, severity 1.0.
BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}


def lab(rgb: list[float]) -> tuple[float, float, float]:
    """OKLab of linear red, green and blue."""
    r, g, b = (max(0.0, c) for c in rgb)
    m = [
        (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3),
        (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3),
        (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3),
    ]
    return (
        0.2104542553 * m[0] + 0.7936177850 * m[1] - 0.0040720468 * m[2],
        1.9779984951 * m[0] - 2.4285922050 * m[1] + 0.4505937099 * m[2],
        0.0259040371 * m[0] + 0.7827717662 * m[1] - 0.8086757660 * m[2],
    )


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_that_stand_together_differ_for_everybody(theme: int, blindness: str) -> None:
    """Any two categories stay apart in OKLab, the first four, which most charts do with, more than the rest."""
    matrix = BLINDNESS[blindness]
    seen = {
        name: lab([sum(w * c for w, c in zip(row, linear(pair[theme]), strict=True)) for row in matrix])
        for name, pair in css().items()
        if name in COLORS
    }
    for (one, a), (other, b) in itertools.combinations(seen.items(), 2):
        distance = sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5
        assert distance >= (0.085 if max(one, other) <= "c4" else 0.06), (one, other, distance)


@pytest.mark.parametrize("chart", CHARTS, ids=NAMES)
def test_no_word_of_a_log_ends_the_script_of_a_notebook(chart: Chart) -> None:
    """Altair and vl-convert write data into scripts as it is; here nothing in it can end them."""
    own = draw(Bars(x="alerts", y="rule"), TABLE.head(1).with_columns(rule=pl.lit("a"))).to_html()
    assert draw(chart, TABLE).to_html().count("</script") == own.count("</script")
    assert page(chart, TABLE).count("</script") == 2


def test_a_chart_for_a_notebook_is_altair() -> None:
    """It can be changed and saved as any other; a page of its own loads nothing."""
    spec = draw(CHARTS[0], TABLE).to_dict()
    assert spec["title"] == "Alerts by rule"
    assert "layer" in spec
    text = page(CHARTS[7], TABLE)
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", text)


def test_a_band_lies_behind_its_line() -> None:
    """It is pale, and only where one was asked for."""
    banded = Lines(x="hour", y="precision", low="precision_low", high="precision_high")
    drawn = svg(banded, TABLE)
    assert "0.18" in drawn
    assert "0.18" not in svg(Lines(x="hour", y="precision"), TABLE)


def test_the_legend_of_a_share_is_in_percent() -> None:
    """Up to the whole, and no further."""
    table = pl.DataFrame({"hour": [1, 2], "rule": ["a", "b"], "share": [1.0, 0.2]})
    drawn = svg(Heat(x="hour", y="rule", color="share"), table)
    assert re.findall(r">(\d+%)<", drawn) == ["15%", "30%", "45%", "60%", "75%", "90%"]
