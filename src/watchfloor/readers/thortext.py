"""THOR (Nextron): text logs with and without `--keyval` or `--rfc3339`, the CSV of hits, and the CSV of statistics.

Loki's paid sibling writes a line per record:
`Jul 10 09:08:47 HOST/IP THOR: Alert: MODULE: M MESSAGE: text KEY: value ..`.
Nothing is quoted there, so a value may hold what looks like a key; the file's header is found from its whole shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from watchfloor import times
from watchfloor.errors import AmbiguousTime
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.lines import read_lines
from watchfloor.schemas import FINDINGS, SCANS

__all__ = ["READER"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_YEARLESS = rf"(?:{'|'.join(_MONTHS)}) [ 0-9]?[0-9] [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}"
_EXACT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
_LOG = (
    rf"^(?:<[0-9]{{1,3}}>)?({_YEARLESS}|{_EXACT}) ([^ /]+)(?:/[^ ]*)? THOR ?: "
    r"(Alert|Warning|Notice|Info|Error|Debug): (?:MODULE(?:: |=\")([^ \"]+)\"? ?)?"
)
"""Time, host, level, module."""
_REST = pl.col("text").str.replace(_LOG, "")
"""What a record says, without its head."""
_HIT = r"^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}),(.+),(-?[0-9]+)$"
"""Hash, path, score; the path of a member of an archive is `archive.zip|member`."""
_STATISTICS = (
    r"^([^,\" ]+),([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}),([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}),([0-9][^,]*),(.*),"
    r"([0-9]+),([0-9]+),([0-9]+),([0-9]+)$"
)
"""Host, start, end, version, switches, alerts, warnings, notices, errors."""
_FRAME = ("Startup", "Init", "Control", "Report", "Results", "Summary", "License", "Update", "Rescontrol")
"""Modules whose records speak of the scan, not of the machine."""
_FOUND = ("ALERT", "WARNING", "NOTICE")
_COUNTED = {"errors": "ERROR", "warnings": "WARNING", "alerts": "ALERT", "notices": "NOTICE"}
_VERSION = r"^(?i:thor version): *([^ ]+)"
_ENDED = r"(?i)^(?:end of )?(?:thor )?scan (?:finished|completed)"
_STOPPED = r"(?i)interrupted|aborted|terminated by"
_NOTHING = ("", "-", "N/A", "None", "not set", "unknown")
_MARK = 1904
"""The year that clock times without one get until the file's end is known: a leap year in which nothing was scanned."""
_KEYS_OF_A_REASON = "SUBSCORE|REF|SIGTYPE|SIGCLASS|RULEDATE|TAGS|RULENAME|DESCRIPTION|AUTHOR|ID|MATCHED|FALSEPOSITIVES"
_NEXT = rf"(?: (?:(?:{_KEYS_OF_A_REASON})_[0-9]+|REASONS_COUNT)(?:: |=).*)?$"
"""What follows a value within a reason."""
_ANSI = "%a %b %d %H:%M:%S%.f %Y"
_SHOWN = 10
"""So many warnings and errors of the scanner itself are shown of a scan."""


def accepts(head: Head) -> float:
    """The share of lines that begin like THOR's, or the lines of one of its CSV files."""
    log, hit, statistics = re.compile(_LOG), re.compile(_HIT), re.compile(_STATISTICS)
    return max(head.share(log.match), head.share(lambda line: hit.match(line) or statistics.match(line)))


