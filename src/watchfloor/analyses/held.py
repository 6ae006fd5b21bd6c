"""A frame that is computed once, when somebody first looks: several tables of one answer are made from it."""

from __future__ import annotations

from functools import cache

import polars as pl

__all__ = ["held"]


def held(frame: pl.LazyFrame, *first: pl.LazyFrame) -> pl.LazyFrame:
    """The same frame; whoever collects it, or what is made from it, computes it once and shares it.

    Two that look at the same instant may both compute it: a lock would let threads of one pool wait for one another.
    So a frame that is made from several held ones names them, and they are computed one after another before it.

    Arguments:
        frame: what to compute.
        first: held frames that it is made from.
    """

    @cache
    def computed() -> pl.DataFrame:
        for needed in first:
            needed.collect()
        return frame.collect()

    return pl.defer(computed, schema=frame.collect_schema, validate_schema=False)
