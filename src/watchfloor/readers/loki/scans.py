"""The frame of a scan: its start and end, what it had loaded, what limited it, and whether records were lost."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from watchfloor.engine import owned
from watchfloor.readers.loki.findings import time_of
from watchfloor.readers.loki.layouts import START
from watchfloor.readers.loki.records import Log
from watchfloor.schemas import SCANS

__all__ = ["COUNTED", "Counter"]

COUNTED = {"errors": "ERROR", "warnings": "WARNING", "alerts": "ALERT", "notices": "NOTICE"}
_START = r"^Starting Loki Scan VERSION: ([^ ]*) SYSTEM: "
_END = "^Finished LOKI Scan SYSTEM: "
_TOTALS = r"^Results: ([0-9]+) alerts, ([0-9]+) warnings"
_RULES = r"^Initialized ([0-9]+) Yara rules"
_NO_PATH = r"(?s)^None Existing Scanning Path (.*?) \.\.\."
_BROKEN = "^Error while initializing Yara rule "
_RIGHTS = r"^Program should be run (?:as )?'(?:as )?([^']*)'"  # as 'root', on Windows 'as Administrator'
_NOTABLE = (
    "Starting Loki Scan ",
    "Finished LOKI Scan ",
    "Results: ",
    "Initialized ",
    "None Existing ",
    "Error while initializing Yara ",
    "Program should be run ",
    "LOKI's work has been",
)
"""How a message begins that says something of the scan itself."""
_STOPPED = "has been interrupted by a human"


_FIRST_WORDS = pl.col("text").cast(pl.Binary).bin.slice("begin", min(map(len, _NOTABLE)))
_MAY_BE_NOTABLE = _FIRST_WORDS.is_in([words.encode()[: min(map(len, _NOTABLE))] for words in _NOTABLE])
_MESSAGE = pl.col("text").cast(pl.Binary).bin.slice("begin").cast(pl.String).str.strip_suffix("\r")
_IS_NOTABLE = pl.any_horizontal(pl.col("message").str.starts_with(words) for words in _NOTABLE)
_HOST = ["file", "host"]
_SCAN = [*_HOST, "scan"]
_PLACE = pl.col("file").cast(pl.Int64) * 2**40 + pl.col("record")
"""A number for each record of all files."""
_AT_A_TIME = 100_000
"""Records that are counted together: it takes as long for few."""


class Counter:
    """Counts the records of each scan: a record belongs to the last start before it of its host (none: scan 0)."""

    def __init__(self) -> None:
        """Nothing is counted."""
        self._begun = pl.DataFrame(schema={"file": pl.Int32, "host": pl.String, "before": pl.Int64})
        self._records: list[pl.DataFrame] = []
        self._said: list[pl.DataFrame] = []
        self._counts: list[pl.DataFrame] = []
        self._said_of: list[pl.DataFrame] = []

    def add(self, records: pl.DataFrame) -> None:
        """Counts some records: what `take_apart` gets, in the order of the files."""
        said = records.filter(~pl.col("level").is_in(["ALERT", "WARNING"])).filter(_MAY_BE_NOTABLE)
        self._said.append(owned(said.select("file", "record", "host", "level", "time", "text", "begin", "stamp")))
        self._records.append(records.select("file", "record", "host", "level", "number"))
        if sum(frame.height for frame in self._records) > _AT_A_TIME:
            self._count()

    def _count(self) -> None:
        records, said = pl.concat(self._records), pl.concat(self._said)
        self._records, self._said = [], []
        said = time_of(said.with_columns(message=_MESSAGE)).filter(_IS_NOTABLE)
        said = said.with_columns(start=(pl.col("level") == "NOTICE") & pl.col("message").str.starts_with(START))
        starts = said.filter("start")
        begins = _PLACE.is_in(starts.select(_PLACE).to_series().implode())
        counts = (
            records.with_columns(scan=begins.cum_sum().over(_HOST).cast(pl.Int64))
            .group_by(*_HOST, "scan", maintain_order=True)
            .agg(
                pl.col("record").min(),
                records=pl.len(),
                first_number=pl.col("number").min(),
                last_number=pl.col("number").max(),
                **{name: (pl.col("level") == level).sum().cast(pl.Int64) for name, level in COUNTED.items()},
            )
        )
        self._counts.append(self._numbered(counts))
        said = said.with_columns(scan=pl.col("start").cum_sum().over(_HOST).cast(pl.Int64))
        self._said_of.append(self._numbered(_said(said)))
        begun = pl.concat([self._begun, starts.group_by(_HOST).agg(before=pl.len().cast(pl.Int64))])
        self._begun = begun.group_by(_HOST).agg(pl.col("before").sum())

    def _numbered(self, scans: pl.DataFrame) -> pl.DataFrame:
        """Scans of these records, numbered on from those before."""
        found = scans.join(self._begun, on=_HOST, how="left", nulls_equal=True, maintain_order="left")
        return owned(found.with_columns(pl.col("scan") + pl.col("before").fill_null(0)).drop("before"))

    def scans(self, logs: Sequence[Log]) -> pl.DataFrame:
        """SCANS, in part: one row per scan, in the order of the files."""
        if self._records:
            self._count()
        if not self._counts:
            return SCANS.empty().collect()
        numbered = [log.number for log in logs if log.layout.name == "syslog"]
        sources = pl.Series([str(log.path) for log in logs], dtype=pl.String)
        found = _scans(pl.concat(self._counts), pl.concat(self._said_of), pl.col("file").is_in(numbered))
        return found.with_columns(source=pl.lit(sources).gather("file"))


def _said(notable: pl.DataFrame) -> pl.DataFrame:
    """What some notable records (file, host, scan, time, message) say, one row per scan."""
    message = pl.col("message")
    printed = message.str.extract(r" TIME: ([0-9]{8}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)")
    time = pl.coalesce(
        printed.str.to_datetime("%Y%m%dT%H:%M:%SZ", time_unit="us", time_zone="UTC", strict=False), "time"
    )
    return notable.group_by(_SCAN, maintain_order=True).agg(
        version=message.str.extract(_START, 1).drop_nulls().first(),
        started_time=time.filter(message.str.starts_with(START)).first(),
        ended_time=time.filter(message.str.contains(_END)).last(),
        begun=message.str.starts_with(START).any(),
        ended=message.str.contains(_END).any(),
        stopped=message.str.contains(_STOPPED, literal=True).any(),
        alerts_counted=message.str.extract(_TOTALS, 1).drop_nulls().last().cast(pl.Int64),
        warnings_counted=message.str.extract(_TOTALS, 2).drop_nulls().last().cast(pl.Int64),
        rules=message.str.extract(_RULES, 1).drop_nulls().last().cast(pl.Int64),
        no_path=message.str.extract(_NO_PATH, 1).drop_nulls(),
        broken=message.str.contains(_BROKEN).sum(),
        rights=message.str.extract(_RIGHTS, 1).drop_nulls().first(),
    )


def _scans(counts: pl.DataFrame, said: pl.DataFrame, numbered: pl.Expr) -> pl.DataFrame:
    """One row per scan: what it counted, and what it said; `numbered` is whether its file numbers the records."""
    together = counts.group_by(_SCAN, maintain_order=True).agg(
        pl.col("record").min(),
        *(pl.col(name).sum() for name in COUNTED),
        missing_numbers=pl.col("last_number").max()
        - pl.col("first_number").min()
        + 1
        - pl.col("records").sum().cast(pl.Int64),
    )
    whole = said.group_by(_SCAN, maintain_order=True).agg(
        pl.col("version", "started_time", "rights").drop_nulls().first(),
        pl.col("ended_time", "alerts_counted", "warnings_counted", "rules").drop_nulls().last(),
        pl.col("begun", "ended", "stopped").any(),
        pl.col("no_path").explode(empty_as_null=False),
        pl.col("broken").sum(),
    )
    return _judged(together.join(whole, on=_SCAN, how="left", nulls_equal=True), numbered)


def _judged(found: pl.DataFrame, numbered: pl.Expr) -> pl.DataFrame:
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
        pl.when(numbered & (pl.col("missing_numbers") > 2)).then(
            pl.format("{} datagrams lost", pl.col("missing_numbers") - 2)
        ),
        separator="; ",
        ignore_nulls=True,
    )
    return found.with_columns(
        complete=complete,
        why_incomplete=why,
        remarks=pl.when(remarks != "").then(remarks),
    ).sort("file", "record")
