"""What nfdump writes for the eye, its default output: `-o line`, `long`, `bilong` and `biline`, as connections.

Source: nfdump(1), "Output formats". From a million on it writes `1.2 M`: such sizes are rounded, which the ledger
says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from watchfloor.readers._reader import Head, Options, Reader, Tables
from watchfloor.readers.flows.exporters import Exporter
from watchfloor.readers.flows.pairing import as_conversations
from watchfloor.readers.flows.rows import BAD, flow_rows
from watchfloor.readers.records.lines import read_lines
from watchfloor.schemas import CONNECTIONS, LEDGER

__all__ = ["LINES"]

_HEADER = r"^Date first seen +.*Src IP Addr:Port +.*Dst IP Addr:Port .*Byte"
_END = r"([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f.:]+)[:.]([0-9]{1,5}(?:\.[0-9]{1,3})?)"
_ROW = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?) +([0-9][0-9:.d]*) +([A-Za-z0-9-]{1,20})"
    rf" +{_END} +(<?->) +{_END} +(.*[0-9 KMGT])$"
)
_BEFORE = ("start", "seconds", "proto", "src_ip", "src_port", "arrow", "dst_ip", "dst_port", "rest")
_VALUE = r"[.A-Z0-9]{6,8}(?: |$)|[0-9]+(?:\.[0-9]+)?(?: [KMGT])?(?: |$)|0x[0-9a-fA-F]+(?: |$)"
"""A cell behind the ends: flags, a number, or one that is shortened."""
_SUMMARY = r"^(?:Summary: |Time window: |Total flows |Sys: |Ident: |Flows processed: |Blocks skipped: |Bytes read: )"
_NFDUMP = Exporter(
    name="nfdump",
    layout="line",
    sign=(),
    columns={},
    halves=True,
    zone=None,
    note="sizes of a million bytes and more are rounded, as nfdump shortens them in this output",
    keep=(),
    zero_is_none=("resp_ip_bytes",),
)


def accepts(head: Head) -> float:
    """The share of lines that are rows below its header."""
    if not head.lines or not re.match(_HEADER, head.lines[0][:1000]):
        return 0.0
    known = re.compile(f"{_HEADER}|{_ROW}|{_SUMMARY}")
    return head.share(lambda line: known.match(line[:1000].rstrip()))


def read(path: Path, options: Options) -> Tables:
    """The flows of one file.

    Raises:
        AmbiguousTime: no zone for its clock times.
    """
    headers: list[tuple[str, ...]] = []

    def prepare(records: pl.DataFrame) -> pl.DataFrame:
        """A header holds for what follows it, to the next."""
        text = pl.col("text")
        records = records.with_columns(is_header=text.str.contains(_HEADER))
        before = len(headers) - 1
        headers.extend(_names(line) for line in records.filter("is_header")["text"])
        layout = pl.col("is_header").cast(pl.Int64).cum_sum() + before
        return records.with_columns(layout=layout).filter(~pl.col("is_header") & ~text.str.contains(_SUMMARY))

    def parse(records: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        return _parsed(records, headers, str(path), options.zone)

    tables = read_lines(path, options, format=LINES.name, tables=LINES.tables, parse=parse, prepare=prepare)
    note = pl.lit(_NFDUMP.note)
    notes = pl.concat_str("notes", note, separator="; ", ignore_nulls=True)
    return tables | {"ledger": LEDGER.fill(tables["ledger"]).with_columns(notes=notes)}


def _names(header: str) -> tuple[str, ...]:
    """What stands behind the ends, by the header: `Out Byte` is one name."""
    return tuple(re.findall(r"(?:Out|In) (?:Pkt|Byte)|[^ ]+", header.partition("Dst IP Addr:Port")[2]))


def _parsed(
    records: pl.DataFrame, headers: list[tuple[str, ...]], source: str, zone: str | None
) -> dict[str, pl.DataFrame]:
    parts = pl.col("text").str.strip_chars_end(" ").str.extract_groups(_ROW).struct
    rows = records.select(
        "record", "layout", *(parts.field(str(n)).alias(f"@{name}") for n, name in enumerate(_BEFORE, 1))
    )
    found: list[pl.DataFrame] = []
    rejects = [rows.filter(pl.col("@start").is_null()).select("record", reason=pl.lit("no flow as nfdump writes it"))]
    for (layout,), group in (
        rows.filter(pl.col("@start").is_not_null()).partition_by("layout", as_dict=True, maintain_order=True).items()
    ):
        names = headers[layout] if layout >= 0 else ("Packets", "Bytes", "Flows")
        group = group.with_columns(cells=pl.col("@rest").str.extract_all(_VALUE))  # noqa: PLW2901
        width = pl.col("cells").list.len()
        reason = pl.format("{} of {} values behind the ends", width, pl.lit(len(names)))
        rejects.append(group.filter(width != len(names)).select("record", reason=reason))
        table = _flows(group.filter(width == len(names)), names, source, zone)
        bad = pl.col(BAD).is_not_null()
        rejects.append(table.filter(bad).select("record", reason=BAD))
        ours = [name for name in CONNECTIONS.schema.names() if name in table.columns]
        found.append(table.filter(~bad).select(ours))
    out = {"rejects": pl.concat(rejects).sort("record")}
    return out | ({"connections": pl.concat(found).sort("record")} if found else {})


def _flows(rows: pl.DataFrame, names: tuple[str, ...], source: str, zone: str | None) -> pl.DataFrame:
    values = {name: pl.col("cells").list.get(n).str.strip_chars() for n, name in enumerate(names)}
    cells = {name: pl.col(f"@{name}") for name in _BEFORE[:-1] if name != "arrow"}
    cells |= {
        ours: values[theirs]
        for ours, theirs in (("orig_ip_bytes", "Bytes"), ("conn_state", "Flags"))
        if theirs in values
    }
    if "Out Byte" in values:
        cells |= {"orig_ip_bytes": values["Out Byte"], "resp_ip_bytes": values["In Byte"]}
    others = {name: value for name, value in values.items() if not re.search("Byte|Flags|bps|pps|Bpp", name)}
    return flow_rows(rows, _NFDUMP, {name: [cell] for name, cell in cells.items()}, others, source=source, zone=zone)


LINES = Reader(
    name="flow-lines",
    about="nfdump's default output, long, biline and bilong: connections, both ways in one row",
    tables=("connections",),
    accepts=accepts,
    read=as_conversations(read),
    sign="nfdump's header: `Date first seen .. Src IP Addr:Port .. Dst IP Addr:Port`",
)
