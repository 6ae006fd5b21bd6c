"""RITA v5's parameters, in both sets of defaults: those of its code, and those of the configuration file it ships."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from watchfloor.analyses.rita import hjson
from watchfloor.errors import BadOption

__all__ = [
    "CODE",
    "CONFIGS",
    "IMPACTS",
    "NEVER_INCLUDED",
    "SHIPPED",
    "RitaConfig",
    "Thresholds",
    "config_from",
    "config_of",
    "config_of_file",
    "is_domain",
]

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
    always_included_domains: tuple[str, ...] = ()
    """Names that are kept whatever else is said; `*.example.org` is the name itself and all below it."""
    never_included_domains: tuple[str, ...] = ()
    long_connection_score_thresholds: Thresholds = Thresholds(3_600, 14_400, 28_800, 43_200)
    """Of the duration of all connections of a pair together, in seconds."""
    c2_score_thresholds: Thresholds = Thresholds(100, 500, 800, 1_000)
    """Of the number of names under one registrable domain."""
    threat_intel_impact: str = "high"
    threat_intel_score_increase: float = 0.15
    threat_intel_datasize_threshold: int = 25_000_000
    """Bytes, both ways."""
    prevalence_score_increase: float = 0.0
    prevalence_increase_threshold: float = 0.02
    """Share of the internal hosts up to which a destination is rare."""
    prevalence_score_decrease: float = 0.0
    prevalence_decrease_threshold: float = 0.5
    first_seen_score_increase: float = 0.15
    first_seen_increase_threshold: float = 7
    """Days."""
    first_seen_score_decrease: float = 0.15
    first_seen_decrease_threshold: float = 30
    missing_host_count_score_increase: float = 0.10
    rare_signature_score_increase: float = 0.0
    c2_over_dns_direct_conn_score_increase: float = 0.15
    mime_type_mismatch_score_increase: float = 0.15

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
        for impact in (self.strobe_impact, self.threat_intel_impact):
            if impact not in IMPACTS:
                raise BadOption(f"there is no impact {impact!r}", hint=f"use one of {', '.join(IMPACTS)}")
        self.score_thresholds.check_range("score_thresholds", 0, 100)
        self.long_connection_score_thresholds.check_range("long_connection_score_thresholds", 1, 86_400)
        self.c2_score_thresholds.check_range("c2_score_thresholds", 1, None)
        for what in ("prevalence", "first_seen"):
            rare, common = (getattr(self, f"{what}_{way}_threshold") for way in ("increase", "decrease"))
            if common <= rare:
                raise BadOption(
                    f"{what}_decrease_threshold = {common:g} is not above {what}_increase_threshold = {rare:g}",
                    hint="what is rare must end before what is common begins",
                )
        for name in _SUBNETS:
            object.__setattr__(self, name, _subnets(name, getattr(self, name)))
        for name in ("always_included_domains", "never_included_domains"):
            object.__setattr__(self, name, _domains(name, getattr(self, name)))

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
    ("threat_intel_score_increase", 0, 1),
    ("threat_intel_datasize_threshold", 1, 5_000_000_000),
    ("prevalence_score_increase", 0, 1),
    ("prevalence_increase_threshold", 0, 1),
    ("prevalence_score_decrease", 0, 1),
    ("prevalence_decrease_threshold", 0, 1),
    ("first_seen_score_increase", 0, 1),
    ("first_seen_increase_threshold", 1, 90),
    ("first_seen_score_decrease", 0, 1),
    ("first_seen_decrease_threshold", 1, 90),
    ("missing_host_count_score_increase", 0, 1),
    ("rare_signature_score_increase", 0, 1),
    ("c2_over_dns_direct_conn_score_increase", 0, 1),
    ("mime_type_mismatch_score_increase", 0, 1),
)
_SUBNETS = tuple(field.name for field in fields(RitaConfig) if field.name.endswith("_subnets"))


def _subnets(name: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Subnets in their shortest form: host bits dropped, a bare address as a subnet of one, mapped IPv4 as IPv4."""
    try:
        return tuple(str(_unmapped(ipaddress.ip_network(text, strict=False))) for text in texts)
    except ValueError as error:
        raise BadOption(f"{name}: {error}", hint="write subnets as 10.0.0.0/8 or fd00::/8") from error


def is_domain(text: str) -> bool:
    """True for a name of two labels or more, as threat-intelligence files and filters must have them."""
    return len(text) <= 253 and re.fullmatch(_DOMAIN, text) is not None


_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,126}[A-Za-z]{2,63}"


