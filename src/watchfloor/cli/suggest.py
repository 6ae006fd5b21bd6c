"""`watchfloor read --suggest` and `--preview`: patterns for a log that no reader knows, and what patterns match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table as Grid
from rich.text import Text

from watchfloor.cli import output
from watchfloor.cli.progress import reading
from watchfloor.errors import BadOption
from watchfloor.hostile import harmless
from watchfloor.reports.atomic import replacing

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

    path, zone = _one_file(data, zone)
    if not suggesting and pattern is None:
        raise BadOption("--preview: of which pattern?", hint="give --pattern NAME, FILE or TEXT, or --suggest")
    if out is not None and (not suggesting or out.suffix.lower() != ".toml"):
        raise BadOption(f"--out {out}: a pattern file is TOML, from --suggest", hint="--suggest --out patterns.toml")
    begins, known = _known(pattern)
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
        proposals = one_meaning_each(suggestion.patterns)
        begins = begins or suggestion.begins
        regexes = [*known, *(proposal.regex for proposal in proposals)]
        if not quiet:
            _show(console, path, suggestion, proposals, limit)
        if out is not None:
            _write(out, path, suggestion, zone)
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


def _known(pattern: str | None) -> tuple[str | None, list[str]]:
    """What begins a record, and the regexes, of a pattern that the user names."""
    if pattern is None:
        return None, []
    from watchfloor.readers.patterns.files import load

    known = load(pattern)
    begins = known.regex("begins")
    return (begins.regex if begins else None), [one.regex for one in known.compiled()]


def _write(out: Path, path: Path, suggestion: Suggestion, zone: str | None) -> None:
    from watchfloor.readers.suggest import pattern_file

    share = suggestion.matched / max(1, suggestion.records)
    about = f"Suggested from {path.name}: {len(suggestion.patterns)} patterns for {share:.1%} of its lines"
    text = pattern_file(suggestion, name=out.stem, about=harmless(about), zone=zone)
    with replacing(out) as beside:
        beside.write_text(text, encoding="utf-8")


def _show(console: Console, path: Path, suggestion: Suggestion, proposals: Sequence[Proposal], limit: int) -> None:
    """The most frequent patterns, each with its share, its fields and two examples."""
    total = max(1, suggestion.records)
    console.print(Text(f"{len(proposals)} patterns for {harmless(str(path))}", style="bold"))
    for proposal in sorted(proposals, key=lambda proposal: -proposal.lines)[:limit]:
        console.print()
        console.print(Text(f"{proposal.lines / total:.1%}, {proposal.lines:,} lines", style="bold"))
        console.print(Text(f"  {harmless(proposal.regex)}", style="cyan"), soft_wrap=True)
        fields = ", ".join(f"{field.name} ({field.kind.name})" for field in proposal.fields)
        console.print(Text(f"  fields: {harmless(fields) or 'none'}"), soft_wrap=True)
        for example in proposal.examples[:2]:
            console.print(Text(f"  e.g. {_short(example)}", style="dim"), soft_wrap=True)
    console.print()
    records = "records" if suggestion.begins else "lines"
    console.print(
        Text(
            f"They match {suggestion.matched:,} of {suggestion.records:,} {records} ({suggestion.matched / total:.1%})."
        )
    )
    if len(proposals) > limit:
        output.remark(f"{limit} of {len(proposals)} patterns: --limit shows more")
    if suggestion.clocks:
        output.remark("its times carry no zone: say it with --zone, here or when it is read")
    for note in suggestion.notes:
        output.remark(harmless(note), style="yellow")


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