def read(path: Path, options: Options) -> Tables:
    """The findings and the scans of one file.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    calendar, counted = _Calendar(), _Counter()

    def prepare(records: pl.DataFrame) -> pl.DataFrame:
        parts = records.with_columns(parts=pl.col("text").str.extract_groups(_LOG)).with_columns(
            pl.col("parts").struct.field(str(n)).alias(name)
            for n, name in enumerate(("stamp", "host", "level", "module"), 1)
        )
        parts = parts.with_columns(
            pl.col("level").str.to_uppercase(),
            yearless=pl.col("stamp").str.contains("^[A-Z]"),
        ).drop("parts")
        if options.zone is None and parts["yearless"].any():
            example = parts.filter("yearless")["stamp"][0]
            raise AmbiguousTime(
                f"{path}: clock times without a zone ({example})",
                hint="say where the scanned machine's clock stood: --zone Europe/Paris, or --zone UTC if THOR ran "
                "with --utc",
            )
        parts = parts.with_columns(time=_time())
        calendar.add(parts)
        counted.add(parts)
        return parts

    def parsed(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
        is_log, text = pl.col("level").is_not_null(), pl.col("text")
        hit, statistics = ~is_log & text.str.contains(_HIT), ~is_log & text.str.contains(_STATISTICS)
        bad = is_log & pl.col("time").is_null()
        found = records.filter(
            is_log & ~bad & pl.col("level").is_in(_FOUND) & ~pl.col("module").is_in(_FRAME).fill_null(False)
        )
        unread = pl.when(bad).then(pl.lit("a time that does not exist")).otherwise(pl.lit("no line of THOR"))
        return {
            "findings": pl.concat(
                [
                    FINDINGS.fill(part).collect()
                    for part in (_findings(found.with_columns(rest=_REST)), _hits(records.filter(hit)))
                ]
            ),
            "scans": _statistics(records.filter(statistics), options.zone),
            "rejects": records.filter(bad | ~(is_log | hit | statistics)).select("record", reason=unread),
        }

    tables = read_lines(
        path,
        options,
        format="thor-text",
        tables=("findings", "scans"),
        parse=parsed,
        begins=_begins(),
        prepare=prepare,
    )
    calendar.close(datetime.fromtimestamp(path.stat().st_mtime, UTC))
    findings = calendar.settled(tables["findings"], {"time": "record"}, options.zone)
    scans = calendar.settled(
        counted.scans(), {"started_time": "record", "ended_time": "last_record"}, options.zone
    ).drop("last_record")
    if options.zone is not None:
        findings = _file_times(findings, options.zone)
    said = SCANS.fill(scans, source=str(path))
    return tables | {"findings": FINDINGS.fill(findings), "scans": pl.concat([said, tables["scans"]])}


def _begins() -> pl.Expr:
    """Whether a line begins a record: in the CSV files every line does."""
    text = pl.col("text")
    row = text.str.contains(_HIT) | text.str.contains(_STATISTICS)
    return text.str.contains(_LOG) | row | row.shift(1, fill_value=False)


def _time() -> pl.Expr:
    """The instant of a record; clock times stand in the marked year, as if they were UTC."""
    stamp = pl.col("stamp")
    clock = pl.concat_str(pl.lit(f"{_MARK} "), stamp.str.replace(r" +([0-9]) ", " 0${1} "))
    exact = stamp.str.replace("Z$", "+00:00").str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False
    )
    naive = clock.str.to_datetime("%Y %b %d %H:%M:%S", time_unit="us", strict=False)
    return pl.when("yearless").then(naive.dt.replace_time_zone("UTC")).otherwise(exact)


class _Calendar:
    """Years for clock times that carry none: a leap of half a year back is a turn of the year.

    The last line is not later than the file was written; from there the years are counted back.
    """

    def __init__(self) -> None:
        """Nothing was seen."""
        self._last: int | None = None
        self._turns: list[pl.DataFrame] = []
        self._at = pl.Series("at", [], dtype=pl.Int64)
        self._years = pl.Series("years", [0], dtype=pl.Int64)

    def add(self, records: pl.DataFrame) -> None:
        """Looks at the days of a block, in the order of the file."""
        time = pl.col("time")
        days = records.filter("yearless", time.is_not_null()).select(
            "record", place=time.dt.month().cast(pl.Int64) * 31 + time.dt.day()
        )
        if not days.height:
            return
        leap = pl.col("place").shift(1, fill_value=self._last) - pl.col("place")
        turn = pl.when(leap > 186).then(1).when(leap < -186).then(-1).otherwise(0)
        self._turns.append(days.select("record", turn=turn.cast(pl.Int64)).filter(pl.col("turn") != 0))
        self._last = days["place"][-1]

    def close(self, written: datetime) -> None:
        """The file's end is known: so are the years."""
        if self._last is None:
            return
        # A day of grace: the file's clock may stand in a zone that is ahead.
        year = written.year - (self._last > written.month * 31 + written.day + 1)
        turns = pl.concat(self._turns)
        self._at = turns["record"]
        self._years = pl.Series("years", [0, *turns["turn"].cum_sum().to_list()], dtype=pl.Int64)
        self._years = self._years - self._years[-1] + year

    def settled(self, frame: pl.LazyFrame | pl.DataFrame, columns: dict[str, str], zone: str | None) -> pl.LazyFrame:
        """The frame with instants in place of clock times; null in the hour that a clock shows twice or never.

        Arguments:
            frame: with times of `_time`.
            columns: of times, each with the column that has the number of its record.
            zone: of the clock times.
        """
        if zone is None:
            return frame.lazy()
        years = pl.DataFrame({"_from": [0, *self._at.to_list()], "_year": self._years}).lazy().set_sorted("_from")
        lazy = frame.lazy()
        for column, record in columns.items():
            lazy = lazy.sort(record, maintain_order=True).join_asof(years, left_on=record, right_on="_from")
            marked = pl.col(column).dt.year() == _MARK
            text = pl.concat_str("_year", pl.col(column).dt.strftime("-%m-%d %H:%M:%S"))
            earliest, _, quality = times.resolve(
                text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False), zone
            )
            settled = pl.when(quality == "declared_zone").then(earliest)
            lazy = lazy.with_columns(pl.when(marked).then(settled).otherwise(column).alias(column)).drop(
                "_year", "_from", strict=False
            )
        return lazy


