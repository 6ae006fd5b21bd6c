"""Zeek logs, TSV and JSON lines: connections, DNS, HTTP and TLS to their tables, every other log to events."""

from watchfloor.readers.zeek.reading import READER

__all__ = ["READER"]
