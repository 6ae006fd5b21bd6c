"""Flows of a collector as rows of CONNECTIONS: times, ends, which bytes were counted, and which way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from watchfloor import times
from watchfloor.errors import AmbiguousTime
from watchfloor.readers.columns.clocks import clock_of
from watchfloor.readers.flows.exporters import Exporter, services
from watchfloor.readers.meaning.endpoints import PROTOCOLS
from watchfloor.readers.records.jsontext import json_object, json_text

__all__ = ["BAD", "READ_COLUMNS", "flow_rows"]

BAD = "bad"
"""Why a record is no flow; null where it is one."""
_SAYS_NOTHING = ("", "-", "N/A", "n/a", "null", "*", "<none>")
_IP = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$"
_MAPPED = r"(?i)^::ffff:([0-9]+\.)"
_EPOCHS: tuple[tuple[str, times.Unit], ...] = (
    (r"^[0-9]{9,10}(?:\.[0-9]+)?$", "s"),
    (r"^[0-9]{12,13}$", "ms"),
    (r"^[0-9]{15,16}$", "us"),
    (r"^[0-9]{18,19}$", "ns"),
)
"""Times since 1970, whose length tells their unit."""
_CLOCK = r"^(?:([0-9]+)[:d. ])?([0-9]{1,3}):([0-9]{2}):([0-9]{2}(?:\.[0-9]+)?)$"
_SCALES = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BACK = r"^<[^?>]*$"
"""Argus: only the second host sent, and the direction is known."""
_ONE_WAY = r"^[^<]*>$"
_ICMP = ("icmp", "ipv6-icmp")
_READ = ("orig_ip_bytes", "resp_ip_bytes", "both_ip_bytes", "orig_bytes", "resp_bytes")
READ_COLUMNS = (
    *("start", "end", "seconds", "src_ip", "src_port", "dst_ip", "dst_port", "proto", "direction", *_READ),
    *("conn_state", "sensor"),
)
"""What is read of a flow, by our names."""


def flow_rows(
    frame: pl.DataFrame,
    exporter: Exporter,
    said: Mapping[str, Sequence[pl.Expr]],
    others: Mapping[str, pl.Expr],
    *,
    source: str,
    zone: str | None,
) -> pl.DataFrame:
    """The columns of CONNECTIONS that a collector gives, and `bad`; all other columns of the frame stay.

    Arguments:
        frame: records with cells of text.
        exporter: the collector.
        said: by our column, what the cells say for it, in order of preference.
        others: by their names, cells that stay in `fields`.
        source: what errors call the file.
        zone: of clock times that carry none.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    rows = frame.with_columns(_said(said.get(name, ())).alias(name) for name in READ_COLUMNS)
    starts = _moments(rows, "start", source, zone or exporter.zone)
    ends = _moments(rows, "end", source, zone or exporter.zone)
    unknown_proto = pl.col("proto").str.to_lowercase()
    rows = rows.with_columns(
        starts.alias("time"), ends.alias("end"), proto=unknown_proto.replace(PROTOCOLS | {"icmp6": "ipv6-icmp"})
    )
    rows = rows.with_columns(
        *(_count(name).alias(name) for name in _READ),
        *(pl.col(name).str.replace(_MAPPED, "${1}").alias(name) for name in ("src_ip", "dst_ip")),
        *(_port(f"{side}_port").alias(f"{side}_number") for side in ("src", "dst")),
        duration_seconds=_duration(),
        unread=pl.concat_list(_unread(name) for name in ("src_port", "dst_port", *_READ)),
    )
    rows = rows.with_columns(pl.when(pl.col(name) != 0).then(name).alias(name) for name in exporter.zero_is_none)
    rows = _turned(_shared_out(rows))
    kept = {f"{side}_port": json_text(pl.col(f"{side}_port")) for side in ("src", "dst")}
    kept = {name: pl.when(pl.col(name.replace("port", "number")).is_null()).then(text) for name, text in kept.items()}
    kept |= {"both_ip_bytes": pl.col("unshared").cast(pl.String)}
    kept |= {name: json_text(value) for name, value in others.items() if name not in kept}
    bad_ip = pl.any_horizontal(~pl.col(name).str.contains(_IP).fill_null(False) for name in ("src_ip", "dst_ip"))
    return rows.with_columns(
        src_port="src_number",
        dst_port="dst_number",
        fields=json_object(kept),
        bad=pl.when(pl.col("time").is_null())
        .then(pl.lit("no start with a date that can be read"))
        .when(bad_ip)
        .then(pl.lit("no addresses of two ends"))
        .when(pl.col("unread").list.any())
        .then(pl.lit("a port or a number of bytes that is none")),
    )


def _said(values: Sequence[pl.Expr]) -> pl.Expr:
    """The first value that says something."""
    bare = [value.str.strip_chars() for value in values]
    texts = [pl.when(~value.is_in(_SAYS_NOTHING)).then(value) for value in bare]
    return pl.coalesce(texts) if texts else pl.lit(None, pl.String)


