"""The closed set of charts: frozen values that name columns of the table they are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Bars", "Chart", "Heat", "Lines", "Points"]


@dataclass(frozen=True)
class Bars:
    """Horizontal bars, the first rows of the table from top to bottom."""

    x: str
    """Column of numbers: the length of the bar."""
    y: str
    """Column of names: one bar each."""
    color: str | None = None
    """Column of a few categories, stacked within the bar."""
    low: str | None = None
    """With `high`: columns of an interval, drawn as a whisker."""
    high: str | None = None
    title: str = ""
    top: int = 20
    """How many bars at most."""


@dataclass(frozen=True)
class Lines:
    """Lines over time or over a number."""

    x: str
    """Column of instants or numbers."""
    y: str
    color: str | None = None
    """Column of a few categories: one line each."""
    title: str = ""
    zone: str = "UTC"
    """Zone of the axis, where x holds instants; it is written on the axis."""
    stacked: bool = False
    """Areas on top of one another instead of lines."""
    low: str | None = None
    """With `high`: columns of an interval, drawn as a band behind lines that are not stacked."""
    high: str | None = None


@dataclass(frozen=True)
class Points:
    """Marks on two axes, a time axis among them where a column holds instants."""

    x: str
    y: str
    color: str | None = None
    size: str | None = None
    x_end: str | None = None
    """Column where the mark is an interval from x to x_end."""
    tooltip: tuple[str, ...] = ()
    title: str = ""
    zone: str = "UTC"


@dataclass(frozen=True)
class Heat:
    """A grid of cells, coloured by a number."""

    x: str
    y: str
    color: str
    title: str = ""


Chart = Bars | Lines | Points | Heat
