"""TheHive 5: alerts and cases with their observables, read only."""

from __future__ import annotations

from watchfloor.sources.thehive.client import ApiKey
from watchfloor.sources.thehive.pulling import pull

__all__ = ["ApiKey", "pull"]
