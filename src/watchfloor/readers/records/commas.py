"""Lines of comma-separated cells, each line by itself: fast without quotes, by the rules of CSV with them."""

from __future__ import annotations

import polars as pl

__all__ = ["cells", "sound"]

_FIELD = r'(?s),(?:"(?:[^"]|"")*"|[^",]*)'
_SOUND = r'(?s)^(?:,(?:"(?:[^"]|"")*"|[^",]*))*$'


def sound(texts: pl.Series) -> pl.Series:
    """Whether quotes open and close where cells begin and end."""
    return ("," + texts).str.contains(_SOUND)


def cells(texts: pl.Series) -> pl.Series:
    """The cells of each line: cut at commas where there is no quote, else by the rules of CSV."""
    quoted = texts.str.contains('"', literal=True)
    if not quoted.any():
        return texts.str.split(",")
    bare = pl.element().str.strip_prefix(",")
    inner = bare.str.strip_prefix('"').str.strip_suffix('"').str.replace_all('""', '"', literal=True)
    rows = pl.DataFrame({"text": texts, "quoted": quoted}).with_row_index("at")
    exact = pl.concat_str(pl.lit(","), "text").str.extract_all(_FIELD)
    exact = exact.list.eval(pl.when(bare.str.starts_with('"')).then(inner).otherwise(bare))
    parts = (
        rows.filter("quoted").select("at", cells=exact),
        rows.filter(~quoted).select("at", cells=pl.col("text").str.split(",")),
    )
    return pl.concat(parts).sort("at")["cells"]
