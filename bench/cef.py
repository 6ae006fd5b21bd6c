"""CEF and LEEF logs of 1 M records to the canonical table, against a bare scan of lines and one regex by Polars.

The target is 10 times the scan, with the JSON object of what has no column. LEEF's records are CEF's, with tabs between
their pairs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from common.made import Rows
from common.turns import Bench, Case

from watchfloor.readers import Options, cef, leef

ROWS = 1_000_000
REPEATS = 3
LIMIT = 10
PART = 50_000
CEF, LEEF = "gateway.cef", "gateway.leef"


def records(start: int, rows: int) -> pl.DataFrame:
    """Made records of about 600 bytes: most of one order of keys, one in twenty with escapes, one in fifty short."""
    made = Rows(rows, start)
    row, chance, pick = made.number, made.chance, made.pick
    seconds = row // 100
    head = pl.format(
        "<134>Mar 14 {}:{}:{} gw-{} CEF:0|Example|Gateway|7.1.{}|{}|Connection {} by policy|{}|",
        *((seconds // unit % size).cast(pl.String).str.zfill(2) for unit, size in ((3600, 24), (60, 60), (1, 60))),
        chance(1, 9),
        chance(2, 3),
        chance(3, 100) + 1000,
        pick(4, "allowed", "denied", "reset"),
        chance(5, 11),
    )
    common = pl.format(
        "rt={} src={} spt={} dst={} dpt={} proto={} suser=user{} shost=pc-{}.example.net dhost=www.example.org act={} ",
        row * 10 + 1_773_500_966_000,
        made.v4(6, "10.7."),
        chance(8, 65_536),
        made.v4(9, "198.51."),
        pick(11, "443", "80", "53"),
        pick(12, "TCP", "UDP"),
        chance(13, 500),
        chance(14, 5_000),
        pick(15, "allow", "deny"),
    )
    rest = pl.format(
        "cs1Label=Policy cs1=Outbound web rule {} cs2Label=Zone cs2=inside to outside cn1Label=Session cn1={} in={} "
        "out={} app=HTTP requestMethod=GET request=http://www.example.org/a/{}/index.html{} requestClientApplication="
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) cat=Traffic externalId={} deviceExternalId=0011{} msg=Session "
        "closed after {} seconds by the peer",
        chance(16, 40),
        chance(17, 1_000_000_000),
        chance(18, 1_000_000),
        chance(19, 1_000_000),
        chance(20, 1_000_000_000),
        pl.when(chance(21, 20) == 0).then(pl.lit("?id\\=7")).otherwise(pl.lit("")),
        row,
        chance(22, 100_000_000),
        chance(23, 1_000),
    )
    short = pl.format("duser=admin msg=Signed in from console {} outcome=/Success", chance(24, 100))
    return pl.select(head + common + pl.when(chance(25, 50) == 0).then(short).otherwise(rest))


def as_leef(record: pl.Expr) -> pl.Expr:
    """The same record in LEEF 1.0."""
    head = r"CEF:0\|(Example\|Gateway\|[^|]*\|[^|]*)\|[^|]*\|[^|]*\|rt="
    return (
        record.str.replace(head, "LEEF:1.0|${1}|devTime=")
        .str.replace_all(" ([A-Za-z0-9]+)=", "\t${1}=")
        .str.replace("\tspt=", "\tsrcPort=", literal=True)
        .str.replace("\tdpt=", "\tdstPort=", literal=True)
    )


def make(folder: Path) -> None:
    """The files."""
    with (folder / CEF).open("wb") as one, (folder / LEEF).open("wb") as other:
        for start in range(0, ROWS, PART):
            part = records(start, PART)
            part.write_csv(one, include_header=False, quote_style="never")
            part.select(as_leef(pl.nth(0))).write_csv(other, include_header=False, quote_style="never")


def scan(path: Path) -> pl.DataFrame:
    """The floor: one group of each line."""
    sign = r"LEEF: ?([0-9]{1,2})" if path.name == LEEF else r"CEF: ?([0-9]{1,2})\|"
    return pl.scan_lines(path, name="text").select(program=pl.col("text").str.extract(sign)).collect()


def read(path: Path) -> pl.DataFrame:
    """Ours: the canonical table; a few columns are taken into memory, as all the 27 are not needed to count."""
    reader = leef.READER if path.name == LEEF else cef.READER
    events = reader.read([path], Options(zone="UTC"))["events"]
    return events.select("time", "src_ip", "dst_port", "program").collect()


def check(_: str, frame: pl.DataFrame) -> None:
    """All was read."""
    assert frame.height == ROWS
    assert frame["program"].null_count() == 0


BENCH = Bench(
    __file__,
    make,
    scan,
    read,
    (Case(f"CEF, {ROWS:,} records", CEF, LIMIT), Case(f"LEEF, {ROWS:,} records", LEEF, LIMIT)),
    check,
    repeats=REPEATS,
)

if __name__ == "__main__":
    sys.exit(BENCH.main())
