"""Which key fills which column, as firewalls and other products name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from watchfloor.readers.meaning.digits import are_digits
from watchfloor.readers.meaning.endpoints import SENSED
from watchfloor.readers.pairs.grammar import Values
from watchfloor.schemas import TIME

__all__ = ["CONNECTIONS_KEYS", "EVENTS_KEYS", "FLOWS", "Flow", "are_flows", "columns", "own_times"]

Keys = Mapping[str, tuple[str, ...]]

_PAIR: Keys = {
    "src_ip": (
        *("srcip", "src_ip", "src", "source_ip", "sourceip", "srcaddr", "saddr", "SRC", "c-ip", "ClientIP"),
        *("client_ip", "clientip", "remip", "Src-ip", "ip_address", "source-address", "SrcIP", "ip_client"),
        *("initiator_ip", "remote_ip", "srcaddress", "srcV6", "ip", "IP"),
        *("remote_addr", "remote_address", "client_addr", "client_address", "peer", "address", "ui"),
    ),
    "src_port": (
        *("srcport", "src_port", "spt", "sport", "source_port", "sourceport", "SPT", "remport", "Src-port", "src"),
        *("source-port", "SrcPort", "s_port", "remote_addr", "remote_address", "client_addr", "client_address", "peer"),
    ),
    "dst_ip": (
        *("dstip", "dst_ip", "dst", "destination_ip", "destinationip", "dstaddr", "daddr", "DST", "destip"),
        *("serverip", "server_ip", "s-supplier-ip", "target_ip", "destination-address", "DstIP", "dest_ip"),
        *("responder_ip", "destaddress", "dstV6", "locip"),
    ),
    "dst_port": (
        *("dstport", "dst_port", "dpt", "dport", "destination_port", "destinationport", "DPT", "cs-uri-port", "dst"),
        *("destination-port", "DstPort", "dest_port", "destport", "locport"),
    ),
    "proto": (
        "proto",
        "protocol",
        "PROTO",
        "ip_protocol",
        "protocol-id",
        "Protocol",
        "transport",
        "ipproto",
        "protocol-name",
    ),
}
EVENTS_KEYS: Keys = {
    **_PAIR,
    "host": (
        "devname",
        "device_name",
        "fw",
        "ION_HOST",
        "dvchost",
        "dvc",
        "x-bluecoat-appliance-name",
        "hostname",
        "host",
        "device_id",
        "devid",
    ),
    "user": (
        *("user", "user_name", "username", "srcuser", "usr", "suser", "UserName", "User", "USER", "cs-username"),
        *("administrator", "account", "AdminName", "admin", "login", "sasl_username", "src_user"),
    ),
    "program": ("program", "prog", "PROCESS_NAME"),
    "pid": ("pid", "process_id"),
    "action": (
        "action",
        "act",
        "Action",
        "actionTaken",
        "log_subtype",
        "s-action",
        "operation",
        "Operation",
        "fw_action",
        "disposition",
    ),
    "event_id": ("logid", "log_id", "msg_id", "event_id", "eventid", "EventID", "m", "id"),
    "category": ("log_type", "type", "category", "c", "Category", "attackGroup"),
    "severity_text": ("level", "severity", "pri", "priority", "Severity", "SEVERITY", "Level", "Priority", "crlevel"),
    "title": ("logdesc", "attack", "event_name", "eventname", "attackname", "attackDescription", "subject"),
    "url": ("url", "URL", "request"),
    "message": ("msg", "message", "MSG", "Detail", "description"),
}
"""By column of EVENTS, in order of preference."""
_DONE = ("action", "log_subtype")
"""What a firewall did with a connection: let it pass, or not."""
CONNECTIONS_KEYS: Keys = {
    **_PAIR,
    "uid": ("sessionid", "con_id", "conn_id"),
    "service": ("service", "application", "app"),
    "duration_seconds": ("duration",),
    "orig_bytes": ("sentbyte", "sent_bytes", "sent"),
    "resp_bytes": ("rcvdbyte", "recv_bytes", "rcvd_bytes", "rcvd"),
    "action": _DONE,
    "sensor": ("devname", "device_name", "fw"),
}
"""By column of CONNECTIONS, in order of preference."""

_WITH_PORT = {"src", "dst", "remote_addr", "remote_address", "client_addr", "client_address", "peer"}
"""Keys whose value may be `address:port:interface:name`, as SonicWall writes it, or `address:port`, as servers do."""
_BESIDE = {"m": "sn", "c": "sn", "id": "sys", "hostname": "product"}
"""Keys that mean this only beside another: `sn`, a SonicWall's serial number, `sys`, a Sophos UTM's system, or
`product` of Check Point; elsewhere `hostname` is that of a URL."""
_IP = (
    r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?)$"
)
_ADDRESS_PORT = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?:[0-9]{0,5}(?::[^ ]*)?$"
"""The address lacks where it is one of IPv6, which has a key of its own."""
_WHENCE = r"^[A-Za-z]+\(([0-9A-Fa-f:.]+)\)$"
"""By which door an administrator of Fortinet's devices came, and from where: `ssh(192.0.2.9)`."""
_NUMBERS = {"src_port": 65_535, "dst_port": 65_535, "pid": 1 << 62, "orig_bytes": 1 << 62, "resp_bytes": 1 << 62}


