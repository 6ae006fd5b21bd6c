"""What RITA v5 imports of canonical tables: connections that pass its filters, names linked to them by uid, queries.

All texts are numbers here, and whole seconds count. `role` says what a row is: `CLOSED` connections alone enter the
beacon lists; `OPEN` ones are of their import only; a request without a Host header is a copy of its connection, which
counts for nothing but itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from watchfloor.analyses.rita.coding import Coding
from watchfloor.analyses.rita.config import RitaConfig
from watchfloor.analyses.rita.domains import listed, registrable
from watchfloor.analyses.rita.filters import NAMES, addresses, cannot_link, verdict
from watchfloor.analyses.rita.imports import import_number, imports_of
from watchfloor.analyses.rita.pairs import sizes_of
from watchfloor.schemas import CONNECTIONS, DNS_QUERIES, HTTP_REQUESTS, TLS_SESSIONS, Tables

__all__ = ["CLOSED", "HOUR", "OPEN", "Traffic", "traffic_of"]

CLOSED, MISSING, OPEN, OPEN_MISSING = range(4)
"""What a row is: a connection, a request without a Host header, and the same of connections that are still open."""
HOUR = 3_600
_REQUESTS = 20
"""Requests of one connection that count, the newest."""

_SECOND = pl.col("time").dt.epoch("us") // 1_000_000
_USABLE = _SECOND.is_between(0, 2**32 - 1)  # RITA's own type
_OPEN = pl.col("still_open").fill_null(False)
_FLAGS = ("is_address", "is_internal", "is_always", "is_never")
"""What is known of an address."""


@dataclass(frozen=True)
class Traffic:
    """What is analysed; `part` is the number of the import that a row belongs to."""

    flows: pl.DataFrame
    """Connections and copies for requests without a Host header: `part, key, second, sent, total, duration, lane, role,
    uid`; `key` is source and destination."""
    names: pl.DataFrame
    """Rows of HTTP with a host and of TLS, linked to their connection: the same, with `src, dst, name, proxy, http,
    counted, signature, url, mime_type`; `key` is source and name."""
    bare: pl.DataFrame
    """Requests without a Host header: `part, key, src, dst, second, role, signature`."""
    queries: pl.DataFrame
    """DNS: `part, src, dst, name, second, answers` (of A queries)."""
    hosts: pl.DataFrame
    """One row per address, in the order of their numbers: `text, is_internal`."""
    labels: pl.DataFrame
    """One row per name, in the order of their numbers: `text, domain` (registrable)."""
    coding: Coding
    sizes: str
    """The column that sizes are from."""
    rows: dict[str, int]
    """Rows that went in, by table."""
    left_out: dict[str, int]
    """Connections that are not analysed, by reason."""
    unlinked: int
    """Rows of HTTP and TLS that pass the filters, and whose connection is not in the same import."""

    def inside(self, host: str) -> pl.Expr:
        """Whether the address of that number is internal."""
        return pl.lit(self.hosts["is_internal"]).gather(pl.col(host))


def traffic_of(tables: Tables, config: RitaConfig, *, one_import: bool = False) -> Traffic:
    """What RITA would import of these tables: `connections, http_requests, tls_sessions, dns_queries`, any of them.

    Arguments:
        tables: the canonical tables.
        config: RITA's parameters.
        one_import: all files are one import, whatever their names say.
    """
    flows_in, http_in, tls_in, dns_in = (
        table.conform(tables.get(table.name, pl.LazyFrame(schema=table.schema)))
        for table in (CONNECTIONS, HTTP_REQUESTS, TLS_SESSIONS, DNS_QUERIES)
    )
    coding, texts = Coding(), _Texts()
    sources = [] if one_import else _sources([flows_in, http_in, tls_in, dns_in])
    number = import_number(imports_of(sources))
    sizes = sizes_of(flows_in)
    http = _http(http_in, coding, texts, number)
    tls = _tls(tls_in, coding, texts, number)
    uids = pl.concat([http.select("uid"), tls.select("uid")]).unique().with_row_index("number")
    flows = _flows(flows_in, coding, number, sizes, uids)
    http, tls = (_numbered(frame, uids) for frame in (http, tls))
    dns = _dns(dns_in, coding, texts, number)
    known = coding.addresses()
    flags = addresses(known, config)
    rules = flags.to_struct("rules")
    flows, left_out = _kept_flows(flows, flags, config)
    http = _kept_requests(http, rules, texts, config)
    tls = _kept_sessions(tls, rules, texts, config)
    linked = flows.filter(pl.col("uid").is_not_null())
    requests, sessions = _linked_requests(http, linked), _linked(tls, linked)
    place = ["part", "role", "uid"]
    unlinked = sum(rows.join(linked, on=place, how="anti").height for rows in (http, tls))
    bare = requests.filter(pl.col("host") == "")
    bare = bare.filter(verdict(*_ends(rules, bare["src"], bare["dst"]), config).is_null())
    bare = bare.with_columns(key=_key("src", "dst"), role=pl.col("role") + 1)
    named = pl.concat(
        [
            requests.filter(pl.col("host") != "").with_columns(http=pl.lit(True)),
            sessions.with_columns(http=pl.lit(False), proxy=pl.lit(False), counted=pl.lit(True)),
        ],
        how="diagonal",
    ).with_columns(key=_key("src", "name"))
    copies = bare.select("part", "key", "second", "role", "uid", sent=0, total=0, duration=0)
    flows = flows.filter("kept").drop("kept")
    if copies.height:
        copies = copies.cast({c: t for c, t in flows.schema.items() if c in copies.columns})
        flows = pl.concat([flows, copies], how="diagonal")
    return Traffic(
        flows=flows,
        names=named.drop("host", "record"),
        bare=bare.select("part", "key", "src", "dst", "second", "role", "signature"),
        queries=_kept_queries(dns, rules, texts, config),
        hosts=pl.DataFrame({"text": known}).with_columns(flags["is_internal"]),
        labels=texts.names().to_frame("text").with_columns(domain=registrable(pl.col("text"))),
        coding=coding,
        sizes=sizes,
        rows={name: int(frame.select(pl.len()).collect().item()) for name, frame in tables.items() if name in _COUNTED},
        left_out=left_out,
        unlinked=unlinked,
    )


_COUNTED = ("connections", "http_requests", "tls_sessions", "dns_queries")


class _Texts:
    """Names, and what is compared but never shown on a hot path, as numbers."""

    def __init__(self) -> None:
        self._names, self._rest = pl.Categories.random(), pl.Categories.random()
        self._alive = [pl.Series([], dtype=pl.Categorical(kind)) for kind in (self._names, self._rest)]

    def name(self, text: pl.Expr) -> pl.Expr:
        return text.cast(pl.Categorical(self._names)).to_physical()

    def rest(self, text: pl.Expr) -> pl.Expr:
        return text.cast(pl.Categorical(self._rest))

    def names(self) -> pl.Series:
        return self._names.to_series()


def _sources(frames: Sequence[pl.LazyFrame]) -> list[str | None]:
    found = pl.collect_all([frame.select(pl.col("source").unique()) for frame in frames])
    return pl.concat(found)["source"].unique().to_list()


def _key(first: str, second: str) -> pl.Expr:
    """Two numbers as one."""
    return pl.col(first).cast(pl.UInt64) * 2**32 + pl.col(second)


def _flows(connections: pl.LazyFrame, coding: Coding, number: pl.Expr, sizes: str, uids: pl.DataFrame) -> pl.DataFrame:
    sent, received = ("orig_bytes", "resp_bytes") if sizes == "orig_bytes" else ("orig_ip_bytes", "resp_ip_bytes")
    if uids.height:
        connections = connections.join(uids.lazy(), on="uid", how="left")
    else:
        connections = connections.with_columns(number=pl.lit(None, pl.UInt32))
    # Of ICMP, Zeek has the type as source and the code as destination port: both in one number, as a port is.
    icmp = (pl.col("proto") == "icmp") & pl.col("src_port").is_between(0, 255) & pl.col("dst_port").is_between(0, 255)
    port = pl.when(icmp).then(pl.col("src_port") * 256 + pl.col("dst_port")).otherwise("dst_port")
    return (
        connections.with_columns(port=port)
        .select(
            part=number,
            key=pl.when(_USABLE).then(coding.pair("src_ip", "dst_ip")),
            second=_SECOND.cast(pl.UInt32, strict=False),
            sent=pl.col(sent).clip(0).fill_null(0),
            total=pl.col(sent).clip(0).fill_null(0) + pl.col(received).clip(0).fill_null(0),
            duration=(pl.col("duration_seconds").fill_null(0) * 1_000_000).round().cast(pl.Int64, strict=False),
            lane=coding.lane("port", "proto", "service"),
            role=pl.when(_OPEN).then(OPEN).otherwise(CLOSED).cast(pl.UInt8),
            uid=pl.col("number"),
        )
        .collect(engine="streaming")
    )


def _http(requests: pl.LazyFrame, coding: Coding, texts: _Texts, number: pl.Expr) -> pl.DataFrame:
    host = pl.col("host").fill_null("")
    return (
        requests.filter(pl.col("uid").is_not_null(), _USABLE)
        .select(
            "uid",
            "record",
            "mime_type",
            part=number,
            src=coding.address("src_ip"),
            dst=coding.address("dst_ip"),
            asked=_SECOND,
            role=pl.when(_OPEN).then(OPEN).otherwise(CLOSED).cast(pl.UInt8),
            proxy=(pl.col("method") == "CONNECT").fill_null(False),
            host=host,
            name=texts.name(host),
            signature=texts.rest(pl.col("user_agent")),
            url=texts.rest(pl.col("url")),
        )
        .filter(pl.col("src").is_not_null(), pl.col("dst").is_not_null())
        .collect()
    )


def _tls(sessions: pl.LazyFrame, coding: Coding, texts: _Texts, number: pl.Expr) -> pl.DataFrame:
    return (
        sessions.filter(pl.col("uid").is_not_null(), pl.col("server_name").fill_null("") != "")
        .select(
            "uid",
            "record",
            part=number,
            src=coding.address("src_ip"),
            dst=coding.address("dst_ip"),
            role=pl.when(_OPEN).then(OPEN).otherwise(CLOSED).cast(pl.UInt8),
            host=pl.col("server_name"),
            name=texts.name(pl.col("server_name")),
            signature=texts.rest(pl.col("ja3")),
        )
        .filter(pl.col("src").is_not_null(), pl.col("dst").is_not_null())
        .collect()
    )


def _dns(queries: pl.LazyFrame, coding: Coding, texts: _Texts, number: pl.Expr) -> pl.DataFrame:
    """Queries for names with a dot."""
    return (
        queries.filter(_USABLE, pl.col("query").str.contains(".", literal=True))
        .select(
            part=number,
            src=coding.address("src_ip"),
            dst=coding.address("dst_ip"),
            second=_SECOND.cast(pl.UInt32, strict=False),
            name=texts.name(pl.col("query")),
            answers=pl.when(pl.col("query_type") == "A").then("answers"),
        )
        .filter(pl.col("src").is_not_null(), pl.col("dst").is_not_null())
        .collect()
    )


def _numbered(frame: pl.DataFrame, uids: pl.DataFrame) -> pl.DataFrame:
    return frame.join(uids, on="uid", how="left").drop("uid").rename({"number": "uid"})


def _ends(rules: pl.Series, source: pl.Series, destination: pl.Series) -> tuple[pl.Expr, pl.Expr]:
    """What is known of both ends of each row."""
    return pl.lit(rules.gather(source)), pl.lit(rules.gather(destination))


def _are_addresses(ends: tuple[pl.Expr, pl.Expr]) -> pl.Expr:
    return ends[0].struct.field("is_address") & ends[1].struct.field("is_address")


def _kept_flows(flows: pl.DataFrame, flags: pl.DataFrame, config: RitaConfig) -> tuple[pl.DataFrame, dict[str, int]]:
    """Connections that can be linked, with whether they are `kept` themselves, and why the others are not.

    What is judged are not rows but the 16 by 16 kinds of addresses, by what is known of them: rows look that up.
    """
    kind = flags.select(kind=pl.sum_horizontal(pl.col(name).cast(pl.UInt8) * 2**n for n, name in enumerate(_FLAGS)))
    kinds = pl.DataFrame({"kind": range(256)}, schema={"kind": pl.UInt16}).select(
        *(
            pl.struct((number // 2**n % 2 == 1).alias(name) for n, name in enumerate(_FLAGS)).alias(end)
            for end, number in (("source", pl.col("kind") // 16), ("destination", pl.col("kind") % 16))
        )
    )
    ends = pl.col("source"), pl.col("destination")
    valid = _are_addresses(ends)
    judged = kinds.select(
        why=pl.when(valid).then(verdict(*ends, config)).otherwise(pl.lit("unusable")),
        linked=valid & ~cannot_link(*ends),
    )
    source, destination = (pl.lit(kind["kind"]).gather(end) for end in Coding.ends(pl.col("key")))
    of_row = flows.select(kind=source * 16 + destination)["kind"]  # null without a key
    rows = of_row.drop_nulls().value_counts()
    counts: dict[str, int] = {"unusable": of_row.null_count()}
    for number, count in rows.iter_rows():
        if why := judged["why"][number]:
            counts[why] = counts.get(why, 0) + count
    left_out = {reason: counts[reason] for reason in ("unusable", *NAMES) if counts.get(reason)}
    known = flows.with_columns(kept=pl.lit(judged["why"].is_null().gather(of_row)))
    needed = pl.col("kept") | pl.col("uid").is_not_null()
    return known.filter(judged["linked"].gather(of_row), needed), left_out


def _domain_dropped(names: pl.Series, texts: _Texts, config: RitaConfig) -> pl.Series:
    """Whether a list of the user drops the name of that number."""
    drops = (
        texts.names()
        .to_frame("text")
        .select(
            drops=~listed(pl.col("text"), config.always_included_domains)
            & listed(pl.col("text"), config.never_included_domains)
        )["drops"]
    )
    return drops.gather(names)


def _kept_requests(http: pl.DataFrame, rules: pl.Series, texts: _Texts, config: RitaConfig) -> pl.DataFrame:
    """Requests that pass the filters; of a CONNECT only its source and name count, and an address as name."""
    ends = _ends(rules, http["src"], http["dst"])
    source = ends[0].struct
    to_address = addresses(http["host"], config)
    asked = pl.lit(to_address.to_struct())
    towards = (
        to_address["is_address"] & ends[1].struct.field("is_internal") & verdict(ends[0], asked, config).is_not_null()
    )
    never = source.field("is_never") & ~source.field("is_always")
    direct = verdict(*ends, config).is_not_null() | (~source.field("is_internal") & (pl.col("host") != ""))
    drops = pl.when("proxy").then(never | towards).otherwise(direct)
    named = pl.lit(_domain_dropped(http["name"], texts, config))
    return http.filter(_are_addresses(ends), ~(drops | named))


def _kept_sessions(tls: pl.DataFrame, rules: pl.Series, texts: _Texts, config: RitaConfig) -> pl.DataFrame:
    ends = _ends(rules, tls["src"], tls["dst"])
    drops = verdict(*ends, config).is_not_null() | ~ends[0].struct.field("is_internal")
    named = pl.lit(_domain_dropped(tls["name"], texts, config))
    return tls.filter(_are_addresses(ends), ~(drops | named))


def _kept_queries(dns: pl.DataFrame, rules: pl.Series, texts: _Texts, config: RitaConfig) -> pl.DataFrame:
    ends = _ends(rules, dns["src"], dns["dst"])
    drops = verdict(*ends, config, within_is_kept=True).is_not_null()
    named = pl.lit(_domain_dropped(dns["name"], texts, config))
    return dns.filter(_are_addresses(ends), ~(drops | named))


def _linked(rows: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Rows of a log with the time, bytes, duration and port of their connection in the same import."""
    return rows.join(
        linked.select("part", "role", "uid", "second", "sent", "total", "duration", "lane"),
        on=["part", "role", "uid"],
        how="inner",
    )


def _linked_requests(http: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """The newest requests of each connection; the newest alone counts.

    RITA leaves open which of one second is the newest: it is the first by host and address here, as its table is
    sorted.
    """
    place = pl.int_range(pl.len()).over("part", "role", "uid")
    newest = (
        http.sort(pl.col("asked").neg(), "host", "dst", "record", nulls_last=True)
        .with_columns(counted=place == 0)
        .filter(place < _REQUESTS)
        .drop("asked")
    )
    first = pl.col("counted")
    return _linked(newest, linked).with_columns(
        *(pl.when(first).then(name).otherwise(0).alias(name) for name in ("sent", "total", "duration"))
    )
