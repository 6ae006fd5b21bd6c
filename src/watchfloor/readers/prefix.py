"""The prefix that syslog puts in front of a message (RFC 5424, RFC 3164 and what devices make of it), peeled off."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from watchfloor.readers.stamps import FAMILIES, instants

__all__ = ["FACILITIES", "SEVERITIES", "peel"]

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp"),
    *("audit", "alert", "clock", *(f"local{n}" for n in range(8))),
)
"""By number, RFC 5424 table 1, by the names of syslog.conf."""
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""By number, RFC 5424 table 2, by the names of syslog.conf."""

_PRI = r"^(?:[0-9]{1,6} )?<([0-9]{1,3})>"
_LEVEL = (
    "(?i:emerg|emergency|panic|alert|crit|critical|err|error|warn|warning|notice|info|informational|debug|fatal|trace)"
)
_IP = r"(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})"
_NAME = r'[^\s\[\]=:,|%"<>{}()]{1,255}'
_HOST = rf"(?:{_IP}|{_NAME})"
_TAG = r'[^\s\[\]:=|%"<>{},;]{1,100}'
_PROCESS = r"\[([0-9]+|-)\]"
_MODERN = (
    r"(?s)^ ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) "
    '(?:-|((?:\\[(?:[^\\]"\\\\]|\\\\.|"(?:[^"\\\\]|\\\\.)*")*\\])+))(?: ?\ufeff?(.*))?$'
)
"""Behind the time of RFC 5424: host, program, process, kind of message, structured data, message."""
_FRONT = r"^((?:[a-z0-9]+\.[a-z]+ )?(?:slot[0-9]+/)?"
"""What stands before a host: rsyslog's facility and severity, the blade of an F5."""
_TAGGED = rf"{_FRONT}\[?({_HOST})\]? +(?:: *)?(?:({_LEVEL}) +)?({_TAG})(?:{_PROCESS}(?:: ?| |$)|:(?:[ \t]|$)))"
"""Header, host, level, program, process."""
_BARE_TAG = rf"^((?:({_LEVEL}) +)?({_TAG})(?:{_PROCESS}(?:: ?| |$)|:(?:[ \t]|$)))"
"""Header, level, program, process, without a host."""
_BARE_HOST = rf"{_FRONT}({_HOST})(?:[ \t]+:[ \t]+|[ \t,]+|$))"
_HOST_OF_DEVICE = rf"^(\[?({_HOST})\]?: )(?:(?:[0-9:.]{{1,20}}: )?%|(?:CEF|LEEF): ?[0-9])"
"""A host with the colon that others put behind a program."""
_HOST_AND_PAIRS = rf"^(({_NAME}) )[A-Za-z0-9_.-]+="
_RELAYED = r"^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9]?[0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [A-Za-z0-9]"
_OLD = [n for n, family in enumerate(FAMILIES) if family.name.startswith(("RFC 3164", "Cisco"))]
_BEHIND = [n for n, family in enumerate(FAMILIES) if family.behind]
_TIMES = ("time", "time_latest", "time_text", "zone", "zone_rule", "time_quality")
_HEADER = ("host", "level", "program", "pid_text", "msgid", "structured", "rest")


