"""How a pull shows itself: the client's remarks, progress on a terminal, the ledger at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from watchfloor.cli import output

if TYPE_CHECKING:
    from watchfloor.sources.ledger import Ledger
    from watchfloor.store import Workspace

__all__ = ["show", "showing", "telling"]

_COLUMNS = ("pages", "received", "stored", "new", "changed", "closed", "gone", "rejected")
_RARE = {
    "reopened": "opened again",
    "back": "there again after they were gone",
    "reused": "new under the id of an older one",
    "doubled": "twice in one page",
}


@contextmanager
def telling(*, quiet: bool) -> Iterator[None]:
    """The client's remarks as lines for people; tries that follow others only where they are the news."""
    logger = logging.getLogger("watchfloor.pull")
    handler = _Remarks(logging.ERROR if quiet else logging.INFO)
    silence = logging.NullHandler()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logging.getLogger("stamina").addHandler(silence)  # it says the same, in other words
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logging.getLogger("stamina").removeHandler(silence)


class _Remarks(logging.Handler):
    """A line each, harmless whatever the system wrote."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        from watchfloor.hostile import harmless

        output.remark(harmless(record.getMessage()), style="yellow" if record.levelno >= logging.WARNING else "dim")


@contextmanager
def showing(*, quiet: bool) -> Iterator[Callable[[str, int, int | None], None] | None]:
    """Progress on a terminal, silence in a pipe."""
    console = output.stderr()
    if quiet or not console.is_terminal:
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("asking", total=None, rate="")
        current = ""

        def told(about: str, done: int, total: int | None) -> None:
            nonlocal current
            if about != current:
                bar.reset(task, description=about, total=total, rate="")
                current = about
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f}/s" if speed else "")

        yield told


def show(ledger: Ledger, workspace: Workspace) -> None:
    """The ledger, what is missing, and what may be asked now."""
    from rich.table import Table as Grid
    from rich.text import Text

    from watchfloor.hostile import harmless

    rows = ledger.rows()
    grid = Grid(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold dim")
    grid.add_column("ledger", no_wrap=True)
    for name in _COLUMNS:
        grid.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        if not row["missing"] or row["received"]:
            grid.add_row(row["list"], *(f"{row[name]:,}" for name in _COLUMNS))
    console = output.stdout()
    console.print(Text(harmless(f"{ledger.source}, API {ledger.api_version}"), style="dim"))
    console.print(grid)
    for row in rows:
        rare = [f"{row[name]:,} {words}" for name, words in _RARE.items() if row[name]]
        if rare:
            console.print(Text(f"{row['list']}: {', '.join(rare)}", style="dim"), soft_wrap=True)
    for about, why in ledger.missing.items():
        console.print(Text(harmless(f"missing: {about}: {why}"), style="bold yellow"), soft_wrap=True)
    for remark in ledger.remarks:
        console.print(Text(harmless(remark), style="dim"), soft_wrap=True)
    console.print(
        Text(harmless(f"kept in {workspace.name}: `watchfloor noise` and `watchfloor kpis` ask it"), style="dim")
    )
