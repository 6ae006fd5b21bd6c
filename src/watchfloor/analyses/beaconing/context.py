"""What is known of a target beside its beat: what kind of address and port, and which benign things beat by design."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import polars as pl
import polars.selectors as cs

from watchfloor.analyses.rita.filters import address_bits, inside

__all__ = [
    "LOOKUP_PORTS",
    "WEB_PORTS",
    "Known",
    "known",
    "of_addresses",
    "of_lanes",
    "of_names",
    "web_odds",
    "web_weight",
]

LOOKUP_PORTS = (53, 137, 5353, 5355)
"""Look-ups of names go before any connection, a beacon's as well: they are nobody's company."""

WEB_PORTS = (80, 443)
"""Where pages, clouds and agents poll."""
_WEB = 0.75

_EVERYWHERE = ("224.0.0.0/4", "255.255.255.255/32", "0.0.0.0/8", "127.0.0.0/8", "::1/128", "::/128", "ff00::/8")
"""Multicast, broadcast, loopback: nobody's server."""
_NOBODY = 0.2


@dataclass(frozen=True)
class Known:
    """The shipped list: `known.toml`."""

    ports: pl.DataFrame
    """`port, proto` (null: any), `inside` (a service of the own network), `what, weight`."""
    services: pl.DataFrame
    """`service, what, weight`."""
    names: pl.DataFrame
    """`suffix, what, weight`."""
    networks: tuple[tuple[str, str, float], ...]
    """Subnet, what, weight."""


@cache
def known() -> Known:
    """The shipped list, read once."""
    text = resources.files("watchfloor.analyses.beaconing").joinpath("known.toml").read_text(encoding="utf-8")
    return _listed(tomllib.loads(text))


def _listed(data: Mapping[str, Any]) -> Known:
    rows: dict[str, list[tuple[Any, ...]]] = {"port": [], "service": [], "name": [], "network": []}
    for entry in data["known"]:
        for port in entry.get("ports", ()):
            inner = entry.get("inside", False)
            rows["port"] += [
                (port, each, inner, entry["what"], entry["weight"]) for each in entry.get("protos", [None])
            ]
        for kind in ("service", "name", "network"):
            rows[kind] += [(value, entry["what"], entry["weight"]) for value in entry.get(f"{kind}s", ())]
    for network, *_ in rows["network"]:
        ipaddress.ip_network(network)
    told = {"what": pl.String, "weight": pl.Float64}
    return Known(
        pl.DataFrame(rows["port"], {"port": pl.Int64, "proto": pl.String, "inside": pl.Boolean, **told}, orient="row"),
        pl.DataFrame(rows["service"], {"service": pl.String, **told}, orient="row"),
        pl.DataFrame(rows["name"], {"suffix": pl.String, **told}, orient="row"),
        tuple(rows["network"]),
    )


def of_lanes(lanes: pl.DataFrame) -> pl.DataFrame:
    """The lanes with `lane_what` and `lane_weight`: what usually speaks on this port, and how much a beat says there.

    And `lane_inside`: true where that is a guess by its port, of a service that is inside of networks.

    Arguments:
        lanes: `lane`, `port` (null where it has none) and `text`: port, protocol and services, as far as
            they are there.
    """
    shipped = known()
    words = pl.col("text").str.to_lowercase().str.replace(r"^\d+(:|$)", "")
    lanes = lanes.with_columns(proto=words.str.extract(r"^([^:]*)"))
    any_proto = shipped.ports.filter(pl.col("proto").is_null()).drop("proto").unique("port")
    any_proto = any_proto.rename({"inside": "inside_any"})
    one_proto = (
        shipped.ports.filter(pl.col("proto").is_not_null()).unique(["port", "proto"]).rename({"inside": "inside_one"})
    )
    services = (
        lanes.select("lane", service=words.str.replace_all(":", ",", literal=True).str.split(","))
        .explode("service")
        .join(shipped.services, on="service")
        .sort("weight", "what")
        .unique("lane", keep="first")
        .select("lane", what_service="what", weight_service="weight")
    )
    return (
        lanes.join(services, on="lane", how="left")
        .join(one_proto.rename({"what": "what_one", "weight": "weight_one"}), on=["port", "proto"], how="left")
        .join(any_proto.rename({"what": "what_any", "weight": "weight_any"}), on="port", how="left")
        .with_columns(
            lane_what=pl.coalesce("what_service", "what_one", "what_any"),
            lane_weight=pl.coalesce("weight_service", "weight_one", "weight_any", pl.lit(1.0)),
            lane_inside=pl.col("what_service").is_null() & pl.coalesce("inside_one", "inside_any", pl.lit(False)),
        )
        .drop("proto", cs.starts_with("what_", "weight_", "inside_"))
    )


