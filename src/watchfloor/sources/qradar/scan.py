"""Which rows of a growing and changing list to ask for: all at first, then what changed, with an overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from watchfloor.sources.qradar.endpoints import whole

__all__ = ["OVERLAP_MS", "Mark", "Scan"]

OVERLAP_MS = 2 * 3_600_000
"""A change shows up to 40 minutes after its time; rows that come twice cost little."""


@dataclass(frozen=True)
class Mark:
    """Up to when all of a list is known."""

    times: Mapping[str, int]
    """Of each column of times the value up to which all rows are known."""
    top: int
    """The largest id seen."""
    scope_ms: int | None
    """Rows that ended before were never asked for; null: all were."""


@dataclass(frozen=True)
class Scan:
    """One walk over a list, which may go on in the next run."""

    also: str
    """The condition, without the part about ids."""
    began_ms: int
    """By the console's clock: what changes later belongs to the next walk."""
    scope_ms: int | None
    last: int
    """The id that it got to."""
    times: Mapping[str, int]
    """The largest values seen, and those known before."""
    top: int

    @classmethod
    def begin(cls, mark: Mark | None, names: Sequence[str], now_ms: int, scope_ms: int | None) -> Scan:
        """The next walk: over all rows, or where all was seen once over those that changed since."""
        narrower = mark is not None and (mark.scope_ms is None or (scope_ms is not None and scope_ms >= mark.scope_ms))
        if mark is None or not narrower or not names:
            also = _any([f"{name} >= {scope_ms}" for name in ("start_time", *names)]) if scope_ms is not None else ""
            return cls(also, now_ms, scope_ms, -1, {}, -1)
        since = [f"{name} >= {mark.times[name] - OVERLAP_MS}" for name in names if name in mark.times]
        return cls(_any([*since, f"id >= {mark.top + 1}"]), now_ms, mark.scope_ms, -1, dict(mark.times), mark.top)

    def after(self, rows: Sequence[Any], names: Sequence[str], last: int) -> Scan:
        """The walk after a page."""
        seen = dict(self.times)
        for row in rows:
            for name in names:
                value = whole(row.get(name)) if isinstance(row, dict) else None
                if value is not None and value > seen.get(name, 0):
                    seen[name] = value
        return replace(self, last=last, times=seen, top=max(self.top, last))

    def end(self) -> Mark:
        """What is known at the end of the walk: what changed after it began may have been missed."""
        return Mark({name: min(value, self.began_ms) for name, value in self.times.items()}, self.top, self.scope_ms)


def _any(conditions: Sequence[str]) -> str:
    return f"({' or '.join(conditions)})"
