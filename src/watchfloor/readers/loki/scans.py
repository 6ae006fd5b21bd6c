"""The frame of a scan: its start and end, what it had loaded, what limited it, and whether records were lost."""

from __future__ import annotations

import polars as pl

__all__ = ["COUNTED", "NOTABLE", "counted", "is_notable", "scans"]

COUNTED = {"errors": "ERROR", "warnings": "WARNING", "alerts": "ALERT", "notices": "NOTICE"}
_START = r"^Starting Loki Scan VERSION: ([^ ]*) SYSTEM: "
_END = "^Finished LOKI Scan SYSTEM: "
_TOTALS = r"^Results: ([0-9]+) alerts, ([0-9]+) warnings"
_RULES = r"^Initialized ([0-9]+) Yara rules"
_NO_PATH = r"(?s)^None Existing Scanning Path (.*?) \.\.\."
_BROKEN = "^Error while initializing Yara rule "
_RIGHTS = r"^Program should be run (?:as )?'(?:as )?([^']*)'"  # as 'root', on Windows 'as Administrator'
NOTABLE = (
    "Starting Loki Scan ",
    "Finished LOKI Scan ",
    "Results: ",
    "Initialized ",
    "None Existing ",
    "Error while initializing Yara ",
    "Program should be run ",
    "LOKI's work has been",
)
"""Words of which each notable record holds one."""
_STOPPED = "has been interrupted by a human"


def is_notable(message: pl.Expr) -> pl.Expr:
    """Whether a record says something of the scan itself."""
    return message.str.contains(
        "^(?:Starting Loki Scan |Finished LOKI Scan |Results: |Initialized [0-9]|None Existing "
        "|Error while initializing Yara |Program should be run |LOKI's work has been)"
    )


def counted(records: pl.DataFrame, notable: pl.DataFrame) -> pl.DataFrame:
    """Records per scan and level: a record belongs to the last start before it of its host (none: scan 0).

    Arguments:
        records: record, host, level, number (null where the layout numbers nothing), in the order of the file.
        notable: what is notable so far.
    """
    return (
        _with_scan(records.select("record", "host", "level", "number"), notable)
        .group_by("host", "scan", maintain_order=True)
        .agg(
            pl.col("record").min(),
            records=pl.len(),
            first_number=pl.col("number").min(),
            last_number=pl.col("number").max(),
            **{name: (pl.col("level") == level).sum().cast(pl.Int64) for name, level in COUNTED.items()},
        )
    )


def scans(counts: pl.DataFrame, notable: pl.DataFrame, *, numbered: bool) -> pl.DataFrame:
    """One row per scan of a file.

    Arguments:
        counts: what `counted` gave, block by block.
        notable: record, host, time, message of what is notable.
        numbered: whether the layout numbers its records.
    """
    message = pl.col("message")
    printed = message.str.extract(r" TIME: ([0-9]{8}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)")
    time = pl.coalesce(
        printed.str.to_datetime("%Y%m%dT%H:%M:%SZ", time_unit="us", time_zone="UTC", strict=False), "time"
    )
    together = counts.group_by("host", "scan", maintain_order=True).agg(
        pl.col("record").min(),
        *(pl.col(name).sum() for name in COUNTED),
        missing_numbers=pl.col("last_number").max()
        - pl.col("first_number").min()
        + 1
        - pl.col("records").sum().cast(pl.Int64),
    )
    said = (
        _with_scan(notable, notable)
        .group_by("host", "scan", maintain_order=True)
        .agg(
            version=message.str.extract(_START, 1).drop_nulls().first(),
            started_time=time.filter(message.str.contains(_START)).first(),
            ended_time=time.filter(message.str.contains(_END)).last(),
            begun=message.str.contains(_START).any(),
            ended=message.str.contains(_END).any(),
            stopped=message.str.contains(_STOPPED, literal=True).any(),
            alerts_counted=message.str.extract(_TOTALS, 1).drop_nulls().last().cast(pl.Int64),
            warnings_counted=message.str.extract(_TOTALS, 2).drop_nulls().last().cast(pl.Int64),
            rules=message.str.extract(_RULES, 1).drop_nulls().last().cast(pl.Int64),
            no_path=message.str.extract(_NO_PATH, 1).drop_nulls(),
            broken=message.str.contains(_BROKEN).sum(),
            rights=message.str.extract(_RIGHTS, 1).drop_nulls().first(),
        )
    )
    return _judged(together.join(said, on=["host", "scan"], how="left", nulls_equal=True), numbered=numbered)


def _with_scan(records: pl.DataFrame, notable: pl.DataFrame) -> pl.DataFrame:
    host = pl.col("host").fill_null("")
    starts = (
        notable.filter(pl.col("message").str.contains(_START))
        .select("record", host, scan=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
        .sort("record")
    )
    found = records.with_columns(host).join_asof(starts, on="record", by="host", check_sortedness=False)
    return found.with_columns(pl.col("scan").fill_null(0), host=pl.when(pl.col("host") != "").then("host"))


def _judged(found: pl.DataFrame, *, numbered: bool) -> pl.DataFrame:
    begun, ended = pl.col("begun").fill_null(False), pl.col("ended").fill_null(False)
    complete = pl.when(begun & ended).then(True).when(begun).then(False)
    why = (
        pl.when(begun & ended)
        .then(None)
        .when(pl.col("stopped").fill_null(False))
        .then(pl.lit("interrupted by the user"))
        .when(begun)
        .then(pl.lit("no end record"))
        .otherwise(pl.lit("neither start nor end is in the file"))
    )
    short = [
        pl.when(pl.col(f"{what}_counted") > pl.col(what)).then(
            pl.format("the scanner counted {} {}, the file holds {}", f"{what}_counted", pl.lit(what), what)
        )
        for what in ("alerts", "warnings")
    ]
    remarks = pl.concat_str(
        pl.when(pl.col("rights").is_not_null()).then(pl.format("limited rights: not run as {}", "rights")),
        pl.when(pl.col("no_path").list.len() > 0).then(
            pl.format("nothing scanned at {}: it does not exist", pl.col("no_path").list.join(", "))
        ),
        pl.when(pl.col("rules") == 0).then(pl.lit("blind: no rules were loaded")),
        pl.when(pl.col("broken") > 0).then(pl.format("broken rules: {}", "broken")),
        *short,
        # Two numbers (one on a clean host) belong to records that are never sent.
        pl.when(pl.col("missing_numbers") > 2).then(pl.format("{} datagrams lost", pl.col("missing_numbers") - 2))
        if numbered
        else pl.lit(None, pl.String),
        separator="; ",
        ignore_nulls=True,
    )
    return found.with_columns(
        complete=complete,
        why_incomplete=why,
        remarks=pl.when(remarks != "").then(remarks),
    ).sort("record")
