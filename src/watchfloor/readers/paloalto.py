"""Palo Alto logs as CSV, exported with a header or sent by syslog: traffic, threats, and all other types as events."""

from __future__ import annotations

import re
from collections.abc import Set
from pathlib import Path

import polars as pl

from watchfloor import times
from watchfloor.errors import AmbiguousTime
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.meaning.phrases import said
from watchfloor.readers.records.commas import cells
from watchfloor.readers.records.commas import sound as sound_cells
from watchfloor.readers.records.jsontext import json_object, json_text
from watchfloor.readers.records.lines import read_lines

__all__ = ["READER", "SEVERITIES"]

SEVERITIES = {"informational": 10, "low": 30, "medium": 50, "high": 75, "critical": 95}
"""Palo Alto's words on our scale: each in the middle of its band (low to 39, medium to 69, high to 89)."""

_COMMON = (
    *("", "Receive Time", "Serial #", "Type", "Threat/Content Type", "", "Generate Time", "Source address"),
    *("Destination address", "NAT Source IP", "NAT Destination IP", "Rule", "Source User", "Destination User"),
    *("Application", "Virtual System", "Source Zone", "Destination Zone", "Inbound Interface", "Outbound Interface"),
    *("Log Action", "", "Session ID", "Repeat Count", "Source Port", "Destination Port", "NAT Source Port"),
    *("NAT Destination Port", "Flags", "IP Protocol", "Action"),
)
_TRAFFIC = (
    *_COMMON,
    *("Bytes", "Bytes Sent", "Bytes Received", "Packets", "Start Time", "Elapsed Time (sec)", "Category", ""),
    *("Sequence Number", "Action Flags", "Source Country", "Destination Country", "", "pkts_sent", "pkts_received"),
    *("session_end_reason", "", "", "", "", "Virtual System Name", "Device Name"),
)
_THREAT = (
    *_COMMON,
    *("URL/Filename", "Threat/Content Name", "Category", "Severity", "Direction", "Sequence Number", "Action Flags"),
    *("Source Country", "Destination Country", "", "contenttype", "pcap_id", "filedigest", "cloud", "url_idx"),
    *("user_agent", "filetype", "xff", "referer", "sender", "subject", "recipient", "reportid", "", "", "", ""),
    *("Virtual System Name", "Device Name"),
)
_OTHER = ("", "Receive Time", "Serial #", "Type", "Threat/Content Type", "", "Generate Time")
_GROUPS = ("", "", "", "", "Virtual System Name", "Device Name")
"""The last columns of most types: four levels of device groups stand before them."""
_ORDER = {
    "TRAFFIC": _TRAFFIC,
    "THREAT": _THREAT,
    "SYSTEM": (
        *(*_OTHER, "Virtual System", "Event ID", "Object", "", "", "Module", "Severity", "Description"),
        *("Sequence Number", "Action Flags", *_GROUPS),
    ),
    "CONFIG": (
        *(*_OTHER, "Host", "Virtual System", "Command", "Admin", "Client", "Result", "Configuration Path"),
        *("Sequence Number", "Action Flags", *_GROUPS),
    ),
    "GLOBALPROTECT": (
        *(*_OTHER, "Virtual System", "Event ID", "Stage", "Authentication Method", "Tunnel Type", "Source User"),
        *("Source Region", "Machine Name", "Public IP", "Public IPv6", "Private IP", "Private IPv6", "Host ID"),
        *(
            "Client Serial Number",
            "Client Version",
            "Client OS",
            "Client OS Version",
            "Repeat Count",
            "Reason",
            "Error",
        ),
        *("Description", "Status", "Location", "Login Duration", "Connect Method", "Error Code", "Portal"),
        *("Sequence Number", "Action Flags", "", "", "", "", "", "", *_GROUPS),
    ),
    "USERID": (
        *(*_OTHER, "Virtual System", "Source IP", "User", "Data Source Name", "Event ID", "Repeat Count", "Timeout"),
        *("Source Port", "Destination Port", "Data Source", "Data Source Type", "Sequence Number", "Action Flags"),
        *_GROUPS,
    ),
    "HIPMATCH": (
        *(*_OTHER, "Source User", "Virtual System", "Machine Name", "Operating System", "Source address", "HIP"),
        *("Repeat Count", "HIP Type", "", "", "Sequence Number", "Action Flags", *_GROUPS),
    ),
    "AUTHENTICATION": (
        *(*_OTHER, "Virtual System", "Source IP", "User", "Normalize User", "Object", "Authentication Policy"),
        *("Repeat Count", "Authentication ID", "Vendor", "Log Action", "Server Profile", "Description"),
        *("Client Type", "Event Type", "Factor Number", "Sequence Number", "Action Flags", *_GROUPS),
    ),
    "CORRELATION": (
        *(*_OTHER, "Source address", "Source User", "Virtual System", "Category", "Severity"),
        *(*_GROUPS, "", "Object Name", "Object ID", "Evidence"),
    ),
    **dict.fromkeys(("DECRYPTION", "SCTP", "GTP", "TUNNEL", "START", "END"), _COMMON),
}
"""Order of columns in syslog, by type, from the PAN-OS administrator's guide; newer versions append others."""
_NEEDED = {"TRAFFIC": "Elapsed Time (sec)", "THREAT": "Severity"}
"""The last column that a record must have."""
_SAME = {
    "generatedtime": "generatetime",
    "protocol": "ipprotocol",
    "elapsedtime": "elapsedtimesec",
    "threatid": "threatcontentname",
    "rulename": "rule",
    "threatcontenttypesubtype": "threatcontenttype",
    "serialnumber": "serial",
}
"""Other spellings of column names, without what is no letter."""

