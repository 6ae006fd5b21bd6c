"""Suricata's EVE JSON: alerts, flows, DNS, HTTP and TLS to their tables, every other record to events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from polars.exceptions import PolarsError

from watchfloor.instants import instant_of
from watchfloor.jsonvalues import Rest, integer, text_of
from watchfloor.readers._reader import Head, Options, Reader, Tables
from watchfloor.readers.records.documents import has_lines
from watchfloor.readers.records.jsonrecords import Exact, are_lines, read_json, read_json_together, share_of
from watchfloor.readers.records.lines import Parse
from watchfloor.readers.records.together import Small, by_size
from watchfloor.schemas import TIME

__all__ = ["READER"]

_TEXT: pl.DataType = pl.String()
_INT: pl.DataType = pl.Int64()
_FLOAT: pl.DataType = pl.Float64()
_TEXTS = pl.List(pl.String)
_GROUPS = ("A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT")
_SCHEMA: dict[str, pl.DataType] = {
    "timestamp": _TEXT,
    "flow_id": _TEXT,  # 64 bits without sign: no column of integers holds it
    "event_type": _TEXT,
    "host": _TEXT,
    "tenant_id": _TEXT,
    "src_ip": _TEXT,
    "src_port": _INT,
    "dest_ip": _TEXT,
    "dest_port": _INT,
    "proto": _TEXT,
    "app_proto": _TEXT,
    "tx_id": _TEXT,
    "alert": pl.Struct(
        {"action": _TEXT, "gid": _TEXT, "signature_id": _TEXT, "signature": _TEXT, "category": _TEXT, "severity": _INT}
    ),
    "flow": pl.Struct({"bytes_toserver": _INT, "bytes_toclient": _INT, "start": _TEXT, "end": _TEXT, "state": _TEXT}),
    "dns": pl.Struct(
        {
            "type": _TEXT,
            "rrname": _TEXT,
            "rrtype": _TEXT,
            "rcode": _TEXT,
            "rdata": _TEXT,
            "ttl": _FLOAT,
            "answers": pl.List(pl.Struct({"rdata": _TEXT, "ttl": _FLOAT})),
            "grouped": pl.Struct(dict.fromkeys(_GROUPS, _TEXTS)),
            "queries": pl.List(pl.Struct({"rrname": _TEXT, "rrtype": _TEXT})),
        }
    ),
    "http": pl.Struct(
        {
            "hostname": _TEXT,
            "url": _TEXT,
            "http_user_agent": _TEXT,
            "http_content_type": _TEXT,
            "http_refer": _TEXT,
            "http_method": _TEXT,
            "status": _INT,
            "length": _INT,
        }
    ),
    "tls": pl.Struct(
        {
            "sni": _TEXT,
            "version": _TEXT,
            "cipher_suite": _TEXT,
            "ja3": pl.Struct({"hash": _TEXT}),
            "ja3s": pl.Struct({"hash": _TEXT}),
            "ja4": _TEXT,
        }
    ),
}
"""The fields that columns are made of."""
_NAMES = ({"event_type"}, {"timestamp"})
_FEW = 64
"""A block of so few lines is read line by line where one of them is odd."""
_SEVERITIES = {1: 90.0, 2: 60.0, 3: 30.0}
"""Suricata's priorities, 1 the gravest, as points; a higher number, which some rule sets use, is 10."""
_NO_SERVICE = ["failed", "unknown", ""]
"""Suricata's words for an application protocol that it did not recognise."""

_Taken = Mapping[str, "_Taken | None"]
_BOTH: _Taken = dict.fromkeys(("flow_id", "event_type", "src_ip", "src_port", "dest_ip", "dest_port"))
_TAKEN: dict[str, _Taken] = {
    "flow": {
        **_BOTH,
        **dict.fromkeys(("proto", "app_proto", "host")),
        "flow": dict.fromkeys(("bytes_toserver", "bytes_toclient", "start", "end", "state")),
    },
    "dns": {
        **_BOTH,
        "timestamp": None,
        "dns": dict.fromkeys(("rrname", "rrtype", "rcode", "rdata", "ttl")),
    },
    "http": {
        **_BOTH,
        "timestamp": None,
        "http": dict.fromkeys(
            ("hostname", "url", "http_user_agent", "http_content_type", "http_refer", "http_method", "status", "length")
        ),
    },
    "tls": {
        **_BOTH,
        "timestamp": None,
        "tls": {
            **dict.fromkeys(("sni", "version", "cipher_suite", "ja4")),
            "ja3": {"hash": None},
            "ja3s": {"hash": None},
        },
    },
}
"""By kind of record, what columns hold of it: members, and members of objects within. The time of a flow is its start,
not that of the record."""


