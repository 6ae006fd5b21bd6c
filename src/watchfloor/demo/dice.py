"""Random choices that come out the same on every machine and Python: a seed, and nothing but uniform numbers from it.

Python promises the sequence of `random.random()` only, and the last digit of `math.log` or `math.exp` depends on the
machine's library. So other distributions are tables of rounded quantiles.
"""

from __future__ import annotations

import hashlib
import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from statistics import NormalDist
from typing import TypeVar

__all__ = ["Dice"]

T = TypeVar("T")

_STEPS = 1024
_WAITING = tuple(round(-math.log(1 - (i + 0.5) / _STEPS), 6) for i in range(_STEPS))
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@lru_cache(maxsize=64)
def _spread(sigma: float) -> tuple[float, ...]:
    """Quantiles of a log-normal distribution around 1."""
    bell = NormalDist()
    return tuple(round(math.exp(sigma * bell.inv_cdf((i + 0.5) / _STEPS)), 6) for i in range(_STEPS))


class Dice:
    """One sequence of choices; another room of the same seed has another one, whatever the first drew."""

    def __init__(self, seed: int, room: str) -> None:
        self._seed = seed
        self._room = room
        start = int.from_bytes(hashlib.sha256(f"{seed}/{room}".encode()).digest()[:8], "big")
        self.unit = random.Random(start).random  # noqa: S311 - a demo, no secret
        """A number from 0 to below 1."""

    def room(self, name: str) -> Dice:
        """Dice of their own for a part of the work."""
        return Dice(self._seed, f"{self._room}/{name}")

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def between(self, low: float, high: float) -> float:
        """A number from low to below high."""
        return low + self.unit() * (high - low)

    def chance(self, share: float) -> bool:
        """True in this share of all cases."""
        return self.unit() < share

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self.unit() * len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """One of the items, each as often as its weight says."""
        sums = list(accumulate(weights))
        return items[bisect_right(sums, self.unit() * sums[-1])]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """As many different items as asked for, in their own order."""
        left = list(range(len(items)))
        chosen = sorted(left.pop(int(self.unit() * len(left))) for _ in range(min(count, len(left))))
        return [items[i] for i in chosen]

    def waiting(self, mean: float) -> float:
        """A waiting time between independent events (exponential)."""
        return mean * _WAITING[int(self.unit() * _STEPS)]

    def spread(self, median: float, sigma: float) -> float:
        """A size or duration: half of all below the median, a long tail above it (log-normal)."""
        return median * _spread(sigma)[int(self.unit() * _STEPS)]

    def hexes(self, digits: int) -> str:
        """Hexadecimal digits."""
        text = "".join(f"{int(self.unit() * 0x1_0000_0000_0000):012x}" for _ in range(-(-digits // 12)))
        return text[:digits]

    def letters(self, count: int) -> str:
        """Letters and digits."""
        return "".join(_LETTERS[int(self.unit() * 62)] for _ in range(count))
