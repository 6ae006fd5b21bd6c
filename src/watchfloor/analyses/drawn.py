"""Connections drawn from what proxies and firewalls write, where no log of connections is there: requests, events."""

from __future__ import annotations

import polars as pl

from watchfloor.schemas import CONNECTIONS, HTTP_REQUESTS, Tables

__all__ = ["Drawn", "drawn"]

_TARGET = (
    r"(?i)^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)+)(?::([0-9]{1,5}))?"
    r"(?:[/?#]|$)"
)
"""Of what a client asks a proxy for: the host and the port."""
_SENT = ("client_inbound_bytes", "requestsize", "reqsize", "cs-bytes", "sent_bytes", "bytes_sent", "bytes_out")
_RECEIVED = ("client_outbound_bytes", "responsesize", "respsize", "sc-bytes", "received_bytes", "bytes_received")
_PORTS = ("service", "cs-uri-port")
"""Keys of `fields`, as Check Point, Zscaler and Blue Coat name them."""
_BUILT, _ENDED = r"(?i)\bBuilt\b", r"(?i)\bTeardown\b"
"""Words of messages, as Cisco writes two for one connection."""


class Drawn:
    """The tables with CONNECTIONS, and where these are from."""

    def __init__(self, tables: Tables, origin: str = "") -> None:
        self.tables = tables
        self.origin = origin
        """`http_requests`, `events`, or nothing where there was a table of connections."""

    @property
    def by(self) -> str:
        """What a pair is: behind a proxy, source and name."""
        return "name" if self.origin == "http_requests" else "pair"

    @property
    def words(self) -> str:
        """What has to be said of it."""
        if self.origin == "http_requests":
            return (
                "There is no log of connections: each request to a proxy counts as one, to the name that was asked for;"
                " requests in one connection count each, at the time that the proxy wrote down: most do so at the end."
            )
        if self.origin == "events":
            return (
                "There is no log of connections: each event with two addresses and a protocol or port counts as one, "
                "and the end of a connection is not counted beside its start."
            )
        return ""


def drawn(tables: Tables) -> Drawn:
    """The tables with connections: those that are there, else requests of clients, else events with two ends.

    Requests get a `uid` that their connection has too. Requests are those of clients to servers by name, as proxies
    write them; a web server's own log tells no name of another.
    """
    if _has_rows(tables.get("connections")):
        return Drawn(tables)
    requests = _requests(tables)
    if _has_rows(requests):
        numbered = requests.with_row_index("n").with_columns(uid=pl.format("request-{}", "n")).drop("n")
        connections = CONNECTIONS.fill(
            numbered.select(
                *("source", "record", "time", "uid", "src_ip", "src_port", "dst_ip", "proto_port"),
                *("orig_bytes", "resp_bytes", "duration_seconds", "still_open"),
            ).rename({"proto_port": "dst_port"}),
            proto="tcp",
        )
        return Drawn(
            {**tables, "connections": connections, "http_requests": HTTP_REQUESTS.fill(numbered.drop("proto_port"))},
            "http_requests",
        )
    events = _ends(tables)
    return Drawn({**tables, "connections": events}, "events") if _has_rows(events) else Drawn(tables)


def _has_rows(frame: pl.LazyFrame | None) -> bool:
    return frame is not None and frame.head(1).collect().height > 0