def _said(*keys: str) -> pl.Expr:
    """The value of the first of some keys that a record has, up to the next word in capitals that ends in a colon."""
    rest = pl.concat_str(pl.lit(" "), "rest")
    found = []
    for key in keys:
        found.append(rest.str.extract(rf'(?s) {key}="(.*?)"(?: [A-Z][A-Z0-9_]+="|$)'))
        found.append(rest.str.extract(rf"(?s) {key}: (.*?)(?: [A-Z][A-Z0-9_]+:(?: .*)?$|$)"))
    return _known(pl.coalesce(found))


def _known(value: pl.Expr) -> pl.Expr:
    value = value.str.strip_chars(" ")
    return pl.when(~value.is_in(_NOTHING)).then(value)


def _whole(*keys: str) -> pl.Expr:
    return _said(*keys).cast(pl.Int64, strict=False)


def _hash(key: str, length: int) -> pl.Expr:
    return pl.col("rest").str.extract(rf'(?:^| ){key}(?:: |=")([0-9A-Fa-f]{{{length}}})(?:[" ]|$)').str.to_lowercase()


def _findings(records: pl.DataFrame) -> pl.DataFrame:
    """One row per hit and reason."""
    if not records.height:
        return FINDINGS.empty().collect()
    header = r'(?s)^(?:.*? )?FILE(?:: |=")(.*)"? EXT(?:: |=")[^ ]*"? TYPE(?:: |=")([^ "]+)"? SIZE(?:: |=")([0-9]+)'
    rest = pl.col("rest")
    process = _whole("PID").is_not_null()
    hits = records.with_columns(
        scanner=pl.lit("thor"),
        message=rest,
        path=pl.coalesce(_known(rest.str.extract(header, 1)).str.strip_suffix('"'), _said("FILE", "IMAGE", "PATH")),
        score=_whole("SCORE", "TOTAL_SCORE"),
        file_type=pl.when(_said("FILE").is_not_null()).then(
            pl.coalesce(_known(rest.str.extract(header, 2)), _said("TYPE"))
        ),
        size_bytes=pl.coalesce(rest.str.extract(header, 3).cast(pl.Int64, strict=False), _whole("SIZE")),
        first_bytes=_said("FIRSTBYTES", "FIRST_BYTES").str.extract("^([0-9a-fA-F]+)"),
        md5=_hash("MD5", 32),
        sha1=_hash("SHA1", 40),
        sha256=_hash("SHA256", 64),
        created_text=_said("CREATED"),
        modified_text=_said("MODIFIED"),
        accessed_text=_said("ACCESSED"),
        pid=_whole("PID"),
        process=pl.when(process).then(_said("NAME", "PROCESS")),
        command=_said("COMMAND", "CMD"),
        user=_said("USER", "OWNER"),
        src_ip=_said("LIP"),
        src_port=_whole("LPORT"),
        dst_ip=_said("RIP"),
        dst_port=_whole("RPORT"),
    )
    return _reasons(hits, process)


