"""ClamAV: what clamscan prints and logs, a line per file, and its summary; and clamd's log, whose lines have a time.

Clock times have no zone. They are never a reason to fail: without one given they stay text beside a null instant.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from watchfloor import times
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.lines import read_lines
from watchfloor.schemas import SCANS

__all__ = ["READER"]

_HIT = r"(?s)^(.+): ([^\s]+) FOUND$"
"""A name may hold `: FOUND` itself: the signature is the last word before ` FOUND`, the path all before it."""
_STATES = (
    "OK|Empty file|Symbolic link|Excluded|Excluded \\([^)]*\\)|Access denied|Removed\\.|Not a regular file"
    "|Not supported file type(?: \\([^)]*\\))?|moved to '.*'|copied to '.*'|(?:.* )?ERROR|Can't .*"
)
_STATE = rf"(?s)^(.+): ({_STATES})$"
_STAMP = (
    r"^((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4}) -> "
)
"""In clamd's log, where LogTime is set."""
_NO_FILE = "^(?:WARNING: |ERROR: |LibClamAV |Scanning |-{40,}$)"
_SUMMARY = r"^-+ SCAN SUMMARY -+$"
_TOTAL = (
    r"^(Known viruses|Engine version|Scanned directories|Scanned files|Infected files|Data scanned|Data read"
    r"|Not copied|Not moved|Not removed|Total errors|Time|Start Date|End Date): *(.*?) *$"
)
_PATH = r"^(?:/|\./|\.\./|[A-Za-z]:\\|\\\\)"
_CLOCK = "%Y:%m:%d %H:%M:%S"
_SHOWN = 20
"""So many things that limit a scan are named."""


def accepts(head: Head) -> float:
    """A summary, hits, or paths with what clamscan says of them; and nearly no line of another kind."""
    if not any(map(_may_be_known, head.lines)):
        return 0.0
    # By Polars: a line of many colons takes Python's regex engine time that grows with its square.
    line = pl.col("text")
    every = "|".join(regex.replace("(?s)", "") for regex in (_HIT, _STATE, _NO_FILE, _SUMMARY, _TOTAL, _STAMP))
    found = pl.DataFrame({"text": head.lines}).select(
        hits=line.str.contains(_HIT) | line.str.contains(_SUMMARY),
        paths=line.str.contains(_PATH) & line.str.contains(_STATE),
        known=line.str.contains(every),
    )
    if not (found["hits"].any() or found["paths"].any()):
        return 0.0
    # Paths with OK alone are also what checksum tools print.
    return float(found["known"].sum() / len(head.lines)) * (1 if found["hits"].any() else 0.7)


def _may_be_known(line: str) -> bool:
    """Whether a line may be a hit, a summary, or begin with a path: what other logs' lines are not costs no regex."""
    return line.endswith(" FOUND") or line.startswith(("/", ".", "\\", "-")) or line[1:3] == ":\\"


def read(path: Path, options: Options) -> Tables:
    """The hits of one file as findings, and one row for each scan in it."""
    counted = _Counter()
    tables = read_lines(
        path,
        options,
        format="clamav",
        tables=("findings",),
        parse=lambda records: _parsed(records, options.zone),
        begins=_begins(),
        prepare=counted.add,
    )
    return tables | {"scans": SCANS.fill(counted.scans(options.zone), source=str(path))}


def _begins() -> pl.Expr:
    """Whether a line begins a record: not what is left of a name with line breaks (two at most).

    Such a name begins like a path and has no word on the file at its end; what goes on begins like none.
    """
    text = pl.col("text")
    own = text.str.contains(rf"{_PATH}|{_NO_FILE}|{_SUMMARY}|{_TOTAL}|{_STAMP}") | (text.str.strip_chars() == "")
    open_end = ~text.str.contains(rf"{_HIT}|{_STATE}")
    opened = text.str.contains(_PATH) & open_end
    second = opened.shift(1, fill_value=False) & ~own
    third = (second & open_end).shift(1, fill_value=False) & ~own
    return ~(second | third)


def _parsed(records: pl.DataFrame, zone: str | None) -> dict[str, pl.DataFrame]:
    """The hits; the other lines that clamscan and clamd write are understood and make no row."""
    stamp = pl.col("text").str.extract(_STAMP)
    found = records.with_columns(stamp=stamp, text=pl.col("text").str.replace(_STAMP, ""))
    text = pl.col("text")
    found = found.with_columns(path=text.str.extract(_HIT, 1), rule=text.str.extract(_HIT, 2))
    hit = pl.col("path").is_not_null()
    other = text.str.contains(rf"{_STATE}|{_NO_FILE}|{_SUMMARY}|{_TOTAL}") | pl.col("stamp").is_not_null()
    clock = pl.col("stamp").str.replace("  ", " 0", literal=True)
    time = _instant(clock.str.to_datetime("%a %b %d %H:%M:%S %Y", time_unit="us", strict=False), zone)
    return {
        "findings": found.filter(hit)
        .with_columns(time=time)
        .select(
            "record",
            "time",
            "path",
            "rule",
            scanner=pl.lit("clamav"),
            level=pl.lit("FOUND"),
            # Rules of YARA that ClamAV loads are called so.
            reason=pl.when(pl.col("rule").str.starts_with("YARA.")).then(pl.lit("yara")).otherwise(pl.lit("other")),
            reason_number=pl.lit(1, pl.Int64),
            message=pl.when(pl.col("time").is_null()).then("stamp"),
        ),
        "rejects": found.filter(~hit & ~other).select("record", reason=pl.lit("no line of clamscan")),
    }