def web_weight(port: pl.Expr, known: pl.Expr, score: pl.Expr) -> pl.Expr:
    """What a beat on a port of the web is worth: 0.75 for a weak one, 1 for a sure one.

    Most benign beats are there, so that the odds of a bad one are lower, `_WEB` times. What is known is excused.

    Arguments:
        port: that is called.
        known: what the shipped list calls it, or null.
        score: without this term.
    """
    return web_odds(port.is_in(WEB_PORTS).fill_null(False) & known.is_null(), score)


def web_odds(on_web: pl.Expr, score: pl.Expr) -> pl.Expr:
    """The same where it is known which streams it is for."""
    return pl.when(on_web).then(_WEB / (1 - score * (1 - _WEB))).otherwise(1.0)


def of_addresses(texts: pl.Series, internal: tuple[str, ...]) -> pl.DataFrame:
    """One row per text, in their order: `is_internal`, `place` and `place_weight`.

    The place is what the shipped list calls an address or a name, or that it is multicast, broadcast or loopback.
    """
    bits = pl.col("high"), pl.col("low")
    networks = [
        (pl.lit("multicast, broadcast or loopback"), pl.lit(_NOBODY), inside(*bits, _EVERYWHERE)),
        *((pl.lit(what), pl.lit(weight), inside(*bits, (network,))) for network, what, weight in known().networks),
    ]
    by_address = address_bits(texts).select(
        is_internal=inside(*bits, internal),
        place=pl.coalesce(pl.when(there).then(what) for what, _, there in networks),
        place_weight=pl.coalesce(pl.when(there).then(weight) for _, weight, there in networks),
    )
    by_name = of_names(texts)
    broadcast = texts.str.ends_with(".255") & by_address["is_internal"]
    return by_address.with_columns(
        place=pl.coalesce("place", pl.when(broadcast).then(pl.lit("broadcast")), by_name["what"]),
        place_weight=pl.coalesce("place_weight", pl.when(broadcast).then(_NOBODY), by_name["weight"], pl.lit(1.0)),
    )


def of_names(texts: pl.Series) -> pl.DataFrame:
    """One row per text, in their order: `what` and `weight` of the longest listed name that it ends with, or null."""
    suffixes = known().names
    rows = texts.alias("text").to_frame().with_row_index("row")
    named = rows.with_columns(pl.col("text").str.to_lowercase().str.strip_chars_end("."))
    named = named.filter(pl.col("text").str.contains("[a-z]"), ~pl.col("text").str.contains(":", literal=True))
    labels = named.with_columns(labels=pl.col("text").str.split("."))
    tails = [
        labels.filter(pl.col("labels").list.len() >= count).select(
            "row", suffix=pl.col("labels").list.tail(count).list.join("."), length=pl.lit(count)
        )
        for count in sorted({suffix.count(".") + 1 for suffix in suffixes["suffix"]})
    ]
    empty = pl.DataFrame(schema={"row": pl.UInt32, "what": pl.String, "weight": pl.Float64})
    if not tails:
        return rows.join(empty, on="row", how="left").select("what", "weight")
    found = pl.concat(tails).join(suffixes, on="suffix").sort("length").unique("row", keep="last")
    return rows.join(found, on="row", how="left", maintain_order="left").select("what", "weight")
