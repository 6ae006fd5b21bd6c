"""How often a property is tried: on the same few examples at the gate, on many new ones under `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

__all__ = ["examples"]

_TIMES = int(os.environ.get("WATCHFLOOR_FUZZ", "0"))
"""How many times as many examples `make fuzz` tries; 0 at the gate, whose answer must be about the change alone."""


def examples(count: int, *, shrinks: bool = True) -> settings:
    """The settings of a property.

    Arguments:
        count: examples at the gate.
        shrinks: whether a failing example is made small first; where one is small already, that only costs minutes.
    """
    return settings(
        max_examples=count * max(1, _TIMES),
        derandomize=not _TIMES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if shrinks else [])],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
