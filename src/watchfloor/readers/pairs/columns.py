"""Which key fills which column, as firewalls and other products name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from watchfloor.readers.pairs.grammar import Values, unless
from watchfloor.schemas import TIME

__all__ = ["CONNECTIONS_KEYS", "EVENTS_KEYS", "columns", "flows", "own_times"]

Keys = Mapping[str, tuple[str, ...]]

_PAIR: Keys = {
    "src_ip": (
        *("srcip", "src_ip", "src", "source_ip", "sourceip", "srcaddr", "saddr", "SRC", "c-ip", "ClientIP"),
        *("client_ip", "clientip", "remip", "Src-ip", "ip_address"),
    ),
    "src_port": (
        *("srcport", "src_port", "spt", "sport", "source_port", "sourceport", "SPT", "remport", "Src-port", "src"),
    ),
    "dst_ip": (
        *("dstip", "dst_ip", "dst", "destination_ip", "destinationip", "dstaddr", "daddr", "DST", "destip"),
        *("serverip", "server_ip", "s-supplier-ip", "target_ip"),
    ),
    "dst_port": (
        *("dstport", "dst_port", "dpt", "dport", "destination_port", "destinationport", "DPT", "cs-uri-port", "dst"),
    ),
    "proto": ("proto", "protocol", "PROTO", "ip_protocol"),
}
EVENTS_KEYS: Keys = {
    **_PAIR,
    "host": ("devname", "device_name", "fw", "ION_HOST", "dvchost", "dvc", "x-bluecoat-appliance-name", "host"),
    "user": (
        *("user", "user_name", "username", "srcuser", "usr", "suser", "UserName", "User", "USER", "cs-username"),
        *("administrator", "account"),
    ),
    "program": ("program", "prog", "process", "PROCESS_NAME", "process_name"),
    "pid": ("pid", "process_id"),
    "action": ("action", "act", "Action", "actionTaken", "log_subtype", "s-action", "operation", "Operation"),
    "event_id": ("logid", "log_id", "msg_id", "event_id", "eventid", "EventID", "m"),
    "category": ("log_type", "type", "category", "c", "Category", "attackGroup"),
    "severity_text": ("level", "severity", "pri", "priority", "Severity", "SEVERITY", "Level", "Priority", "crlevel"),
    "title": ("logdesc", "attack", "event_name", "eventname", "attackname", "attackDescription", "subject"),
    "url": ("url", "URL", "request"),
    "message": ("msg", "message", "MSG", "Detail", "description"),
}
"""By column of EVENTS, in order of preference."""
CONNECTIONS_KEYS: Keys = {
    **_PAIR,
    "uid": ("sessionid", "con_id", "conn_id"),
    "service": ("service", "application", "app"),
    "duration_seconds": ("duration",),
    "orig_bytes": ("sentbyte", "sent_bytes", "sent"),
    "resp_bytes": ("rcvdbyte", "recv_bytes", "rcvd_bytes", "rcvd"),
    "sensor": ("devname", "device_name", "fw"),
}
"""By column of CONNECTIONS, in order of preference."""

_PROTOCOLS = {
    **{"1": "icmp", "2": "igmp", "6": "tcp", "17": "udp", "41": "ipv6", "47": "gre", "50": "esp", "51": "ah"},
    **{"58": "icmp", "89": "ospf", "103": "pim", "112": "vrrp", "132": "sctp"},
}
"""IANA protocol numbers; ICMP for IPv6 is `icmp`, as sensors call it."""
_WITH_PORT = {"src", "dst"}
"""Keys whose value may be `address:port:interface:name`, as SonicWall writes it."""
_OF_SONICWALL = {"m", "c"}
"""Keys that mean this only beside `sn`, the serial number of a SonicWall."""
_IP = (
    r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?)$"
)
_ADDRESS_PORT = r"^[0-9]{1,3}(?:\.[0-9]{1,3}){3}:[0-9]{0,5}(?::[^ ]*)?$"
_NUMBERS = {"src_port": 65_535, "dst_port": 65_535, "pid": 1 << 62, "orig_bytes": 1 << 62, "resp_bytes": 1 << 62}
_LOWER = {"proto"}


def columns(values: Values, wanted: Keys) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """The columns, and by key in which lines its value is in a column: whole, so that nothing of it is lost."""
    made: dict[str, pl.Series] = {}
    taken: dict[str, pl.Series] = {}
    partly: dict[str, pl.Series] = {}
    for column, keys in wanted.items():
        chosen: pl.Series | None = None
        for key in keys:
            if key not in values.keys or (key in _OF_SONICWALL and "sn" not in values.keys):
                continue
            value, whole = _valid(values, key, column)
            if chosen is not None:
                value = unless(value, chosen.is_not_null())
            used = value.is_not_null()
            if key in _WITH_PORT:
                # Only where address and port are in columns, and nothing stands behind them, is all of it there.
                partly[key] = (partly[key] & used) if key in partly else used
                used = used if column.endswith("_ip") else partly[key]
            used &= whole
            taken[key] = taken[key] | used if key in taken else used
            chosen = value if chosen is None else chosen.zip_with(chosen.is_not_null(), value)
            if not chosen.null_count():
                break
        if chosen is not None:
            made[column] = chosen.alias(column)
    return pl.DataFrame(list(made.values())), {key: mask for key, mask in taken.items() if mask.any()}


def _valid(values: Values, key: str, column: str) -> tuple[pl.Series, pl.Series]:
    """The values of a key that can stand in a column, and whether nothing else is in them."""
    text = values.get(key)
    frame = pl.DataFrame({"text": text})
    value = pl.col("text")
    whole = pl.lit(True)
    if key in _OF_SONICWALL:
        frame = frame.with_columns(sn=values.get("sn"))
        value = pl.when(pl.col("sn").is_not_null()).then(value)
    if column.endswith("_ip"):
        good = pl.when(value.str.contains(_IP)).then(value)
        if key in _WITH_PORT:
            good = pl.coalesce(good, pl.when(value.str.contains(_ADDRESS_PORT)).then(_part(value, 0)))
            whole = good == value
    elif key in _WITH_PORT:
        behind = pl.when(value.str.contains(_ADDRESS_PORT)).then(value)
        good = _number(_part(behind, 1), 65_535)
        whole = value == pl.format("{}:{}", _part(behind, 0), good)
    elif column in _NUMBERS:
        good = _number(value, _NUMBERS[column])
        whole = good.cast(pl.String) == value
    elif column == "duration_seconds":
        good = value.cast(pl.Float64, strict=False)
        good = pl.when(good.is_finite() & (good >= 0)).then(good)
    elif column == "proto":
        named = value.str.splitn("/", 2).struct.field("field_0").str.to_lowercase()
        good = pl.when(value != "-").then(named.replace(_PROTOCOLS))
        whole = ~value.str.contains("/", literal=True)
    else:
        good = pl.when(value != "-").then(value)
    found = frame.select(good=good, whole=whole)
    return found["good"], (found["whole"] & found["good"].is_not_null()).fill_null(False)


def _part(value: pl.Expr, n: int) -> pl.Expr:
    return value.str.splitn(":", 4).struct.field(f"field_{n}")


def _number(value: pl.Expr, most: int) -> pl.Expr:
    number = pl.when(value.str.contains("^[0-9]{1,19}$")).then(value).cast(pl.Int64, strict=False)
    return pl.when(number <= most).then(number)


def flows(values: Values) -> pl.Series:
    """Which lines are one connection: FortiGate's traffic, Sophos' firewall, SonicWall's closed connections."""
    never = pl.Series([False], dtype=pl.Boolean).new_from_index(0, values.height)

    def says(key: str, word: str) -> pl.Series:
        return (values.get(key) == word).fill_null(False) if key in values.keys else never

    def has(*keys: str) -> pl.Series:
        found = ~never
        for key in keys:
            found &= values.get(key).is_not_null() if key in values.keys else never
        return found

    found = never
    if (traffic := says("type", "traffic")).any():
        found |= traffic & has("srcip", "dstip")
    if (firewall := says("log_type", "Firewall")).any():
        found |= firewall & has("src_ip", "dst_ip")
    if "sn" in values.keys and (closed := says("m", "537")).any():
        found |= closed & has("sn", "src", "dst") & (has("sent") | has("rcvd"))
    return found


