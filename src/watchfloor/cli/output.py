"""What a command gives back: a file or a table on the terminal, remarks beside it, and the exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from watchfloor.result import Provenance, Result

__all__ = ["PARTIAL", "check_extension", "deliver", "remark", "stderr", "stdout"]

PARTIAL = 3
"""Exit code under --strict where something was rejected or cut short."""


def stdout() -> Console:
    """The console for answers."""
    from rich.console import Console

    return Console(highlight=False)


def stderr() -> Console:
    """The console for remarks, errors and progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def remark(text: str, *, style: str = "dim") -> None:
    """A line for people, beside the answer."""
    from rich.text import Text

    stderr().print(Text(text, style=style), soft_wrap=True)


def check_extension(out: Path) -> None:
    """Says at once that a file cannot be written, not after the work."""
    from watchfloor.errors import BadOption
    from watchfloor.result import FORMATS

    if out.suffix.lower() not in FORMATS:
        raise BadOption(
            f"{out.name}: cannot write a {out.suffix or 'file without extension'}",
            hint=f"use one of {' '.join(FORMATS)}",
        )
    if not out.parent.is_dir():
        raise BadOption(f"{out.parent}: no such folder", hint="make the folder first, or write elsewhere")


def deliver(result: Result, *, out: Path | None, limit: int, strict: bool, quiet: bool) -> None:
    """Writes or shows the answer; exits with 3 under `strict` where the input was not read completely."""
    if out is not None:
        result.save(out)
        if not quiet:
            remark(f"wrote {out}")
    elif not quiet:
        from watchfloor.reports.terminal import show

        show(result, stdout(), limit=limit)
    confess(result.provenance, strict=strict, quiet=quiet)


def confess(provenance: Provenance, *, strict: bool, quiet: bool) -> None:
    """Says what was not read; exits with 3 under `strict` where there is any."""
    cut = [source for source in provenance.inputs if source.partial]
    if not quiet:
        if provenance.rejected:
            remark(
                f"{provenance.rejected:,} records could not be read: `watchfloor read --table rejects` shows them",
                style="yellow",
            )
        for source in cut[:5]:
            remark(f"{source.source}: {source.partial}", style="yellow")
        if len(cut) > 5:
            remark(f"and {len(cut) - 5} more files that were not read to their end", style="yellow")
    if strict and (provenance.rejected or cut):
        sys.stdout.flush()
        raise typer.Exit(PARTIAL)
