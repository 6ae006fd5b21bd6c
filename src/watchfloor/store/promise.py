"""What a question needs of a workspace: its tables."""

from __future__ import annotations

from abc import ABC, abstractmethod

from watchfloor.mappings import Verdicts
from watchfloor.schemas import Tables

__all__ = ["HoldsTables"]


class HoldsTables(ABC):
    """Anything that holds canonical tables."""

    @abstractmethod
    def tables(self, verdicts: Verdicts | None = None) -> Tables:
        """The tables by name, `rejects` and `ledger` among them; `verdicts` say what closing reasons mean."""
