"""Work on parts of a whole, several at a time: Polars leaves cores idle where a step is one column."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_order"]

Part = TypeVar("Part")
Done = TypeVar("Done")


def in_order(work: Callable[[Part], Done], parts: Iterable[Part], *, threads: int = 3) -> Iterator[Done]:
    """What `work` makes of each part, in the order of the parts, which are made here while threads work.

    Arguments:
        work: is called from threads; what it shares must bear that.
        parts: no more than `threads` of them are in memory that have not been given back.
        threads: so many parts are worked on at a time.
    """
    pool = ThreadPoolExecutor(threads)
    waiting: deque[Future[Done]] = deque()
    try:
        for part in parts:
            waiting.append(pool.submit(work, part))
            del part
            if len(waiting) >= threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
