"""Flows of a collector as rows of CONNECTIONS: times, ends, which bytes were counted, and which way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from watchfloor import times
from watchfloor.errors import AmbiguousTime
from watchfloor.readers.columns.clocks import clock_of
from watchfloor.readers.flows.exporters import Exporter, services
from watchfloor.readers.meaning.digits import are_digits
from watchfloor.readers.meaning.endpoints import PROTOCOLS
from watchfloor.readers.records.jsontext import json_object, json_text
from watchfloor.schemas import TIME

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
    proto = pl.col("proto").str.to_lowercase().replace(PROTOCOLS | {"icmp6": "ipv6-icmp"})
    rows = rows.with_columns(starts.alias("time"), ends.alias("end"), proto=proto)
    rows = rows.with_columns(duration_seconds=_durations(rows))
    sizes, ports = [_counts(rows, name) for name in _READ], [_ports(rows, f"{side}_port") for side in ("src", "dst")]
    unread = [rows[one.name].is_not_null() & one.is_null() for one in sizes if one.null_count()]
    unread += [_is_digits(rows, one.name) & one.is_null() for one in ports if one.null_count()]
    wrong = pl.any_horizontal(*unread) if unread else pl.lit(False)
    rows = rows.with_columns(wrong=wrong)
    rows = rows.with_columns(
        *sizes,
        *(one.alias(one.name.replace("port", "number")) for one in ports),
        *(pl.col(name).str.replace(_MAPPED, "${1}").alias(name) for name in _addresses(rows)),
    )
    rows = rows.with_columns(pl.when(pl.col(name) != 0).then(name).alias(name) for name in exporter.zero_is_none)
    rows = _turned(_shared_out(rows))
    kept: dict[str, pl.Expr] = {}
    for side in ("src", "dst"):
        text, number = f"{side}_port", f"{side}_number"
        if rows[number].null_count() > rows[text].null_count():
            kept[text] = json_text(pl.when(pl.col(number).is_null()).then(text))
    if rows["unshared"].count():
        kept["both_ip_bytes"] = pl.col("unshared").cast(pl.String)
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
        .when("wrong")
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

    text = rows[name]
    if text.null_count() == rows.height:
        return pl.Series(name, [None], dtype=TIME).new_from_index(0, rows.height)
    if (plain := _plain_clock(text, zone)) is not None:
        return plain
    digits = pl.any_horizontal(pl.col(name).str.contains(pattern) for pattern, _ in _EPOCHS)
    clock = clock_of(pl.when(~digits).then(name), pl.String(), Origin.model_validate(name), zone)
    epochs = [
        times.from_epoch(
            pl.when(pl.col(name).str.contains(pattern)).then(name).cast(pl.Float64 if unit == "s" else pl.Int64), unit
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


def _plain_clock(text: pl.Series, zone: str | None) -> pl.Series | None:
    """Instants of clock times of one shape, which need no look at each; null where they are not all so.

    Times since 1970 in nanoseconds are of one shape too.
    """
    if are_digits(text, 19):
        return (text.cast(pl.Int64) // 1_000).cast(TIME)
    first = text.first()
    if zone is None or not isinstance(first, str) or len(first) < len("2026-03-10 06:00:00") or text.null_count():
        return None
    mark, between = first[4], first[10]
    if mark not in "-/" or between not in " T" or not first[-1].isdigit():
        return None
    clock = text.str.to_datetime(f"%Y{mark}%m{mark}%d{between}%H:%M:%S%.f", time_unit="us", strict=False)
    if clock.null_count() or not clock.dt.year().is_between(1, 9999).all():
        return None
    if zone == "UTC":
        return clock.dt.replace_time_zone("UTC")
    return pl.DataFrame({"clock": clock}).select(times.resolve(pl.col("clock"), zone)[0].alias(text.name))[text.name]


def _durations(rows: pl.DataFrame) -> pl.Series:
    """Seconds: as they are written, which is finer than the times of some, else from the start to the end."""
    text = rows["seconds"]
    number = text.cast(pl.Float64, strict=False)
    found = [number]
    if number.null_count() > text.null_count():
        parts = pl.col("seconds").str.extract_groups(_CLOCK).struct
        days, hours, minutes, rest = (parts.field(str(n)).cast(pl.Float64, strict=False) for n in (1, 2, 3, 4))
        found.append(rows.select(days.fill_null(0) * 86_400 + hours * 3_600 + minutes * 60 + rest).to_series())
    if number.null_count():
        found.append(rows.select((pl.col("end") - pl.col("time")).dt.total_microseconds() / 1_000_000).to_series())
    return pl.DataFrame([one.alias(f"{n}") for n, one in enumerate(found)]).select(
        seconds=pl.when((each := pl.coalesce(pl.all())).is_finite() & (each >= 0)).then(each)
    )["seconds"]


def _counts(rows: pl.DataFrame, name: str) -> pl.Series:
    """Numbers of bytes; nfdump may write `1.2 M`."""
    text = rows[name]
    whole = text.cast(pl.Int64, strict=False)
    if whole.null_count() > text.null_count():
        parts = pl.col(name).str.extract_groups(r"^([0-9]+(?:\.[0-9]+)?)(?: ([KMGT]))?$").struct
        scale = parts.field("2").replace_strict(_SCALES, default=None, return_dtype=pl.Float64)
        number = parts.field("1").cast(pl.Float64, strict=False)
        # Without a letter only what is whole: 12.0.
        exact = pl.when(number == number.round()).then(number)
        scaled = pl.when(parts.field("2").is_null()).then(exact).otherwise((number * scale).round())
        rest = rows.select(pl.when(scaled < 2**62).then(scaled).cast(pl.Int64, strict=False)).to_series()
        whole = whole.zip_with(whole.is_not_null(), rest)
    return whole.set(whole < 0, None).alias(name)


def _ports(rows: pl.DataFrame, name: str) -> pl.Series:
    """Ports, as numbers, in hexadecimal or by the names of their services; ICMP has none."""
    text = rows[name]
    number = text.cast(pl.Int64, strict=False)
    if number.null_count() > text.null_count():
        hexadecimal = pl.col(name).str.extract("^0x([0-9A-Fa-f]{1,4})$").str.to_integer(base=16, strict=False)
        by_name = pl.col(name).str.to_lowercase().replace_strict(services(), default=None, return_dtype=pl.Int64)
        number = number.zip_with(number.is_not_null(), rows.select(pl.coalesce(hexadecimal, by_name)).to_series())
    icmp = rows["proto"].is_in(_ICMP).fill_null(False)
    return number.set(icmp | ~number.is_between(0, 65_535).fill_null(False), None).alias(name)


def _is_digits(rows: pl.DataFrame, name: str) -> pl.Series:
    """Where digits are written for what may have a port: a word may be the name of a service."""
    icmp = rows["proto"].is_in(_ICMP).fill_null(False)
    return rows[name].str.contains(r"^-?[0-9]+$").fill_null(False) & ~icmp


def _addresses(rows: pl.DataFrame) -> list[str]:
    """Columns with IPv4 addresses that are written as those of IPv6."""
    return [name for name in ("src_ip", "dst_ip") if rows[name].str.contains("(?i)^::ffff:").any()]


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
