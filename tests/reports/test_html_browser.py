"""The HTML report in a real browser: it opens, draws, sorts and filters, and nothing leaves or enters it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from watchfloor.reports.html import write_report
from watchfloor.reports.view import ALL_ROWS
from watchfloor.result import Result
from watchfloor.wording import kind_of, spoken

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a report, the same one only once."""
    pages: dict[tuple[Any, ...], Path] = {}
    kept: list[Any] = []  # so that no two objects have the same number

    def write(results: list[Result], rejects: Any, ledger: Any) -> Path:
        key = (*map(id, results), id(rejects), id(ledger))
        if key not in pages:
            kept.append((results, rejects, ledger))
            pages[key] = tmp_path_factory.mktemp("report") / "report.html"
            write_report(results, pages[key], title="SOC report", rejects=rejects, ledger=ledger)
        return pages[key]

    return write


@pytest.fixture
def opened(browser: Any, written: Callable[..., Path]) -> Iterator[Open]:
    """Writes a report and opens it; what goes wrong in the page, or leaves it, fails the test."""
    contexts, wrong = [], []

    def write_and_open(results: list[Result], rejects: Any = None, ledger: Any = None, **options: Any) -> Any:
        address = written(results, rejects, ledger).as_uri()
        context = browser.new_context(accept_downloads=True, **options)
        contexts.append(context)

        def only_the_file(route: Any) -> None:
            if route.request.url == address:
                route.continue_()
            else:
                wrong.append(f"asked for {route.request.url[:200]}")
                route.abort()

        context.route("**/*", only_the_file)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(address)
        return page

    yield write_and_open
    for context in contexts:
        context.close()
    assert wrong == []


def column(page: Any, table: str, number: int) -> list[str]:
    """The cells of a column that are shown."""
    cells: list[str] = page.locator(f"#{table} > .grid tr.row td:nth-child({number})").all_inner_texts()
    return cells


def head(page: Any, table: str, name: str) -> Any:
    """The heading of a column."""
    return page.locator(f"#{table} > .grid th button[title='{name}']")


def expect(locator: Any) -> Any:
    """Waits until something is so."""
    from playwright.sync_api import expect as wait

    return wait(locator)


def test_it_opens_without_a_word_and_draws_every_chart(
    opened: Open, rules: Result, rejects: pl.LazyFrame, ledger: pl.LazyFrame
) -> None:
    """No console message, no request but the file, four drawings, no element that a log brought along."""
    page = opened([rules], rejects, ledger)
    for number in range(4):
        box = page.locator("figure .wide svg").nth(number).bounding_box()
        assert box["width"] > 600
        assert box["height"] > 80
    assert page.locator("figure .wide svg").count() == 4
    assert page.locator("script").count() == 1 + page.locator(".grid").count()
    assert page.locator("img, iframe, object, embed, form").count() == 0
    assert "alert(1)" in page.locator("h2").first.inner_text()
    assert page.title() == "SOC report"


def test_hostile_words_are_words(opened: Open, rules: Result, rejects: pl.LazyFrame) -> None:
    """In the table, its details and the tooltips of charts they can be read, and do nothing."""
    page = opened([rules], rejects, reduced_motion="reduce")
    page.locator("#noise > .grid input").fill("onerror")
    expect(page.locator("#noise > .grid .count")).to_have_text("1 of 30 rows")
    page.locator("#noise > .grid tr.row").click()
    details = page.locator("#noise > .grid td.detail").inner_text()
    assert "<img src=x onerror=alert(2)>" in details
    assert "␛[2J[U+202E]" in details
    mark = page.locator("#events .wide svg [data-tip]").last
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    for _ in range(20):  # scrolling hides a tooltip, and may still go on
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        if page.locator("#tip").is_visible():
            break
    expect(page.locator("#tip")).to_be_visible()
    assert "alert(1)" in page.locator("#tip").inner_text()
    assert page.locator("#tip *").count() == 0


