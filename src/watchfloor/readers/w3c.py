"""W3C extended logs (IIS, CloudFront, Windows Firewall, Exchange): requests where they are of HTTP, else events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from watchfloor import times
from watchfloor.errors import AmbiguousTime
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records import commas
from watchfloor.readers.records.jsontext import json_object, json_text
from watchfloor.readers.records.lines import read_lines

__all__ = ["READER"]

_FIELDS, _TIMES = "#Fields:", "#Time Format:"
_QUOTED = r'"[^"]*"|[^ ]+'
_REQUEST: Mapping[str, tuple[str, ...]] = {
    "uid": ("x-edge-request-id",),
    "src_ip": ("c-ip",),
    "src_port": ("c-port",),
    "dst_ip": ("s-ip",),
    "dst_port": ("s-port",),
    "method": ("cs-method",),
    "host": ("x-host-header", "cs-host", "cs(host)"),
    "referrer": ("cs(referer)", "cs(referrer)"),
    "user_agent": ("cs(user-agent)",),
    "user": ("cs-username",),
    "status_code": ("sc-status",),
    "orig_bytes": ("cs-bytes",),
    "resp_bytes": ("sc-bytes",),
    "mime_type": ("rs(content-type)", "sc(content-type)", "sc-content-type"),
}
"""By column of HTTP_REQUESTS, in order of preference; names in small letters."""
_EVENT: Mapping[str, tuple[str, ...]] = {
    "host": ("s-computername", "server-hostname"),
    "user": ("cs-username",),
    "src_ip": ("c-ip", "src-ip", "client-ip"),
    "src_port": ("c-port", "src-port"),
    "dst_ip": ("s-ip", "dst-ip", "server-ip"),
    "dst_port": ("s-port", "dst-port"),
    "proto": ("protocol",),
    "action": ("action", "event-id", "s-action", "cs-method"),
    "category": ("source",),
    "title": ("message-subject",),
    "url": ("cs-uri-stem",),
}
"""By column of EVENTS."""
_URLS = ("cs-uri-stem", "cs-uri", "cs-uri-path")
"""What holds the address that was asked for, or its path; proxies write the last."""
_INTEGERS = {"src_port", "dst_port", "status_code", "orig_bytes", "resp_bytes"}


@dataclass(frozen=True)
class _Layout:
    """What the lines below a `#Fields` line are."""

    names: tuple[str, ...] = ()
    """As they are written."""
    commas: bool = False
    """Exchange writes commas where others write blanks or tabs."""
    local: bool = False
    """Whether clock times are those of the machine: `#Time Format: Local`, as Windows Firewall writes it."""


class _Clock:
    """Which clock the directives so far speak of; a new `#Software` begins anew."""

    local = False


def accepts(head: Head) -> float:
    """It has a line of field names."""
    return float(any(line.startswith(_FIELDS) for line in head.lines))


def read(path: Path, options: Options) -> Tables:
    """The tables of one file; the last `#Fields` line above a line says what its values are."""
    layouts = [_Layout()]
    clock = _Clock()

    def prepare(records: pl.DataFrame) -> pl.DataFrame:
        comment = records["text"].str.starts_with("#")
        said = records.with_columns(fields=pl.col("text").str.starts_with(_FIELDS))
        said = said.with_columns(layout=pl.col("fields").cast(pl.Int64).cum_sum() + (len(layouts) - 1))
        directives = records.filter(comment)["text"]
        for text in directives.filter(directives.str.contains("^#(?:Fields|Software|Time Format):")).to_list():
            if text.startswith(_FIELDS):
                layouts.append(_layout(text, local=clock.local))
            else:
                clock.local = text.removeprefix(_TIMES).strip().lower() == "local"
        return said.drop("fields").filter(~comment)

    def parse(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
        found: dict[str, list[pl.DataFrame]] = {name: [] for name in (*READER.tables, "rejects")}
        for (number,), group in records.partition_by("layout", as_dict=True, maintain_order=True).items():
            for name, frame in _parsed(group, layouts[number], str(path), options.zone).items():
                found[name].append(frame)
        return {
            name: pl.concat(frames, how="diagonal_relaxed").sort("record") for name, frames in found.items() if frames
        }

    return read_lines(path, options, format=READER.name, tables=READER.tables, parse=parse, prepare=prepare)


def _layout(fields: str, *, local: bool) -> _Layout:
    """What a line of field names says; a name that is there twice gets a number."""
    text = fields.removeprefix(_FIELDS).strip()
    with_commas = "," in text and " " not in text
    names: list[str] = []
    for name in text.split(",") if with_commas else text.split():
        again = sum(other.lower() == name.lower() for other in names)
        names.append(f"{name}_{again + 1}" if again else name)
    return _Layout(tuple(names), commas=with_commas, local=local)


def _parsed(records: pl.DataFrame, layout: _Layout, source: str, zone: str | None) -> dict[str, pl.DataFrame]:
    names = layout.names
    if not names:
        reason = pl.lit("no #Fields line stands before this line")
        return {"rejects": records.select("record", reason=reason)}
    rows = records.with_columns(cells=_cells(records["text"], len(names), with_commas=layout.commas))
    width = pl.col("cells").list.len()
    rejects = [
        rows.filter(width != len(names)).select(
            "record", reason=pl.format("{} of {} fields", width, pl.lit(len(names)))
        )
    ]
    rows = rows.filter(width == len(names))
    value = {name.lower(): _said(pl.col("cells").list.get(n)) for n, name in enumerate(names)}
    stamped = _stamped(rows, value, layout, source, zone)
    bad = pl.col("time").is_null()
    rejects.append(
        stamped.filter(bad).select("record", reason=pl.lit("no time that can be read: date and time are needed"))
    )
    stamped = stamped.filter(~bad)
    is_request = "cs-method" in value and any(name in value for name in _URLS)
    table = _requests(stamped, value, names) if is_request else _events(stamped, value, names)
    return {"http_requests" if is_request else "events": table, "rejects": pl.concat(rejects)}


def _cells(texts: pl.Series, width: int, *, with_commas: bool) -> pl.Series:
    """The values of each line, between tabs or blanks; quotes count where the number of values is wrong without."""
    if with_commas:
        return commas.cells(texts)
    rows = pl.DataFrame({"text": texts})
    tab = pl.col("text").str.contains("\t", literal=True)
    plain = rows.select(
        cells=pl.when(tab)
        .then(pl.col("text").str.split("\t"))
        .otherwise(pl.col("text").str.strip_chars(" ").str.split(" "))
    )["cells"]
    wrong = plain.list.len() != width
    if not wrong.any():
        return plain
    # Proxies quote what holds blanks; runs of blanks are one.
    rows = rows.with_columns(cells=plain, wrong=wrong).with_row_index("at")
    bare = pl.element().str.strip_prefix('"').str.strip_suffix('"')
    quoted = (
        pl.col("text")
        .str.extract_all(_QUOTED)
        .list.eval(pl.when(pl.element().str.contains('^".*"$')).then(bare).otherwise(pl.element()))
    )
    again = rows.filter("wrong").select("at", cells=pl.when(tab).then("cells").otherwise(quoted))
    return pl.concat([rows.filter(~pl.col("wrong")).select("at", "cells"), again]).sort("at")["cells"]


def _said(value: pl.Expr) -> pl.Expr:
    """A value, null where it is a minus or empty."""
    return pl.when((value != "-") & (value != "")).then(value)


def _stamped(
    rows: pl.DataFrame, value: Mapping[str, pl.Expr], layout: _Layout, source: str, zone: str | None
) -> pl.DataFrame:
    """Rows with their times: UTC by the format, local where the file says so, with an offset where they carry it.

    Raises:
        AmbiguousTime: local times, and no zone.
    """
    if "date-time" in value:
        text = value["date-time"]
        clock = text.str.strip_suffix("Z").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    elif "date" in value and "time" in value:
        text = pl.concat_str(value["date"], value["time"], separator=" ")
        clock = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    else:
        text, clock = pl.lit(None, pl.String), pl.lit(None, pl.Datetime("us"))
    rows = rows.with_columns(time_text=text, clock=clock)
    if not layout.local:
        return rows.with_columns(
            time=pl.col("clock").dt.replace_time_zone("UTC"),
            zone=pl.lit("UTC"),
            zone_rule=pl.lit("by the format"),
            time_quality=pl.lit("exact"),
        )
    if zone is None and rows.height:
        raise AmbiguousTime(
            f"{source}: clock times without a zone ({rows['time_text'][0]})",
            hint="the file says `#Time Format: Local`: say where that clock stood, as in --zone Europe/Paris",
        )
    earliest, latest, quality = times.resolve(pl.col("clock"), zone or "UTC")
    return rows.with_columns(
        time=earliest,
        time_latest=pl.when(latest != earliest).then(latest),
        zone=pl.lit(zone),
        zone_rule=pl.lit("declared"),
        time_quality=quality,
    )


def _columns(
    value: Mapping[str, pl.Expr], wanted: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, pl.Expr], set[str]]:
    """The columns that the fields fill, and which fields are in them."""
    made: dict[str, pl.Expr] = {}
    used: set[str] = set()
    for column, fields in wanted.items():
        field = next((field for field in fields if field in value), None)
        if field is not None:
            made[column] = value[field].str.to_integer(strict=False) if column in _INTEGERS else value[field]
            used.add(field)
    return made, used


def _requests(rows: pl.DataFrame, value: Mapping[str, pl.Expr], names: tuple[str, ...]) -> pl.DataFrame:
    """Requests of a web server or a proxy; what no column holds is JSON, and so are numbers that are none."""
    made, used = _columns(value, _REQUEST)
    cloudfront = "x-edge-location" in value
    if "user_agent" in made and not cloudfront:
        # IIS writes a blank as `+`, so that `++` was a blank and a plus: `(compatible;+Bot;++http://..)`.
        agent = made["user_agent"]
        plain = agent.str.split("++").list.eval(pl.element().str.replace_all("+", " ", literal=True)).list.join(" +")
        made["user_agent"] = pl.when(agent.str.contains(" ", literal=True)).then(agent).otherwise(plain)
    of_url = next(name for name in _URLS if name in value)
    stem = value[of_url]
    query = value.get("cs-uri-query") if of_url != "cs-uri" else None
    made["url"] = stem
    if query is not None:
        made["url"] = pl.concat_str(stem, pl.lit("?") + query, ignore_nulls=True)
        made["url"] = pl.when(stem.is_not_null() | query.is_not_null()).then(made["url"])
    if "time-taken" in value:
        # IIS and proxies write milliseconds, CloudFront seconds.
        taken = value["time-taken"].cast(pl.Float64, strict=False)
        made["duration_seconds"] = taken if cloudfront else taken / 1000
    numbers = {
        next(field for field in _REQUEST[column] if field in value): made[column] for column in _INTEGERS & made.keys()
    } | ({"time-taken": made["duration_seconds"]} if "duration_seconds" in made else {})
    gone = used | {"date", "time", "date-time", of_url} | ({"cs-uri-query"} if query is not None else set())
    kept: dict[str, pl.Expr] = {}
    for name in names:
        written = value[name.lower()]
        if name.lower() in numbers:
            kept[name] = json_text(pl.when(numbers[name.lower()].is_null()).then(written))
        elif name.lower() not in gone:
            kept[name] = json_text(written)
    return rows.select("record", "time", fields=json_object(kept), **made)


def _events(rows: pl.DataFrame, value: Mapping[str, pl.Expr], names: tuple[str, ...]) -> pl.DataFrame:
    """What is no request; the fields that no column holds are JSON, and so are numbers that are none."""
    made, used = _columns(value, _EVENT)
    if "proto" in made:
        made["proto"] = made["proto"].str.to_lowercase()
    numbers = {
        next(field for field in _EVENT[column] if field in value): made[column] for column in _INTEGERS & made.keys()
    }
    none = [value[field].is_not_null() & number.is_null() for field, number in numbers.items()]
    odd = rows.select(pl.any_horizontal(none).any()).item() if none else False
    gone = (used - numbers.keys() if odd else used) | {"date", "time", "date-time"}
    kept = [value[name.lower()].alias(name) for name in names if name.lower() not in gone]
    stamps = [
        name for name in ("time_latest", "time_text", "zone", "zone_rule", "time_quality") if name in rows.columns
    ]
    fields = pl.struct(kept).struct.json_encode() if kept else pl.lit(None, pl.String)
    return rows.select("record", "time", *stamps, fields=fields, **made)


READER = Reader(
    name="w3c",
    about="W3C extended logs: IIS, CloudFront, Windows Firewall, Exchange, also gzip",
    tables=("http_requests", "events"),
    accepts=accepts,
    read=one_by_one(read),
    sign="a line #Fields: with the names of the values",
    grows=lambda _: True,
)
