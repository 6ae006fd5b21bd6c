"""What is done with an answer once it is there: allow lists, without the logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from watchfloor.cli import output
from watchfloor.cli.options import Limit, Out, Quiet, Strict

__all__ = ["allow"]

Saved = Annotated[
    Path, typer.Argument(metavar="RESULT", help="An answer that a question wrote: .parquet (exact) or .json.")
]


def allow(
    result: Saved,
    lists: Annotated[
        list[Path] | None,
        typer.Option("--list", "-l", help="What is allowed; may be repeated.", metavar="LIST.toml"),
    ] = None,
    out: Out = None,
    limit: Limit = 20,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Apply allow lists to an answer that is written already: no log is read again."""
    from watchfloor.errors import BadOption
    from watchfloor.reports.saved import load

    if out is not None:
        output.check_extension(out)
    answer = load(result)
    if not lists:
        raise BadOption("no list is named", hint=f"watchfloor allow {result} --list allow.toml")
    output.deliver(answer.allow(*lists), out=out, limit=limit, strict=strict, quiet=quiet)
