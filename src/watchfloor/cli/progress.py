"""Progress with rate and time left on a terminal, silence in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["reading"]


@contextmanager
def reading(paths: Iterable[str | Path], *, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """Shows how far the reading of the files is; gives what is to be told of the bytes read."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TimeElapsedColumn(),
    )
    total = _size(paths)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)

        def told(read: int) -> None:
            bar.advance(task, read)
            if (done := bar.tasks[0].completed) >= total > 0 and done:
                bar.update(task, description="computing")

        yield told


def _size(paths: Iterable[str | Path]) -> int:
    """Bytes of all files at the paths; what cannot be looked at counts nothing."""
    from watchfloor.readers.intake.files import on_disk

    total = 0
    for path in paths:
        for file in on_disk(path):
            try:
                total += file.stat().st_size if file.is_file() else 0
            except OSError:
                continue
    return total
