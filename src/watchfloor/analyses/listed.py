"""Which of many listed addresses, networks and names a text is, lies in, or stands below: for many texts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Literal, NamedTuple

import polars as pl

from watchfloor.analyses.rita.filters import address_bits

__all__ = ["How", "Name", "name_of", "named_by", "names_as_asked", "network_of", "within"]

How = Literal["name", "domain", "below"]
"""`name`: that name alone; `domain`: the name and all below it; `below`: what is below it, and not itself."""

_LONGEST_NAME = 253
_MAPPED = 0xFFFF_0000_0000


class Name(NamedTuple):
    """A name that is listed, as queries have it, and what it stands for."""

    text: str
    how: How


def network_of(text: str) -> str | None:
    """An address or network in its shortest form, IPv4 within IPv6 as IPv4; null for what is neither."""
    try:
        network = ipaddress.ip_network(text.strip().partition("%")[0], strict=False)
    except ValueError:
        return None
    if network.version == 6 and network.prefixlen >= 96 and (old := network.network_address.ipv4_mapped):
        return str(ipaddress.ip_network((old, network.prefixlen - 96)))
    return str(network)


def within(texts: pl.Series, networks: Iterable[tuple[int, str]]) -> pl.DataFrame:
    """One row per text and item that it lies in: `text, item`, each pair once.

    Networks of one length are one join, so ten thousand of them cost as much as the number of their lengths.

    Arguments:
        texts: addresses; what is no address lies in nothing.
        networks: number of an item, and a network of it as `network_of` gives it.
    """
    distinct = texts.drop_nulls().unique().alias("text")
    bits = pl.concat([distinct.to_frame(), address_bits(distinct)], how="horizontal").drop_nulls().lazy()
    by_length: dict[int, list[tuple[int, int, int]]] = {}
    for item, text in networks:
        network = ipaddress.ip_network(text)
        first, length = int(network.network_address), network.prefixlen
        if network.version == 4:
            first, length = first + _MAPPED, length + 96
        upper, lower = _cut(first >> 64, first & (2**64 - 1), length)
        by_length.setdefault(length, []).append((item, upper, lower))
    found = [_of_length(bits, length, rows) for length, rows in sorted(by_length.items())]
    empty = pl.LazyFrame(schema={"text": pl.String, "item": pl.Int64})
    return pl.concat([empty, *found]).unique().collect()


def _cut(upper: int, lower: int, length: int) -> tuple[int, int]:
    """The first bits of an address, as two numbers."""
    if length == 0:
        return 0, 0
    return (upper >> (64 - length), 0) if length <= 64 else (upper, lower >> (128 - length))


def _of_length(bits: pl.LazyFrame, length: int, rows: list[tuple[int, int, int]]) -> pl.LazyFrame:
    high, low = pl.col("high"), pl.col("low")
    zero = pl.lit(0, pl.UInt64)
    if length == 0:
        upper, lower = zero, zero
    elif length <= 64:
        upper, lower = high // (1 << (64 - length)), zero
    else:
        upper, lower = high, low // (1 << (128 - length))
    listed = pl.LazyFrame(rows, {"item": pl.Int64, "upper": pl.UInt64, "lower": pl.UInt64}, orient="row")
    cut = bits.select("text", upper=upper.cast(pl.UInt64), lower=lower.cast(pl.UInt64))
    return cut.join(listed, on=["upper", "lower"]).select("text", "item")


def name_of(text: str) -> str | None:
    """A name as queries have it: small letters, no dot at its end, `xn--..`; null for what is no name."""
    asked = names_as_asked(pl.Series([text.strip()])).item()
    if asked is None or not 0 < len(asked) <= _LONGEST_NAME or network_of(asked) is not None:
        return None
    labels = asked.split(".")
    fits = all(0 < len(label) <= 63 and label.isascii() and label.replace("-", "a").replace("_", "a").isalnum()
               for label in labels)  # fmt: skip
    return asked if fits and not labels[-1].isdigit() else None


def names_as_asked(texts: pl.Series) -> pl.Series:
    """Names as queries have them: small letters, no dot at the end, letters of other alphabets as `xn--..`."""
    small = texts.str.to_lowercase().str.strip_chars_end(".")
    foreign = small.filter(small.str.contains(r"[^\x00-\x7f]").fill_null(False)).unique()
    if foreign.is_empty():
        return small
    asked = pl.Series([_ascii(text) for text in foreign], dtype=pl.String)  # few: names in logs are ASCII
    return small.replace(foreign, asked)


def _ascii(text: str) -> str:
    if len(text) > _LONGEST_NAME:
        return text
    try:
        return text.encode("idna").decode().lower().rstrip(".")
    except UnicodeError:
        return text


def named_by(texts: pl.Series, names: Iterable[tuple[int, Name]]) -> pl.DataFrame:
    """One row per text and item that names it: `text, item`, each pair once.

    Arguments:
        texts: names as a log has them.
        names: number of an item, and a name of it.
    """
    distinct = texts.drop_nulls().unique().alias("text")
    rows = distinct.to_frame().with_columns(asked=names_as_asked(distinct))
    labels = rows.lazy().with_columns(labels=pl.col("asked").str.split("."))
    count = pl.col("labels").list.len()
    by_labels: dict[int, list[tuple[int, str, str]]] = {}
    for item, name in names:
        by_labels.setdefault(name.text.count(".") + 1, []).append((item, name.text, name.how))
    found = []
    for number, group in sorted(by_labels.items()):
        listed = pl.LazyFrame(group, {"item": pl.Int64, "tail": pl.String, "how": pl.String}, orient="row")
        tails = labels.filter(count >= number).select(
            "text", itself=count == number, tail=pl.col("labels").list.tail(number).list.join(".")
        )
        fits = (pl.col("how") == "domain") | (pl.col("itself") == (pl.col("how") == "name"))
        found.append(tails.join(listed, on="tail").filter(fits).select("text", "item"))
    empty = pl.LazyFrame(schema={"text": pl.String, "item": pl.Int64})
    return pl.concat([empty, *found]).unique().collect()
