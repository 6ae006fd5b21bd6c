"""Which rows of an answer meet which entries of allow lists: joins over distinct values, of many rows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from watchfloor.analyses.allowing.entries import Entry, Port
from watchfloor.analyses.listed import named_by, within

__all__ = ["asked_of", "matches"]

_MOST_PORTS = 20
"""A row that lists so many ports may have more, so nobody can say that all of them are allowed."""
_VALUES = {
    "address": ("src", "dst"),
    "src": ("src",),
    "dst": ("dst",),
    "domain": ("name",),
    "name": ("name",),
    "port": ("port",),
    "process": ("process",),
}
"""Which values of a row a condition looks at: one of them must meet it."""
_HITS = pl.Schema({"text": pl.String(), "item": pl.Int64()})


def asked_of(columns: Iterable[str]) -> set[str]:
    """The conditions that can be judged by these columns of an answer."""
    have = set(columns)
    told = {
        "src": {"src_ip"},
        "dst": {"dst_ip"},
        "address": {"src_ip", "dst_ip"},
        "domain": {"name", "domain"},
        "name": {"name", "domain"},
        "port": {"ports", "dst_port"},
        "process": {"process"},
    }
    return {condition for condition, any_of in told.items() if have & any_of}


def matches(rows: pl.DataFrame, entries: Sequence[Entry]) -> pl.DataFrame:
    """One row per row and entry that it meets: `row, entry`, both counted from 0.

    Arguments:
        rows: an answer with some of `src_ip, dst_ip, name` (or `domain`), `ports` (or `dst_port`), `process`.
        entries: those that are to be applied.
    """
    values = _values(rows)
    sets = _Sets()
    groups: dict[tuple[str, ...], list[tuple[int, ...]]] = {}
    for number, entry in enumerate(entries):
        conditions = entry.conditions()
        groups.setdefault(tuple(conditions), []).append(
            (number, *(sets.number(key, listed) for key, listed in conditions.items()))
        )
    needed = {column for key in sets.of for column in _VALUES[key]}
    often = {
        column: values.lazy().group_by(text=column).agg(rows=pl.len().cast(pl.Int64)).drop_nulls("text").collect()
        for column in sorted(needed)
    }
    hits = {key: _FINDS[key](_distinct(often, _VALUES[key]), listed) for key, listed in sets.of.items()}
    found = [_of_group(values, hits, often, keys, listed) for keys, listed in groups.items()]
    empty = pl.DataFrame(schema={"row": pl.UInt32, "entry": pl.Int64})
    return pl.concat([empty, *found])


class _Sets:
    """Lists of values, numbered: entries that share one are judged together."""

    def __init__(self) -> None:
        self.of: dict[str, dict[tuple[Any, ...], int]] = {}

    def number(self, key: str, values: tuple[Any, ...]) -> int:
        known = self.of.setdefault(key, {})
        return known.setdefault(values, len(known))


def _values(rows: pl.DataFrame) -> pl.DataFrame:
    """What conditions look at, of each row; what an answer does not have is null."""
    have = rows.columns

    def first(*names: str) -> pl.Expr:
        there = [pl.col(name).cast(pl.String) for name in names if name in have]
        return pl.coalesce(there) if there else pl.lit(None, pl.String)

    return rows.select(
        src=first("src_ip"),
        dst=first("dst_ip", "name"),  # a Host header may be an address
        name=first("name", "domain"),
        port=first("ports", "dst_port"),
        process=first("process").str.to_lowercase().str.extract(r"([^/\\]*)$"),
    ).with_row_index("row")


def _distinct(often: Mapping[str, pl.DataFrame], columns: Sequence[str]) -> pl.Series:
    if len(columns) == 1:
        return often[columns[0]]["text"]
    return pl.concat([often[column]["text"] for column in columns]).unique()


def _networks(texts: pl.Series, sets: Mapping[tuple[Any, ...], int]) -> pl.DataFrame:
    return within(texts, ((number, network) for networks, number in sets.items() for network in networks))


def _names(texts: pl.Series, sets: Mapping[tuple[Any, ...], int]) -> pl.DataFrame:
    return named_by(texts, ((number, name) for names, number in sets.items() for name in names))


def _ports(texts: pl.Series, sets: Mapping[tuple[Port, ...], int]) -> pl.DataFrame:
    """Texts such as `443:tcp:ssl, 80:tcp` of which every port is allowed."""
    lane = pl.col("lane")
    lanes = (
        texts.to_frame()
        .lazy()
        .with_columns(lane=pl.col("text").str.split(", "))
        .filter(lane.list.len() < _MOST_PORTS)
        .with_columns(lanes=lane.list.len())
        .explode("lane")
        .select(
            "text",
            "lanes",
            "lane",
            port=lane.str.extract(r"^([0-9]+)").cast(pl.Int64, strict=False),
            proto=lane.str.extract(r"^[0-9]+:([^:]+)").str.to_lowercase(),
        )
    )
    listed = pl.LazyFrame(
        [(number, port.number, port.proto) for ports, number in sets.items() for port in ports],
        {"item": pl.Int64, "port": pl.Int64, "wanted": pl.String},
        orient="row",
    )
    return (
        lanes.join(listed, on="port")
        .filter(pl.col("wanted").is_null() | (pl.col("wanted") == pl.col("proto")).fill_null(False))
        .group_by("text", "item")
        .agg(met=pl.col("lane").n_unique(), lanes=pl.col("lanes").first())
        .filter(pl.col("met") == pl.col("lanes"))
        .select("text", "item")
        .collect()
    )


def _processes(texts: pl.Series, sets: Mapping[tuple[Any, ...], int]) -> pl.DataFrame:
    listed = [(name, number) for names, number in sets.items() for name in names]
    return texts.to_frame().join(pl.DataFrame(listed, _HITS, orient="row"), on="text").unique()


_FINDS: dict[str, Callable[[pl.Series, Any], pl.DataFrame]] = {
    "address": _networks,
    "src": _networks,
    "dst": _networks,
    "domain": _names,
    "name": _names,
    "port": _ports,
    "process": _processes,
}
"""Each gives `text, item`: a value, and a list of values that it is on."""


def _of_group(
    values: pl.DataFrame,
    hits: Mapping[str, pl.DataFrame],
    often: Mapping[str, pl.DataFrame],
    keys: tuple[str, ...],
    listed: list[tuple[int, ...]],
) -> pl.DataFrame:
    """Rows and entries of those that ask for the same kinds of things.

    The kind that leaves the fewest pairs goes first: many entries may share a network that every row lies in.
    """
    entries = pl.DataFrame(listed, {"entry": pl.Int64} | dict.fromkeys(keys, pl.Int64), orient="row")
    entries = entries.rename({key: f"on_{key}" for key in keys})
    first, *others = keys
    if others:
        first, *others = sorted(keys, key=lambda key: _pairs(hits[key], entries[f"on_{key}"], often, _VALUES[key]))
    needed = {column for key in keys for column in _VALUES[key]}
    rows = values.lazy().select("row", *sorted(needed))
    found = pl.concat(
        rows.join(hits[first].lazy(), left_on=column, right_on="text", coalesce=False).drop("text")
        for column in _VALUES[first]
    )
    found = found.join(entries.lazy(), left_on="item", right_on=f"on_{first}").drop("item")
    for key in others:
        found = pl.concat(
            found.join(hits[key].lazy(), left_on=[column, f"on_{key}"], right_on=["text", "item"], how="semi")
            for column in _VALUES[key]
        )
    found = found.select("row", "entry")
    return (found.unique() if "address" in keys else found).collect()


def _pairs(hits: pl.DataFrame, on: pl.Series, often: Mapping[str, pl.DataFrame], columns: Sequence[str]) -> int:
    """How many pairs of row and entry one kind of condition leaves."""
    sharing = on.alias("item").to_frame().lazy().group_by("item").len("entries")
    met = pl.concat([hits.lazy().join(often[column].lazy(), on="text") for column in columns])
    pairs = met.join(sharing, on="item").select((pl.col("rows") * pl.col("entries")).sum()).collect().item()
    return int(pairs or 0)
