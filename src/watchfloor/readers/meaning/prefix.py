"""The prefix that syslog puts in front of a message (RFC 5424, RFC 3164 and what devices make of it), peeled off."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from watchfloor.readers.meaning.stamps import CISCO_TAG, FAMILIES, instants

__all__ = ["FACILITIES", "SEVERITIES", "peel"]

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp"),
    *("audit", "alert", "clock", *(f"local{n}" for n in range(8))),
)
"""By number, RFC 5424 table 1, by the names of syslog.conf."""
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""By number, RFC 5424 table 2, by the names of syslog.conf."""

_BEFORE = r"^((?:[0-9]{1,6} )?<[0-9]{1,3}>(?:1 (?:-(?: |$))?)?)"
"""Length, priority, version, and the dash of a time that is not known."""
_LEVEL = (
    "(?i:emerg|emergency|panic|alert|crit|critical|err|error|warn|warning|notice|info|informational|debug|fatal|trace)"
)
_IPV6 = "[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"
_IP = rf"(?:(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}|{_IPV6})"
_NAME = r'[^\s\[\]=:,|%"<>{}()]+'
_HOST = rf"(?:{_NAME}|{_IPV6})"
_TAG = r'[^\s\[\]:=|%"<>{},;]+'
_PROCESS = r"\[([0-9]*|-)\]"
_MODERN = (
    r"(?s)^ ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) "
    '(?:-|((?:\\[(?:[^\\]"\\\\]|\\\\.|"(?:[^"\\\\]|\\\\.)*")*\\])+))(?: ?\ufeff?(.*))?$'
)
"""Behind the time of RFC 5424: host, program, process, kind of message, structured data, message."""
_KIND = rf"(?:{'|'.join(FACILITIES)}|security)\.(?:{'|'.join((*SEVERITIES, 'error', 'warn', 'panic'))})"
_FRONT = rf"^((?:<?{_KIND}>? )?(?:slot[0-9]+/)?"
"""What stands before a host: rsyslog's and NetScaler's facility and severity, the blade of an F5."""
_LABEL = rf"(?:({_LEVEL}) +)?({_TAG})(?:{_PROCESS}(?:: ?| |$)|:(?:[ \t]|$))"
_TAGGED = rf"{_FRONT}\[?({_HOST})\]? +(?:: *)?(?:(?:{_IP}|{_KIND}) +)?{_LABEL})"
"""Header, host, level, program, process."""
_BARE_TAG = rf"^({_LABEL})"
"""Header, level, program, process, without a host."""
_BARE_HOST = rf"^((?:<{_KIND}> )?(?:slot[0-9]+/)?({_HOST})(?:[ \t]+:[ \t]+|[ \t,]+|$))"
_HOST_OF_TWO = rf"^(([^\s:%<>\[\]]+ [^\s:%<>\[\]]+) +:? *){CISCO_TAG}"
"""A Firepower sensor's name, which may hold a blank."""
_HOST_OF_DEVICE = rf"^(\[?({_HOST})\]? ?: )(?:(?:[0-9:.]{{1,20}}: )?%|(?:CEF|LEEF): ?[0-9])"
"""A host with the colon that others put behind a program."""
_UPTIME = "^[0-9]{1,2}(?::[0-9]{2}){1,2}:?$"
"""How long it has run, which a device without a clock writes instead of the time."""
_ZONES = (
    *("est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "cet", "cest", "utc", "gmt", "bst", "ist", "jst"),
    *("aest", "aedt", "acst", "awst", "nzst", "nzdt"),
)
"""Zones where a host or a program would stand, as a device writes them behind the time: neither of these."""
_NETAPP = rf"^(\[({_NAME}):([A-Za-z0-9_.]+):({_LEVEL})\]: ?)"
"""Header, host, kind of event, level."""
_HOST_AND_PAIRS = rf"^(({_NAME}) )[A-Za-z0-9_.-]+="
_HOST_BEFORE = (
    r"^(?:(?:[0-9]{1,6} )?<[0-9]{1,3}>(?:1 )?:? {0,2})?(?:[0-9]{1,9}: )?([A-Za-z0-9_.-]+)"
    r"(?:: (?:[0-9]{1,9}: )?(?:\*[A-Za-z0-9_]+: )?[*.]?(?:[A-Z]|[0-9]{4})| [A-Z]{2,3}/[0-9]+/[A-Z0-9]+/CPU[0-9]+:)"
)
"""A host that Cisco's devices write before the time."""
_MONTH_DAY = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9]?[0-9]"
_TASK_BEFORE = r"^[^*]{1,100}: \*([A-Za-z0-9_]+): [*.]?[A-Z]"
"""A task that Cisco's wireless controllers write before the time."""
_RELAYED = (
    rf"^(?:{_MONTH_DAY} [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}} [A-Za-z0-9]"
    # A Cisco device that trusts its own clock: a star would say that it does not.
    rf"|(?:[0-9]{{1,9}}: )?(?:[A-Za-z0-9_.-]+: )?{_MONTH_DAY}(?: [0-9]{{4}})? [0-9:]{{8}}"
    rf"[^%<>\[\]\"]{{0,20}}: {CISCO_TAG}"
    rf"|[0-9]{{4}} {_MONTH_DAY} [0-9:]{{8}}[^%<>\[\]\"]{{0,20}}: {CISCO_TAG}"
    # A node of IOS XR; RFC 5424 behind an older prefix.
    rf"|[A-Z]{{2,3}}/[0-9]+/[A-Z0-9]+/CPU[0-9]+:{_MONTH_DAY} [0-9:]{{8}}"
    r"|1 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}"
    # NetScaler.
    r"|[0-9]{2}/[0-9]{2}/[0-9]{4}:[0-9:]{8} )"
)
"""A message that begins with a prefix of its own."""
_SEGMENT = r"^((CISE_[A-Za-z_]+) [0-9]{4,} [0-9]+ [0-9]+ )[0-9]{4}-[0-9]{2}-[0-9]{2} "
"""The first segment of a message of Cisco ISE: program, number, segments, segment, time."""
_WATCHGUARD = (
    r"^((?:[A-Za-z0-9]{8,20} )?)\(([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8})\)"
    r" ([A-Za-z0-9_.-]+(?:\[[0-9]+\])?): ?(?s:(.*))$"
)
"""A serial number or none, the time by UTC, a program: what a Firebox writes behind its name."""
_TIGHT = r"^((ASM):|(CISE_[A-Za-z_]+) )(?:[a-z_]+=|[0-9]{4,} [0-9]+ [0-9]+ )"
"""Programs without the blank, or the colon, that others put behind them: F5's firewall, later segments of Cisco ISE."""
_OLD = [n for n, family in enumerate(FAMILIES) if family.name.startswith(("RFC 3164", "Cisco"))]
_BEHIND = [n for n, family in enumerate(FAMILIES) if family.behind]
_HELPERS = ("before", "modern", "after", "lead", "place_of_row")
_OTHER_FORMATS = ("CEF", "LEEF")
"""No programs, though a colon follows."""
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
    relayed = headed["rest"].str.contains(f"{_RELAYED}|{_SEGMENT}|{_WATCHGUARD}")
    relayed &= headed["host"].is_not_null() & headed["program"].is_null()
    if not relayed.any():
        return _named(headed.with_columns(relay=pl.lit(None, pl.String)))
    outer = headed.filter(relayed).select(
        "text", "host", "priority", segment=pl.col("rest").str.extract_groups(_SEGMENT), inner="rest"
    )
    outer = outer.with_columns(
        inner=pl.coalesce(_behind("inner", "segment"), "inner"), segment=pl.col("segment").struct.field("2")
    )
    firebox = pl.col("inner").str.extract_groups(_WATCHGUARD).struct
    own = pl.format("{}Z {} {}: {}", firebox.field("2"), "host", firebox.field("3"), firebox.field("4"))
    outer = outer.with_columns(firebox=firebox.field("1").is_not_null(), inner=pl.coalesce(own, "inner"))
    # The version of RFC 5424 needs no priority before it here.
    inner = records.filter(relayed).with_columns(text=outer["inner"].str.replace("^1 ", ""))
    again = _headed(instants(inner, source=source, zone=zone, written=written, need_zone=need_zone))
    # A device's own prefix need not name it: the outer one does.
    named = pl.col("host").is_not_null() & outer["segment"].is_null() & ~outer["firebox"]
    again = again.with_columns(
        text=outer["text"],
        host=pl.when(named).then("host").otherwise(outer["host"]),
        relay=pl.when(named).then(outer["host"]),
        program=pl.coalesce(outer["segment"], "program"),
        priority=pl.coalesce("priority", outer["priority"]),
    )
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
    stamp = pl.col("time_text")
    stamped = stamped.with_columns(before=text.str.extract(_BEFORE))
    before = pl.col("before").str.len_bytes()
    place = (
        pl.when(stamp.is_null() | pl.col("family").is_in(_BEHIND))
        .then(before.fill_null(0))
        .otherwise(text.str.find(stamp, literal=True) + stamp.str.len_bytes())
    )
    rows = stamped.with_columns(
        priority=pl.col("before").str.extract("<([0-9]+)>").cast(pl.Int64),
        modern=pl.col("before").str.contains(">1 ", literal=True).fill_null(False),
        after=_cut(text, place),
        lead=pl.when(stamp.is_not_null()).then(text.str.extract(_HOST_BEFORE)),
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
                    # A colon behind the program is a habit from the older form.
                    name: pl.when(group.field(n) != "-").then(group.field(n).str.strip_suffix(":"))
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
        return rows.with_columns(**empty).drop(*_HELPERS)
    whole = pl.concat(parts, how="diagonal").sort("place_of_row")
    return whole.drop(*_HELPERS, "group", strict=False)


def _old(rows: pl.DataFrame) -> pl.DataFrame:
    """Headers as RFC 3164 describes them, more or less."""
    behind = pl.col("family").is_in(_BEHIND).fill_null(False)
    bare = pl.col("time_text").is_null() & pl.col("priority").is_null()
    whole = pl.when(bare).then("text").otherwise("after")
    rows = rows.with_columns(
        rest=whole,
        header=pl.when(behind | bare).then(pl.lit("")).otherwise(pl.col("after").str.strip_chars_start(" \t:,]")),
    )
    rows = rows.with_columns(group=pl.col("header").str.extract_groups(_TAGGED))
    host, program = pl.col("group").struct.field("2"), pl.col("group").struct.field("4")
    tagged = program.is_not_null() & ~program.is_in(_OTHER_FORMATS) & ~host.str.contains(f"^{_LEVEL}$")
    tagged &= (host != "message") & ~program.str.contains(f"^(?:{_IP}|[0-9]+$)")
    # Digits in brackets are a process, as PostgreSQL writes it, and no host.
    tagged &= ~pl.col("header").str.contains(r"^\[[0-9]+\] ")
    first = rows.filter(tagged).with_columns(
        _said("group", 2).alias("host"),
        _said("group", 3).alias("level"),
        _said("group", 4).alias("program"),
        _said("group", 5).alias("pid_text"),
        rest=_behind("header", "group"),
    )
    parts = [first.drop("group")]
    if first.height < rows.height:
        parts.append(_without_program(rows.filter(~tagged.fill_null(False)).drop("group")))
    told = pl.col("lead").str.contains(rf"[A-Za-z]|^{_IP}$")
    task = pl.when(pl.col("lead").is_not_null()).then(pl.col("text").str.extract(_TASK_BEFORE))
    return (
        pl.concat(parts)
        .with_columns(host=pl.coalesce("host", pl.when(told).then("lead")), program=pl.coalesce("program", task))
        .drop("header")
    )


def _without_program(rows: pl.DataFrame) -> pl.DataFrame:
    """Headers of a host alone, and others."""
    header = pl.col("header")
    syslog = pl.col("priority").is_not_null() | pl.col("family").is_in(_OLD).fill_null(False)
    syslog |= header.str.contains("^[^ ]+ +:? ?%[A-Z]+-")
    two = header.str.contains(_HOST_OF_TWO)
    rows = rows.with_columns(
        group=pl.when(two)
        .then(header.str.extract_groups(_HOST_OF_TWO))
        .otherwise(header.str.extract_groups(_BARE_HOST))
    )
    host = pl.col("group").struct.field("2")
    alone = syslog & host.str.contains("[A-Za-z.]|:.*:") & ~host.str.contains(f"^{_LEVEL}$")
    alone &= ~host.str.contains(_UPTIME)
    alone &= ~header.str.contains("^(?:last )?message repeated ")
    first = rows.filter(alone).with_columns(host=host, rest=_behind("header", "group"))
    parts = [first.drop("group")]
    if first.height < rows.height:
        parts.append(_odd(rows.filter(~alone.fill_null(False)).drop("group")))
    return pl.concat(parts)


def _odd(rows: pl.DataFrame) -> pl.DataFrame:
    """Headers that lack the host or the program, or have them in other places."""
    header = pl.col("header")
    rows = rows.with_columns(
        device=header.str.extract_groups(_HOST_OF_DEVICE),
        tag=header.str.extract_groups(_BARE_TAG),
        pairs=header.str.extract_groups(_HOST_AND_PAIRS),
        netapp=header.str.extract_groups(_NETAPP),
    )
    device, program, paired = _said("device", 2), _said("tag", 3), _said("pairs", 2)
    is_device = (
        device.str.contains(rf"^{_IP}$|\.")
        | header.str.contains(f"^[^ ]+ ?: {CISCO_TAG}")
        | header.str.contains("^[^ ]*[A-Za-z][^ ]*: (?:CEF|LEEF|[0-9])")
    )
    is_device &= ~device.str.contains(_UPTIME) & ~device.str.to_lowercase().is_in(_ZONES)
    rows = rows.with_columns(
        kind=pl.when(_said("netapp", 2).is_not_null())
        .then(pl.lit("netapp"))
        .when(device.is_not_null() & is_device)
        .then(pl.lit("device"))
        .when(
            program.is_not_null()
            & ~program.is_in(_OTHER_FORMATS)
            & ~program.str.to_lowercase().is_in(_ZONES)
            & ~program.str.contains("^[0-9]+$")
        )
        .then(pl.lit("tag"))
        .when(paired.is_not_null() & ~paired.str.contains(f"^{_LEVEL}$"))
        .then(pl.lit("pairs"))
    )

    def by_kind(**values: pl.Expr) -> pl.Expr:
        return pl.coalesce(*(pl.when(pl.col("kind") == kind).then(value) for kind, value in values.items()))

    kinds = ("device", "tag", "pairs", "netapp")
    return rows.with_columns(
        host=by_kind(device=device, pairs=paired, netapp=_said("netapp", 2)),
        level=by_kind(tag=_said("tag", 2), netapp=_said("netapp", 4)),
        msgid=by_kind(netapp=_said("netapp", 3)),
        program=by_kind(tag=program),
        pid_text=by_kind(tag=_said("tag", 4)),
        rest=pl.when(header == "")
        .then("rest")
        .otherwise(pl.coalesce(by_kind(**{kind: _behind("header", kind) for kind in kinds}), header)),
    ).drop(*kinds, "kind")


def _said(group: str, n: int) -> pl.Expr:
    """One group of a match, null where it is empty."""
    value = pl.col(group).struct.field(str(n))
    return pl.when(value != "").then(value)


def _behind(text: str, group: str) -> pl.Expr:
    """The text behind a match, whose first group is all of it."""
    return _cut(pl.col(text), pl.col(group).struct.field("1").str.len_bytes()).str.strip_chars_start(" ")


def _cut(text: pl.Expr, place: pl.Expr) -> pl.Expr:
    """The text from a byte on."""
    return text.cast(pl.Binary).bin.slice(place.cast(pl.Int64)).cast(pl.String)


def _named(headed: pl.DataFrame) -> pl.DataFrame:
    """Numbers as the words that stand for them."""
    tight = headed["rest"].str.contains(_TIGHT) & headed["program"].is_null()
    if tight.any():
        headed = headed.with_columns(tight=pl.when(tight).then(pl.col("rest").str.extract_groups(_TIGHT)))
        headed = headed.with_columns(
            program=pl.coalesce("program", _said("tight", 2), _said("tight", 3)),
            rest=pl.when(tight).then(_behind("rest", "tight")).otherwise("rest"),
        ).drop("tight")
    tagged = headed["rest"].str.starts_with("%")
    if tagged.any():
        zoned = tagged & headed["program"].str.to_lowercase().is_in(_ZONES)
        headed = headed.with_columns(
            program=pl.when(~zoned.fill_null(False)).then("program"),
            rest=pl.when(zoned).then(pl.format("{}: {}", "program", "rest")).otherwise("rest"),
        )
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