def peel(
    records: pl.DataFrame, *, source: str, zone: str | None, written: datetime, need_zone: bool = True
) -> pl.DataFrame:
    """The records with what their prefix says, and `rest`, the text behind it: the whole text where there is none.

    Added are the columns of times (as `instants` gives them), `host`, `program`, `pid`, `priority`, `facility`,
    `severity_text`, `msgid` and `structured` of RFC 5424, and `relay`: the host of the outer of two prefixes. The
    inner one counts for all else.

    Arguments:
        records: `text`, in the order of the file; and `year` and `later`, where they are known (see `instants`).
        source: the file, for errors.
        zone: of clock times.
        written: when the file was last written, for times without a year.
        need_zone: whether a clock time without a zone is an error; a caller that knows a better time says no.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    stamped = instants(records, source=source, zone=zone, written=written, need_zone=need_zone)
    headed = _headed(stamped)
    relayed = headed["rest"].str.contains(_RELAYED) & headed["host"].is_not_null() & headed["program"].is_null()
    if not relayed.any():
        return _named(headed.with_columns(relay=pl.lit(None, pl.String)))
    kept = [name for name in records.columns if name != "text"]
    inner = headed.filter(relayed).select(*kept, "text", outer="rest", relay="host", said="priority")
    again = instants(
        inner.drop("text").rename({"outer": "text"}), source=source, zone=zone, written=written, need_zone=need_zone
    )
    again = _headed(again).with_columns(text=inner["text"], priority=pl.coalesce("priority", "said")).drop("said")
    both = pl.concat(
        [
            headed.with_columns(relay=pl.lit(None, pl.String), at=pl.int_range(pl.len())).filter(~relayed),
            again.with_columns(at=relayed.arg_true().cast(pl.Int64)),
        ],
        how="diagonal",
    )
    return _named(both.sort("at").drop("at"))


def _headed(stamped: pl.DataFrame) -> pl.DataFrame:
    """Records with the parts of their headers."""
    text = pl.col("text")
    priority = text.str.extract(_PRI).cast(pl.Int64)
    before = text.str.extract(r"^((?:[0-9]{1,6} )?<[0-9]{1,3}>(?:1 (?:-(?: |$))?)?)").str.len_bytes()
    stamp = pl.col("time_text")
    place = (
        pl.when(stamp.is_null() | pl.col("family").is_in(_BEHIND))
        .then(before.fill_null(0))
        .otherwise(text.str.find(stamp, literal=True) + stamp.str.len_bytes())
    )
    rows = stamped.with_columns(
        priority=priority,
        modern=text.str.contains(r"^(?:[0-9]{1,6} )?<[0-9]{1,3}>1 "),
        after=_cut(text, place),
        lead=pl.when(stamp.is_not_null()).then(text.str.extract(r"^(?:[0-9]{1,6} )?<[0-9]{1,3}>[^ ]{0,12} ?([^ ]+): ")),
    )
    empty = {name: pl.lit(None, pl.String) for name in _HEADER}
    parts = []
    rows = rows.with_row_index("place_of_row")
    if rows["modern"].any():
        # RFC 5424 without a time has a dash there, which was cut away with its blank.
        after = pl.when(stamp.is_null()).then(" " + pl.col("after")).otherwise("after")
        tried = rows.filter("modern").with_columns(group=after.str.extract_groups(_MODERN))
        group = pl.col("group").struct
        fits = group.field("1").is_not_null()
        parts.append(
            tried.filter(fits).with_columns(
                level=pl.lit(None, pl.String),
                **{
                    name: pl.when(group.field(n) != "-").then(group.field(n))
                    for n, name in (("1", "host"), ("2", "program"), ("3", "pid_text"), ("4", "msgid"))
                },
                structured=group.field("5"),
                rest=group.field("6").fill_null(""),
            )
        )
        rows = pl.concat([rows.filter(~pl.col("modern")), tried.filter(~fits).drop("group")])
    if rows.height:
        parts.append(_old(rows.with_columns(**empty)))
    if not parts:
        return rows.with_columns(**empty).drop("modern", "after", "lead", "place_of_row")
    whole = pl.concat(parts, how="diagonal").sort("place_of_row")
    return whole.drop("modern", "after", "lead", "place_of_row", "group", strict=False)


def _old(rows: pl.DataFrame) -> pl.DataFrame:
    """Headers as RFC 3164 describes them, more or less."""
    behind = pl.col("family").is_in(_BEHIND).fill_null(False)
    bare = pl.col("time_text").is_null() & pl.col("priority").is_null()
    rows = rows.with_columns(
        header=pl.when(behind | bare).then(pl.lit("")).otherwise(pl.col("after").str.strip_chars_start(" \t:,]"))
    )
    header = pl.col("header")
    syslog = pl.col("priority").is_not_null() | pl.col("family").is_in(_OLD).fill_null(False)
    syslog |= header.str.contains("^[^ ]+ +:? ?%[A-Z]+-")
    rows = rows.with_columns(
        tagged=header.str.extract_groups(_TAGGED),
        device=header.str.extract_groups(_HOST_OF_DEVICE),
        tag=header.str.extract_groups(_BARE_TAG),
        only=pl.when(syslog).then(header.str.extract_groups(_BARE_HOST)),
        pairs=header.str.extract_groups(_HOST_AND_PAIRS),
    )

    def part(of: str, n: int) -> pl.Expr:
        return pl.col(of).struct.field(str(n))

    host, program = part("tagged", 2), part("tagged", 4)
    word = host.str.contains(f"^{_LEVEL}$")
    is_tagged = program.is_not_null() & ~program.is_in(["CEF", "LEEF"]) & ~word & (host != "message")
    device = part("device", 2)
    is_device = device.is_not_null() & (
        device.str.contains(f"^{_IP}$")
        | device.str.contains(r"\.")
        | header.str.contains("^[^ ]*[A-Za-z][^ ]*: (?:CEF|LEEF|[0-9])")
    )
    lone = part("tag", 3)
    is_lone = lone.is_not_null() & ~lone.is_in(["CEF", "LEEF"])
    only = part("only", 2)
    is_only = (
        only.is_not_null()
        & only.str.contains("[A-Za-z.]|:.*:")
        & ~only.str.contains(f"^{_LEVEL}$")
        & ~header.str.contains("^(?:last )?message repeated ")
    )
    paired = part("pairs", 2)
    rows = rows.with_columns(
        kind=pl.when(is_device)
        .then(pl.lit("device"))
        .when(is_tagged)
        .then(pl.lit("tagged"))
        .when(is_lone)
        .then(pl.lit("tag"))
        .when(is_only)
        .then(pl.lit("only"))
        .when(paired.is_not_null() & ~paired.str.contains(f"^{_LEVEL}$"))
        .then(pl.lit("pairs"))
        .otherwise(pl.lit("none"))
    )

    def by_kind(**values: pl.Expr) -> pl.Expr:
        chosen = pl.coalesce(*(pl.when(pl.col("kind") == kind).then(value) for kind, value in values.items()))
        return pl.when(chosen.str.len_bytes() > 0).then(chosen)

    cut = by_kind(**{kind: part(kind, 1) for kind in ("device", "tagged", "tag", "only", "pairs")}).str.len_bytes()
    told = pl.col("lead").str.contains("[A-Za-z]")
    process = by_kind(tagged=part("tagged", 5), tag=part("tag", 4))
    return rows.with_columns(
        host=pl.coalesce(
            by_kind(device=device, tagged=host, only=only, pairs=paired), pl.when(told).then(pl.col("lead"))
        ),
        level=by_kind(tagged=part("tagged", 3), tag=part("tag", 2)),
        program=by_kind(tagged=program, tag=lone),
        pid_text=process,
        rest=pl.when(bare)
        .then("text")
        .when(behind)
        .then("after")
        .otherwise(_cut(header, cut.fill_null(0)).str.strip_chars_start(" ")),
    ).drop("tagged", "device", "tag", "only", "pairs", "kind", "header")


def _cut(text: pl.Expr, place: pl.Expr) -> pl.Expr:
    """The text from a byte on."""
    return text.cast(pl.Binary).bin.slice(place.cast(pl.Int64)).cast(pl.String)


def _named(headed: pl.DataFrame) -> pl.DataFrame:
    """Numbers as the words that stand for them."""
    priority = pl.col("priority")
    known = priority.is_between(0, 8 * len(FACILITIES) - 1)
    facility = pl.when(known).then(priority // 8)
    severity = pl.when(known).then(priority % 8)
    return headed.with_columns(
        pid=pl.col("pid_text").cast(pl.Int64, strict=False),
        facility=facility.replace_strict(dict(enumerate(FACILITIES)), default=None, return_dtype=pl.String),
        severity_text=pl.coalesce(
            "level", severity.replace_strict(dict(enumerate(SEVERITIES)), default=None, return_dtype=pl.String)
        ),
    ).drop("level", "family")
