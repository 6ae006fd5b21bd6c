"""The workspace: what sources gave, in its current state, with the history of every observed change and raw pages."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from watchfloor.store.promise import HoldsTables

if TYPE_CHECKING:
    from watchfloor.store.opening import open_workspace
    from watchfloor.store.workspace import Workspace

__all__ = ["HoldsTables", "Workspace", "open_workspace"]

# SQLAlchemy is loaded by whoever opens a workspace, and by nobody else.
_WHERE = {"Workspace": "watchfloor.store.workspace", "open_workspace": "watchfloor.store.opening"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'watchfloor.store' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
