"""Threat-intelligence files in whatever format they come, told apart by what is in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from watchfloor.analyses.intel.indicators import Feed
from watchfloor.analyses.intel.lists import header_of, read_csv, read_lines
from watchfloor.analyses.intel.misp import attributes_of, is_manifest, read_misp
from watchfloor.analyses.intel.stix import is_stix, read_stix
from watchfloor.errors import BadOption

__all__ = ["load_intel", "said_of"]

_HINT = "threat intelligence is a list of addresses, networks and domains, a STIX 2.1 bundle, MISP JSON, or a CSV"
_SAID = 6


def load_intel(paths: Iterable[str | Path], *, now: datetime | None = None) -> list[Feed]:
    """What files list, one feed each.

    Arguments:
        paths: files.
        now: when indicators must be valid; by default the present.

    Raises:
        BadOption: a file that cannot be read, or of which it is not clear what it lists.
    """
    return [_feed(Path(path), now or datetime.now(UTC)) for path in paths]


def _feed(path: Path, now: datetime) -> Feed:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise BadOption(f"{path}: {why}", hint=_HINT) from error
    if text.lstrip()[:1] in ("{", "["):
        return _of_json(path, text, now)
    header = header_of(text)
    if header is not None and (header[0] or path.suffix.lower() in (".csv", ".tsv")):
        feed = Feed(str(path), "CSV")
        read_csv(text, feed, *header)
    elif header is None and path.suffix.lower() in (".csv", ".tsv"):
        feed = Feed(str(path), "CSV")
        read_lines(_without_header(text), feed)
    else:
        feed = Feed(str(path), "list")
        read_lines(text, feed)
    return feed


def _without_header(text: str) -> str:
    """A CSV of one column: its first line may name it."""
    first, _, rest = text.lstrip().partition("\n")
    return rest if first.strip().strip('"').replace("_", "").isalpha() else text


def _of_json(path: Path, text: str, now: datetime) -> Feed:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadOption(f"{path}: no JSON: {error}", hint=_HINT) from error
    if is_stix(document):
        feed = Feed(str(path), "STIX 2.1")
        read_stix(document, feed, now=now)
        return feed
    try:
        attributes = attributes_of(document)
    except RecursionError:
        attributes = None
    if attributes is not None:
        feed = Feed(str(path), "MISP")
        read_misp(attributes, feed)
        return feed
    if is_manifest(document):
        raise BadOption(
            f"{path}: the manifest of a MISP feed names events, and lists nothing itself",
            hint="name the files of the events beside it: --threat-intel feed/5a....json",
        )
    raise BadOption(f"{path}: JSON that is neither STIX 2.1 nor MISP", hint=_HINT)


def said_of(feeds: Sequence[Feed]) -> str:
    """How many indicators there are, of which files, and what could not be used."""
    files = "; ".join(f"{Path(feed.source).name} ({feed.kind}) {len(feed.indicators):,}" for feed in feeds)
    said = [f"Threat intelligence, indicators: {files}."] if feeds else []
    for what, counts in (("Not used", _sum(feeds, "unused")), ("Used in part", _sum(feeds, "noted"))):
        if counts:
            each = [f"{count:,} {reason}" for reason, count in counts[:_SAID]]
            more = sum(count for _, count in counts[_SAID:])
            said.append(f"{what}: {'; '.join(each)}{f'; {more:,} for other reasons' if more else ''}.")
    return " ".join(said)


def _sum(feeds: Sequence[Feed], name: str) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for feed in feeds:
        for reason, count in getattr(feed, name).items():
            counts[reason] = counts.get(reason, 0) + count
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
