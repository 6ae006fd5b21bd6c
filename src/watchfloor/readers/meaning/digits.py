"""Texts that are numbers of one length, such as times in milliseconds or nanoseconds since 1970."""

from __future__ import annotations

import polars as pl

__all__ = ["are_digits"]


def are_digits(texts: pl.Series, count: int) -> bool:
    """Whether all texts are so many digits, the first of them no zero; a sign would make the number too small.

    Arguments:
        texts: none of them may be null.
        count: of digits, at most 19.
    """
    if not len(texts) or texts.null_count():
        return False
    number = pl.col(texts.name).cast(pl.Int64, strict=False)
    size = pl.col(texts.name).str.len_bytes()
    nulls, least, shortest, longest = (
        pl.DataFrame([texts])
        .select_seq(number.null_count().alias("nulls"), least=number.min(), shortest=size.min(), longest=size.max())
        .row(0)
    )
    return not nulls and least >= 10 ** (count - 1) and shortest == longest == count
