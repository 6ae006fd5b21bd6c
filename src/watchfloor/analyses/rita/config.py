"""RITA v5's parameters, in both sets of defaults: those of its code, and those of the configuration file it ships."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from watchfloor.errors import BadOption

__all__ = ["CODE", "CONFIGS", "IMPACTS", "NEVER_INCLUDED", "SHIPPED", "RitaConfig", "Thresholds", "config_of"]

IMPACTS = {"high": 0.8, "medium": 0.6, "low": 0.4, "none": 0.2}
"""What a category of impact is worth as a threat score."""

NEVER_INCLUDED = (
    "0.0.0.0/32",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "::1/128",
    "::/128",
    "fe80::/10",
    "ff00::/8",
    "ff02::2/128",
)
"""Never analysed, whatever the user lists: loopback, link-local, multicast, broadcast, no address."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8")
_HOURS = 24


@dataclass(frozen=True)
class Thresholds:
    """Where the classes of a value begin; `high` is where the score stops to grow."""

    base: float
    low: float
    medium: float
    high: float

    def __post_init__(self) -> None:
        if not self.base < self.low < self.medium < self.high:
            raise BadOption(
                f"thresholds {self.base:g}, {self.low:g}, {self.medium:g}, {self.high:g} do not rise",
                hint="base < low < medium < high, each below the next",
            )

    def check_range(self, name: str, least: float, most: float | None) -> None:
        """Raises BadOption where a threshold lies outside; `None` is no upper limit."""
        if self.base < least or (most is not None and self.high > most):
            upper = "" if most is None else f" to {most:g}"
            raise BadOption(f"{name}: thresholds {self} are out of range", hint=f"use {least:g}{upper}")


@dataclass(frozen=True)
class RitaConfig:
    """What RITA v5 lets one set about pairs; the defaults are those of its code.

    Raises:
        BadOption: a value that RITA refuses.
    """

    unique_connection_threshold: int = 4
    """Distinct seconds with a connection that a pair needs to be scored."""
    timestamp_score_weight: float = 0.25
    datasize_score_weight: float = 0.25
    duration_score_weight: float = 0.25
    histogram_score_weight: float = 0.25
    duration_min_hours_seen: int = 6
    """Bars of the histogram that a duration score needs."""
    duration_consistency_ideal_hours_seen: int = 12
    """The run of bars that counts as fully consistent."""
    histogram_mode_sensitivity: float = 0.05
    """Bars whose heights differ by less than this share of the tallest are alike."""
    histogram_bimodal_outlier_removal: int = 1
    """Bars that may be of neither height."""
    histogram_bimodal_min_hours_seen: int = 11
    """Bars of the histogram that a bimodal fit needs."""
    score_thresholds: Thresholds = Thresholds(50, 75, 90, 100)
    """Of the beacon score, in per cent."""
    strobe_connections: int = 86_400
    """Connections from which a pair is a strobe and not scored: one per second of a day. Fixed in RITA."""
    strobe_impact: str = "high"
    internal_subnets: tuple[str, ...] = _PRIVATE
    always_included_subnets: tuple[str, ...] = ()
    never_included_subnets: tuple[str, ...] = NEVER_INCLUDED
    """The mandatory ones are added to whatever stands here."""
    filter_external_to_internal: bool = True

    def __post_init__(self) -> None:
        for name, least, most in _RANGES:
            value = getattr(self, name)
            if value < least or (most is not None and value > most):
                upper = "" if most is None else f" to {most:g}"
                raise BadOption(f"{name} = {value:g} means nothing", hint=f"use {least:g}{upper}")
        if sum(self.weights) != 1:  # exactly, as RITA asks
            raise BadOption(
                f"the four weights sum to {sum(self.weights):g}, not to 1", hint="0.25 each is RITA's default"
            )
        if self.strobe_impact not in IMPACTS:
            raise BadOption(f"there is no impact {self.strobe_impact!r}", hint=f"use one of {', '.join(IMPACTS)}")
        self.score_thresholds.check_range("score_thresholds", 0, 100)
        for name in _SUBNETS:
            object.__setattr__(self, name, _subnets(name, getattr(self, name)))

    @property
    def weights(self) -> tuple[float, float, float, float]:
        """Of time stamps, data sizes, duration and histogram, in the order in which RITA adds them."""
        return (
            self.timestamp_score_weight,
            self.datasize_score_weight,
            self.duration_score_weight,
            self.histogram_score_weight,
        )


_RANGES: tuple[tuple[str, float, float | None], ...] = (
    ("unique_connection_threshold", 4, None),
    ("timestamp_score_weight", 0, 1),
    ("datasize_score_weight", 0, 1),
    ("duration_score_weight", 0, 1),
    ("histogram_score_weight", 0, 1),
    ("duration_min_hours_seen", 1, _HOURS),
    ("duration_consistency_ideal_hours_seen", 1, _HOURS),
    ("histogram_mode_sensitivity", 0, 1),
    ("histogram_bimodal_outlier_removal", 0, _HOURS),
    ("histogram_bimodal_min_hours_seen", 3, _HOURS),
    ("strobe_connections", 1, None),
)
_SUBNETS = tuple(field.name for field in fields(RitaConfig) if field.name.endswith("_subnets"))


def _subnets(name: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Subnets in their shortest form: host bits dropped, a bare address as a subnet of one, mapped IPv4 as IPv4."""
    try:
        return tuple(str(_unmapped(ipaddress.ip_network(text, strict=False))) for text in texts)
    except ValueError as error:
        raise BadOption(f"{name}: {error}", hint="write subnets as 10.0.0.0/8 or fd00::/8") from error


def _unmapped(network: _Network) -> _Network:
    """::ffff:10.0.0.0/104 as 10.0.0.0/8."""
    if network.version == 6 and network.prefixlen >= 96 and (old := network.network_address.ipv4_mapped):
        return ipaddress.ip_network((old, network.prefixlen - 96))
    return network


CODE = RitaConfig()
"""Defaults of RITA's code: what its tests use, and what a user's file without a scoring section gets."""
SHIPPED = replace(CODE, score_thresholds=Thresholds(50, 70, 90, 100))
"""Defaults of the configuration file that RITA ships. (Of what concerns pairs, only `low` differs.)"""
CONFIGS = {"code": CODE, "shipped": SHIPPED}


def config_of(config: str | RitaConfig) -> RitaConfig:
    """A set of defaults by name, or the user's own.

    Raises:
        BadOption: a name that is neither.
    """
    if isinstance(config, RitaConfig):
        return config
    if config not in CONFIGS:
        raise BadOption(f"there is no configuration {config!r}", hint=f"use {' or '.join(CONFIGS)}, or a RitaConfig")
    return CONFIGS[config]
