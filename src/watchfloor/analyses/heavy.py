"""Domains that have many names below them for a good reason: a list with its reasons, as TOML."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import polars as pl

from watchfloor.errors import BadOption

__all__ = ["Heavy", "load_heavy", "with_known"]

_FITS = 0.95
"""Share of the names that must fit the regex."""


@dataclass(frozen=True)
class Heavy:
    """One reason, and the domains that it is true of."""

    kind: str
    reason: str
    domains: tuple[str, ...]
    names: str | None = None
    """A regex that the whole names must fit."""


def load_heavy(path: str | Path | None = None) -> tuple[Heavy, ...]:
    """The list of that file; without one the shipped list.

    Raises:
        BadOption: a file that is no such list.
    """
    shipped = resources.files(__package__) / "dns_known.toml"
    try:
        text = shipped.read_text(encoding="utf-8") if path is None else Path(path).read_text(encoding="utf-8")
        entries = tuple(_entry(entry) for entry in tomllib.loads(text)["known"])
        for entry in entries:
            pl.Series([""]).str.contains(entry.names or "")
    except (OSError, UnicodeDecodeError) as error:
        raise BadOption(f"{path}: cannot be read: {error}", hint="name a TOML file") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, pl.exceptions.ComputeError) as error:
        raise BadOption(
            f"{path}: no list of known domains: {error}",
            hint='write [[known]] with kind = "..", reason = "..", domains = [".."] and, if need be, names = "regex"',
        ) from error
    return entries


def _entry(entry: dict[str, str | list[str]]) -> Heavy:
    if strangers := entry.keys() - {"kind", "reason", "domains", "names"}:
        raise KeyError(", ".join(sorted(strangers)))
    domains = entry["domains"]
    if isinstance(domains, str):
        raise TypeError("domains is a list")
    names = entry.get("names")
    return Heavy(
        str(entry["kind"]),
        str(entry["reason"]),
        tuple(d.lower() for d in domains),
        None if names is None else str(names),
    )


def with_known(rows: pl.DataFrame, names: pl.DataFrame, entries: tuple[Heavy, ...]) -> pl.DataFrame:
    """Adds `known` and `known_reason` to rows with a `domain`; null where the list does not have it.

    Arguments:
        rows: `src_ip, domain`.
        names: `src_ip, domain, name`: what each asked for.
        entries: the list; the first that fits counts.
    """
    found = []
    for entry in entries:
        below = [pl.col("domain").str.ends_with(f".{domain}") for domain in entry.domains]
        ours = rows.select("src_ip", "domain").filter(pl.any_horizontal(pl.col("domain").is_in(entry.domains), *below))
        if entry.names is not None:
            fits = pl.col("name").str.contains(entry.names).mean() >= _FITS
            asked = names.join(ours, on=["src_ip", "domain"], how="semi")
            ours = asked.group_by("src_ip", "domain").agg(fits=fits).filter("fits").select("src_ip", "domain")
        found.append(ours.with_columns(known=pl.lit(entry.kind), known_reason=pl.lit(entry.reason)))
    if not found:
        return rows.with_columns(pl.lit(None, pl.String).alias(name) for name in ("known", "known_reason"))
    first = pl.concat(found).unique(["src_ip", "domain"], keep="first", maintain_order=True)
    return rows.join(first, on=["src_ip", "domain"], how="left", maintain_order="left")
