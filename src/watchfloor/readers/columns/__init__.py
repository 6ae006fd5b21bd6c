"""The column map: where the columns of a canonical table come from in a file or frame of another shape."""

from watchfloor.readers.columns.mapping import apply, load

__all__ = ["apply", "load"]