def _reasons(hits: pl.DataFrame, process: pl.Expr) -> pl.DataFrame:
    """A row for each `REASON_n`, n = 1, 2, 3 .. without a hole; one row where there is none."""
    parts = (
        hits.select("record", part=pl.concat_str(pl.lit(" "), "rest").str.split(" REASON_"))
        .explode("part")
        .with_columns(place=pl.int_range(pl.len()).over("record"))
        .filter(pl.col("place") > 0)
        .with_columns(number=pl.col("part").str.extract('^([0-9]{1,4})(?:: |=")').cast(pl.Int64, strict=False))
    )
    # What looks like a reason within a text has no number, or one out of turn: it belongs to the reason before it.
    odd = parts.filter((pl.col("number") != pl.col("place")).fill_null(True))["record"].unique()
    if odd.len():
        strange = pl.col("record").is_in(odd.implode())
        parts = pl.concat([parts.filter(~strange), _in_turn(parts.filter(strange))])
    named = parts.with_columns(
        (_numbered(key).alias(name))
        for name, key in {
            "rule": "RULENAME",
            "subscore": "SUBSCORE",
            "description": "DESCRIPTION",
            "reference": "REF",
            "author": "AUTHOR",
            "matched": "MATCHED",
            "kind": "SIGCLASS",
        }.items()
    ).with_columns(words=_known(pl.col("part").str.extract(rf'(?s)^[0-9]+(?:: |=")(.*?)"?{_NEXT}')))
    named = named.with_columns(
        pl.coalesce("rule", pl.col("words").str.extract("(?i)^YARA rule ([^ ]+)")).alias("rule"),
        pl.coalesce("description", pl.col("words").str.extract("(?is)^YARA rule [^ ]+ / (.*)$"), "words").alias(
            "description"
        ),
        pl.col("subscore").cast(pl.Int64, strict=False),
        reason_number=pl.col("number"),
        text=pl.concat_str(pl.col("kind", "words"), separator=" ", ignore_nulls=True),
    ).select("record", "reason_number", "rule", "subscore", "description", "reference", "author", "matched", "text")
    rows = hits.drop("text").join(named, on="record", how="left", maintain_order="left_right")
    text, alone = pl.col("text").fill_null(""), pl.col("reason_number").is_null()
    return rows.with_columns(
        reason=pl.when(text.str.contains("(?i)yara|sigma"))
        .then(pl.when(text.str.contains("(?i)yara")).then(pl.lit("yara")).otherwise(pl.lit("other")))
        .when(text.str.contains("(?i)hash"))
        .then(pl.lit("hash"))
        .when(text.str.contains("(?i)file ?name"))
        .then(pl.lit("filename"))
        .when(pl.col("dst_ip").is_not_null())
        .then(pl.lit("connection"))
        .when(process)
        .then(pl.lit("process"))
        .otherwise(pl.lit("other")),
        reason_number=pl.col("reason_number").fill_null(1),
        description=pl.when(alone).then(_said("DESC", "DESCRIPTION")).otherwise("description"),
        matched=pl.when(alone).then(_said("PATTERN", "KEYWORD", "SIGNATURE")).otherwise("matched"),
    )


def _numbered(key: str) -> pl.Expr:
    """What a reason says under `KEY_n`, up to the next key with a number."""
    return _known(
        pl.coalesce(
            pl.col("part").str.extract(rf'(?s) {key}_[0-9]+="(.*?)"{_NEXT}'),
            pl.col("part").str.extract(rf"(?s) {key}_[0-9]+: (.*?){_NEXT}"),
        )
    )