def _domains(name: str, texts: Sequence[str]) -> tuple[str, ...]:
    for text in texts:
        if not is_domain(text.removeprefix("*.")):
            raise BadOption(f"{name}: {text!r} is no domain", hint="write example.org or *.example.org")
    return tuple(texts)


def _unmapped(network: _Network) -> _Network:
    """::ffff:10.0.0.0/104 as 10.0.0.0/8."""
    if network.version == 6 and network.prefixlen >= 96 and (old := network.network_address.ipv4_mapped):
        return ipaddress.ip_network((old, network.prefixlen - 96))
    return network


CODE = RitaConfig()
"""Defaults of RITA's code: what its tests use, and what a user's file without a scoring section gets."""
SHIPPED = replace(
    CODE,
    score_thresholds=Thresholds(50, 70, 90, 100),
    prevalence_score_increase=0.15,
    prevalence_score_decrease=0.15,
    rare_signature_score_increase=0.15,
)
"""Defaults of the configuration file that RITA ships: four values differ from those of the code."""
CONFIGS = {"code": CODE, "shipped": SHIPPED}


def config_of(config: str | Path | RitaConfig) -> RitaConfig:
    """A set of defaults by name, RITA's own configuration file, or the user's own.

    Raises:
        BadOption: a name that is neither, a file that does not parse, or a value that RITA refuses.
    """
    if isinstance(config, RitaConfig):
        return config
    if str(config) in CONFIGS:
        return CONFIGS[str(config)]
    if not Path(config).is_file():
        raise BadOption(
            f"there is no configuration {str(config)!r}", hint=f"use {', '.join(CONFIGS)}, or RITA's file config.hjson"
        )
    return config_of_file(Path(config))


def config_of_file(path: Path) -> RitaConfig:
    """RITA's own configuration file; a key that it does not have keeps the default of RITA's code.

    Raises:
        BadOption: a file that does not parse, a key that RITA does not have, or a value that it refuses.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadOption(f"{path}: {error}", hint="name RITA's configuration file, config.hjson") from error
    return config_from(hjson.loads(text), str(path))


def config_from(said: Any, path: str) -> RitaConfig:
    """What the file says, as its own parameters.

    Arguments:
        said: the file's object.
        path: its name, for errors.
    """
    if not isinstance(said, dict):
        raise BadOption(f"{path}: no settings in it", hint="RITA's file is an object: filtering, scoring, modifiers")
    values: dict[str, Any] = {}
    for section, keys in _SECTIONS.items():
        part = said
        for name in section.split("."):
            part = part.get(name, {})
            if not isinstance(part, dict):
                raise BadOption(f"{path}: {section} is no object", hint=f"it holds {', '.join(keys)}")
        for key, value in part.items():
            if key in keys:
                values[key] = _typed(key, value)
            elif key not in _NESTED and key not in _ELSEWHERE:
                close = get_close_matches(key, keys, 1)
                raise BadOption(
                    f"{path}: {section} has no key {key!r}",
                    hint=f"did you mean {close[0]!r}?" if close else "remove it",
                )
    return replace(CODE, **values)


def _typed(key: str, value: Any) -> Any:
    """A value of the file as the field has it."""
    default = getattr(CODE, key)
    if isinstance(default, Thresholds) and isinstance(value, dict):
        limits = {name: value.get(name, getattr(default, name)) for name in ("base", "low", "medium", "high")}
        if all(_is_number(limit) for limit in limits.values()) and value.keys() <= limits.keys():
            return Thresholds(**limits)
    elif isinstance(default, tuple) and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    elif isinstance(default, bool) and isinstance(value, bool):
        return value
    elif isinstance(default, str) and isinstance(value, dict) and isinstance(value.get("category"), str):
        return value["category"]
    elif _is_number(default) and _is_number(value) and (isinstance(default, float) or value == int(value)):
        return type(default)(value)
    raise BadOption(f"{key} = {value!r} means nothing", hint=f"RITA's default is {default!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_SECTIONS = {
    "filtering": (
        *_SUBNETS,
        "filter_external_to_internal",
        "always_included_domains",
        "never_included_domains",
    ),
    "scoring": (
        "long_connection_score_thresholds",
        "c2_score_thresholds",
        "strobe_impact",
        "threat_intel_impact",
    ),
    "scoring.beacon": (*(name for name, *_ in _RANGES[:10]), "score_thresholds"),
    "modifiers": tuple(name for name, *_ in _RANGES[11:]),
}
"""Which keys each section of RITA's file has, of those that concern the scores."""
_NESTED = ("beacon",)
_ELSEWHERE = ("long_connection_minimum_duration", "c2_subdomain_threshold")
"""Keys of older versions of RITA, which say again what `base` of the thresholds says."""
