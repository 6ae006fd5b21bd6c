"""Threat-intelligence files as RITA v5 reads them: one address or domain a line."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from watchfloor.analyses.rita.config import is_domain
from watchfloor.analyses.rita.domains import registrable
from watchfloor.analyses.rita.filters import address_bits
from watchfloor.errors import BadOption

__all__ = ["Intel", "intel_of"]

_COMMENTS = ("#", "//", "<!--")


@dataclass(frozen=True)
class Intel:
    """What is known to be bad."""

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    ignored: int = 0
    """Lines that are neither; RITA ignores them too: no subnets, addresses of pages, or hashes."""

    def has_address(self, texts: pl.Series) -> pl.Series:
        """True for each address that is listed, however it is written."""
        bad = address_bits(pl.Series(sorted(self.addresses), dtype=pl.String)).unique()
        bits = address_bits(texts).with_row_index()
        hits = bits.join(bad, on=["high", "low"], how="semi")["index"]
        return bits["index"].is_in(hits.implode())

    def has_domain(self, text: pl.Expr) -> pl.Expr:
        """True for a name that is listed, to the letter."""
        return text.is_in(sorted(self.domains)).fill_null(False)

    def has_registrable(self, domain: pl.Expr) -> pl.Expr:
        """True for a registrable domain under which a name is listed."""
        names = pl.DataFrame({"text": sorted(self.domains)}, {"text": pl.String})
        return domain.is_in(names.select(registrable(pl.col("text"))).to_series().to_list()).fill_null(False)


def intel_of(paths: Iterable[str | Path]) -> Intel:
    """What files list.

    Raises:
        BadOption: a file that cannot be read as text.
    """
    addresses, domains, ignored = set(), set(), 0
    for path in paths:
        try:
            text = Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise BadOption(f"{path}: {error}", hint="threat intelligence is one address or domain a line") from error
        for line in map(str.strip, text.splitlines()):
            if not line or line.startswith(_COMMENTS):
                continue
            if _is_address(line):
                addresses.add(line)
            elif is_domain(line):
                domains.add(line)
            else:
                ignored += 1
    return Intel(frozenset(addresses), frozenset(domains), ignored)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
