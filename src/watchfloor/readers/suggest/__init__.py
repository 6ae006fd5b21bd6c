"""Patterns that are proposed for logs that no reader knows, and what they match."""

from watchfloor.readers.suggest.preview import Fit, Preview, Stop, atoms, preview
from watchfloor.readers.suggest.proposals import Field, Pattern
from watchfloor.readers.suggest.suggesting import Suggestion, joined, lines_of, suggest, suggest_for
from watchfloor.readers.suggest.written import one_meaning_each, pattern_file

__all__ = [
    "Field",
    "Fit",
    "Pattern",
    "Preview",
    "Stop",
    "Suggestion",
    "atoms",
    "joined",
    "lines_of",
    "one_meaning_each",
    "pattern_file",
    "preview",
    "suggest",
    "suggest_for",
]