def _in_turn(parts: pl.DataFrame) -> pl.DataFrame:
    """The few records with a number out of turn, one after the other."""
    rows: list[dict[str, object]] = []
    for part in parts.sort("record", "place").to_dicts():
        same = bool(rows) and rows[-1]["record"] == part["record"]
        turn = int(str(rows[-1]["number"])) + 1 if same else 1
        if part["number"] == turn:
            rows.append(part)
        elif same:
            rows[-1]["part"] = f"{rows[-1]['part']} REASON_{part['part']}"
    return pl.DataFrame(rows, schema=parts.schema)


def _hits(records: pl.DataFrame) -> pl.DataFrame:
    """The CSV of hits: no time, no host."""
    text = pl.col("text")
    hashed, path = text.str.extract(_HIT, 1).str.to_lowercase(), text.str.extract(_HIT, 2)
    quoted = path.str.contains('(?s)^".*"$')
    return records.select(
        "record",
        scanner=pl.lit("thor"),
        module=pl.lit("Filescan"),
        path=pl.when(quoted)
        .then(path.str.slice(1, path.str.len_chars() - 2).str.replace_all('""', '"'))
        .otherwise(path),
        score=text.str.extract(_HIT, 3).cast(pl.Int64, strict=False),
        md5=pl.when(hashed.str.len_bytes() == 32).then(hashed),
        sha1=pl.when(hashed.str.len_bytes() == 40).then(hashed),
        sha256=pl.when(hashed.str.len_bytes() == 64).then(hashed),
        reason=pl.lit("other"),
        reason_number=pl.lit(1, pl.Int64),
    )


def _statistics(records: pl.DataFrame, zone: str | None) -> pl.DataFrame:
    """The CSV of statistics: clock times stay text without a zone."""
    text = pl.col("text")
    group = {n: text.str.extract(_STATISTICS, n) for n in range(1, 10)}
    found = records.select("record", **{f"_{n}": value for n, value in group.items()})
    instants = {name: pl.lit(None, pl.Datetime("us", "UTC")) for name in ("started_time", "ended_time")}
    if zone is not None:
        for name, clock in (("started_time", "_2"), ("ended_time", "_3")):
            earliest, _, quality = times.resolve(
                pl.col(clock).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False), zone
            )
            instants[name] = pl.when(quality == "declared_zone").then(earliest)
    unread = pl.col("started_time").is_null() | pl.col("ended_time").is_null()
    remarks = pl.concat_str(
        pl.when(pl.col("_5") != "").then(pl.format("run with {}", "_5")),
        pl.when(unread).then(pl.format("clock times of no known zone: {} to {}", "_2", "_3")),
        separator="; ",
        ignore_nulls=True,
    )
    counts = {
        name: pl.col(f"_{n}").cast(pl.Int64, strict=False)
        for name, n in (("alerts", 6), ("warnings", 7), ("notices", 8), ("errors", 9))
    }
    return found.with_columns(**instants).select(
        "record",
        "started_time",
        "ended_time",
        host=pl.col("_1"),
        scanner=pl.lit("thor"),
        version=pl.col("_4"),
        complete=pl.lit(True),
        remarks=pl.when(remarks != "").then(remarks),
        **counts,
    )


