"""watchfloor turns raw security exports into answers.

    import watchfloor as wf

    result = wf.findings("scans/")              # what did the scanners find, over all hosts?
    result                                      # in a notebook: the chart, the table, the explanation
    result["rules"].collect()                   # a part of the answer as a Polars frame
    result.save("findings.xlsx")                # .html .xlsx .pdf .json .jsonl .csv .parquet

Questions: `findings`, `noise`, `tune` (and `recheck` of what is in force), `timeline`, `kpis`, `beacons`,
`long_connections`, `dns_tunnels`, `hunt`; and `report` for one document of all that applies. Each takes paths,
canonical tables as `read` gives them, or any frame with a column map. Where nothing is named, `noise`, `tune`, `kpis`
and `report` ask the workspace, which `watchfloor pull` fills; `open_workspace` opens it.
`wf.load("beacons.parquet")` gives back an answer that was saved; what is allowed in it, and what if a threshold were
another, is asked of the answer itself (`result.allow`, `result.what_if`, `result.suggest_allowed`).
For a log that no reader knows, `wf.suggest("app.log", "app.toml")` proposes patterns, and `wf.read("app.log",
pattern="app.toml")` reads it by them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from watchfloor.errors import WatchfloorError

if TYPE_CHECKING:
    from watchfloor.questions import (
        beacons,
        dns_tunnels,
        findings,
        hunt,
        kpis,
        long_connections,
        noise,
        read,
        recheck,
        report,
        timeline,
        tune,
    )
    from watchfloor.reports.saved import load
    from watchfloor.result import Result
    from watchfloor.store import open_workspace
    from watchfloor.suggestions import suggest

__all__ = [
    "Result",
    "WatchfloorError",
    "beacons",
    "dns_tunnels",
    "findings",
    "hunt",
    "kpis",
    "load",
    "long_connections",
    "noise",
    "open_workspace",
    "read",
    "recheck",
    "report",
    "suggest",
    "timeline",
    "tune",
]

# The names are looked up at first use: the command shows its help without loading Polars.
_WHERE = {
    "Result": "watchfloor.result",
    "load": "watchfloor.reports.saved",
    "open_workspace": "watchfloor.store",
    "suggest": "watchfloor.suggestions",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'watchfloor' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE.get(name, "watchfloor.questions")), name)


def __dir__() -> list[str]:
    return __all__
