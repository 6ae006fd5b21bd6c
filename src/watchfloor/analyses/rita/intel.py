"""What is known to be bad, as RITA v5 looks it up: external addresses, names, and domains with a listed name below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from watchfloor.analyses.intel.reading import load_intel, said_of
from watchfloor.analyses.listed import Name, named_by, within
from watchfloor.analyses.rita.domains import registrable

__all__ = ["Intel", "intel_of"]


@dataclass(frozen=True)
class Intel:
    """What is known to be bad. RITA knows addresses and names; networks and `*.example.org` are ours."""

    networks: frozenset[str] = frozenset()
    names: frozenset[Name] = frozenset()
    said: str = ""
    """How many there are, and what is not used."""

    def has_address(self, texts: pl.Series) -> pl.Series:
        """True for each address that is listed or lies in a network that is, however it is written."""
        return _among(texts, within(texts, enumerate(sorted(self.networks))))

    def has_domain(self, texts: pl.Series) -> pl.Series:
        """True for a name that is listed; in small letters only, as RITA compares to the letter."""
        small = (texts == texts.str.to_lowercase()).fill_null(False)
        return small & _among(texts, named_by(texts, enumerate(sorted(self.names))))

    def has_registrable(self, domain: pl.Expr) -> pl.Expr:
        """True for a registrable domain under which a name is listed."""
        names = pl.DataFrame({"text": sorted(name.text for name in self.names)}, {"text": pl.String})
        return domain.is_in(names.select(registrable(pl.col("text"))).to_series().to_list()).fill_null(False)


def _among(texts: pl.Series, hits: pl.DataFrame) -> pl.Series:
    return texts.is_in(hits["text"].unique().implode()).fill_null(False)


def intel_of(paths: Iterable[str | Path]) -> Intel:
    """What files list: lists, STIX 2.1, MISP, CSV.

    Raises:
        BadOption: a file that cannot be read, or of which it is not clear what it lists.
    """
    feeds = load_intel(paths)
    networks, names = set(), set()
    for feed in feeds:
        for one in feed.indicators:
            if one.address and one.name:
                feed.unused["an address and a name that must come together"] += 1
                continue
            if one.port:
                feed.noted["without their port"] += 1
            if one.address:
                networks.add(one.address)
            elif one.name:
                names.add(one.name)
    return Intel(frozenset(networks), frozenset(names), said_of(feeds))
