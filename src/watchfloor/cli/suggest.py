"""`watchfloor read --suggest` and `--preview`: patterns for a log that no reader knows, and what patterns match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from watchfloor.cli import output
from watchfloor.cli.progress import reading
from watchfloor.errors import BadOption
from watchfloor.hostile import harmless

if TYPE_CHECKING:
    from rich.console import Console

    from watchfloor.readers.suggest import Pattern as Proposal
    from watchfloor.readers.suggest import Preview, Stop, Suggestion

__all__ = ["run"]

_SHOWN = 300
"""So many characters of a line are shown."""


def run(
    data: Mapping[str, str | None] | Sequence[str],
    out: Path | None,
    *,
    suggesting: bool,
    previewing: bool,
    pattern: str | None,
    zone: str | None,
    limit: int,
    quiet: bool,
) -> None:
    """Shows proposals or a preview for one file, and writes the pattern file.

    Arguments:
        data: the file, with its zone where it was given as PATH=ZONE.
        out: where the pattern file goes.
        suggesting: whether patterns are proposed; with `pattern` for the lines that it does not match.
        previewing: whether lines are shown beside the patterns.
        pattern: what `--pattern` says.
        zone: what `--zone` says.
        limit: so many patterns, and lines of each sort, are shown.
        quiet: nothing is shown.

    Raises:
        BadOption: more than one file, or options that do not go together.
    """
    from watchfloor.readers.suggest import joined, lines_of, one_meaning_each, preview, suggest_for
    from watchfloor.suggestions import known as known_of
    from watchfloor.suggestions import write

    path, zone = _one_file(data, zone)
    if not suggesting and pattern is None:
        raise BadOption("--preview: of which pattern?", hint="give --pattern NAME, FILE or TEXT, or --suggest")
    if out is not None and (not suggesting or out.suffix.lower() != ".toml"):
        raise BadOption(f"--out {out}: a pattern file is TOML, from --suggest", hint="--suggest --out patterns.toml")
    begins, known = known_of(pattern)
    with reading([path], quiet=quiet) as progress:
        text, lines, notes = lines_of(path, progress or (lambda _: None))
    if pattern is not None and not suggesting:
        from watchfloor.readers.patterns.files import load
        from watchfloor.readers.patterns.messages import concerned

        text = concerned(load(pattern), text)
    console = output.stdout()
    regexes = known
    if suggesting:
        suggestion = suggest_for(text, lines=lines, known=known, notes=notes)
        proposals = one_meaning_each(suggestion.tried)
        begins = begins or suggestion.begins
        regexes = [*known, *(proposal.regex for proposal in proposals)]
        if not quiet:
            _show(console, path, suggestion, proposals, limit)
        if out is not None:
            write(out, path, suggestion, zone)
            if not quiet:
                output.remark(f"wrote {out}: edit it, then `watchfloor read --pattern {out} {path}`")
        elif not quiet:
            output.remark("--out patterns.toml writes them as a pattern file that you can edit")
    if previewing and not quiet:
        records = joined(text, begins) if begins else text
        _show_preview(console, preview(records, regexes, most=limit), regexes)


def _one_file(data: Mapping[str, str | None] | Sequence[str], zone: str | None) -> tuple[Path, str | None]:
    paths = [Path(name) for name in data]
    if len(paths) != 1 or paths[0].is_dir():
        raise BadOption("--suggest and --preview look at one file", hint="name one file of the log's kind")
    given = next(iter(data.values())) if isinstance(data, Mapping) else None
    return paths[0], given or zone


def _show(console: Console, path: Path, suggestion: Suggestion, proposals: Sequence[Proposal], limit: int) -> None:
    """The most frequent patterns, each with its share, its fields and two examples; then what reads other lines."""
    total = max(1, suggestion.records)
    number = len(suggestion.patterns)
    patterns, heads = proposals[:number], proposals[number:]
    console.print(Text(f"{number} patterns for {harmless(str(path))}", style="bold"))
    for proposal in sorted(patterns, key=lambda proposal: -proposal.lines)[:limit]:
        console.print()
        console.print(Text(f"{proposal.lines / total:.1%}, {proposal.lines:,} lines", style="bold"))
        _show_one(console, proposal, examples=2)
    if heads:
        console.print()
        console.print(Text("Lines with any other message are read by how they begin:", style="bold"))
        for proposal in heads:
            _show_one(console, proposal, examples=0)
    console.print()
    records = "records" if suggestion.begins else "lines"
    by_head = suggestion.matched - suggestion.understood
    console.print(
        Text(
            f"They match {suggestion.matched:,} of {suggestion.records:,} {records} "
            f"({suggestion.matched / total:.1%}){f', {by_head:,} by how they begin alone' if by_head else ''}."
        )
    )
    if number > limit:
        output.remark(f"{limit} of {number} patterns: --limit shows more")
    if suggestion.clocks:
        output.remark("its times carry no zone: say it with --zone, here or when it is read")
    for note in suggestion.notes:
        output.remark(harmless(note), style="yellow")


def _show_one(console: Console, proposal: Proposal, *, examples: int) -> None:
    """The pattern as people read it, its fields with their types, examples."""
    shape = Text()
    for number, text in enumerate(proposal.turns):
        shape.append(f"<{text}>" if number % 2 else harmless(text), style="cyan" if number % 2 else "bold")
    fields = ", ".join(f"{field.name} ({field.kind.name})" for field in proposal.fields)
    _indented(console, shape)
    _indented(console, Text(f"fields: {fields}"))
    for example in proposal.examples[:examples]:
        _indented(console, Text(f"e.g. {_short(example)}", style="dim"))


def _indented(console: Console, text: Text) -> None:
    console.print(Padding(text, (0, 0, 0, 2), expand=False))


def _show_preview(console: Console, seen: Preview, regexes: Sequence[str]) -> None:
    """Matched lines on the left, the others on the right, with the place where the match stopped."""
    total = max(1, seen.lines)
    grid = Grid(
        f"matched: {seen.matched:,} ({seen.matched / total:.1%})",
        f"not matched: {seen.lines - seen.matched:,} ({1 - seen.matched / total:.1%})",
        expand=True,
        show_lines=True,
    )
    for place in range(max(len(seen.fits), len(seen.stops))):
        left = right = Text("")
        if place < len(seen.fits):
            fit = seen.fits[place]
            fields = "".join(f"\n  {name} = {_short(value)}" for name, value in fit.fields)
            number = f"pattern {fit.pattern}: " if len(regexes) > 1 else ""
            left = Text.assemble((number, "dim"), (_short(fit.text), "green"), (fields, "dim"))
        if place < len(seen.stops):
            right = _stop(seen.stops[place], several=len(regexes) > 1)
        grid.add_row(left, right)
    console.print()
    console.print(grid)


def _stop(stop: Stop, *, several: bool) -> Text:
    if stop.pattern is None:
        return Text.assemble((_short(stop.text), "red"), ("\n  no pattern begins to match", "dim"))
    rest = stop.text[stop.text.find(stop.matched) + len(stop.matched) :]
    pattern = f"pattern {stop.pattern} " if several else ""
    wanted = f"wants {_short(stop.wanted)}" if stop.wanted else "ends here"
    return Text.assemble(
        (_short(stop.matched), "green"),
        ("▮", "bold yellow"),
        (_short(rest), "red"),
        (f"\n  {pattern}stops after {len(stop.matched):,} characters, where it {wanted}", "dim"),
    )


def _short(text: str) -> str:
    return harmless(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..")