def _instant(clock: pl.Expr, zone: str | None) -> pl.Expr:
    """The instant of a clock time; null without a zone, and in the hour that a clock shows twice or never."""
    if zone is None:
        return pl.lit(None, pl.Datetime("us", "UTC"))
    earliest, _, quality = times.resolve(clock, zone)
    return pl.when(quality == "declared_zone").then(earliest)


class _Counter:
    """What the scans of a file say of themselves: a scan ends with its summary, the next line begins another."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._scan = 0
        self._in_summary = False
        self._parts: list[pl.DataFrame] = []

    def add(self, records: pl.DataFrame) -> pl.DataFrame:
        """Looks at a block, in the order of the file, and gives it on as it is."""
        if not records.height:
            return records
        text = pl.col("text").str.replace(_STAMP, "")
        after = pl.col("total").shift(1, fill_value=self._in_summary)
        seen = records.with_columns(total=text.str.contains(rf"{_SUMMARY}|{_TOTAL}"))
        seen = seen.with_columns(scan=(after & ~pl.col("total")).cum_sum().cast(pl.Int64) + self._scan)
        self._scan, self._in_summary = seen["scan"][-1], seen["total"][-1]
        state = pl.when(~text.str.contains(_HIT)).then(text.str.extract(_STATE, 2))
        warning = text.str.starts_with("WARNING: ") | text.str.starts_with("LibClamAV Warning")
        error = text.str.starts_with("ERROR: ") | text.str.starts_with("LibClamAV Error") | state.str.ends_with("ERROR")
        unscanned = state.is_not_null() & ~state.str.contains(r"^(?:OK|Removed\.|moved to|copied to)")
        limits = (unscanned | warning | error).fill_null(False)
        totals = {
            key: text.str.extract(_TOTAL, 2).filter(text.str.extract(_TOTAL, 1) == key).last()
            for key in (
                "Known viruses",
                "Engine version",
                "Scanned directories",
                "Scanned files",
                "Infected files",
                "Start Date",
                "End Date",
                "Time",
            )
        }
        self._parts.append(
            seen.group_by("scan", maintain_order=True).agg(
                pl.col("record").first(),
                alerts=text.str.contains(_HIT).sum(),
                warnings=warning.sum(),
                errors=error.fill_null(False).sum(),
                limited=limits.sum(),
                limits=text.filter(limits).head(_SHOWN).str.join("; "),
                summary=text.str.contains(_SUMMARY).any(),
                **totals,
            )
        )
        return records

    def scans(self, zone: str | None) -> pl.DataFrame:
        """SCANS, in part."""
        if not self._parts:
            return SCANS.empty().collect()
        words = pl.exclude("scan", "record", "alerts", "warnings", "errors", "limited", "limits", "summary")
        found = (
            pl.concat(self._parts)
            .group_by("scan", maintain_order=True)
            .agg(
                pl.col("record").first(),
                pl.col("alerts", "warnings", "errors", "limited").sum(),
                pl.col("limits").filter(pl.col("limits") != "").str.join("; "),
                pl.col("summary").any(),
                words.drop_nulls().last(),
            )
        )
        return _judged(found, zone)


def _judged(found: pl.DataFrame, zone: str | None) -> pl.DataFrame:
    """The scans with their instants and what limits them."""
    clocks = {
        "started_time": pl.col("Start Date").str.to_datetime(_CLOCK, time_unit="us", strict=False),
        "ended_time": pl.col("End Date").str.to_datetime(_CLOCK, time_unit="us", strict=False),
    }
    instants = {name: _instant(clock, zone) for name, clock in clocks.items()}
    found = found.with_columns(**instants)
    printed = pl.col("Start Date").is_not_null()
    unread = printed & (pl.col("started_time").is_null() | pl.col("ended_time").is_null())
    ended = pl.col("summary") & pl.col("Time").is_not_null() & ~(printed & pl.col("End Date").is_null())
    remarks = pl.concat_str(
        pl.when(pl.col("Known viruses") == "0").then(pl.lit("blind: no signatures were loaded")),
        pl.when(pl.col("Scanned files") == "0").then(pl.lit("no file was scanned")),
        pl.when(pl.col("limits") != "").then("limits"),
        pl.when(pl.col("limited") > _SHOWN).then(pl.format("{} such lines in all", "limited")),
        pl.when(unread).then(
            pl.format("clock times of no known zone: {} to {}", "Start Date", pl.col("End Date").fill_null("?"))
        ),
        separator="; ",
        ignore_nulls=True,
    )
    return found.select(
        "record",
        "started_time",
        "ended_time",
        pl.col("alerts", "warnings", "errors").cast(pl.Int64),
        scanner=pl.lit("clamav"),
        version=pl.col("Engine version"),
        complete=pl.when(ended).then(True).when("summary").then(False),
        why_incomplete=pl.when(ended)
        .then(None)
        .when("summary")
        .then(pl.lit("the summary breaks off"))
        .otherwise(pl.lit("there is no summary: switched off, or the scan did not finish")),
        alerts_counted=pl.col("Infected files").cast(pl.Int64, strict=False),
        rules=pl.col("Known viruses").cast(pl.Int64, strict=False),
        remarks=pl.when(remarks != "").then(remarks),
    )


READER = Reader(
    name="clamav",
    about="ClamAV: what clamscan prints and logs, and the log of clamd",
    tables=("findings", "scans"),
    accepts=accepts,
    read=one_by_one(read),
    sign="lines `PATH: SIGNATURE FOUND`, and SCAN SUMMARY",
)
