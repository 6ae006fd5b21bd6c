"""exclusions.toml: what `watchfloor tune --check` reads again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from watchfloor.hostile import toml_string
from watchfloor.reports.exclusions.entries import Entry

__all__ = ["text"]


def text(entries: Sequence[Entry]) -> str:
    """The file, version 1."""
    parts = ["# Exclusions in force: `watchfloor tune ALERTS --check exclusions.toml` tests them again.\nversion = 1\n"]
    for entry in entries:
        lines = [
            "[[exclusion]]",
            f"name = {toml_string(entry.name)}",
            f"rule = {toml_string(entry.rule)}",
            f"owner = {toml_string(entry.owner)}",
            f"reason = {toml_string(entry.reason)}",
            f"created = {entry.created}",
            f"expires = {entry.expires}",
        ]
        if entry.per_day is not None:
            lines.append(f"per_day = {entry.per_day:.4f}")
        lines += [f"[[exclusion.conditions]]\n{_pairs(condition)}" for condition in entry.conditions]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _pairs(condition: dict[str, Any]) -> str:
    return "\n".join(
        f"{key} = {toml_string(value) if isinstance(value, str) else '[' + ', '.join(map(toml_string, value)) + ']'}"
        for key, value in condition.items()
    )
