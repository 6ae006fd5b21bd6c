"""QRadar offenses as its API returns them, with what their ids mean from further exports beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from watchfloor.readers._reader import Options, Reader, Tables
from watchfloor.readers.qradar.kinds import accepts

__all__ = ["READER"]


def _read(paths: Sequence[Path], options: Options) -> Tables:
    from watchfloor.readers.qradar.reading import read  # noqa: PLC0415 - a format that nobody has costs no import

    return read(paths, options)


READER = Reader(
    name="qradar",
    about="QRadar offenses from its API (JSON, or CSV of it), with closing reasons, rules and domains beside them",
    tables=("alerts", "evidence"),
    accepts=accepts,
    read=_read,
    sign="the keys of QRadar's offenses, or of the exports beside them",
)