def accepts(head: Head) -> float:
    """The share of objects with a time, a kind, and what only Suricata writes beside them."""
    return share_of(head, _is_eve)


def _is_eve(found: Mapping[str, Any]) -> bool:
    kind = found.get("event_type")
    beside = "flow_id" in found or "src_ip" in found or isinstance(found.get(str(kind)), dict)
    return isinstance(kind, str) and isinstance(found.get("timestamp"), str) and beside


def read(path: Path, options: Options) -> Tables:
    """The tables of one file."""
    return read_json(path, options, format=READER.name, tables=READER.tables, make=_event, fast=_fast, names=_NAMES)


def _read_small(group: Sequence[Small], options: Options) -> Tables:
    """The tables of some files, as `read` gives them."""
    return read_json_together(group, options, format=READER.name, tables=READER.tables, make=_event, fast=_fast)


def _event(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A record that has no table of its own."""
    rest = Rest(found)
    written = rest.take("timestamp")
    instant = instant_of(written)
    if instant is None or isinstance(written, int | float):
        raise ValueError(f"timestamp is no time: {text_of(written)!r}"[:200])
    kind = rest.word("event_type")
    if kind is None:
        raise ValueError("no event_type")
    if kind in _MAKERS:
        if instant.exact is None:
            raise ValueError(f"timestamp without an offset: {instant.text!r}"[:200])
        return  # it stands beside an event on its line, and has its row
    yield (
        "events",
        instant.row()
        | {
            "host": rest.word("host", "host.name"),
            "program": "suricata",
            "src_ip": rest.word("src_ip"),
            "src_port": rest.integer("src_port"),
            "dst_ip": rest.word("dest_ip"),
            "dst_port": rest.integer("dest_port"),
            "proto": (rest.word("proto") or "").lower() or None,
            "action": kind,
            "fields": rest.fields(),
        },
    )


# -- records with a table of their own ---------------------------------------------------------------------------------


def _fast(exact: Parse) -> Parse:
    """Parses blocks at once; odd lines, and records without a table, one by one."""
    assert isinstance(exact, Exact)
    text = pl.col("text")
    # A key that stands twice, and halves of surrogate pairs, are read differently by different decoders.
    odd = (
        (text.str.count_matches('"event_type"', literal=True) != 1)
        | (text.str.count_matches('"timestamp"', literal=True) != 1)
        | text.str.contains(r"\\u[dD][89A-Fa-f]")
    )

    def parse(records: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        strange = records.select(odd=odd)["odd"] if records.height else pl.Series("odd", [], dtype=pl.Boolean)
        typed, rejects = _typed(records.filter(strange), exact)
        frames = [typed, *_decoded(records.filter(~strange), exact, rejects)]
        frame = _timed(pl.concat(frames).sort("record"))
        ours = pl.col("event_type").is_in(list(_MAKERS)) & pl.col("time").is_not_null()
        known = frame.filter(ours)
        others = exact(records.join(frame.filter(~ours).select("record").unique(), on="record", how="semi"))
        found: dict[str, pl.DataFrame] = {}
        for (kind,), rows in known.partition_by("event_type", as_dict=True).items():
            found |= _MAKERS[str(kind)](rows)
        rejected = pl.concat([others["rejects"], pl.DataFrame(rejects, schema=others["rejects"].schema, orient="row")])
        return found | ({"events": others["events"]} if "events" in others else {}) | {"rejects": rejected}

    return parse


def _decoded(records: pl.DataFrame, exact: Exact, rejects: list[tuple[int, str]]) -> Iterator[pl.DataFrame]:
    """The fields of records, at once where all are sound, else in pieces."""
    if not records.height:
        return
    try:
        frame = records.select("record", pl.col("text").str.json_decode(pl.Struct(_SCHEMA)).alias("found"))
        frame = frame.unnest("found")
        yield frame.with_columns(fields=_left(records["text"], frame["event_type"], exact))
    except PolarsError:
        if records.height <= _FEW:
            typed, more = _typed(records, exact)
            rejects += more
            yield typed
            return
        piece = -(-records.height // 8)
        for start in range(0, records.height, piece):
            yield from _decoded(records.slice(start, piece), exact, rejects)


def _typed(records: pl.DataFrame, exact: Exact) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """The fields of records one by one, and those that are none, with the reason."""
    rows, rejects = [], []
    for record, text in records.select("record", "text").iter_rows():
        try:
            found = [_whole(one) for one in exact.decode(text)]
        except RecursionError:
            rejects.append((record, "JSON that is nested too deeply"))
        except ValueError as error:
            rejects.append((record, f"{error}"))
        else:
            rows += [one | {"record": record} for one in found]
    return pl.DataFrame(rows, schema={"record": _INT} | _SCHEMA | {"fields": _TEXT}), rejects


def _whole(found: dict[str, Any]) -> dict[str, Any]:
    """The fields that columns are made of; a collector's own object under `host` names the sensor's machine."""
    host = found.get("host")
    fitted = _fitted(found | {"host": host.get("name")} if isinstance(host, dict) else found, _SCHEMA)
    return fitted | {"fields": _left_of(found)}


def _left(texts: pl.Series, kinds: pl.Series, exact: Exact) -> pl.Series:
    """What no column holds of records, as JSON objects; null for kinds that have no such column."""
    left = [
        None if (taken := _TAKEN.get(kind)) is None else _quickly_left(text.encode(), taken)
        for text, kind in zip(texts, kinds, strict=True)
    ]
    series = pl.Series(left, dtype=_TEXT)
    # What the quick way does not promise to keep as it is: members in other layouts, or twice, and long numbers.
    odd = (series == "") | series.str.contains(_LONG_NUMBER)
    for place in odd.fill_null(False).arg_true():
        left[place] = _left_of(exact.decode(texts[place])[0])
    return pl.Series(left, dtype=_TEXT)


def _quickly_left(text: bytes, taken: _Taken) -> str | None:
    """What is left of an object, whose other values are copied as they are written; empty where that is not certain."""
    try:
        left = _without(text, taken)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return ""
    return _ENCODE(left).decode() if left else None


def _without(text: bytes | msgspec.Raw, taken: _Taken) -> dict[str, msgspec.Raw | dict[str, Any]]:
    """The members of an object that columns do not hold.

    Raises:
        ValueError: a member may stand twice, or the object is written with blanks.
    """
    members: dict[str, Any] = _MEMBERS(text)
    if len(_ENCODE(members)) != len(memoryview(text)):
        raise ValueError
    for name, inner in taken.items():
        if inner is None:
            members.pop(name, None)
        elif (value := members.get(name)) is not None:
            if left := _without(value, inner):
                members[name] = left
            else:
                del members[name]
    return members


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_ENCODE = msgspec.json.Encoder().encode
_LONG_NUMBER = r"[:\[,] ?-?[0-9.]{16,}"


def _left_of(found: Mapping[str, Any]) -> str | None:
    """The same of an object that is decoded."""
    taken = _TAKEN.get(str(found.get("event_type")))
    return None if taken is None else Rest(_pruned(found, taken)).fields()


def _pruned(found: Mapping[str, Any], taken: _Taken) -> dict[str, Any]:
    left: dict[str, Any] = {}
    for name, value in found.items():
        if name not in taken:
            left[name] = value
        elif (inner := taken[name]) is not None:
            rest = _pruned(value, inner) if isinstance(value, dict) else value
            if rest or not isinstance(value, dict):
                left[name] = rest
    return left


def _fitted(found: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as(found.get(name), dtype, name) for name, dtype in schema.items()}


def _as(value: Any, dtype: Any, name: str) -> Any:
    """A value of that type.

    Raises:
        ValueError: it is none.
    """
    if value is None:
        return None
    if isinstance(dtype, pl.Struct):
        return _fitted(value, dict(dtype)) if isinstance(value, dict) else None
    if isinstance(dtype, pl.List):
        return [_as(one, dtype.inner, name) for one in (value if isinstance(value, list) else [value])]
    if dtype == pl.String:
        return text_of(value)
    number = float(value) if dtype == pl.Float64 and isinstance(value, int | float) else integer(value)
    if number is None and text_of(value) is not None:
        raise ValueError(f"{name} is no number: {text_of(value)!r}"[:200])
    return number


def _instant(column: str) -> pl.Expr:
    """Instants from ISO 8601 with an offset, with or without its colon."""
    text = pl.col(column).str.replace("Z$", "+0000")
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)


def _timed(frame: pl.DataFrame) -> pl.DataFrame:
    """Records with their time; one that is not written as Suricata does is read by itself."""
    frame = frame.with_columns(time=_instant("timestamp"))
    strange = frame.filter(pl.col("time").is_null() & pl.col("timestamp").is_not_null())["timestamp"].unique().to_list()
    read = {text: instant.exact for text in strange if (instant := instant_of(text)) and instant.exact}
    if not read:
        return frame
    more = pl.col("timestamp").replace_strict(list(read), list(read.values()), default=None, return_dtype=TIME)
    return frame.with_columns(time=pl.coalesce("time", more))


def _said(value: pl.Expr) -> pl.Expr:
    return pl.when(value != "").then(value)


_PAIR = {
    "record": pl.col("record"),
    "time": pl.col("time"),
    "uid": pl.col("flow_id"),
    "src_ip": pl.col("src_ip"),
    "src_port": pl.col("src_port"),
    "dst_ip": pl.col("dest_ip"),
    "dst_port": pl.col("dest_port"),
    "fields": pl.col("fields"),
}


def _alerts(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    alert = pl.col("alert").struct
    number = pl.concat_str(alert.field("gid"), alert.field("signature_id"), separator=":", ignore_nulls=True)
    # A flow may raise an alert more than once, and its number comes again some day, and on another sensor.
    parts = [pl.col("host"), pl.col("flow_id"), number, pl.col("tx_id"), pl.col("timestamp")]
    severity = alert.field("severity")
    rows = rows.with_columns(alert_id=pl.concat_str(parts, separator="/", ignore_nulls=True))
    rule = pl.coalesce(_said(alert.field("signature")), _said(number))
    alerts = rows.select(
        "record",
        "alert_id",
        client="tenant_id",
        system=pl.lit("suricata"),
        rule=rule,
        title=rule,
        severity=pl.when(severity >= 1).then(severity.replace_strict(_SEVERITIES, default=10.0, return_dtype=_FLOAT)),
        event_count=1,
        first_event_time="time",
        last_event_time="time",
        created_time="time",
    )
    http, dns = pl.col("http").struct, pl.col("dns").struct
    name = pl.coalesce(
        http.field("hostname"),
        pl.col("tls").struct.field("sni"),
        dns.field("rrname"),
        dns.field("queries").list.first().struct.field("rrname"),
    )
    facts = {
        "src_ip": pl.col("src_ip"),
        "src_port": pl.col("src_port").cast(pl.String),
        "dst_ip": pl.col("dest_ip"),
        "dst_port": pl.col("dest_port").cast(pl.String),
        "proto": pl.col("proto").str.to_lowercase(),
        "service": _service(),
        "category": alert.field("category"),
        "signature_id": alert.field("signature_id"),
        "action": alert.field("action"),
        "domain": name,
        "url": http.field("url"),
        "log_source": pl.col("host"),
    }
    evidence = (
        rows.select("record", "alert_id", **facts)
        .unpivot(index=["record", "alert_id"], variable_name="field")
        .filter(pl.col("value") != "")
        .sort("record", maintain_order=True)
    )
    return {"alerts": alerts, "evidence": evidence}


def _service() -> pl.Expr:
    service = pl.col("app_proto")
    return pl.when(~service.is_in(_NO_SERVICE)).then(service)


def _connections(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Suricata counts whole packets, so its bytes are those with headers."""
    flow = pl.col("flow").struct
    rows = rows.with_columns(start=flow.field("start"), end=flow.field("end")).with_columns(
        start=_instant("start"), end=_instant("end")
    )
    lasted = (pl.col("end") - pl.col("start")).dt.total_microseconds() / 1_000_000
    return {
        "connections": rows.select(
            **_PAIR | {"time": pl.coalesce("start", "time")},
            proto=pl.col("proto").str.to_lowercase(),
            service=_service(),
            duration_seconds=lasted,
            orig_ip_bytes=flow.field("bytes_toserver"),
            resp_ip_bytes=flow.field("bytes_toclient"),
            conn_state=flow.field("state"),
            still_open=pl.lit(False),
            sensor="host",
        )
    }


def _dns_queries(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Questions and answers are records of their own; version 1 writes a record for each answer, 3 a list of names."""
    dns = pl.col("dns").struct
    asked = pl.struct(rrname=dns.field("rrname"), rrtype=dns.field("rrtype"))
    several = dns.field("queries").list.len() > 0
    rows = rows.with_columns(asked=pl.when(several).then(dns.field("queries")).otherwise(pl.concat_list(asked)))
    rows = rows.explode("asked")
    # An answer of version 1 is a packet of the server.
    back = (
        dns.field("type").is_in(["answer", "response"]) & (pl.col("src_port") == 53) & (pl.col("dest_port") != 53)
    ).fill_null(False)

    def turned(there: str, here: str) -> pl.Expr:
        return pl.when(back).then(there).otherwise(here)

    answers = dns.field("answers")
    grouped = [dns.field("grouped").struct.field(name).fill_null([]) for name in _GROUPS]
    in_groups = pl.concat_list(grouped)
    listed = answers.list.eval(pl.element().struct.field("rdata"))
    alone = pl.when(dns.field("rdata").is_not_null()).then(pl.concat_list(dns.field("rdata")))
    ttl_alone = pl.when(dns.field("ttl").is_not_null()).then(pl.concat_list(dns.field("ttl")))
    return {
        "dns_queries": rows.select(
            **_PAIR
            | {
                "src_ip": turned("dest_ip", "src_ip"),
                "src_port": turned("dest_port", "src_port"),
                "dst_ip": turned("src_ip", "dest_ip"),
                "dst_port": turned("src_port", "dest_port"),
            },
            query=_said(pl.col("asked").struct.field("rrname")),
            query_type=_said(pl.col("asked").struct.field("rrtype")),
            rcode=_said(dns.field("rcode")),
            answers=pl.coalesce(
                pl.when(listed.list.len() > 0).then(listed),
                alone,
                pl.when(in_groups.list.len() > 0).then(in_groups),
            ),
            ttls=pl.coalesce(
                pl.when(answers.list.len() > 0).then(answers.list.eval(pl.element().struct.field("ttl"))), ttl_alone
            ),
        )
    }


def _http_requests(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    http = pl.col("http").struct
    return {
        "http_requests": rows.select(
            **_PAIR,
            method=_said(http.field("http_method")),
            host=_said(http.field("hostname")),
            url=_said(http.field("url")),
            referrer=_said(http.field("http_refer")),
            user_agent=_said(http.field("http_user_agent")),
            status_code=http.field("status"),
            resp_bytes=http.field("length"),
            mime_type=_said(http.field("http_content_type")),
        )
    }


def _tls_sessions(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    tls = pl.col("tls").struct
    return {
        "tls_sessions": rows.select(
            **_PAIR,
            server_name=_said(tls.field("sni")),
            version=_said(tls.field("version")),
            cipher=_said(tls.field("cipher_suite")),
            ja3=_said(tls.field("ja3").struct.field("hash")),
            ja3s=_said(tls.field("ja3s").struct.field("hash")),
            ja4=_said(tls.field("ja4")),
        )
    }


_MAKERS = {
    "alert": _alerts,
    "flow": _connections,
    "dns": _dns_queries,
    "http": _http_requests,
    "tls": _tls_sessions,
}
"""Kinds of record that have a table of their own."""

READER = Reader(
    name="suricata-eve",
    about="Suricata EVE JSON, also gzip: alerts with evidence, flows, DNS, HTTP, TLS; every other record as an event",
    tables=("alerts", "evidence", "connections", "dns_queries", "http_requests", "tls_sessions", "events"),
    accepts=accepts,
    read=by_size(read, _read_small, alone=lambda small: not are_lines(small.head, _NAMES)),
    sign="JSON objects with `timestamp`, `event_type`, and `flow_id` or `src_ip`",
    grows=lambda head: has_lines(head.lines),
)
