"""What a question needs of a workspace: its tables."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from watchfloor.schemas import Tables

__all__ = ["HoldsTables"]


@runtime_checkable
class HoldsTables(Protocol):
    """Anything that holds canonical tables."""

    def tables(self) -> Tables:
        """The tables by name, `rejects` and `ledger` among them."""
        ...
