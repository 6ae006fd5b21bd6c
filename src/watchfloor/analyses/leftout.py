"""Connections that are in no score, and why: the same table for every way to look for who calls home."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from watchfloor.result import Result

__all__ = ["counted_once", "left_out"]


def left_out(counts: Mapping[str, int], reasons: Mapping[str, str], explanation: str) -> Result:
    """How many connections were left out for each reason.

    Arguments:
        counts: connections by a reason's key.
        reasons: the same reasons in words.
        explanation: of what they are a part, and how they are counted.
    """
    table = pl.DataFrame(
        {"reason": [reasons[reason] for reason in counts], "connections": list(counts.values())},
        schema={"reason": pl.String, "connections": pl.Int64},
    )
    return Result(title="What was left out", name="left_out", table=table.lazy(), explanation=explanation)


def counted_once(total: int) -> str:
    """The explanation where the first rule that fits counts."""
    return f"Of {total:,} connections; each is counted once, by the first rule that fits."
