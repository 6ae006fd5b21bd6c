"""How alike the sizes of a stream's calls are, in each direction."""

from __future__ import annotations

import polars as pl

__all__ = ["alike"]

_BIN = 0.05
"""Width of a bin of sizes, in nats; two neighbours together are within 5 % of the edge between them."""
_BINS = 1_024
_UNKNOWN = 0.5


def alike(calls: pl.DataFrame) -> pl.DataFrame:
    """One row per stream: `size_out, size_in`: the largest share of its calls within about 5 % of one byte count.

    Where no call has bytes, it says nothing either way: 0.5.

    Arguments:
        calls: `stream, sent, received` in any order.
    """
    both = [
        _share(calls, column).rename({"share": name})
        for column, name in (("sent", "size_out"), ("received", "size_in"))
    ]
    return both[0].join(both[1], on="stream")


def _share(calls: pl.DataFrame, column: str) -> pl.DataFrame:
    """Null is a bin of its own, 0 as well; both unknown where there is nothing else."""
    size = pl.col(column)
    bin_of = (
        pl.when(size > 0).then((size.cast(pl.Float64).log1p() / _BIN).floor() + 3).when(size == 0).then(1).otherwise(0)
    )
    codes = calls.select(code=pl.col("stream").cast(pl.UInt64) * _BINS + bin_of.cast(pl.UInt64))["code"].sort()
    counted = codes.rle().struct.unnest().select(code="value", count=pl.col("len").cast(pl.Int64))
    beside = pl.when(pl.col("code").shift(-1) - pl.col("code") == 1).then(pl.col("count").shift(-1)).otherwise(0)
    return (
        counted.lazy()
        .select(
            stream=pl.col("code") // _BINS, known=pl.col("code") % _BINS > 1, all="count", near=pl.col("count") + beside
        )
        .group_by("stream")
        .agg(known=pl.col("known").any(), best=pl.col("near").max(), all=pl.col("all").sum())
        .select("stream", share=pl.when("known").then(pl.col("best") / pl.col("all")).otherwise(_UNKNOWN))
        .collect()
    )