_STAMP = r"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
_BEGINS = rf'(?:^|[ >:])("?[0-9]*"?,"?{_STAMP}"?,"?[0-9A-Za-z]*"?,"?[A-Z][A-Z0-9_-]*"?,.*)$'
"""A record, behind whatever prefix."""
_HEADER = r'^"?(?:Domain|domain|FUTURE_USE)"?,"?[Rr]eceive [Tt]ime"?,'
_SAYS_NOTHING = ("", "not-applicable")
_IN_COLUMNS = {
    *("Type", "Receive Time", "Generate Time", "Start Time", "Session ID", "Source address", "Source Port"),
    *("Destination address", "Destination Port", "IP Protocol", "Application", "Elapsed Time (sec)", "Bytes Sent"),
    *("Bytes Received", "Action", "Device Name", "Domain"),
}
"""Columns of a session that our table has."""


def accepts(head: Head) -> float:
    """The share of lines that are records or the header."""
    record, header = re.compile(_BEGINS), re.compile(_HEADER)
    return head.share(lambda line: record.search(line) or header.search(line))


def read(path: Path, options: Options) -> Tables:
    """The tables of one file; clock times are those of the firewall, whose zone the user must say."""
    headers: list[tuple[str, ...]] = []

    def prepare(records: pl.DataFrame) -> pl.DataFrame:
        """A header holds for what follows it, to the next."""
        is_header = records["text"].str.contains(_HEADER)
        before = len(headers) - 1
        headings = cells(records.filter(is_header)["text"])
        headers.extend(tuple(map(_name, names)) for names in headings.to_list())
        layout = pl.Series("layout", is_header.cast(pl.Int64).cum_sum() + before)
        return records.with_columns(layout).filter(~is_header)

    def parse(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return _parsed(records, headers, str(path), options.zone)

    return read_lines(path, options, format=READER.name, tables=READER.tables, parse=parse, prepare=prepare)


def _name(header: str) -> str:
    """A column's name without what is no letter: spellings differ by version."""
    plain = re.sub("[^a-z0-9]", "", header.lower())
    return _SAME.get(plain, plain)


def _parsed(
    records: pl.DataFrame, headers: list[tuple[str, ...]], source: str, zone: str | None
) -> dict[str, pl.DataFrame]:
    text = pl.coalesce(pl.col("text").str.extract(f"(?s){_BEGINS}"), "text")
    records = records.with_columns(text=text)
    sound = records["text"].str.contains(_BEGINS) & sound_cells(records["text"])
    found: dict[str, list[pl.DataFrame]] = {name: [] for name in (*READER.tables, "rejects")}
    found["rejects"].append(
        records.filter(~sound).select(
            "record", reason=pl.lit("no record of a Palo Alto log: number, time, serial, type")
        )
    )
    rows = records.filter(sound)
    rows = rows.with_columns(cells=cells(rows["text"]))
    rows = rows.with_columns(kind=pl.col("cells").list.get(3), width=pl.col("cells").list.len())
    for (kind, layout), group in rows.partition_by("kind", "layout", as_dict=True, maintain_order=True).items():
        names = headers[layout] if layout >= 0 else tuple(map(_name, _ORDER.get(kind, _OTHER)))
        known = kind in _NEEDED and {_name(_NEEDED[kind]), "generatetime", "sourceaddress"} <= set(names)
        if layout >= 0:
            needed = len(names)
            fits = group["width"] == needed
        else:
            needed = names.index(_name(_NEEDED[kind])) + 1 if known else len(_OTHER)
            fits = group["width"] >= needed
        wrong = pl.format("{} of {} columns", "width", pl.lit(needed))
        found["rejects"].append(group.filter(~fits).select("record", reason=wrong))
        part = _Part(group.filter(fits), names, source, zone)
        if not part.rows.height:
            continue
        tables = _traffic(part) if known and kind == "TRAFFIC" else _threats(part) if known else _events(part)
        for name, frame in tables.items():
            found[name].append(frame)
    return {name: pl.concat(frames, how="diagonal_relaxed").sort("record") for name, frames in found.items() if frames}


class _Part:
    """Records of one type and layout."""

    def __init__(self, rows: pl.DataFrame, names: tuple[str, ...], source: str, zone: str | None) -> None:
        self.rows, self._names, self._source, self._zone = rows, names, source, zone

    def text(self, column: str) -> pl.Expr:
        """What a column says; null where it says nothing."""
        name = _name(column)
        if name not in self._names:
            return pl.lit(None, pl.String)
        value = pl.col("cells").list.get(self._names.index(name), null_on_oob=True)
        return pl.when(~value.is_in(_SAYS_NOTHING)).then(value)

    def number(self, column: str) -> pl.Expr:
        """A number of a column; null where it is none."""
        return self.text(column).str.to_integer(strict=False)

    def port(self, column: str) -> pl.Expr:
        """A port; those who have none write 0."""
        number = self.number(column)
        return pl.when(number.is_between(1, 65_535)).then(number)

    def instants(self, column: str) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
        """Earliest and latest instant, quality and text of a column's clock times.

        Raises:
            AmbiguousTime: no zone was given.
        """
        written = self.text(column)
        clock = written.str.to_datetime("%Y/%m/%d %H:%M:%S", time_unit="us", strict=False)
        if self._zone is None:
            example = self.rows.select(written.drop_nulls().first()).item()
            raise AmbiguousTime(
                f"{self._source}: clock times without a zone ({example})",
                hint="say where the firewall's clock stood: zone='Europe/Paris', or --zone Europe/Paris",
            )
        return *times.resolve(clock, self._zone), written

    def rest(self, without: Set[str]) -> pl.Expr:
        """The other columns as a JSON object, by the names that the manual gives them, or the file.

        Arguments:
            without: columns that stand elsewhere.
        """
        known = {_name(column): column for column in (*_TRAFFIC, *_THREAT) if column}
        gone = {_name(column) for column in without}
        names = dict.fromkeys(known.get(name, name) for name in self._names if name and name not in gone)
        return json_object({name: json_text(self.text(name)) for name in names})

    def split(self, table: pl.DataFrame, name: str) -> dict[str, pl.DataFrame]:
        """The rows with a time, and the others as rejects."""
        bad = pl.col("time").is_null()
        rejects = table.filter(bad).select("record", reason=pl.lit("a time that does not exist"))
        return {name: table.filter(~bad), "rejects": rejects}

    @property
    def zone(self) -> str | None:
        """Zone of the firewall's clock."""
        return self._zone


def _address(text: pl.Expr) -> pl.Expr:
    """The text where it is an address: a client may be `Web` or `CLI`."""
    return pl.when(text.str.contains(r"^[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+$")).then(text)


def _routable(text: pl.Expr) -> pl.Expr:
    """The address, where one was known."""
    return pl.when(text.str.contains("[1-9A-Fa-f]")).then(text)


def _traffic(part: _Part) -> dict[str, pl.DataFrame]:
    """A log at the start of a session, at its end, or of one that was dropped."""
    start, *_ = part.instants("Start Time")
    generated, *_ = part.instants("Generate Time")
    table = part.rows.select(
        "record",
        time=pl.coalesce(start, generated),
        uid=part.text("Session ID"),
        src_ip=part.text("Source address"),
        src_port=part.number("Source Port"),
        dst_ip=part.text("Destination address"),
        dst_port=part.number("Destination Port"),
        proto=part.text("IP Protocol").str.to_lowercase(),
        service=part.text("Application"),
        duration_seconds=part.number("Elapsed Time (sec)").cast(pl.Float64),
        orig_bytes=part.number("Bytes Sent"),
        resp_bytes=part.number("Bytes Received"),
        action=part.text("Action"),
        still_open=part.text("Threat/Content Type") == "start",
        sensor=pl.coalesce(part.text("Device Name"), part.text("Serial #")),
        fields=part.rest(_IN_COLUMNS),
    )
    return part.split(table, "connections")


def _threats(part: _Part) -> dict[str, pl.DataFrame]:
    """An alert each, and what it was about."""
    generated, *_ = part.instants("Generate Time")
    received, *_ = part.instants("Receive Time")
    name = part.text("Threat/Content Name")
    number = part.text("Sequence Number")
    rows = part.rows.select(
        "record",
        # Sequence numbers are counted by each firewall; old versions write 0.
        alert_id=pl.when(number.is_not_null() & (number != "0") & part.text("Serial #").is_not_null())
        .then(pl.concat_str(part.text("Serial #"), number, separator="-"))
        .otherwise(pl.concat_str(pl.lit("record-"), pl.col("record").cast(pl.String))),
        system=pl.lit("PAN-OS"),
        rule=name,
        title=pl.when(name.str.contains(r"[^( ]")).then(name.str.extract(r"(?s)^(.*?[^ ]) *\([0-9]+\)$")),
        severity=part.text("Severity").str.to_lowercase().replace_strict(SEVERITIES, default=None),
        event_count=part.number("Repeat Count"),
        time=generated,
        first_event_time=generated,
        last_event_time=generated,
        created_time=pl.coalesce(received, generated),
        src_ip=part.text("Source address"),
        src_port=part.text("Source Port"),
        dst_ip=part.text("Destination address"),
        dst_port=part.text("Destination Port"),
        proto=part.text("IP Protocol"),
        user=part.text("Source User"),
        dst_user=part.text("Destination User"),
        url=part.text("URL/Filename"),
        category=part.text("Threat/Content Type"),
        action=part.text("Action"),
        log_source=pl.coalesce(part.text("Device Name"), part.text("Serial #")),
    )
    split = part.split(rows, "alerts")
    facts = ["src_ip", "src_port", "dst_ip", "dst_port", "proto", "user", "dst_user", "url", "category", "action"]
    facts.append("log_source")
    good = split["alerts"]
    evidence = (
        good.unpivot(facts, index=["record", "alert_id"], variable_name="field")
        .drop_nulls("value")
        .with_columns(pl.col("field").replace({"dst_user": "user"}))
    )
    return {
        "alerts": good.drop(*facts, "time"),
        "evidence": evidence.sort("record", maintain_order=True),
        "rejects": split["rejects"],
    }


def _kind(part: _Part) -> pl.Expr:
    """The subtype, where the type has some: others write 0."""
    kind = part.text("Threat/Content Type")
    return pl.when(kind != "0").then(kind)


def _events(part: _Part) -> dict[str, pl.DataFrame]:
    """Types that have no table of their own: the message is the description, or the whole record."""
    earliest, latest, quality, written = part.instants("Generate Time")
    received, received_latest, received_quality, received_text = part.instants("Receive Time")
    own = earliest.is_not_null()

    def either(first: pl.Expr, second: pl.Expr) -> pl.Expr:
        return pl.when(own).then(first).otherwise(second)

    described = part.text("Description")
    table = part.rows.select(
        "record",
        time=either(earliest, received),
        time_latest=either(
            pl.when(latest != earliest).then(latest), pl.when(received_latest != received).then(received_latest)
        ),
        time_text=either(written, received_text),
        zone=pl.lit(part.zone),
        zone_rule=pl.lit("declared"),
        time_quality=either(quality, received_quality),
        host=pl.coalesce(part.text("Device Name"), part.text("Serial #")),
        user=pl.coalesce(part.text("Source User"), part.text("User"), part.text("Admin")),
        src_ip=pl.coalesce(
            *(_routable(part.text(name)) for name in ("Source address", "Source IP", "Public IP", "Public IPv6")),
            _address(part.text("Client")),
        ),
        src_port=part.port("Source Port"),
        dst_ip=part.text("Destination address"),
        dst_port=part.port("Destination Port"),
        proto=part.text("IP Protocol").str.to_lowercase(),
        action=pl.coalesce(part.text("Action"), part.text("Command"), _kind(part), part.text("Event ID")),
        event_id=part.text("Event ID"),
        category=part.text("Type"),
        severity_text=part.text("Severity"),
        message=pl.coalesce(described, "text"),
        fields=pl.when(described.is_not_null()).then(pl.struct(record="text").struct.json_encode().cast(pl.String)),
    )
    # Who logged in from where, messages of the system say in words.
    told = said(table["message"].zip_with(table["fields"].is_not_null(), pl.Series([None], dtype=pl.String)))
    table = table.with_columns(user=pl.coalesce("user", told["user"]), src_ip=pl.coalesce("src_ip", told["src_ip"]))
    return part.split(table, "events")


READER = Reader(
    name="paloalto",
    about="Palo Alto logs as CSV, exported or behind syslog: traffic, threats, other types as events, also gzip",
    tables=("alerts", "evidence", "connections", "events"),
    accepts=accepts,
    read=one_by_one(read),
    sign="a header Domain,Receive Time,Serial #,Type or records 1,2026/03/14 15:09:26,SERIAL,TRAFFIC,",
)
