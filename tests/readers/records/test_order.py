"""Years and repeated hours, over the blocks of a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl
import pytest

from watchfloor.readers.records.order import survey

WRITTEN = datetime(2025, 12, 31, tzinfo=UTC)


def told(blocks: Sequence[str], zone: str | None = "Europe/Paris") -> list[tuple[int, bool | None]]:
    """Year and choice of each line."""
    order = survey([block.encode() for block in blocks], zone=zone, written=WRITTEN)
    lines = "".join(blocks).count("\n")
    found = order.add(pl.DataFrame({"record": range(1, lines + 1)}, schema={"record": pl.Int64}))
    return found.select("year", "later").rows()


def cut(lines: Sequence[str], size: int) -> list[str]:
    """Blocks of so many lines."""
    return ["".join(f"{line}\n" for line in lines[at : at + size]) for at in range(0, len(lines), size)]


def days(*words: str) -> list[str]:
    """Lines at ten o'clock of these days."""
    return [f"{word} 10:00:00 a b: x" for word in words]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_years_are_counted_over_blocks(size: int) -> None:
    """Two turns of the year, one line out of order, one without a time; the last line is of the year of the file."""
    lines = [
        *days("Dec 30", "Jan  1", "Dec 31", "Jan  1"),
        "  more",
        *days("Jun 15", "Dec 31", "Feb  1"),
        "Jan 29 10:00:00 a b: x",
    ]
    assert [year for year, _ in told(cut(lines, size))] == [2023, 2024, 2023, 2024, 2024, 2024, 2024, 2025, 2025]


def test_a_log_may_say_nothing_for_most_of_a_year() -> None:
    """From February to December is ten months ahead, not two back."""
    assert [year for year, _ in told(cut(days("Feb 26", "Dec 26"), 1))] == [2025, 2025]


def test_the_last_line_is_not_later_than_the_file() -> None:
    """A day of grace; then it is of the year before."""
    assert told(cut(days("Dec 31"), 1)) == [(2025, None)]
    early = survey([b"Jan  3 10:00:00 a b: x\n"], zone=None, written=datetime(2025, 1, 1, tzinfo=UTC))
    assert early.add(pl.DataFrame({"record": [1]}))["year"].to_list() == [2024]
    grace = survey([b"Jan  2 10:00:00 a b: x\n"], zone=None, written=datetime(2025, 1, 1, tzinfo=UTC))
    assert grace.add(pl.DataFrame({"record": [1]}))["year"].to_list() == [2025]


def test_a_29th_of_february_tells_the_year() -> None:
    """A file that was copied in 2025 is of 2024, or began in 2020; days that fit no year change nothing."""
    assert [year for year, _ in told(cut(days("Feb 28", "Feb 29"), 1))] == [2024, 2024]
    assert [year for year, _ in told(cut(days("Dec 31", "Feb 29", "Dec  1", "Jan  1"), 1))] == [2023, 2024, 2024, 2025]
    turns = days("Feb 29", "Dec  1", "Jan  1", "Dec  1", "Jan  1")
    assert [year for year, _ in told(cut(turns, 1))] == [2020, 2020, 2021, 2021, 2022]
    assert [year for year, _ in told(cut(days("Feb 29", "Dec  1", "Feb 29"), 1))] == [2024, 2024, 2025]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("form", ["2025-10-26 {}", "Oct 26 {}", "<13>Oct 26 {}", "<13>1 2025-10-26T{}"])
def test_the_step_back_may_stand_in_another_block(size: int, form: str) -> None:
    """Paris, 26 October 2025: the clock goes from 03:00 back to 02:00, at 01:00 UTC."""
    clocks = ("01:50:00", "02:10:00", "02:50:00", "02:49:00", "02:10:00", "02:40:00", "03:10:00")
    lines = [f"{form.format(clock)} a b: x" for clock in clocks]
    assert [later for _, later in told(cut(lines, size))] == [None, False, False, False, True, True, None]


def test_what_the_order_does_not_tell_stays_open() -> None:
    """No step, several steps, a file with its newest line first, a day on which no hour is repeated, no zone."""
    once = [f"2025-10-26 {clock} a b: x" for clock in ("02:10:00", "02:30:00")]
    assert {later for _, later in told(cut(once, 1))} == {None}
    often = [f"2025-10-26 {clock} a b: x" for clock in ("02:30:00", "02:10:00", "02:30:00", "02:10:00")]
    assert {later for _, later in told(cut(often, 1))} == {None}
    backwards = [f"2025-10-26 {clock} a b: x" for clock in ("03:10:00", "02:40:00", "02:20:00", "01:50:00")]
    assert {later for _, later in told(cut(backwards, 1))} == {None}
    plain = [f"2025-10-27 {clock} a b: x" for clock in ("02:40:00", "02:10:00")]
    assert {later for _, later in told(cut(plain, 1))} == {None}
    assert {later for _, later in told(cut(once, 1), None)} == {None}


def test_times_without_a_year_are_tried_in_the_year_that_they_have() -> None:
    """26 October is the day in 2025, 27 October was it in 2024."""
    lines = [f"{day} 02:{minute}:00 a b: x" for day in ("Oct 26", "Oct 27") for minute in ("40", "10")]
    assert [later for _, later in told(cut(lines, 1))] == [False, True, None, None]
    a_year_before = [*lines, *days("Jan  1")]
    assert [later for _, later in told(cut(a_year_before, 1))] == [None, None, False, True, None]


def test_damaged_and_empty_files() -> None:
    """Bytes that are no UTF-8 do not shift the count of lines."""
    order = survey([b"Dec 31 10:00:00 a: x\n\xff\n", b"Jan  1 10:00:00 a: x"], zone="UTC", written=WRITTEN)
    assert order.add(pl.DataFrame({"record": [1, 2, 3]}))["year"].to_list() == [2024, 2024, 2025]
    assert survey([], zone="Europe/Paris", written=WRITTEN).add(pl.DataFrame({"record": [1]})).height == 1