def _requests(tables: Tables) -> pl.LazyFrame:
    """Requests with the host that was asked for, and its port as `proto_port`."""
    parts = [HTTP_REQUESTS.conform(tables["http_requests"])] if "http_requests" in tables else []
    if "events" in tables:
        # Proxies whose lines are pairs or JSON.
        method = _written(("requestmethod", "reqmethod"), "[A-Za-z-]{1,20}")
        asked = tables["events"].filter(pl.col("url").is_not_null(), method.is_not_null())
        asked = asked.with_columns(
            method=method, host=pl.lit(None, pl.String), orig_bytes=_number(_SENT), resp_bytes=_number(_RECEIVED)
        )
        parts.append(HTTP_REQUESTS.fill(asked.select(set(HTTP_REQUESTS.schema) & {*_OF_EVENTS})))
    if not parts:
        return HTTP_REQUESTS.empty().with_columns(proto_port=pl.lit(None, pl.Int64))
    target = pl.col("url").str.extract_groups(_TARGET).struct
    said = pl.col("host").str.extract(r"^(\[[0-9A-Fa-f:.]+\]|[^:/\s]+)(?::[0-9]{1,5})?$")
    host = pl.coalesce(said, target.field("1")).str.strip_chars("[]").str.to_lowercase()
    scheme = pl.col("url").str.extract("(?i)^([a-z]+)://").str.to_lowercase()
    written = pl.coalesce(
        target.field("2"), pl.col("host").str.extract(r":([0-9]{1,5})$"), _written(_PORTS, "[0-9]{1,5}")
    ).cast(pl.Int64, strict=False)
    by_scheme = scheme.replace_strict({"http": 80, "https": 443, "ftp": 21}, default=None, return_dtype=pl.Int64)
    port = pl.coalesce(written, by_scheme, pl.when(pl.col("method") == "CONNECT").then(443))
    return (
        pl.concat(parts)
        .with_columns(host=host, proto_port=pl.when(port.is_between(1, 65_535)).then(port))
        .filter(pl.col("host").is_not_null(), pl.col("src_ip").is_not_null())
    )


_OF_EVENTS = (
    *("source", "record", "time", "src_ip", "src_port", "dst_ip", "dst_port", "method", "host", "url", "user"),
    *("orig_bytes", "resp_bytes", "fields"),
)


def _ends(tables: Tables) -> pl.LazyFrame:
    """Connections of events that have two ends."""
    if "events" not in tables:
        return CONNECTIONS.empty()
    known = ("source", "record", "time", "src_ip", "src_port", "dst_ip", "proto", "action", "fields", "message")
    rows = tables["events"].select(
        *known,
        sensor="host",
        dst_port=pl.coalesce("dst_port", _number(_PORTS)),
        orig_bytes=_number(_SENT),
        resp_bytes=_number(_RECEIVED),
        begins=pl.col("message").str.contains(_BUILT).fill_null(False),
        ends=pl.col("message").str.contains(_ENDED).fill_null(False),
    )
    ended = rows.filter(pl.col("src_ip").is_not_null(), pl.col("dst_ip").is_not_null())
    ended = ended.filter(pl.col("proto").is_not_null() | pl.col("dst_port").is_not_null())
    # Where starts are not logged, an end is all that there is; it does not tell who began.
    starts = ended.filter("begins").head(1).collect().height > 0
    if starts:
        return CONNECTIONS.fill(ended.filter(~pl.col("ends")).drop("begins", "ends", "message"))
    server = (pl.col("src_port") < 1024) & (pl.col("dst_port") >= 1024) & pl.col("ends")
    sides = (("src_ip", "dst_ip"), ("src_port", "dst_port"))
    turned = [
        pl.when(server.fill_null(False)).then(other).otherwise(name).alias(name)
        for pair in sides
        for name, other in (pair, pair[::-1])
    ]
    return CONNECTIONS.fill(ended.with_columns(turned).drop("begins", "ends", "message"))


def _written(keys: tuple[str, ...], value: str) -> pl.Expr:
    """The first value of some keys of `fields`: one look at the text, as reading JSON once a key costs far more.

    Quotes within values are escaped there, so that no value looks like a key.
    """
    names = "|".join(keys)
    return pl.col("fields").str.extract(rf'"(?:{names})":"?({value})"?[,}}]')


def _number(keys: tuple[str, ...]) -> pl.Expr:
    return _written(keys, "[0-9]{1,18}").cast(pl.Int64, strict=False)