def _moments(rows: pl.DataFrame, name: str, source: str, zone: str | None) -> pl.Series:
    """Instants of a column of times.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    from watchfloor.readers.columns.model import Origin  # noqa: PLC0415 - pydantic waits for the first that needs it

    text = pl.col(name)
    digits = pl.any_horizontal(text.str.contains(pattern) for pattern, _ in _EPOCHS)
    clock = clock_of(pl.when(~digits).then(text), pl.String(), Origin.model_validate(name), zone)
    epochs = [
        times.from_epoch(
            pl.when(text.str.contains(pattern)).then(text).cast(pl.Float64 if unit == "s" else pl.Int64), unit
        )
        for pattern, unit in _EPOCHS
    ]
    naive = clock.naive if clock.naive is not None else pl.lit(False)
    found = rows.select(pl.coalesce(*epochs, clock.instant).alias(name), naive=naive.fill_null(False))
    if zone is None and (without := rows.filter(found["naive"])).height:
        raise AmbiguousTime(
            f"{source}: clock times without a zone ({without[name][0]})",
            hint="say where the collector's clock stood: zone='Europe/Paris', or --zone Europe/Paris",
        )
    return found[name]


def _duration() -> pl.Expr:
    """Seconds: as they are written, which is finer than the times of some, else from the start to the end."""
    text = pl.col("seconds")
    parts = text.str.extract_groups(_CLOCK).struct
    days, hours, minutes, rest = (parts.field(str(n)).cast(pl.Float64, strict=False) for n in (1, 2, 3, 4))
    clock = days.fill_null(0) * 86_400 + hours * 3_600 + minutes * 60 + rest
    between = (pl.col("end") - pl.col("time")).dt.total_microseconds() / 1_000_000
    found = pl.coalesce(text.cast(pl.Float64, strict=False), clock, between)
    return pl.when(found.is_finite() & (found >= 0)).then(found)


def _count(name: str) -> pl.Expr:
    """A number of bytes; nfdump may write `1.2 M`."""
    text = pl.col(name)
    parts = text.str.extract_groups(r"^([0-9]+(?:\.[0-9]+)?) ([KMGT])$").struct
    scaled = parts.field("1").cast(pl.Float64, strict=False) * parts.field("2").replace_strict(
        _SCALES, default=None, return_dtype=pl.Float64
    )
    whole = text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    return pl.when(whole >= 0).then(whole).otherwise(scaled.round().cast(pl.Int64, strict=False))


def _port(name: str) -> pl.Expr:
    """A port, as number, in hexadecimal or by the name of its service; ICMP has none."""
    text = pl.col(name)
    hexadecimal = text.str.extract("^0x([0-9A-Fa-f]{1,4})$").str.to_integer(base=16, strict=False)
    by_name = text.str.to_lowercase().replace_strict(services(), default=None, return_dtype=pl.Int64)
    number = pl.coalesce(text.cast(pl.Int64, strict=False), hexadecimal, by_name)
    return pl.when(number.is_between(0, 65_535) & ~pl.col("proto").is_in(_ICMP).fill_null(False)).then(number)


def _unread(name: str) -> pl.Expr:
    """Whether digits are written that are no such number; a word may be the name of a service."""
    text = pl.col(name)
    number = _port(name) if name.endswith("port") else _count(name)
    icmp = pl.col("proto").is_in(_ICMP).fill_null(False)
    wrong = text.str.contains(r"^-?[0-9]+$") if name.endswith("port") else text.is_not_null()
    return wrong.fill_null(False) & number.is_null() & ~(icmp if name.endswith("port") else pl.lit(False))


def _shared_out(rows: pl.DataFrame) -> pl.DataFrame:
    """Bytes of both directions together: shared out where one is known, or only one host sent.

    Of TCP the arrow tells who began, whoever sent (ra(1)).
    """
    datagrams = (pl.col("proto") != "tcp").fill_null(False)
    one_way = datagrams & pl.col("direction").str.contains(_ONE_WAY).fill_null(False)
    back = datagrams & pl.col("direction").str.contains(_BACK).fill_null(False)
    sent, received, both = pl.col("orig_ip_bytes"), pl.col("resp_ip_bytes"), pl.col("both_ip_bytes")
    rest = both - pl.coalesce(sent, received)
    neither = sent.is_null() & received.is_null()
    one_sent = pl.when(neither & one_way).then(both)
    one_received = pl.when(neither & back).then(both)
    known = pl.when(rest >= 0).then(rest)
    return rows.with_columns(
        orig_ip_bytes=pl.coalesce(sent, one_sent, pl.when(received.is_not_null()).then(known)),
        resp_ip_bytes=pl.coalesce(received, one_received, pl.when(sent.is_not_null()).then(known)),
        unshared=pl.when(neither & ~one_way & ~back).then(both),
    )


def _turned(rows: pl.DataFrame) -> pl.DataFrame:
    """Where the second host began, it is the source."""
    back = pl.col("direction").str.contains(_BACK).fill_null(False)
    pairs = (
        *(("src_ip", "dst_ip"), ("src_port", "dst_port"), ("src_number", "dst_number")),
        *(("orig_ip_bytes", "resp_ip_bytes"), ("orig_bytes", "resp_bytes")),
    )
    both_ways = (*pairs, *((second, first) for first, second in pairs))
    return rows.with_columns(pl.when(back).then(other).otherwise(name).alias(name) for name, other in both_ways)