_TIME_KEYS = (
    *("eventtime", "timestamp", "time", "UTCTime", "datetime", "date_time", "DEVICE_TIME", "device_time", "devTime"),
    *("event_time", "rt", "ts", "t"),
)
"""Keys of whole times, in order of preference; `date` and `time` come after the first."""
_STAMP = (
    r"^([0-9]{4}[-/][0-9]{2}[-/][0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]{1,9}))?"
    r" ?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?$"
)
_EPOCH = r"^[0-9]{9,19}(?:\.[0-9]{1,9})?$"


def own_times(values: Values) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Of each line `exact`, an instant, or else `clock`, a clock time without a zone; their `time_text`; which keys
    hold them; and whether it has a time that does not exist (`wrong`)."""
    types = {"exact": TIME, "clock": pl.Datetime("us"), "time_text": pl.String, "key": pl.String, "wrong": pl.Boolean}
    found = pl.DataFrame(schema=types).clear(values.height).with_columns(wrong=pl.lit(False))
    for key in _candidates():
        if key[0] not in values.keys:
            continue
        found = _better(found, _read(values, key), "+".join(key))
        if not found["exact"].null_count():
            break
    return found.drop("key"), _taken(found)


def _candidates() -> Sequence[tuple[str, ...]]:
    return (("eventtime",), ("date", "time", "tz"), ("date", "time", "timezone"), *((key,) for key in _TIME_KEYS[1:]))


def _read(values: Values, keys: tuple[str, ...]) -> pl.DataFrame:
    """The times that some keys give."""
    frame = pl.DataFrame({key: values.get(key) for key in keys})
    if len(keys) == 1:
        text = pl.col(keys[0])
        written = text
    else:
        date, time, offset = (pl.col(key) for key in keys)
        bare = pl.when(date.str.len_bytes() == 10).then(pl.concat_str(date, time, separator=" "))
        # Names of zones, such as CDT or IST, mean several offsets: such a clock needs to be told its zone.
        known = offset.str.contains("^(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})$")
        text = pl.when(known).then(pl.concat_str(bare, offset)).otherwise(bare)
        written = pl.when(known).then(pl.concat_str(bare, offset, separator=" ")).otherwise(bare)
    frame = frame.select(text=text, written=written)
    value = pl.col("text")
    epoch = value.str.contains(_EPOCH)
    if keys == ("eventtime",) or frame["text"].str.contains(_EPOCH).any():
        frame = frame.with_columns(epoch=pl.when(epoch).then(_epoch(value)))
    else:
        frame = frame.with_columns(epoch=pl.lit(None, TIME))
    if frame["epoch"].null_count() == frame["text"].null_count():
        return frame.select(
            exact="epoch", clock=pl.lit(None, pl.Datetime("us")), time_text="written", wrong=pl.lit(False)
        )
    parts = value.str.extract_groups(_STAMP).struct
    day, clock, fraction, offset = (parts.field(str(n)) for n in (1, 2, 3, 4))
    frame = frame.with_columns(
        day=day.str.replace_all("/", "-", literal=True), at=clock, fraction=fraction, offset=offset
    )
    local = pl.concat_str("day", pl.lit("T"), "at", pl.lit("."), pl.col("fraction").fill_null("0")).str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False
    )
    offset = pl.lit("UTC") if keys == ("UTCTime",) else pl.col("offset")
    digits = offset.str.replace(":", "", literal=True)
    minutes = digits.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(3, 2).cast(
        pl.Int64, strict=False
    )
    ahead = pl.when(digits.str.starts_with("-")).then(-minutes).otherwise(minutes)
    shift = pl.when(offset.is_in(["Z", "UTC", "GMT"])).then(0).otherwise(ahead)
    frame = frame.with_columns(local=local, shift=shift)
    instant = (pl.col("local") - pl.duration(minutes=pl.col("shift"))).dt.replace_time_zone("UTC")
    return frame.select(
        exact=pl.coalesce("epoch", pl.when(pl.col("shift").is_not_null()).then(instant)),
        clock=pl.when(pl.col("shift").is_null()).then("local"),
        time_text="written",
        wrong=pl.col("day").is_not_null() & pl.col("local").is_null(),
    )


def _epoch(value: pl.Expr) -> pl.Expr:
    """Instants from seconds, milliseconds, microseconds or nanoseconds: which, the number of digits says.

    FortiOS up to 6.0 writes seconds, later nanoseconds. Integers all the way: floats have too few digits.
    """
    parts = value.str.splitn(".", 2).struct
    whole = parts.field("field_0")
    number = whole.cast(pl.Int64, strict=False)
    fraction = parts.field("field_1").fill_null("").str.head(6).str.pad_end(6, "0").cast(pl.Int64, strict=False)
    size = whole.str.len_bytes()
    micros = (
        pl.when(size <= 11)
        .then(number * 1_000_000 + fraction)
        .when(size <= 14)
        .then(number * 1_000)
        .when(size <= 17)
        .then(number)
        .otherwise(number // 1_000)
    )
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _better(found: pl.DataFrame, other: pl.DataFrame, key: str) -> pl.DataFrame:
    """An instant before a clock time, the first before the others."""
    both = pl.concat([found, other.rename(lambda name: f"other_{name}")], how="horizontal")
    exact = pl.col("exact").is_null() & pl.col("other_exact").is_not_null()
    takes = exact | (pl.col("exact").is_null() & pl.col("clock").is_null() & pl.col("other_clock").is_not_null())
    return both.select(
        exact=pl.when(takes).then("other_exact").otherwise("exact"),
        clock=pl.when(takes).then("other_clock").otherwise("clock"),
        time_text=pl.when(takes).then("other_time_text").otherwise("time_text"),
        key=pl.when(takes).then(pl.lit(key)).otherwise("key"),
        wrong=pl.col("wrong") | pl.col("other_wrong").fill_null(False),
    )


def _taken(found: pl.DataFrame) -> dict[str, pl.Series]:
    taken: dict[str, pl.Series] = {}
    exact = found["exact"].is_not_null()
    for key in found["key"].drop_nulls().unique().sort().to_list():
        for n, name in enumerate(key.split("+")):
            used = (found["key"] == key).fill_null(False)
            # The offset is only in the time where it made it exact.
            used = used & exact if n == 2 else used
            taken[name] = taken[name] | used if name in taken else used
    return taken
