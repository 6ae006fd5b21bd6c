"""Exclusions as what each SIEM takes, and as the file that they are checked by: one file per system."""

from __future__ import annotations

from watchfloor.reports.exclusions.entries import Entry, entries_of, write_all

__all__ = ["Entry", "entries_of", "write_all"]
