"""Which pairs RITA analyses: its rules about subnets, for many addresses at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import reduce

import polars as pl

from watchfloor.analyses.rita.config import NEVER_INCLUDED, RitaConfig

__all__ = ["NAMES", "address_bits", "addresses", "cannot_link", "inside", "verdict"]

NAMES = {
    "never_included": "an end is never analysed: multicast, broadcast, loopback, or listed by the user",
    "internal": "between two internal addresses",
    "external": "between two external addresses",
    "inbound": "from outside to inside",
}
"""Why a pair is dropped."""

_OCTETS = r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$"
_MAPPED = 0xFFFF_0000_0000  # ::ffff:0:0/96, where IPv4 addresses live among those of IPv6


def address_bits(texts: pl.Series) -> pl.DataFrame:
    """Columns `high` and `low`: the upper and the lower 64 bits of each address; null for what is no address.

    IPv4 addresses are mapped into those of IPv6. Only what has a colon is read as IPv6: that takes longer.
    """
    text = pl.col("text").str.to_lowercase().str.replace(r"%.*$", "")  # fe80::1%eth0
    rows = texts.alias("text").to_frame().with_row_index("row").lazy()
    has_colon = pl.col("text").str.contains(":", literal=True).fill_null(False)
    tail = _ipv4(text.str.extract(r":(\d+\.\d+\.\d+\.\d+)$"))
    high, low = _ipv6(text.str.replace(r":\d+\.\d+\.\d+\.\d+$", ":0:0"))
    old = rows.filter(~has_colon).select("row", low=_ipv4(pl.col("text")) + _MAPPED)
    old = old.with_columns(high=pl.when(pl.col("low").is_not_null()).then(pl.lit(0, pl.UInt64)))
    new = rows.filter(has_colon).select("row", low=low + tail.fill_null(0), high=high)
    return pl.concat([old, new]).sort("row").select("high", "low").collect()


def _ipv4(text: pl.Expr) -> pl.Expr:
    """Four octets as one number."""
    octets = pl.when(text.str.contains(_OCTETS)).then(text).str.split_exact(".", 3).struct
    parts = [octets.field(f"field_{n}").cast(pl.UInt8, strict=False).cast(pl.UInt64) for n in range(4)]
    return _number(parts, 256)


def _ipv6(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Eight groups as two numbers; `::` stands for as many groups of 0 as are missing."""
    halves = text.str.splitn("::", 2).struct
    left, right = (_groups(halves.field(f"field_{number}")) for number in range(2))
    short = halves.field("field_1").is_not_null()
    count = left.list.len() + right.list.len().fill_null(0)
    fits = pl.when(short).then(count <= 7).otherwise(count == 8)
    groups = [_group(left, right, number) for number in range(8)]
    high, low = _number(groups[:4], 65_536), _number(groups[4:], 65_536)
    return pl.when(fits).then(high), pl.when(fits).then(low)


def _number(digits: Sequence[pl.Expr], base: int) -> pl.Expr:
    """Digits as one number, the first weighs most."""
    return reduce(lambda number, digit: number * base + digit, digits)


def _groups(text: pl.Expr) -> pl.Expr:
    return pl.when(text == "").then(pl.lit([], pl.List(pl.String))).otherwise(text.str.split(":"))


def _group(left: pl.Expr, right: pl.Expr, number: int) -> pl.Expr:
    from_left = left.list.get(number, null_on_oob=True)
    from_right = right.list.get(number - 8, null_on_oob=True)
    text = pl.coalesce(from_left, from_right, pl.lit("0"))
    digits = pl.when(text.str.contains(r"^[0-9a-f]{1,4}$")).then(text)
    return digits.str.to_integer(base=16, dtype=pl.UInt64, strict=False)


def inside(high: pl.Expr, low: pl.Expr, subnets: Sequence[str]) -> pl.Expr:
    """True where the address lies in one of the subnets; what is no address lies in none."""
    return pl.any_horizontal(pl.lit(False), *(_within(high, low, subnet) for subnet in subnets)).fill_null(False)


def _within(high: pl.Expr, low: pl.Expr, subnet: str) -> pl.Expr:
    network = ipaddress.ip_network(subnet)
    first, length = int(network.network_address), network.prefixlen
    if network.version == 4:
        first, length = first + _MAPPED, length + 96
    upper, lower = first >> 64, first & (2**64 - 1)
    if length == 0:
        return high.is_not_null()
    if length <= 64:
        return high // (1 << (64 - length)) == upper >> (64 - length)
    return (high == upper) & (low // (1 << (128 - length)) == lower >> (128 - length))


def addresses(texts: pl.Series, config: RitaConfig) -> pl.DataFrame:
    """One row per address, in their order: `is_address, is_internal, is_always, is_never`."""
    bits = pl.col("high"), pl.col("low")
    return address_bits(texts).select(
        is_address=pl.col("low").is_not_null(),
        is_internal=inside(*bits, config.internal_subnets),
        is_always=inside(*bits, config.always_included_subnets),
        is_never=inside(*bits, (*NEVER_INCLUDED, *config.never_included_subnets)),
    )


def cannot_link(source: pl.Expr, destination: pl.Expr) -> pl.Expr:
    """True for connections that HTTP and TLS rows are not linked to: an internal proxy may be their destination."""
    listed = source.struct.field("is_always") | destination.struct.field("is_always")
    never = source.struct.field("is_never") | destination.struct.field("is_never")
    outside = ~source.struct.field("is_internal") & ~destination.struct.field("is_internal")
    return ~listed & (never | outside)


def verdict(source: pl.Expr, destination: pl.Expr, config: RitaConfig, *, within_is_kept: bool = False) -> pl.Expr:
    """Why a pair is dropped, by the first rule that fits, or null where it is kept.

    Arguments:
        source: of the connection: a struct of the columns that `addresses` makes.
        destination: likewise.
        config: whether there are internal subnets at all, and whether what comes from outside is dropped.
        within_is_kept: as for DNS, whose servers are inside.
    """
    from_inside, to_inside = source.struct.field("is_internal"), destination.struct.field("is_internal")
    rules = (
        pl.when(source.struct.field("is_always") | destination.struct.field("is_always"))
        .then(None)
        .when(source.struct.field("is_never") | destination.struct.field("is_never"))
        .then(pl.lit("never_included"))
    )
    if not config.internal_subnets:
        return rules.otherwise(None)
    rules = rules.when(from_inside & to_inside).then(pl.lit(None if within_is_kept else "internal"))
    rules = rules.when(~from_inside & ~to_inside).then(pl.lit("external"))
    if config.filter_external_to_internal:
        rules = rules.when(~from_inside & to_inside).then(pl.lit("inbound"))
    return rules.otherwise(None)
