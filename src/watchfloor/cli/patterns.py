"""`watchfloor patterns`: the shipped patterns, and the examples of any pattern file, run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from watchfloor.cli import output

if TYPE_CHECKING:
    from watchfloor.readers.patterns.examples import Outcome

__all__ = ["app"]

WRONG = 2
"""Exit code where an example fails: the file that the user gave is wrong."""

app = typer.Typer(help="The shipped patterns; `test` runs the examples of a pattern file.")


@app.callback(invoke_without_command=True)
def listed(context: typer.Context) -> None:
    """The shipped patterns: chosen by content, or by `watchfloor read --pattern NAME`."""
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table as Grid
    from rich.text import Text

    from watchfloor.readers.patterns.files import shipped

    grid = Grid("pattern", "what it reads", "of", "table", "examples", box=None, pad_edge=False)
    for pattern in shipped():
        of = [] if pattern.applies_to == "message" else ["lines"]
        if pattern.of_messages:
            of.append(f"messages of {', '.join(pattern.programs)}" if pattern.programs else "messages by their tag")
        words = map(Text, (pattern.name, pattern.about, "; ".join(of), pattern.table, str(len(pattern.examples))))
        grid.add_row(*words)
    output.stdout().print(grid)


@app.command()
def test(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A pattern file, or the name of a shipped pattern.")],
) -> None:
    """Runs the examples of a pattern file; exits with 2 when one fails."""
    from rich.text import Text

    from watchfloor.errors import BadPattern
    from watchfloor.readers.patterns.examples import run_examples
    from watchfloor.readers.patterns.files import load
    from watchfloor.reports.terminal import harmless

    pattern = load(file)
    if not pattern.examples:
        raise BadPattern(
            f"{file}: no examples", hint="add [[examples]] with text = '..' and fields = { field = \"value\" }"
        )
    outcomes = run_examples(pattern)
    console = output.stdout()
    for outcome in outcomes:
        style = "green" if outcome.passed else "bold red"
        mark = "passed" if outcome.passed else "failed"
        console.print(Text.assemble((f"{mark} {outcome.number}: ", style), harmless(outcome.text)), soft_wrap=True)
        for line in _why(outcome):
            console.print(Text(f"  {harmless(line)}"), soft_wrap=True)
    for note in dict.fromkeys(note for one in pattern.compiled() for note in one.notes):
        console.print(Text(f"note: {harmless(note)}", style="yellow"), soft_wrap=True)
    failed = sum(not outcome.passed for outcome in outcomes)
    console.print(f"{pattern.name}: {len(outcomes) - failed} of {len(outcomes)} examples passed")
    if failed:
        raise typer.Exit(WRONG)


def _why(outcome: Outcome) -> list[str]:
    if outcome.trouble:
        return [outcome.trouble]
    return [f"{one.field}: expected {one.expected!r}, found {one.found!r}" for one in outcome.differences]
