"""The canonical tables, where readers, sources and analyses meet: fixed columns, one type and one meaning each.

A column name means one type and one meaning in every table. A missing value is null, never 0, "-" or 1970.
Times are `Datetime("us", "UTC")`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from watchfloor.errors import NothingToRead, SchemaError

__all__ = [
    "ALERTS",
    "CONNECTIONS",
    "DNS_QUERIES",
    "EVENTS",
    "EVIDENCE",
    "FINDINGS",
    "HTTP_REQUESTS",
    "LEDGER",
    "REJECTS",
    "SCANS",
    "TABLES",
    "TIME",
    "TLS_SESSIONS",
    "VOCABULARIES",
    "Column",
    "Table",
    "Tables",
    "needed",
]

Tables = dict[str, pl.LazyFrame]
"""Canonical tables by name; what a reader or a source gives."""

TIME = pl.Datetime("us", "UTC")
_TEXT, _INT, _FLOAT, _BOOL = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean()


VOCABULARIES: dict[str, tuple[str, ...]] = {
    "status": ("open", "closed"),
    "disposition": (
        "true_positive",
        "benign_positive",
        "false_positive",
        "duplicate",
        "test",
        "undetermined",
    ),
}
"""Columns of ALERTS that know only these words."""


@dataclass(frozen=True)
class Column:
    """One column: its type and its meaning, the same in every table that has it."""

    name: str
    dtype: pl.DataType
    meaning: str
    ocsf: str = ""
    """Its counterpart in OCSF, where there is one."""
    ecs: str = ""
    """Its counterpart in the Elastic Common Schema, where there is one."""


@dataclass(frozen=True)
class Table:
    """A canonical table: its name, what one row is, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({column.name: column for column in self.columns})

    def __getitem__(self, column: str) -> Column:
        return self._by_name[column]

    @cached_property
    def schema(self) -> pl.Schema:
        """Names and types of the columns, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> pl.LazyFrame:
        """The table without rows."""
        return pl.LazyFrame(schema=self.schema)

    def fill(self, frame: pl.LazyFrame | pl.DataFrame, **constants: Any) -> pl.LazyFrame:
        """The table from a frame that has some of its columns: the others are null, or the constant given.

        A constant wins over the frame's own column. Columns that the table does not know are left out. Values that do
        not cast to the column's type raise when the table is collected: a reader rejects them before.

        Raises:
            SchemaError: a constant that the table has no column for.
        """
        if unknown := constants.keys() - self._by_name.keys():
            raise SchemaError(
                f"the table {self.name} has no column {', '.join(sorted(unknown))}",
                hint=f"its columns are {', '.join(self._by_name)}",
            )
        lazy = frame.lazy()
        have = lazy.collect_schema()
        return lazy.select(
            pl.lit(constants[c.name], dtype=c.dtype).alias(c.name)
            if c.name in constants
            else (pl.col(c.name) if have[c.name] == c.dtype else pl.col(c.name).cast(c.dtype))
            if c.name in have
            else pl.lit(None, dtype=c.dtype).alias(c.name)
            for c in self.columns
        )

    def conform(self, frame: Any) -> pl.LazyFrame:
        """The frame as this table: exactly its columns, in its order.

        Arguments:
            frame: a Polars frame, or any object that speaks the Arrow PyCapsule interface (pandas, PyArrow, DuckDB).

        Raises:
            SchemaError: columns that are missing or of another type, all of them named.
        """
        lazy = as_lazy(frame)
        have = lazy.collect_schema()
        missing = [c.name for c in self.columns if c.name not in have]
        wrong = [
            f"{c.name} is {have[c.name]}, not {c.dtype}"
            for c in self.columns
            if c.name in have and have[c.name] != c.dtype
        ]
        if missing or wrong:
            parts = ([f"missing: {', '.join(missing)}"] if missing else []) + (
                [f"of another type: {'; '.join(wrong)}"] if wrong else []
            )
            raise SchemaError(f"not a {self.name} table: {'. '.join(parts)}", hint=self._hint(missing, list(have)))
        return lazy.select(self.schema.names())

    def _hint(self, missing: list[str], present: list[str]) -> str:
        strangers = [name for name in present if name not in self._by_name]
        near = {name: difflib.get_close_matches(name, strangers, n=1) for name in missing}
        pairs = [f"{name} = {match[0]}" for name, match in near.items() if match]
        if pairs:
            return f"rename, or pass a column map: {', '.join(pairs)}"
        has = ", ".join(present) or "no columns"
        return f"`{self.name.upper()}.fill(frame)` adds columns as nulls; the frame has {has}"


def as_lazy(frame: Any) -> pl.LazyFrame:
    """Any frame as a lazy Polars frame, without copying where Arrow allows it.

    Raises:
        SchemaError: an object that is no table.
    """
    if isinstance(frame, pl.LazyFrame | pl.DataFrame):
        return frame.lazy()
    if hasattr(frame, "__arrow_c_stream__") or isinstance(frame, Mapping):
        return pl.DataFrame(frame).lazy()
    raise SchemaError(
        f"{type(frame).__name__} is no table",
        hint="pass a path, a Polars, pandas or PyArrow frame, or anything with `__arrow_c_stream__`",
    )


def _c(name: str, dtype: pl.DataType, meaning: str, ocsf: str = "", ecs: str = "") -> Column:
    return Column(name, dtype, meaning, ocsf, ecs)


_SOURCE = _c("source", _TEXT, "File or system that the row came from", "metadata.log_name", "log.file.path")
_RECORD = _c(
    "record", _INT, "1-based: the record's first line, or its number where the format has no lines", "", "log.offset"
)
_TIME = _c("time", TIME, "When it happened", "time", "@timestamp")
_HOST = _c(
    "host",
    _TEXT,
    "Name of the machine that the row is about: scanned, reporting, or asked for",
    "device.hostname",
    "host.name",
)
_LINES = _c("lines", _INT, "Physical lines of the file or record; records where the format has no lines")
_REASON = _c(
    "reason",
    _TEXT,
    "Why the row is here: a finding's kind (yara, filename, hash, levenshtein, script, process, connection, "
    "vulnerability, other), or why a record was rejected",
)
_VERSION = _c(
    "version",
    _TEXT,
    "Version of the scanner or of the protocol, as printed",
    "metadata.product.version",
    "observer.version",
)
_RULE = _c("rule", _TEXT, "The rule that fired", "finding_info.analytic.name", "rule.name")
_UID = _c(
    "uid", _TEXT, "Connection id as the sensor gives it; links the network tables", "connection_info.uid", "event.id"
)
_SRC_IP = _c("src_ip", _TEXT, "Address that opened the connection or sent the request", "src_endpoint.ip", "source.ip")
_SRC_PORT = _c("src_port", _INT, "Its port", "src_endpoint.port", "source.port")
_DST_IP = _c("dst_ip", _TEXT, "Address that was connected to", "dst_endpoint.ip", "destination.ip")
_DST_PORT = _c("dst_port", _INT, "Its port", "dst_endpoint.port", "destination.port")
_ACTION = _c("action", _TEXT, "What was done, or the kind of event", "activity_name", "event.action")
_TITLE = _c("title", _TEXT, "One line that says what it is", "finding_info.title", "message")
_URL = _c("url", _TEXT, "Path and query as requested", "http_request.url.url_string", "url.original")
_PROTO = _c("proto", _TEXT, "tcp, udp, icmp, ..", "connection_info.protocol_name", "network.transport")
_PAIR = (_TIME, _UID, _SRC_IP, _SRC_PORT, _DST_IP, _DST_PORT)
_DURATION = _c("duration_seconds", _FLOAT, "How long it lasted", "duration", "event.duration")
_ORIG_BYTES = _c("orig_bytes", _INT, "Payload bytes that the originator sent", "traffic.bytes_out", "source.bytes")
_RESP_BYTES = _c("resp_bytes", _INT, "Payload bytes that the responder sent", "traffic.bytes_in", "destination.bytes")
_PID = _c("pid", _INT, "Process id", "process.pid", "process.pid")
_USER = _c("user", _TEXT, "User name", "actor.user.name", "user.name")
_SCANNER = _c("scanner", _TEXT, "The tool that scanned", "metadata.product.name", "observer.product")
_FIELDS = _c(
    "fields",
    _TEXT,
    "Whatever else the record says, by the product's names: a JSON object",
    "unmapped",
    "labels",
)
_STILL_OPEN = _c("still_open", _BOOL, "True for a connection that had not ended when the row was written")

ALERTS = Table(
    "alerts",
    "one offense, incident, alert or ticket, in its current state",
    (
        _SOURCE,
        _RECORD,
        _c("alert_id", _TEXT, "Its id in its system, as text", "finding_info.uid", "event.id"),
        _c("case_id", _TEXT, "The incident it was merged into", "finding_info_list.uid"),
        _c("client", _TEXT, "Tenant or customer", "metadata.tenant_uid", "organization.name"),
        _c("system", _TEXT, "The product that raised it", "metadata.product.name", "event.provider"),
        _RULE,
        _TITLE,
        _c("severity", _FLOAT, "0 to 100, from the system's own scale", "risk_score", "event.severity"),
        _c("status", _TEXT, "open or closed", "status_id"),
        _c(
            "disposition",
            _TEXT,
            "true_positive, benign_positive, false_positive, duplicate, test, undetermined; null while nobody decided",
            "verdict_id",
        ),
        _c("closing_reason", _TEXT, "The system's own words for why it was closed", "status_detail"),
        _c("escalated", _BOOL, "True where it was handed on as an incident; null where the system does not say"),
        _c("assignee", _TEXT, "Who works on it", "assignee.name", "user.name"),
        _c("closed_by", _TEXT, "Who closed it"),
        _c("event_count", _INT, "Events that it holds", "count"),
        _c("first_event_time", TIME, "First event in it", "finding_info.first_seen_time", "event.start"),
        _c("last_event_time", TIME, "Last event in it", "finding_info.last_seen_time", "event.end"),
        _c("created_time", TIME, "When the system made it", "finding_info.created_time", "event.created"),
        _c("assigned_time", TIME, "When somebody got it"),
        _c("acknowledged_time", TIME, "First human act on it"),
        _c("triaged_time", TIME, "When its disposition was decided"),
        _c("escalated_time", TIME, "When it was handed on"),
        _c("contained_time", TIME, "When the threat was contained"),
        _c("closed_time", TIME, "When it was closed", "end_time"),
        _c("updated_time", TIME, "When its record last changed", "finding_info.modified_time"),
        _c(
            "time_basis",
            _TEXT,
            "What shows the times above that the system itself does not keep: `acknowledged: note; assigned: snapshot`",
        ),
    ),
)

EVIDENCE = Table(
    "evidence",
    "one fact that an alert was about",
    (
        _SOURCE,
        _RECORD,
        ALERTS["alert_id"],
        _c(
            "field",
            _TEXT,
            "What kind of fact: src_ip, dst_ip, user, host, process, domain, log_source, category, ..",
            "observables.type",
        ),
        _c("value", _TEXT, "The fact, as text", "observables.value"),
    ),
)

FINDINGS = Table(
    "findings",
    "one scanner hit and reason",
    (
        _SOURCE,
        _RECORD,
        _TIME,
        _HOST,
        _SCANNER,
        _c("level", _TEXT, "ALERT, WARNING, NOTICE: the scanner's own word, in capitals", "severity", "log.level"),
        _c("module", _TEXT, "The part of the scanner that found it"),
        _c("path", _TEXT, "The file, or the executable of the process", "file.path", "file.path"),
        _c(
            "score", _INT, "Sum over all reasons of the hit, as the scanner prints it", "risk_score", "event.risk_score"
        ),
        _c("file_type", _TEXT, "By the file's magic bytes, the scanner's word", "file.mime_type", "file.type"),
        _c("size_bytes", _INT, "Size of the file", "file.size", "file.size"),
        _c("first_bytes", _TEXT, "The file's first bytes in hex"),
        _c("md5", _TEXT, "MD5 of the file", "file.hashes.value", "file.hash.md5"),
        _c("sha1", _TEXT, "SHA-1 of the file", "file.hashes.value", "file.hash.sha1"),
        _c("sha256", _TEXT, "SHA-256 of the file", "file.hashes.value", "file.hash.sha256"),
        _c(
            "created_text",
            _TEXT,
            "The file's creation (Linux: inode change) as printed: clock time of the scanned machine",
        ),
        _c("modified_text", _TEXT, "The file's last change as printed: clock time of the scanned machine"),
        _c("accessed_text", _TEXT, "The file's last access as printed: clock time of the scanned machine"),
        _c(
            "file_created_time",
            TIME,
            "created_text as an instant, where the machine's zone was given",
            "file.created_time",
            "file.created",
        ),
        _c(
            "file_modified_time",
            TIME,
            "modified_text as an instant, where the zone was given",
            "file.modified_time",
            "file.mtime",
        ),
        _c(
            "file_accessed_time",
            TIME,
            "accessed_text as an instant, where the zone was given",
            "file.accessed_time",
            "file.accessed",
        ),
        _c("reason_number", _INT, "1 for the hit's first reason"),
        _REASON,
        _RULE,
        _c("subscore", _INT, "What this reason adds to the score, as printed"),
        _c("description", _TEXT, "What the rule says of itself", "finding_info.desc", "rule.description"),
        _c("reference", _TEXT, "Where the rule points to", "finding_info.src_url", "rule.reference"),
        _c("author", _TEXT, "Who wrote the rule", "", "rule.author"),
        _c("matched", _TEXT, "What matched, as printed: strings with their ids, the file-name pattern, the hash"),
        _PID,
        _c("process", _TEXT, "Name of the process", "process.name", "process.name"),
        _USER,
        _c("command", _TEXT, "Command line of the process", "process.cmd_line", "process.command_line"),
        _SRC_IP,
        _SRC_PORT,
        _DST_IP,
        _DST_PORT,
        _c("message", _TEXT, "The text as written, where no column above holds it", "message", "message"),
    ),
)

SCANS = Table(
    "scans",
    "one run of a scanner on one host",
    (
        _SOURCE,
        _RECORD,
        _HOST,
        _SCANNER,
        _VERSION,
        _c("started_time", TIME, "Start of the scan", "start_time", "event.start"),
        _c("ended_time", TIME, "End of the scan", "end_time", "event.end"),
        _c("complete", _BOOL, "True: start and end seen; false: no end; null: the layout cannot tell"),
        _c("why_incomplete", _TEXT, "Why complete is not true"),
        _c("errors", _INT, "Records of level ERROR"),
        _c("warnings", _INT, "Records of level WARNING"),
        _c("alerts", _INT, "Records of level ALERT"),
        _c("notices", _INT, "Records of level NOTICE"),
        _c("alerts_counted", _INT, "Alerts that the scanner itself counted; more than `alerts` means lost records"),
        _c("warnings_counted", _INT, "Warnings that the scanner itself counted"),
        _c("rules", _INT, "Rules that the scanner had loaded; 0 means a blind scan"),
        _c(
            "remarks",
            _TEXT,
            "What limits this scan: missing rights, paths that do not exist, broken rules, lost records",
        ),
    ),
)

CONNECTIONS = Table(
    "connections",
    "one network connection or flow",
    (
        _SOURCE,
        _RECORD,
        *_PAIR,
        _PROTO,
        _c("service", _TEXT, "Application protocol", "app_name", "network.protocol"),
        _DURATION,
        _ORIG_BYTES,
        _RESP_BYTES,
        _c("orig_ip_bytes", _INT, "IP-level bytes that the originator sent, headers included"),
        _c("resp_ip_bytes", _INT, "IP-level bytes that the responder sent, headers included"),
        _c("conn_state", _TEXT, "How it ended, in the sensor's words: Zeek's, or a firewall's"),
        _ACTION,
        _STILL_OPEN,
        _c("sensor", _TEXT, "The sensor that saw it", "device.name", "observer.name"),
        _FIELDS,
    ),
)

HTTP_REQUESTS = Table(
    "http_requests",
    "one HTTP request with its answer",
    (
        _SOURCE,
        _RECORD,
        *_PAIR,
        _c("method", _TEXT, "GET, POST, CONNECT, ..", "http_request.http_method", "http.request.method"),
        _HOST,
        _URL,
        _c("referrer", _TEXT, "Referer header", "http_request.referrer", "http.request.referrer"),
        _c("user_agent", _TEXT, "User-Agent header", "http_request.user_agent", "user_agent.original"),
        _USER,
        _c("status_code", _INT, "Status code of the answer", "http_response.code", "http.response.status_code"),
        _ORIG_BYTES,
        _RESP_BYTES,
        _c(
            "mime_type",
            _TEXT,
            "MIME types of the answer, joined by comma",
            "http_response.content_type",
            "http.response.mime_type",
        ),
        _DURATION,
        _STILL_OPEN,
        _FIELDS,
    ),
)

TLS_SESSIONS = Table(
    "tls_sessions",
    "one TLS handshake",
    (
        _SOURCE,
        _RECORD,
        *_PAIR,
        _c("server_name", _TEXT, "Server name that the client asked for (SNI)", "tls.sni", "tls.client.server_name"),
        _VERSION,
        _c("cipher", _TEXT, "Cipher suite", "tls.cipher", "tls.cipher"),
        _c("ja3", _TEXT, "JA3 of the client", "tls.ja3_hash.value", "tls.client.ja3"),
        _c("ja3s", _TEXT, "JA3S of the server", "tls.ja3s_hash.value", "tls.server.ja3s"),
        _c("ja4", _TEXT, "JA4 of the client", "", "tls.client.ja4"),
        _c("validation", _TEXT, "What the sensor says of the certificate"),
        _c("established", _BOOL, "True where the handshake was completed", "", "tls.established"),
        _STILL_OPEN,
        _FIELDS,
    ),
)

DNS_QUERIES = Table(
    "dns_queries",
    "one DNS query with its answer",
    (
        _SOURCE,
        _RECORD,
        *_PAIR,
        _c("query", _TEXT, "Name that was asked for", "query.hostname", "dns.question.name"),
        _c("query_type", _TEXT, "A, AAAA, TXT, ..", "query.type", "dns.question.type"),
        _c("rcode", _TEXT, "NOERROR, NXDOMAIN, ..", "rcode", "dns.response_code"),
        _c("answers", pl.List(pl.String), "Answers, in order", "answers.rdata", "dns.answers.data"),
        _c("ttls", pl.List(pl.Float64), "Time to live of each answer, seconds", "answers.ttl", "dns.answers.ttl"),
        _FIELDS,
    ),
)

EVENTS = Table(
    "events",
    "anything with a time",
    (
        _SOURCE,
        _RECORD,
        _TIME,
        _c("time_latest", TIME, "The other end, where the time is only known to lie between two instants"),
        _c("time_text", _TEXT, "The time as written"),
        _c("zone", _TEXT, "Zone that the text was read in"),
        _c("zone_rule", _TEXT, "Why that zone: in the text, declared, by the format"),
        _c(
            "time_quality",
            _TEXT,
            "How sure the time is, joined by +: exact, declared_zone, ambiguous, gap_shifted, year_inferred, ..",
        ),
        _HOST,
        _c("program", _TEXT, "Program that wrote it", "metadata.product.name", "process.name"),
        _PID,
        _USER,
        _SRC_IP,
        _SRC_PORT,
        _DST_IP,
        _DST_PORT,
        _PROTO,
        _ACTION,
        _c("event_id", _TEXT, "The product's own number of this kind of event", "metadata.event_code", "event.code"),
        _c("category", _TEXT, "The product's own group of events", "category_name", "event.category"),
        _c("severity_text", _TEXT, "How severe, in the product's own words", "severity", "log.level"),
        _TITLE,
        _URL,
        _c("message", _TEXT, "The text as written, where no column above holds it", "message", "message"),
        _FIELDS,
    ),
)

REJECTS = Table(
    "rejects",
    "one record that was not read",
    (
        _SOURCE,
        _RECORD,
        _LINES,
        _c("byte_offset", _INT, "Where it begins in the file, unpacked: bytes before it; null where that is not known"),
        _REASON,
        _c("text", _TEXT, "Its text, cut at 2,000 characters"),
    ),
)

LEDGER = Table(
    "ledger",
    "one file that was read: lines_read + lines_continued + lines_rejected + lines_skipped = lines",
    (
        _SOURCE,
        _c("format", _TEXT, "The reader that read it"),
        _c("file_bytes", _INT, "Size of the file as stored"),
        _LINES,
        _c("lines_read", _INT, "First lines of records that were read"),
        _c("lines_continued", _INT, "Further lines of records that were read"),
        _c("lines_rejected", _INT, "Lines that are in the rejects"),
        _c("lines_skipped", _INT, "Lines that are no records: headers, comments, empty lines"),
        _c("encoding", _TEXT, "How its text is stored; null where it is no text"),
        _c("seconds", _FLOAT, "How long reading it took; of files that are read together, its share by size"),
        _c("partial", _TEXT, "Why the file was not read to its end; null where it was"),
        _c("notes", _TEXT, "What was taken for granted: an encoding, words that a column map does not know"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ALERTS,
        EVIDENCE,
        FINDINGS,
        SCANS,
        CONNECTIONS,
        HTTP_REQUESTS,
        TLS_SESSIONS,
        DNS_QUERIES,
        EVENTS,
        REJECTS,
        LEDGER,
    )
}


def needed(tables: Tables, name: str) -> pl.LazyFrame:
    """The table that a question is about.

    Raises:
        NothingToRead: it is not there.
    """
    if name not in tables:
        found = ", ".join(other for other in tables if other not in ("rejects", "ledger"))
        raise NothingToRead(
            f"these files hold no {name}" + (f", but {found}" if found else ""),
            hint="name other files, or map columns to them with --columns",
        )
    return tables[name]
