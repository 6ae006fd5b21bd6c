"""What mappings share: how they are told what people did, and how they tell what is no record of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from watchfloor.schemas import TIME

__all__ = ["ACTS", "Reject"]

Reject = Callable[[int, str, Any], None]
"""Is told number, reason and content of a record that is none."""

ACTS = pl.Schema({
    "alert_id": pl.String(),
    "time": TIME,
    "act": pl.String(),  # assigned, acknowledged
    "basis": pl.String(),  # note, snapshot, audit
})  # fmt: skip
"""What people did with alerts of a system that keeps no time of it, from what shows it: one row an act."""
