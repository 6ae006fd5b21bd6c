"""The escapes of Zeek's TSV: what is text becomes text, everything else stays as Zeek writes it in JSON lines."""

from __future__ import annotations

import polars as pl

__all__ = ["decoded"]

_TAIL = r"\\x[89abAB][0-9a-fA-F]"
_UTF8 = "|".join(  # well-formed UTF-8 (Unicode 16.0, table 3-7), without the control characters that JSON lines escape
    (
        r"\\x0[89acdACD]|\\x[2-6][0-9a-fA-F]|\\x7[0-9a-eA-E]",
        rf"(?:\\x[cC][2-9a-fA-F]|\\x[dD][0-9a-fA-F]){_TAIL}",
        rf"(?:\\x[eE]0\\x[abAB][0-9a-fA-F]|\\x[eE][dD]\\x[89][0-9a-fA-F]|\\x[eE][1-9a-cefA-CEF]{_TAIL}){_TAIL}",
        rf"(?:\\x[fF]0\\x[9abAB][0-9a-fA-F]|\\x[fF]4\\x8[0-9a-fA-F]|\\x[fF][1-3]{_TAIL}){_TAIL}{_TAIL}",
    )
)
_PIECE = rf"\\\\|(?:{_UTF8})+|[^\\]+|\\"


def decoded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the escapes of TSV resolved: `\\\\`, `\\x09`, and `\\xc3\\xa9` where the bytes are UTF-8.

    Other control characters and bytes that are no UTF-8 stay as written; so does Zeek write them in JSON lines.
    """
    for name, dtype in frame.schema.items():
        if dtype not in (pl.String, pl.List(pl.String)):
            continue
        texts = frame[name].explode() if dtype == pl.List(pl.String) else frame[name]
        escaped = texts.filter(texts.str.contains("\\", literal=True)).unique()
        if escaped.len():
            plain = escaped.to_frame("text").select(_decoded(pl.col("text"))).to_series()
            column = pl.col(name)
            frame = frame.with_columns(
                column.list.eval(pl.element().replace(escaped, plain))
                if dtype == pl.List(pl.String)
                else column.replace(escaped, plain)
            )
    return frame


def _decoded(text: pl.Expr) -> pl.Expr:
    piece = pl.element()
    octets = pl.when(piece.str.contains(rf"^(?:{_UTF8})+$")).then(piece.str.replace_all("\\x", "", literal=True))
    plain = pl.coalesce(octets.str.decode("hex").cast(pl.String), piece)
    pieces = pl.when(piece == "\\\\").then(pl.lit("\\")).otherwise(plain)
    return text.str.extract_all(_PIECE).list.eval(pieces).list.join("")
