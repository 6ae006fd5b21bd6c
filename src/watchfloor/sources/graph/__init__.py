"""Microsoft Graph: Defender XDR's incidents with their alerts, read only."""

from __future__ import annotations

from watchfloor.sources.graph.login import ClientSecret
from watchfloor.sources.graph.pulling import pull

__all__ = ["ClientSecret", "pull"]
