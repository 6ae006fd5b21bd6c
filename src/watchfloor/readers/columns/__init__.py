"""The column map: where the columns of a canonical table come from in a file or frame of another shape."""

from watchfloor.readers.columns.mapping import SAMPLE_ROWS, apply, load
from watchfloor.readers.columns.plan import LINES, RECORD, Plan, Surveyed, missing_columns

__all__ = ["LINES", "RECORD", "SAMPLE_ROWS", "Plan", "Surveyed", "apply", "load", "missing_columns"]