def test_a_click_sorts_and_another_turns_it_round(opened: Open, rules: Result) -> None:
    """Numbers and times with the largest first, text from A on; a third click gives the order of the answer back."""
    page = opened([rules])
    answer = column(page, "noise", 1)
    head(page, "noise", "alerts").click()
    assert column(page, "noise", 2)[:2] == ["3,000", "2,900"]
    head(page, "noise", "alerts").click()
    assert column(page, "noise", 2)[:3] == ["100", "200", "300"]
    head(page, "noise", "alerts").click()
    assert column(page, "noise", 1) == answer
    head(page, "noise", "rule").click()
    assert column(page, "noise", 1)[0].startswith("</script>")
    assert page.locator("#noise > .grid th[aria-sort]").get_attribute("aria-sort") == "ascending"
    head(page, "noise", "median_open_seconds").click()
    head(page, "noise", "median_open_seconds").click()
    assert column(page, "noise", 4)[0] == "2 h 14 min"  # what is missing is last, both ways


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ('"rule 1"', 11),
        ("RULE:1", 13),
        ("alerts>=2,900", 2),
        ("alerts>2900", 1),
        ("alerts=100", 1),
        ("alder -first_time:20:01", 14),
        ('"rule 27"', 1),
        ("first_time>2025-10-25 20:28", 1),
        ("share<0.05", 3),
        ("nothing:like", 0),
        ("(((.*", 0),
    ],
)
def test_filters(opened: Open, rules: Result, words: str, count: int) -> None:
    """Words, words of one column, comparisons, negations; never a regular expression."""
    page = opened([rules])
    page.locator("#noise > .grid input").fill(words)
    expect(page.locator("#noise > .grid .count")).to_have_text(f"{count} of 30 rows")


def test_pages(opened: Open, rules: Result) -> None:
    """Ten rows at a time, or more."""
    page = opened([rules])
    pager = page.locator("#noise > .grid .pager")
    assert "1–10 of 30" in pager.inner_text()
    pager.get_by_label("Next page").click()
    assert column(page, "noise", 1)[0] == "Rule 10"
    pager.get_by_label("Rows per page").select_option("100")
    expect(page.locator("#noise > .grid tr.row")).to_have_count(30)


def test_rows_are_saved_as_a_safe_csv(opened: Open, rules: Result, tmp_path: Path) -> None:
    """As filtered and sorted; numbers stay numbers, text does not start a formula."""
    page = opened([rules])
    page.locator("#noise > .grid input").fill("calc")
    expect(page.locator("#noise > .grid .count")).to_have_text("1 of 30 rows")
    with page.expect_download() as download:
        page.locator("#noise > .grid .save").click()
    download.value.save_as(tmp_path / "rows.csv")
    assert download.value.suggested_filename == "noise.csv"
    with (tmp_path / "rows.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.DictReader(stream)) == [
            {
                "rule": "'=cmd|' /C calc'!A0",
                "alerts": "100",
                "share": "0.9",
                "median_open_seconds": "8040",
                "first_time": "2025-10-25 20:29:00",
                "clients": "Alder; Birch",
            }
        ]


def test_values_read_as_they_do_everywhere_else(opened: Open) -> None:
    """The page speaks numbers, times and units in the words of `wording.py`."""
    frame = pl.DataFrame(
        {
            "alerts": [0, 999, 1_234_567, None],
            "dst_port": [80, 4_444, 65_535, None],
            "precision": [0.0, 0.12345, 1.0, None],
            "duration_seconds": [256.4, 119.6, 7_199.9, 200_000.0],
            "orig_bytes": [999, 1_000, 3_240_000, 999_600],
            "time": [datetime(2025, 10, 3, n, 2, 1, tzinfo=UTC) for n in range(4)],
            "open": [True, False, None, True],
            "tags": [["a", None, "b"], [], None, ["c"]],
        }
    )
    page = opened([Result(title="Words", table=frame.lazy(), name="words")])
    for number, series in enumerate(frame, start=1):
        kind = kind_of(series.name, series.dtype)
        assert column(page, "words", number) == [spoken(value, kind) for value in series.to_list()], series.name


def test_times_in_another_zone_sort_as_instants(opened: Open) -> None:
    """In the hour that comes twice, 02:45 summer time is before 02:15 winter time."""
    instants = [datetime(2025, 10, 26, 0, 45, tzinfo=UTC), datetime(2025, 10, 26, 1, 15, tzinfo=UTC)]
    frame = pl.LazyFrame({"time": instants}).select(pl.col("time").dt.convert_time_zone("Europe/Paris"))
    page = opened([Result(title="Clock", table=frame, name="clock")])
    head(page, "clock", "time").click()
    assert column(page, "clock", 1) == ["2025-10-26 02:15:00+01:00", "2025-10-26 02:45:00+02:00"]


