"""Work on parts of a whole, several at a time: Polars leaves cores idle where a step is one column."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar, cast

__all__ = ["in_order", "prefetched"]

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


def prefetched(parts: Iterator[Part], *, ahead: int = 2) -> Iterator[Part]:
    """The parts, made in a thread of their own while those before are worked on.

    Arguments:
        parts: what it does besides, such as telling of progress, it does in that thread.
        ahead: no more than so many parts wait.
    """
    waiting: Queue[tuple[Part | None, BaseException | None]] = Queue(ahead)
    stopped = Event()

    def hand_over(part: Part | None, error: BaseException | None = None) -> None:
        while not stopped.is_set():
            try:
                waiting.put((part, error), timeout=0.1)
            except Full:
                continue
            return

    def make() -> None:
        try:
            for part in parts:
                hand_over(part)
                if stopped.is_set():
                    break
        except BaseException as error:  # raised again where the parts are taken
            hand_over(None, error)
        else:
            hand_over(None, StopIteration())

    maker = Thread(target=make, daemon=True)
    maker.start()
    try:
        while True:
            part, error = waiting.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield cast("Part", part)  # null only with an error
            del part
    finally:
        stopped.set()
        maker.join()
