"""The HTML report as text: what it holds, and what nothing in it may do. The browser's view is in test_html_browser."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import polars as pl
import pytest

from watchfloor.errors import BadOption
from watchfloor.reports import write_report
from watchfloor.reports.html import code, render
from watchfloor.result import Result


@pytest.fixture
def page(rules: Result, rejects: pl.LazyFrame, ledger: pl.LazyFrame) -> str:
    """A report with everything."""
    return render([rules], title="SOC report <October>", rejects=rejects, ledger=ledger)


def test_only_its_own_script_may_run(page: str) -> None:
    """The policy names the one script and the one style by their hashes, and allows nothing else to be loaded."""
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    [script] = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    [style] = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    script, style = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style))
    assert policy.replace("&#39;", "'").split("; ") == [
        "default-src 'none'",
        f"script-src 'sha256-{script}'",
        f"style-src 'sha256-{style}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_no_address_is_asked_for(page: str) -> None:
    """The only addresses are names of SVG, which nobody fetches; links stay in the page."""
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert set(re.findall(r'(?:src|href)="([^#"]*)', page)) <= {"data:,", ""}
    assert "style=" not in page


def test_what_a_reader_must_know_comes_first(page: str) -> None:
    """Title, period, time of making, version, inputs; then what was not read."""
    top = re.sub(r"<[^>]+>", " ", page[page.index("<header>") : page.index("</header>")])
    assert " ".join(top.split()).startswith(
        "watchfloor dark SOC report &lt;October&gt; Period 2025-10-25 20:00 UTC to 2025-10-30 20:00 UTC "
        "Made 2025-11-03 09:12 UTC By watchfloor"
    )
    assert "From 2 inputs, 1.23 MB" in " ".join(top.split())
    assert "2 records could not be read" in top
    assert "1 of 2 inputs were not read to their end" in top
    assert "(ends early)" in top


def test_each_section_explains_before_it_counts(page: str) -> None:
    """Words, then figures, charts, the table, the parts, and where the numbers come from."""
    section = page[page.index('<section id="noise"') : page.index('<section id="inputs"')]
    order = [
        section.index(mark) for mark in ('class="say"', "<figure>", 'class="grid"', 'id="figures"', 'class="from"')
    ]
    assert order == sorted(order)
    assert "&lt;b&gt;reasons.json" in section


def test_one_answer_saves_itself_as_a_report(rules: Result, tmp_path: Path) -> None:
    """`Result.save` uses the same code."""
    text = rules.save(tmp_path / "out.html").read_text(encoding="utf-8")
    assert text.count("<h2>") == 2
    assert "What was read" in text


def test_a_report_is_small(page: str) -> None:
    """A page with four charts and nine tables: no library is in it."""
    assert len(page.encode()) < 250_000


def test_an_extension_that_holds_one_table_only(rules: Result, tmp_path: Path) -> None:
    """Said with the ones that do."""
    with pytest.raises(BadOption, match=r"a report cannot be a \.csv") as caught:
        write_report([rules], tmp_path / "out.csv", title="x")
    assert ".html .xlsx .pdf" in caught.value.hint


def test_a_report_of_nothing(tmp_path: Path) -> None:
    """No answers give a page that opens."""
    write_report([], tmp_path / "out.html", title="Nothing")
    assert "<h1>Nothing</h1>" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_words_in_backticks_are_code() -> None:
    """Escaped before, so that no element comes in by them."""
    assert code("`a<b>` is <i>not</i> `x") == "<code>a&lt;b&gt;</code> is &lt;i&gt;not&lt;/i&gt; `x"
