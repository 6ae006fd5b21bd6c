"""Exports of flow collectors: tables, JSON, and nfdump's lines for the eye."""

from watchfloor.readers.flows.lines import LINES
from watchfloor.readers.flows.reading import JSON, TABLE

__all__ = ["JSON", "LINES", "TABLE"]
