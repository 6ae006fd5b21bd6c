"""A notebook's cell."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest

from watchfloor.errors import BadOption
from watchfloor.result import Result


class Elements(HTMLParser):
    """The names of all elements, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_cell_shows_chart_and_rows_and_runs_nothing(rules: Result) -> None:
    """The first ten rows, charts as drawings, hostile words as words, no script."""
    html = rules._repr_html_()
    seen = Elements(html)
    assert not seen.names & {"script", "img", "iframe", "object", "link"}
    assert "svg" in seen.names
    assert html.count("<tr>") == 11
    assert "10 of 30 rows" in seen.words
    assert "alert(1)" in seen.words
    assert "\x1b" not in html
    assert 'result["figures"]' in seen.words


def test_a_cell_of_key_figures_and_of_nothing(rules: Result) -> None:
    """Tiles for one row; words for none."""
    assert "46,500" in Elements(rules["figures"]._repr_html_()).words
    assert "No rows." in Elements(rules["nothing"]._repr_html_()).words


def test_colours_follow_the_notebook(rules: Result) -> None:
    """JupyterLab says whether it is light; the drawing's colours are variables."""
    html = rules._repr_html_()
    assert '[data-jp-theme-light="false"]' in html
    assert "light-dark(#" in html
    assert "var(--c1" in html


def test_exploring_a_chart_needs_no_network(rules: Result, browser: Any) -> None:
    """Interactive, in a frame of its own that nothing leaves."""
    html = rules["events"].explore(0)._repr_html_()
    assert re.match(r'<iframe sandbox="allow-scripts" [^>]*srcdoc="', html)
    wrong: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: wrong.append(request.url))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.set_content(html)
    drawn = page.frame_locator("iframe").locator("svg.marks")
    drawn.wait_for(timeout=10_000)
    page.close()
    assert wrong == []


def test_charts_as_altair(rules: Result) -> None:
    """By number; a number that is not there says which are."""
    assert rules.draw(0).to_dict()["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    with pytest.raises(BadOption, match="there is no chart 1") as caught:
        rules.draw(1)
    assert caught.value.hint == "charts: 0 to 0"
    with pytest.raises(BadOption, match="there is no chart 0"):
        Result(title="x", table=pl.LazyFrame()).draw()
