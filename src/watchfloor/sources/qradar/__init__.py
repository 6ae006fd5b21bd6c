"""QRadar: offenses with their closing reasons, notes, rules and addresses, through its REST API, read only."""

from __future__ import annotations

from watchfloor.sources.client import Patience
from watchfloor.sources.ledger import Ledger
from watchfloor.sources.qradar.pulling import pull
from watchfloor.sources.qradar.secret import Token
from watchfloor.sources.tls import Tls

__all__ = ["Ledger", "Patience", "Tls", "Token", "pull"]