def test_integers_beyond_javascript_keep_their_digits(opened: Open) -> None:
    """Nanoseconds and 64-bit identifiers are not rounded, and sort as numbers."""
    page = opened([Result(title="Big", table=pl.LazyFrame({"n": [9, 2**63 - 1, 2**53 + 1]}), name="big")])
    head(page, "big", "n").click()
    assert column(page, "big", 1) == ["9223372036854775807", "9007199254740993", "9"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(opened: Open, rules: Result, scheme: str) -> None:
    """The system's choice, until somebody presses the button; charts go along."""
    page = opened([rules], color_scheme=scheme)
    look = """[
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('.wide path[fill*=c1]')).fill,
    ]"""
    before = page.evaluate(look)
    assert (
        before
        == {
            "light": ["rgb(255, 255, 255)", "rgb(63, 117, 214)"],
            "dark": ["rgb(20, 24, 29)", "rgb(125, 189, 252)"],
        }[scheme]
    )
    page.locator("#theme").click()
    after = page.evaluate(look)
    assert after[0] != before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_nothing_is_wider_than_the_page(
    opened: Open, rules: Result, rejects: pl.LazyFrame, ledger: pl.LazyFrame, width: int
) -> None:
    """On a screen, a tablet and a telephone; the telephone has its own drawings."""
    page = opened([rules], rejects, ledger, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("figure .narrow svg").first.is_visible() == (width == 390)
    assert page.locator("figure .wide svg").first.is_visible() == (width != 390)
    assert page.locator("nav a").first.is_visible() == (width == 1280)


def test_contents_lead_to_their_sections(opened: Open, rules: Result, rejects: pl.LazyFrame) -> None:
    """Every link has its place, and every chapter a link."""
    page = opened([rules], rejects)
    links = page.evaluate("[...document.querySelectorAll('nav a')].map((a) => a.hash.slice(1))")
    assert links == [
        "noise",
        "figures",
        "daily",
        "hours",
        "events",
        "nothing",
        "inputs",
        "rejects",
        "rejects-by-reason",
    ]
    assert all(page.locator(f"section#{link}").count() == 1 for link in links)


def test_it_prints(opened: Open, rules: Result) -> None:
    """On paper there are no buttons and filters, and it is light."""
    page = opened([rules], color_scheme="dark")
    assert page.pdf().startswith(b"%PDF-")
    page.emulate_media(media="print")
    assert not page.locator(".bar input").first.is_visible()
    assert not page.locator("#theme").is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 37, 48)"


def test_without_javascript_it_says_so(opened: Open, rules: Result) -> None:
    """Charts, words and figures are there; tables say what they need."""
    page = opened([rules], java_script_enabled=False)
    assert page.locator("figure .wide svg").first.is_visible()
    assert "30 rows" in page.locator("#noise noscript").first.inner_text()


def test_200_000_rows_do_not_freeze_it(opened: Open) -> None:
    """The page opens at once, sorts and filters all rows, and never stands still for long."""
    numbers = pl.int_range(ALL_ROWS)
    table = pl.LazyFrame().select(
        time=pl.lit(datetime(2025, 10, 1, tzinfo=UTC)) + pl.duration(seconds=numbers),
        host=pl.format("ws{}.example.org", numbers % 4001),
        path=pl.format("C:\\Users\\u{}\\{}.exe", numbers % 900, numbers.hash(1)),
        score=(numbers * 7919) % ALL_ROWS,
        share=(numbers % 1000) / 1000,
        description=pl.format("Detects a sample that talks to {}", numbers.hash(2) % 100),
    )
    page = opened([Result(title="Big", table=table, name="big")])
    assert page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd") < 3_000
    page.evaluate("""() => {
        window.longest = 0;
        new PerformanceObserver((list) => {
            for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
        }).observe({ type: "longtask" });
    }""")
    assert page.locator("#big .count").inner_text() == "200,000 rows"
    head(page, "big", "score").click()
    expect(page.locator("#big td:nth-child(4)").first).to_have_text("199,999")
    head(page, "big", "path").click()
    expect(page.locator("#big th[aria-sort=ascending]")).to_have_count(1)
    page.locator("#big input").fill("host:ws77. share<0.1")
    expect(page.locator("#big .count")).to_have_text("23 of 200,000 rows")
    assert page.evaluate("window.longest") < 2_500  # 300 ms on a quiet machine
