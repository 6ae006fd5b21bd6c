"""How a computation runs: here in memory, or in parts on disk when it is larger."""

from watchfloor.engine.ahead import in_order, prefetched
from watchfloor.engine.keep import Keeper, keep, owned

__all__ = ["Keeper", "in_order", "keep", "owned", "prefetched"]