class _Counter:
    """Counts the records of each scan: those of one host and scan id; without ids a new version line begins a scan."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._begun = 0
        self._parts: list[pl.DataFrame] = []

    def add(self, records: pl.DataFrame) -> None:
        """Looks at a block, in the order of the file."""
        log = records.filter(pl.col("level").is_not_null())
        if not log.height:
            return
        frame = pl.col("module").is_in(_FRAME).fill_null(True)
        # Few records speak of the scan: only theirs are taken apart.
        says = (
            log.filter(frame)
            .with_columns(rest=_REST)
            .select(
                "record",
                message=_said("MESSAGE").fill_null(pl.col("rest")),
                **{f"{word.lower()}_counted": _whole(word) for word in ("ALERTS", "WARNINGS")},
            )
        )
        scan_id = pl.col("text").str.extract(' SCANID(?:: |=")([^ "]+)')
        log = log.with_columns(id=scan_id).join(says, on="record", how="left", maintain_order="left")
        log = log.with_columns(begins=pl.col("message").str.contains(_VERSION).fill_null(False))
        log = log.with_columns(run=pl.col("begins").cum_sum().cast(pl.Int64) + self._begun)
        self._begun = log["run"][-1]
        trouble = frame & pl.col("level").is_in(["WARNING", "ERROR"])
        ended = pl.col("message").str.contains(_ENDED).fill_null(False)
        counted = [pl.col(f"{word}_counted").filter(ended).last() for word in ("alerts", "warnings")]
        self._parts.append(
            log.with_columns(run=pl.when(pl.col("id").is_null()).then("run"))
            .group_by("host", "id", "run", maintain_order=True)
            .agg(
                pl.col("record").first(),
                *counted,
                last_record=pl.col("record").filter(ended).last(),
                version=pl.col("message").str.extract(_VERSION).drop_nulls().first(),
                started_time=pl.col("time").filter("begins").first(),
                ended_time=pl.col("time").filter(ended).last(),
                begun=pl.col("begins").any(),
                ended=ended.any(),
                stopped=pl.col("message").str.contains(_STOPPED).any(),
                said=pl.col("message").filter(trouble).head(_SHOWN),
                **{name: (pl.col("level") == level).sum().cast(pl.Int64) for name, level in _COUNTED.items()},
            )
        )

    def scans(self) -> pl.DataFrame:
        """SCANS, in part, and `last_record`: the number of the record that ends the scan."""
        if not self._parts:
            return SCANS.empty().collect().with_columns(last_record=pl.lit(None, pl.Int64))
        found = (
            pl.concat(self._parts)
            .group_by("host", "id", "run", maintain_order=True)
            .agg(
                pl.col("record", "version", "started_time").drop_nulls().first(),
                pl.col("last_record", "ended_time", "alerts_counted", "warnings_counted").drop_nulls().last(),
                pl.col("begun", "ended", "stopped").any(),
                pl.col("said").explode(),
                pl.col(*_COUNTED).sum(),
            )
        )
        begun, ended = pl.col("begun"), pl.col("ended")
        remarks = pl.col("said").list.drop_nulls().list.unique(maintain_order=True).list.head(_SHOWN).list.join("; ")
        return found.with_columns(
            pl.col("last_record").fill_null(pl.col("record")),
            scanner=pl.lit("thor"),
            complete=pl.when(begun & ended).then(True).when(begun).then(False),
            why_incomplete=pl.when(begun & ended)
            .then(None)
            .when("stopped")
            .then(pl.lit("interrupted"))
            .when(begun)
            .then(pl.lit("no end record"))
            .otherwise(pl.lit("start and end are not both in the file")),
            remarks=pl.when(remarks != "").then(remarks),
        )


def _file_times(findings: pl.LazyFrame, zone: str) -> pl.LazyFrame:
    """The instants of the file's times, which stand in the machine's clock."""

    def instant(column: str) -> pl.Expr:
        text = pl.col(column)
        earliest, _, quality = times.resolve(
            text.str.replace_all("  ", " 0", literal=True).str.to_datetime(_ANSI, time_unit="us", strict=False), zone
        )
        exact = text.str.replace("Z$", "+00:00").str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False
        )
        return pl.coalesce(exact, pl.when(quality == "declared_zone").then(earliest))

    kinds: Iterable[str] = ("created", "modified", "accessed")
    return findings.with_columns(instant(f"{kind}_text").alias(f"file_{kind}_time") for kind in kinds)


READER = Reader(
    name="thor-text",
    about="THOR: text logs (also --keyval, --rfc3339), the CSV of hits, and --csvstats",
    tables=("findings", "scans"),
    accepts=accepts,
    read=one_by_one(read),
    sign="lines `TIME HOST/IP THOR: Level: MODULE: ..`, or `hash,path,score`, or `host,start,end,version,..`",
)
