"""Tables of any shape, through a column map: CSV, TSV, XLSX, JSON, JSON lines, Parquet."""

from watchfloor.readers.table.reading import READER

__all__ = ["READER"]
