"""QRadar's offenses as alerts and evidence, with what their ids mean from the console's own lists."""

from watchfloor.mappings.qradar.intake import Offenses
from watchfloor.mappings.qradar.lookups import Kind, Lookups
from watchfloor.mappings.qradar.offenses import alerts, alerts_of, evidence_of

__all__ = ["Kind", "Lookups", "Offenses", "alerts", "alerts_of", "evidence_of"]
