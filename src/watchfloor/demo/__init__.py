"""A synthetic SOC with known truth: an invented organisation, a month of its exports, and all that was planted."""

from watchfloor.demo.make import make
from watchfloor.demo.truth import Truth

__all__ = ["Truth", "make"]
