"""A file becomes canonical tables: one reader per format, found by content or by name."""

from watchfloor.readers._reader import Head, Options, Reader, Tables, merge, one_by_one
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