def columns(
    values: Values, wanted: Keys, *, besides: Mapping[str, pl.Series] | None = None
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """The columns, and by key in which lines its value is in a column: whole, so that nothing of it is lost.

    Arguments:
        values: of the lines.
        wanted: the keys of each column.
        besides: by key, in which lines it means something else.
    """
    other = besides or {}
    usable = {
        column: [key for key in keys if key in values.keys and _BESIDE.get(key, key) in values.keys]
        for column, keys in wanted.items()
    }
    names = [(column, key) for column, keys in usable.items() for key in keys]
    if not names:
        return pl.DataFrame(), {}
    beside = [_BESIDE[key] for _, key in names if key in _BESIDE]
    frame = values.frame([*(key for _, key in names), *beside])
    frame = frame.select(
        *(
            (pl.when(~pl.lit(other[key])).then(_valid(key, column)) if key in other else _valid(key, column)).alias(
                f"{column}={key}"
            )
            for column, key in names
        ),
        *{f"={key}": pl.col(key).alias(f"={key}") for _, key in names}.values(),
    )
    made = frame.select(
        pl.coalesce(f"{column}={key}" for key in keys).alias(column) for column, keys in usable.items() if keys
    )
    used: dict[str, list[pl.Expr]] = {}
    for column, keys in usable.items():
        before: list[pl.Expr] = []
        for key in keys:
            given = pl.col(f"{column}={key}").is_not_null()
            chosen = pl.all_horizontal(given, *(~one for one in before))
            used.setdefault(key, []).append(chosen & _whole(key, column) if key not in _WITH_PORT else chosen)
            before.append(given)
    for key in _WITH_PORT & used.keys():
        used[key] = [_whole_address(key, used[key], [column for column, keys in usable.items() if key in keys])]
    taken = frame.select(pl.any_horizontal(masks).fill_null(False).alias(key) for key, masks in used.items())
    return made, {mask.name: mask for mask in taken.get_columns() if mask.any()}


def _valid(key: str, column: str) -> pl.Expr:
    """The value of a key where it can stand in a column."""
    value = pl.col(key)
    if key in _BESIDE:
        value = pl.when(pl.col(_BESIDE[key]) != "").then(value)
    with_port = pl.when(value.str.contains(_ADDRESS_PORT)).then(value)
    good: pl.Expr = pl.when(~value.is_in(["-", "", "N/A", "NA"])).then(value)
    if column == "user":
        # Junos of a session whose user it does not know.
        good = pl.when(value != "unknown-user").then(good)
    if column.endswith("_ip"):
        good = pl.when(value.str.contains(_IP)).then(value)
        good = pl.coalesce(good, _part(with_port, 0).replace("", None)) if key in _WITH_PORT else good
        good = pl.coalesce(good, value.str.extract(_WHENCE)) if key == "ui" else good
    elif key in _WITH_PORT:
        good = _number(_part(with_port, 1), 65_535)
    elif column in _NUMBERS:
        good = _number(value, _NUMBERS[column])
    elif column == "duration_seconds":
        number = value.cast(pl.Float64, strict=False)
        good = pl.when(number.is_finite() & (number >= 0)).then(number)
    elif column == "proto":
        good = value.str.extract("^([^/]+)").str.to_lowercase().replace_strict(SENSED, default=None)
    return good


def _whole(key: str, column: str) -> pl.Expr:
    """Whether nothing of the value is lost in the column."""
    value = pl.col(f"={key}")
    if column in _NUMBERS:
        return pl.col(f"{column}={key}").cast(pl.String) == value
    if key == "ui":
        return pl.lit(value=False)
    if column == "proto":
        return ~value.str.contains("/", literal=True)
    return pl.lit(True)


def _whole_address(key: str, chosen: list[pl.Expr], of: list[str]) -> pl.Expr:
    """Whether all of `address:port` is in columns, and nothing stands behind it."""
    value = pl.col(f"={key}")
    by_column = dict(zip((column.rpartition("_")[2] for column in of), chosen, strict=True))
    ip, port = by_column["ip"], by_column["port"]
    address = pl.col(f"{of[0]}={key}")
    both = pl.format("{}:{}", address, pl.col(f"{of[1]}={key}"))
    return ip & ((address == value) | (port & (both == value)))


def _part(value: pl.Expr, n: int) -> pl.Expr:
    return value.str.splitn(":", 4).struct.field(f"field_{n}")


def _number(value: pl.Expr, most: int) -> pl.Expr:
    number = value.str.to_integer(strict=False)
    return pl.when(number.is_between(0, most)).then(number)


@dataclass(frozen=True)
class Flow:
    """A kind of lines that are one connection each."""

    key: str
    word: str
    """The key that says so, and how."""
    needs: tuple[str, ...]
    """Keys without which it is none."""
    others: tuple[str, ...]
    """The other keys that are looked at."""
    kept: tuple[str, ...] = ()
    """Keys of which no column is made and that an analyst asks for: who it was, which rule."""

    @property
    def keys(self) -> frozenset[str]:
        """All keys that are looked at."""
        return frozenset((self.key, *self.needs, *self.others, *self.kept))


FLOWS = (
    Flow(
        *("type", "traffic", ("srcip", "dstip")),
        (
            *("srcport", "dstport", "proto", "sessionid", "service", "duration", "sentbyte", "rcvdbyte", "devname"),
            *("logid", "eventtime", "date", "time", "tz"),
            *_DONE,
        ),
        ("user", "policyid"),
    ),
    Flow(
        *("log_type", "Firewall", ("src_ip", "dst_ip")),
        (
            *("src_port", "dst_port", "protocol", "con_id", "application", "duration", "sent_bytes", "recv_bytes"),
            *("device_name", "timestamp", "date", "time", "timezone"),
            *_DONE,
        ),
        ("user_name", "fw_rule_id", "fw_rule_name"),
    ),
    Flow("m", "537", ("sn", "src", "dst", "sent", "rcvd"), ("proto", "fw", "time", *_DONE), ("usr", "rule", "msg")),
)
"""FortiGate's traffic, Sophos' firewall rules, SonicWall's closed connections."""


def are_flows(values: Values, flow: Flow) -> pl.Series:
    """Which lines are connections of this kind."""
    if not values.keys.issuperset((flow.key, *flow.needs)):
        return pl.Series([False], dtype=pl.Boolean).new_from_index(0, values.height)
    needed = (pl.col(key) != "" for key in flow.needs)
    found = pl.all_horizontal(pl.col(flow.key) == flow.word, *needed).fill_null(False)
    return values.frame((flow.key, *flow.needs)).select(flow=found)["flow"]


_TIME_KEYS = (
    *("eventtime", "timestamp", "time", "UTCTime", "datetime", "date_time", "DEVICE_TIME", "device_time", "devTime"),
    *("event_time", "rt", "ts", "t"),
)
"""Keys of whole times, in order of preference; `date` and `time` come after the first."""
_STAMP = (
    r"^([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]{1,9}))?"
    r" ?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?$"
)
_NANOSECONDS = 19
"""Digits of nanoseconds since 1970, as FortiOS writes them."""
_EPOCH = r"^[0-9]{9,19}(?:\.[0-9]{1,9})?$"


def own_times(values: Values) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Of each line `exact`, an instant, or else `clock`, a clock time without a zone; their `time_text`; which keys
    hold them; and whether it has a time that does not exist (`wrong`)."""
    found: pl.DataFrame | None = None
    types: dict[str, pl.DataType] = {
        "exact": TIME,
        "clock": pl.Datetime("us"),
        "time_text": pl.String(),
        "key": pl.String(),
        "wrong": pl.Boolean(),
    }
    for key in _candidates():
        if key[0] not in values.keys:
            continue
        read, name = _read(values, key), "+".join(key)
        if found is None:
            known = pl.col("exact").is_not_null() | pl.col("clock").is_not_null()
            found = read.with_columns(key=pl.when(known).then(pl.lit(name))).with_columns(
                time_text=pl.when(known).then("time_text")
            )
        else:
            found = _better(found, read, name)
        if not found["exact"].null_count():
            break
    if found is None:
        found = pl.DataFrame(schema=types).clear(values.height).with_columns(wrong=pl.lit(False))
    return found.drop("key"), _taken(found)


def _candidates() -> Sequence[tuple[str, ...]]:
    return (
        ("eventtime",),
        ("date", "time", "tz"),
        ("date", "time", "timezone"),
        ("time", "tz"),
        *((key,) for key in _TIME_KEYS[1:]),
    )


def _read(values: Values, keys: tuple[str, ...]) -> pl.DataFrame:
    """The times that some keys give."""
    frame = values.frame(keys)
    if len(keys) == 1:
        text = pl.col(keys[0])
        written = text
    else:
        *dates, time, offset = (pl.col(key) for key in keys)
        bare = time
        if dates:
            bare = pl.when(dates[0].str.len_bytes().is_between(8, 10)).then(pl.concat_str(*dates, time, separator=" "))
        # Names of zones, such as CDT or IST, mean several offsets: such a clock needs to be told its zone.
        known = offset.str.contains("^(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})$")
        text = pl.when(known).then(pl.concat_str(bare, offset)).otherwise(bare)
        written = pl.when(known).then(pl.concat_str(bare, offset, separator=" ")).otherwise(bare)
    frame = frame.select(text=text, written=written)
    value = pl.col("text")
    if are_digits(frame["text"], _NANOSECONDS):
        exact = (value.cast(pl.Int64) // 1_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return frame.select_seq(
            exact=exact, clock=pl.lit(None, pl.Datetime("us")), time_text="written", wrong=pl.lit(False)
        )
    epoch = frame["text"].str.contains(_EPOCH)
    if epoch.any():
        frame = frame.with_columns(epoch=_epoch(value) if epoch.all() else pl.when(epoch).then(_epoch(value)))
    else:
        frame = frame.with_columns(epoch=pl.lit(None, TIME))
    if frame["epoch"].null_count() == frame["text"].null_count():
        return frame.select(
            exact="epoch", clock=pl.lit(None, pl.Datetime("us")), time_text="written", wrong=pl.lit(False)
        )
    parts = value.str.extract_groups(_STAMP).struct
    day, clock, fraction, offset = (parts.field(str(n)) for n in (1, 2, 3, 4))
    frame = frame.with_columns(
        day=day.str.replace_all("/", "-", literal=True)
        .str.replace("-([0-9])-", "-0${1}-")
        .str.replace("-([0-9])$", "-0${1}"),
        at=clock,
        fraction=fraction,
        offset=offset,
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
            used = used & exact if n and n == key.count("+") else used
            taken[name] = taken[name] | used if name in taken else used
    return taken
