"""Parts are worked on side by side, and given back in their order."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from watchfloor.engine import in_order, prefetched


def test_parts_come_back_in_order_whatever_takes_longest() -> None:
    """The first part waits until the second has been worked on: they run at the same time."""
    second = threading.Event()

    def work(part: int) -> int:
        if part == 1:
            second.set()
        assert second.wait(30)
        return part * part

    assert list(in_order(work, range(5))) == [0, 1, 4, 9, 16]


def test_no_more_parts_are_made_than_are_worked_on() -> None:
    """A file is not read into memory ahead of those who take it apart."""
    made: list[int] = []

    def parts() -> Iterator[int]:
        for part in range(10):
            made.append(part)
            yield part

    found = in_order(lambda part: part, parts(), threads=2)
    assert next(found) == 0
    assert len(made) <= 2
    assert list(found) == list(range(1, 10))


def test_an_error_in_a_part_comes_out_where_the_part_would_have() -> None:
    """And those before it are given back."""

    def work(part: int) -> int:
        if part == 2:
            raise ValueError(part)
        return part

    found = in_order(work, range(9))
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        next(found)


def test_nothing_in_nothing_out() -> None:
    """No parts, no results."""
    assert list(in_order(str, [])) == []


def test_parts_are_made_while_others_are_worked_on() -> None:
    """The second part is there before the first one has been given back."""
    made = threading.Event()

    def parts() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    found = prefetched(parts())
    assert next(found) == 1
    assert made.wait(30)
    assert list(found) == [2]


def test_what_goes_wrong_in_the_making_comes_out_after_what_was_made() -> None:
    """As if the parts had been taken directly."""

    def parts() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    found = prefetched(parts())
    assert next(found) == 1
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_who_takes_no_more_ends_the_making() -> None:
    """Its thread is gone, and what it holds open is closed."""
    closed = threading.Event()

    def parts() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    making = parts()
    found = prefetched(making)
    assert next(found) == 0
    found.close()
    making.close()
    assert closed.is_set()
    assert not [thread for thread in threading.enumerate() if thread.daemon and thread.name.startswith("Thread-")]
