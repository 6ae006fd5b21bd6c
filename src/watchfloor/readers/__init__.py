"""A file becomes canonical tables: one reader per format, found by content or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watchfloor.readers._reader import Head, Options, Reader, Tables, merge, one_by_one

if TYPE_CHECKING:
    from watchfloor.readers.choose import READERS, Choice, all_readers, choices, read_files

__all__ = [
    "READERS",
    "Choice",
    "Head",
    "Options",
    "Reader",
    "Tables",
    "all_readers",
    "choices",
    "merge",
    "one_by_one",
    "read_files",
]


def __getattr__(name: str) -> Any:
    """Who reads what is looked up at first use: all readers together cost more than Polars itself."""
    if name not in __all__:
        raise AttributeError(f"module 'watchfloor.readers' has no attribute {name!r}")
    from watchfloor.readers import choose  # noqa: PLC0415 - that is the point

    return getattr(choose, name)
