"""What is done with an answer about the network once it is there: threat intelligence, allow lists, what if."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from watchfloor.analyses.allowing.applied import allowed
from watchfloor.analyses.allowing.entries import AllowList, load_list
from watchfloor.analyses.intel.indicators import Feed
from watchfloor.analyses.intel.marking import marked
from watchfloor.analyses.intel.reading import load_intel
from watchfloor.result import Result

__all__ = ["Afterwards"]


@dataclass(frozen=True)
class Afterwards:
    """What the user asked for beside the question."""

    lists: tuple[AllowList, ...]
    feeds: tuple[Feed, ...] = ()
    intel: tuple[str, ...] = ()
    """The files that the feeds are from."""
    changes: Mapping[str, Any] | None = None
    """Weights and thresholds that are to be others."""

    @classmethod
    def of(cls, asked: dict[str, Any], *, marks: bool = True) -> Afterwards:
        """Takes out of what was asked what comes afterwards; files are read now, before the work begins.

        Arguments:
            asked: what the user said, of which `allow`, `threat_intel` and `what_if` are taken.
            marks: False where the question looks at threat intelligence itself.
        """
        lists = tuple(map(load_list, _several(asked.pop("allow", None))))
        intel = _several(asked.pop("threat_intel", None)) if marks else ()
        return cls(lists, tuple(load_intel(intel)), tuple(map(str, intel)), asked.pop("what_if", None))

    def on(self, result: Result) -> Result:
        """The answer with all of it done."""
        if self.feeds:
            said = {**result.provenance.parameters, "threat_intel": self.intel}
            result = marked(result, self.feeds).with_provenance(replace(result.provenance, parameters=said))
        if self.lists:
            result = allowed(result, self.lists)
        return result.what_if(**self.changes) if self.changes else result


def _several(given: str | Path | Sequence[str | Path] | None) -> Sequence[str | Path]:
    return [given] if isinstance(given, str | Path) else given or ()
