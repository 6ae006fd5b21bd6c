"""Patterns that are proposed for logs that no reader knows, and what they match."""

from watchfloor.readers.suggest.proposals import Field, Pattern
from watchfloor.readers.suggest.suggesting import Suggestion, suggest, suggest_for

__all__ = ["Field", "Pattern", "Suggestion", "suggest", "suggest_for"]
