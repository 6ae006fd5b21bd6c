"""AWS VPC flow logs as text, in the default order of fields or with a header that names them: connections.

Source: Amazon VPC User Guide, "Flow log records": fields of versions 2 to 8, a hyphen where a field does not apply.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from watchfloor import times
from watchfloor.readers._reader import Head, Options, Reader, Tables
from watchfloor.readers.flows.pairing import as_conversations
from watchfloor.readers.meaning.endpoints import PROTOCOLS
from watchfloor.readers.records.lines import read_lines

__all__ = ["READER"]

_DEFAULT = (
    *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets"),
    *("bytes", "start", "end", "action", "log-status"),
)
_NEEDED = {"srcaddr", "dstaddr", "start"}
_HEADER = r"^(?:[a-z0-9_-]+ )*srcaddr (?:[a-z0-9_-]+ )*[a-z0-9_-]+$"
_ADDRESS = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*|-)"
_RECORD = (
    rf"^[2-9] (?:[0-9]{{12}}|unknown) [a-z]+-[0-9a-z]+ {_ADDRESS} {_ADDRESS} (?:[0-9-]+ ){{5}}[0-9]+ [0-9]+"
    r" (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)$"
)
_EMPTY = r"(?:^| )(?:NODATA|SKIPDATA)(?: |$)"
"""Nothing was seen, or something was left out: no flow."""


def accepts(head: Head) -> float:
    """The share of lines that a header above them names the fields of, or that are in the default order."""
    width = 0

    def fits(line: str) -> bool:
        nonlocal width
        names = line.replace("_", "-").split(" ")
        if set(names) >= _NEEDED:
            width = len(names)
        return len(names) == width if width else bool(re.match(_RECORD, line))

    return head.share(fits)


def read(path: Path, options: Options) -> Tables:
    """The connections of one file; records that say that nothing was seen are skipped."""
    headers: list[tuple[str, ...]] = []

    def prepare(records: pl.DataFrame) -> pl.DataFrame:
        """A header holds for what follows it, to the next."""
        is_header = records["text"].str.contains(_HEADER)
        before = len(headers) - 1
        headers.extend(tuple(text.replace("_", "-").split(" ")) for text in records.filter(is_header)["text"])
        layout = pl.Series("layout", is_header.cast(pl.Int64).cum_sum() + before)
        return records.with_columns(layout).filter(~is_header & ~records["text"].str.contains(_EMPTY))

    def parse(records: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        return _parsed(records, headers)

    return read_lines(path, options, format=READER.name, tables=READER.tables, parse=parse, prepare=prepare)


def _parsed(records: pl.DataFrame, headers: list[tuple[str, ...]]) -> dict[str, pl.DataFrame]:
    flows, rejects = [], []
    rows = records.with_columns(cells=pl.col("text").str.split(" ")).with_columns(width=pl.col("cells").list.len())
    for (layout,), group in rows.partition_by("layout", as_dict=True, maintain_order=True).items():
        names = headers[layout] if layout >= 0 else _DEFAULT
        fits = pl.col("width") == len(names)
        wrong = pl.format("{} of {} fields", "width", pl.lit(len(names)))
        rejects.append(group.filter(~fits).select("record", reason=wrong))
        table = group.filter(fits).select("record", *_columns(names))
        timed = pl.col("time").is_not_null()
        rejects.append(table.filter(~timed).select("record", reason=pl.lit("no start that is a time")))
        flows.append(table.filter(timed))
    none = pl.DataFrame(schema={"record": pl.Int64, "reason": pl.String})
    found = {"rejects": pl.concat([none, *rejects]).sort("record")}
    return found | ({"connections": pl.concat(flows).sort("record")} if flows else {})


def _columns(names: tuple[str, ...]) -> list[pl.Expr]:
    """The columns of CONNECTIONS, by the names of the fields."""

    def text(*fields: str) -> pl.Expr:
        found = [pl.col("cells").list.get(names.index(name), null_on_oob=True) for name in fields if name in names]
        said = [pl.when(~cell.is_in(["-", ""])).then(cell) for cell in found]
        return pl.coalesce(said) if said else pl.lit(None, pl.String)

    def number(field: str) -> pl.Expr:
        return text(field).cast(pl.Int64, strict=False)

    protocol = text("protocol")
    seconds = number("end") - number("start")
    return [
        times.from_epoch(number("start"), "s").alias("time"),
        text("srcaddr", "pkt-srcaddr").alias("src_ip"),
        number("srcport").alias("src_port"),
        text("dstaddr", "pkt-dstaddr").alias("dst_ip"),
        number("dstport").alias("dst_port"),
        protocol.replace(PROTOCOLS).alias("proto"),
        pl.when(seconds >= 0).then(seconds).cast(pl.Float64).alias("duration_seconds"),
        number("bytes").alias("orig_ip_bytes"),
        text("action").alias("action"),
        text("interface-id", "vpc-id").alias("sensor"),
    ]


READER = Reader(
    name="aws-vpc-flow",
    about="AWS VPC flow logs as text, in the default order or with a header: connections, both ways in one row",
    tables=("connections",),
    accepts=accepts,
    read=as_conversations(read),
    sign="a header with `srcaddr` and `start`, or version, account, interface, addresses, ports, .., `ACCEPT OK`",
)
