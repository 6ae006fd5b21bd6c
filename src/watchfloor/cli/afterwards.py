"""What is done with an answer once it is there: allow lists, and other weights and thresholds, without the logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from watchfloor.cli import output
from watchfloor.cli.options import Limit, Out, Quiet, Strict

__all__ = ["allow", "said", "what_if"]

Saved = Annotated[
    Path, typer.Argument(metavar="RESULT", help="An answer that a question wrote: .parquet (exact) or .json.")
]


def allow(
    result: Saved,
    lists: Annotated[
        list[Path] | None,
        typer.Option("--list", "-l", help="What is allowed; may be repeated.", metavar="LIST.toml"),
    ] = None,
    suggest: Annotated[
        Path | None,
        typer.Option(
            "--suggest",
            help="Write entries that could be allowed, each with what it would hide, and apply none.",
            metavar="LIST.toml",
        ),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            "--beside",
            help="Another answer about the same network: a high score there speaks against a suggestion.",
            metavar="RESULT",
        ),
    ] = None,
    owner: Annotated[str, typer.Option("--owner", help="Who answers for what is suggested.")] = "nobody yet",
    out: Out = None,
    limit: Limit = 20,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Apply allow lists to an answer that is written already, or suggest one: no log is read again."""
    import polars as pl

    from watchfloor.errors import BadOption
    from watchfloor.reports.saved import load

    if out is not None:
        output.check_extension(out)
    answer = load(result)
    if not lists and suggest is None:
        raise BadOption(
            "no list is named",
            hint=f"watchfloor allow {result} --list allow.toml; --suggest allow.toml writes one to edit",
        )
    if lists:
        answer = answer.allow(*lists)
    if suggest is None:
        output.deliver(answer, out=out, limit=limit, strict=strict, quiet=quiet)
        return
    rest = replace(answer, table=answer.table.filter(pl.col("allowed").is_null())) if lists else answer
    found = rest.suggest_allowed(suggest, beside=[load(path) for path in beside or ()], owner=owner)
    output.deliver(found, out=out, limit=limit, strict=strict, quiet=quiet)
    if not quiet:
        output.remark(f"wrote {suggest}: {found.collect().height} suggestions; look at each before you use it")


def what_if(
    result: Saved,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            help="Another weight or threshold by its name; first=N makes the list the first N rows. May be repeated.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    out: Out = None,
    limit: Limit = 20,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """What if a weight or threshold were another one? Which rows enter and leave the list: no log is read again."""
    from watchfloor.reports.saved import load

    if out is not None:
        output.check_extension(out)
    answer = load(result)
    output.deliver(answer.what_if(**changes_of(changes)), out=out, limit=limit, strict=strict, quiet=quiet)


def changes_of(words: list[str] | None) -> dict[str, str]:
    """NAME=VALUE as a dict.

    Raises:
        BadOption: words that are no such pair.
    """
    from watchfloor.errors import BadOption

    found: dict[str, str] = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name.strip().isidentifier() or not value.strip():
            raise BadOption(
                f"what if {word}: no name and value", hint="strobe_impact=low, score_thresholds=50,70,90,100"
            )
        found[name.strip()] = value.strip()
    return found


def said(
    allow: list[Path] | None, threat_intel: list[Path] | None, what_if: list[str] | None
) -> dict[str, Any]:  # what there is of it
    """What comes after a question, as the library takes it."""
    given = {
        "allow": tuple(allow or ()),
        "threat_intel": tuple(threat_intel or ()),
        "what_if": changes_of(what_if),
    }
    return {name: value for name, value in given.items() if value}
