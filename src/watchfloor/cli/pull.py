"""`watchfloor pull`: from a living system into the workspace, with a ledger at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.cli import output
from watchfloor.cli.options import Quiet, WorkspaceAt
from watchfloor.errors import BadOption

if TYPE_CHECKING:
    from watchfloor.sources.ledger import Ledger
    from watchfloor.store import Workspace

__all__ = ["app"]

app = typer.Typer(help="From a living system into the workspace, to be asked without it.", no_args_is_help=True)

_COLUMNS = ("pages", "received", "stored", "new", "changed", "closed", "gone", "rejected")
_RARE = {
    "reopened": "opened again",
    "back": "there again after they were gone",
    "reused": "new under the id of an older one",
    "doubled": "twice in one page",
}


@app.callback()
def _systems() -> None:
    """Keeps `qradar` a word of its own, though it is the only system yet."""


@app.command()
def qradar(
    url: Annotated[
        str | None, typer.Option("--url", help="The console's address; without it the one asked last.", metavar="URL")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", help="Only offenses that began or changed in this time: 90d, 12w, all.", metavar="TIME"
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", help="The console's certificate, or who issued it (PEM).", metavar="FILE"),
    ] = None,
    hostname_check: Annotated[
        bool | None,
        typer.Option("--hostname-check/--no-hostname-check", help="Whether the certificate must be of this name."),
    ] = None,
    fingerprint: Annotated[
        str | None, typer.Option("--fingerprint", help="Trust this certificate alone.", metavar="SHA256")
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Trust anybody. The token can be stolen.")] = False,
    page_size: Annotated[
        int | None, typer.Option("--page-size", min=1, max=10_000, help="Offenses of a page: 500.", metavar="N")
    ] = None,
    notes: Annotated[
        int,
        typer.Option("--notes", min=0, help="Offenses whose notes are fetched now; the others wait.", metavar="N"),
    ] = 1_000,
    workspace: WorkspaceAt = None,
    quiet: Quiet = False,
) -> None:
    """Offenses with their closing reasons, notes, rules and addresses, incrementally and read only.

    The token of an authorized service is taken from WATCHFLOOR_QRADAR_TOKEN, or from the keyring.

    How the console was asked is kept in the workspace: the next run needs no options.

    Exits with 3 where something is missing.
    """
    from watchfloor.sources.qradar import Tls, pull
    from watchfloor.store import open_workspace

    with open_workspace(workspace, create=True) as opened:
        address, kept = _asked(opened, url)
        asked: dict[str, Any] = {"ca_file": ca_file, "hostname_check": hostname_check, "fingerprint": fingerprint}
        if all(one is None for one in asked.values()):  # else what was said now counts alone
            asked = {name: kept.get(name) for name in asked}
        trust = Tls(
            ca_file=Path(asked["ca_file"]) if asked["ca_file"] else None,
            hostname_check=asked["hostname_check"] is not False,
            fingerprint=asked["fingerprint"],
            insecure=insecure,
        )
        with _telling(quiet), _showing(quiet) as progress:
            ledger = pull(
                address,
                opened,
                since_days=_days(since) if since is not None else kept.get("since_days"),
                trust=trust,
                page_size=page_size or kept.get("page_size") or 500,
                notes=notes,
                progress=progress,
            )
        if not quiet:
            _show(ledger, opened)
    if ledger.partial:
        raise typer.Exit(output.PARTIAL)


def _asked(workspace: Workspace, url: str | None) -> tuple[str, dict[str, Any]]:
    """The console, and how it was asked last."""
    from watchfloor.sources.qradar.client import address

    known = dict(workspace.settings("qradar"))
    if url is not None:
        source = address(url)
        return source, known.get(source, {})
    if len(known) == 1:
        return next(iter(known.items()))
    which = f"the workspace knows {', '.join(known)}" if known else "the workspace knows none yet"
    raise BadOption(f"which console? {which}", hint="--url https://qradar.example.com")


def _days(since: str) -> float | None:
    from watchfloor.analyses.rita.pairs import seconds_of

    seconds = None if since == "all" else seconds_of(since)
    return None if seconds is None else seconds / 86_400


@contextmanager
def _telling(quiet: bool) -> Iterator[None]:
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
    """A line each, harmless whatever the console wrote."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        from watchfloor.hostile import harmless

        output.remark(harmless(record.getMessage()), style="yellow" if record.levelno >= logging.WARNING else "dim")


@contextmanager
def _showing(quiet: bool) -> Iterator[Callable[[str, int, int | None], None] | None]:
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


def _show(ledger: Ledger, workspace: Workspace) -> None:
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
