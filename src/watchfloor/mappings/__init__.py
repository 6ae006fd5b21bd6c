"""Alert systems: their records, as an API gives them, become alerts and evidence; no file is read here.

A reader that finds such records in a file, a source that fetches them, and the workspace that keeps them share this
room, so that one offense is the same alert wherever it comes from.
"""

from watchfloor.mappings._mapping import ACTS, Reject
from watchfloor.mappings.acts import STATES, acts_of_notes, acts_of_states, with_acts
from watchfloor.mappings.verdicts import Verdicts, load_verdicts, shipped_verdicts, verdicts_of

__all__ = [
    "ACTS",
    "STATES",
    "Reject",
    "Verdicts",
    "acts_of_notes",
    "acts_of_states",
    "load_verdicts",
    "shipped_verdicts",
    "verdicts_of",
    "with_acts",
]
