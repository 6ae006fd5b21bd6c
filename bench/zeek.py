"""Zeek logs of 1 M connections to the canonical table, against a bare scan of the same columns by Polars.

The TSV log, plain and gzip, must stay within 1.5 times the scan.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path

import polars as pl
from common.made import Rows
from common.turns import Bench, Case

from watchfloor.readers import Options
from watchfloor.readers.zeek import READER

ROWS = 1_000_000
REPEATS = 7
LIMIT = 1.5
TSV, GZIP, JSON = "conn.log", "conn.log.gz", "conn.json.log"
TEXTS = ("uid", "id.orig_h", "id.resp_h", "proto", "service", "conn_state")
COUNTS = ("id.orig_p", "id.resp_p", "orig_bytes", "resp_bytes", "orig_ip_bytes", "resp_ip_bytes")
COLUMNS = ("ts", "duration", *TEXTS, *COUNTS)
"""The columns that the canonical table is made of."""
FIELDS = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "proto": "enum",
    "service": "string",
    "duration": "interval",
    "orig_bytes": "count",
    "resp_bytes": "count",
    "conn_state": "string",
    "local_orig": "bool",
    "local_resp": "bool",
    "missed_bytes": "count",
    "history": "string",
    "orig_pkts": "count",
    "orig_ip_bytes": "count",
    "resp_pkts": "count",
    "resp_ip_bytes": "count",
    "tunnel_parents": "set[string]",
}


HEAD = "\n".join(
    (
        *("#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn"),
        *("#open\t2023-11-14-22-13-20", "\t".join(["#fields", *FIELDS]), "\t".join(["#types", *FIELDS.values()]), ""),
    )
).encode()
"""What stands above the records of the TSV."""


def written(made: pl.DataFrame) -> pl.DataFrame:
    """The connections as text, in the order of the fields."""
    return made.select(pl.all().cast(pl.String)).select(list(FIELDS))


def connections(rows: int) -> pl.DataFrame:
    """A made conn.log: one connection in ten over IPv6, one in seven without answer, the rest of any size."""
    made = Rows(rows)
    row, chance, pick = made.number, made.chance, made.pick

    def size(seed: int) -> pl.Expr:
        return chance(seed, 1 << 20) // (pl.lit(2, dtype=pl.UInt64) ** chance(seed + 100, 18)).cast(pl.UInt64)

    def v6(seed: int, net: str) -> pl.Expr:
        parts = (chance(seed + n, 10_000).cast(pl.String).str.zfill(4) for n in range(3))
        return pl.format(net + ":{}:{}::{}", *parts)

    def decimal(micros: pl.Expr) -> pl.Expr:
        return pl.format("{}.{}", micros // 1_000_000, (micros % 1_000_000).cast(pl.String).str.zfill(6))

    six, silent = chance(1, 10) == 0, chance(2, 7) == 0
    letters = row.hash(3).cast(pl.String) + row.hash(4).cast(pl.String)

    def unless_silent(value: pl.Expr) -> pl.Expr:
        return pl.when(silent).then(pl.lit("-")).otherwise(value.cast(pl.String))

    return pl.select(
        decimal(1_700_000_000_000_000 + row * 86_400 + chance(5, 86_400)).alias("ts"),
        ("C" + letters.str.slice(0, 17)).alias("uid"),
        pl.when(six).then(v6(10, "2001:db8")).otherwise(made.v4(13, "10.")).alias("id.orig_h"),
        (chance(16, 64_000) + 1024).alias("id.orig_p"),
        pl.when(six)
        .then(v6(17, "2606:4700"))
        .otherwise(pl.format("{}{}", chance(23, 200) + 20, made.v4(20, ".")))
        .alias("id.resp_h"),
        pick(24, "443", "443", "80", "53", "123", "22").alias("id.resp_p"),
        pick(25, "tcp", "tcp", "udp").alias("proto"),
        pick(26, "-", "ssl", "http", "dns").alias("service"),
        unless_silent(decimal(chance(27, 90_000_000))).alias("duration"),
        unless_silent(size(28)).alias("orig_bytes"),
        unless_silent(size(29)).alias("resp_bytes"),
        pick(30, "SF", "SF", "S0", "REJ", "RSTO").alias("conn_state"),
        pl.lit("T").alias("local_orig"),
        pl.lit("F").alias("local_resp"),
        pl.lit("0").alias("missed_bytes"),
        pick(31, "ShADadFf", "Dd", "S", "ShADadR").alias("history"),
        chance(32, 100).alias("orig_pkts"),
        size(33).alias("orig_ip_bytes"),
        chance(34, 100).alias("resp_pkts"),
        size(35).alias("resp_ip_bytes"),
        pl.lit("-").alias("tunnel_parents"),
    )


def make(folder: Path) -> None:
    """The same connections as TSV, as gzip of that, and as JSON lines."""
    made = written(connections(ROWS))
    as_tsv, as_json = folder / TSV, folder / JSON
    with as_tsv.open("wb") as out:
        out.write(HEAD)
        made.write_csv(out, separator="\t", include_header=False, quote_style="never")
        out.write(b"#close\t2023-11-15-22-13-20\n")
    with as_tsv.open("rb") as plain, gzip.open(folder / GZIP, "wb", compresslevel=6) as packed:
        shutil.copyfileobj(plain, packed, 1 << 20)
    typed = made.select(pl.all().replace("-", None)).cast({name: natural(name) for name in FIELDS})
    typed.write_ndjson(as_json)


def natural(name: str) -> type[pl.DataType]:
    """The type that a field has by its nature."""
    kind = FIELDS[name]
    return pl.Float64 if kind in {"time", "interval"} else pl.Int64 if kind in {"count", "port"} else pl.String


def scan(path: Path) -> pl.DataFrame:
    """The floor: nothing is checked, no line has a number."""
    types = {name: natural(name) for name in FIELDS}
    if path.name == JSON:
        return pl.scan_ndjson(path, schema={name: types[name] for name in COLUMNS}).collect()
    lazy = pl.scan_csv(
        path,
        separator="\t",
        comment_prefix="#",
        has_header=False,
        schema=types,
        null_values="-",
        quote_char=None,  # faster than the default, so a harder floor
    )
    return lazy.select(COLUMNS).collect()


def read(path: Path) -> pl.DataFrame:
    """Ours: the canonical table."""
    return READER.read([path], Options())["connections"].collect()


def check(_: str, frame: pl.DataFrame) -> None:
    """All was read."""
    assert frame.height == ROWS
    assert frame["orig_bytes"].sum() == frame["orig_bytes"].drop_nulls().sum() > 0


CASES = (
    Case(f"Zeek conn.log, {ROWS:,} rows, TSV", TSV, LIMIT),
    Case(f"Zeek conn.log, {ROWS:,} rows, gzip", GZIP, LIMIT),
    Case(f"Zeek conn.log, {ROWS:,} rows, JSON lines", JSON, repeats=3),
)
BENCH = Bench(__file__, make, scan, read, CASES, check, repeats=REPEATS)

if __name__ == "__main__":
    sys.exit(BENCH.main())
