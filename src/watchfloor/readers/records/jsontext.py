"""JSON text made of columns: what no canonical column holds, as an object by the product's names."""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl

__all__ = ["json_object", "json_text", "one_object"]

_ESCAPES = {chr(code): f"\\u{code:04x}" for code in range(32)} | {'"': '\\"', "\\": "\\\\"}


def json_text(text: pl.Expr, before: str = "") -> pl.Expr:
    """A text as JSON writes it, quotes included.

    Arguments:
        text: the text.
        before: what is to stand before it, such as its name and a colon: at less cost than putting it there later.
    """
    return pl.concat_str(pl.lit(f'{before}"'), text.str.replace_many(_ESCAPES), pl.lit('"'))


def json_object(written: Mapping[str, pl.Expr]) -> pl.Expr:
    """An object of the values that are there, in their order; null where there are none.

    Arguments:
        written: by name, values as JSON writes them.
    """
    if not written:
        return pl.lit(None, pl.String)
    pairs = [
        pl.concat_str(pl.lit(f"{json.dumps(name, ensure_ascii=False)}:"), value) for name, value in written.items()
    ]
    inside = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    return pl.when(inside != "").then(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))


def one_object(first: pl.Expr, second: pl.Expr) -> pl.Expr:
    """Two objects as text, neither of them empty, as one; null where both are."""
    both = pl.concat_str(first.str.strip_suffix("}"), pl.lit(","), second.str.strip_prefix("{"))
    return pl.coalesce(both, first, second)
