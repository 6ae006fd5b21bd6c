"""One exclusion with its paper work: what it hides, why, whose it is, and when it ends."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.errors import BadOption
from watchfloor.reports.atomic import replacing
from watchfloor.result import Result

__all__ = ["Entry", "entries_of", "one_line", "write_all"]

WRITERS = {
    "exclusions.toml": "toml",
    "qradar.md": "qradar",
    "sigma.yml": "sigma",
    "sentinel.kql": "sentinel",
    "splunk.spl": "splunk",
    "elastic.ndjson": "elastic",
}
"""Files and the modules that write them: each has `text(entries)`."""


@dataclass(frozen=True)
class Entry:
    """An exclusion in force."""

    rule: str
    conditions: tuple[dict[str, Any], ...]
    """`field`, `op` (eq, in, in_network, matches, hours), `value`: joined by and."""
    reason: str
    owner: str
    created: date
    expires: date
    removed: int
    """Alerts that it removed of those that it was learned from."""
    upper_bound: float | None
    per_day: float | None
    """Alerts a day that it is expected to match."""

    @property
    def name(self) -> str:
        """The same for the same rule and conditions, wherever it is written."""
        said = json.dumps([self.rule, self.conditions], sort_keys=True, ensure_ascii=False)
        return f"watchfloor-{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"

    def head(self) -> list[str]:
        """What every artifact says of it, line by line."""
        bound = (
            "nobody judged its alerts" if self.upper_bound is None else f"at most {self.upper_bound:.2%} true, at 95 %"
        )
        return [
            f"{self.name}: {one_line(self.rule)}",
            f"Owner: {one_line(self.owner)}. From {self.created} to {self.expires}: review it then, or let it end.",
            f"Why: {one_line(self.reason)}",
            f"It removed {self.removed} alerts of those that it was learned from; {bound}.",
        ]


def one_line(text: str) -> str:
    """Text of logs in a comment: it must not begin a line of its own."""
    return "".join(character if character.isprintable() else " " for character in text)


def entries_of(result: Result, *, owner: str, created: date, expiry_days: int) -> list[Entry]:
    """The recommended exclusions of an answer of `tune`."""
    table = result.table.filter(pl.col("recommended") & (pl.col("remedy") == "exclude")).collect()
    return [
        Entry(
            rule=row["rule"],
            conditions=tuple(json.loads(row["conditions"])),
            reason=row["reason"],
            owner=owner,
            created=created,
            expires=created + timedelta(days=expiry_days),
            removed=row["removed_past"],
            upper_bound=row["upper_bound"],
            per_day=row["per_day"],
        )
        for row in table.iter_rows(named=True)
    ]


def write_all(entries: Sequence[Entry], folder: Path) -> list[Path]:
    """One file for each system, and `exclusions.toml` to check them by.

    Raises:
        BadOption: a folder that cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadOption(f"{folder}: {error.strerror}", hint="name a folder that can be made") from error
    written = []
    for name, module in WRITERS.items():
        text: str = importlib.import_module(f"watchfloor.reports.exclusions.{module}").text(entries)
        with replacing(folder / name) as beside:
            beside.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        written.append(folder / name)
    return written
