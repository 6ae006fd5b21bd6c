"""Patterns for a log that no reader knows, as a user asks for them: a Result, and a pattern file to edit."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from watchfloor.errors import BadOption
from watchfloor.hostile import harmless
from watchfloor.readers.patterns.files import load
from watchfloor.readers.patterns.grok import Compiled
from watchfloor.readers.suggest import Pattern, Suggestion, atoms, lines_of, one_meaning_each, pattern_file, suggest_for
from watchfloor.reports.atomic import replacing
from watchfloor.result import Input, Provenance, Result, versions

__all__ = ["known", "suggest", "write"]

_MESSAGE = re.compile(r"\(\?P?<message>")
_FLAGS = re.compile(r"\(\?[a-z]+\)")
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile("[A-Za-z]{3}")


def suggest(
    path: str | Path,
    out: str | Path | None = None,
    *,
    pattern: str | None = None,
    zone: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Patterns that are proposed for a log: one row each, the most frequent first; with `out` written as a file.

    The part `details` has, in the order in which they are tried, their fields with types, their regex and an example.

    Arguments:
        path: one file of the log's kind.
        out: a pattern file (.toml) for `read(path, pattern=out)`, to be edited.
        pattern: a pattern that is known already, as `read` takes it: lines that it matches are left out.
        zone: of clock times without one, for the pattern file.
        progress: is told the number of bytes read since the last call.

    Raises:
        BadOption: an `out` that is no TOML file, or a folder in place of a log.
        NothingToRead: no lines, or none that the known pattern leaves.
        UnreadableFile: a file that cannot be opened, or is no text.
    """
    source = Path(path)
    if source.is_dir():
        raise BadOption(f"{source}: a folder", hint="name one file of the log's kind")
    if out is not None and Path(out).suffix.lower() != ".toml":
        raise BadOption(f"out={str(out)!r}: a pattern file is TOML", hint='out="patterns.toml"')
    _, regexes = known(pattern)
    text, lines, notes = lines_of(source, progress or (lambda _: None))
    suggestion = suggest_for(text, lines=lines, known=regexes, notes=notes)
    if out is not None:
        write(Path(out), source, suggestion, zone)
    details = _details(suggestion)
    return Result(
        title=f"Patterns proposed for {source.name}",
        table=details.sort("lines", "tried", descending=[True, False]).select("share", "lines", "pattern").lazy(),
        explanation=_explanation(suggestion, written=out),
        provenance=Provenance(
            question="suggest",
            parameters={"pattern": pattern, "zone": zone},
            inputs=(Input(str(source), source.stat().st_size, lines=suggestion.lines),),
            rows_in={"lines": suggestion.records},
            made_time=datetime.now(UTC),
            versions=versions(),
        ),
        parts=(
            Result(
                title="Fields and regexes",
                table=details.select("tried", "pattern", "fields", "regex", "example").lazy(),
                explanation="In the order in which they are tried: the first that matches a line reads it.",
                name="details",
            ),
        ),
        name="patterns",
    )


def known(pattern: str | None) -> tuple[str | None, list[str]]:
    """What begins a record, and the regexes, of a pattern that the user names.

    A regex of a head and any message is left out: it matches every line, and says nothing about any.
    """
    if pattern is None:
        return None, []
    loaded = load(pattern)
    begins = loaded.regex("begins")
    regexes = [_named(one) for one in loaded.compiled()]
    telling = [regex for regex in regexes if not _is_head(regex)] if len(regexes) > 1 else regexes
    return (begins.regex if begins else None), telling


def _named(pattern: Compiled) -> str:
    """The regex with its fields by name, each at its first place: the reader of patterns numbers them."""
    regex = pattern.regex
    for field in pattern.fields:
        group = next(capture.group for capture in pattern.captures if capture.field == field)
        if _NAME.fullmatch(field):
            regex = regex.replace(f"(?P<{group}>", f"(?P<{field}>", 1)
    return regex


def _is_head(regex: str) -> bool:
    flags = _FLAGS.match(regex)
    fixed = "".join(part for part in atoms(regex[flags.end() if flags else 0 :]) if part[0] not in "([")
    return _MESSAGE.search(regex) is not None and _WORD.search(fixed) is None


def write(out: Path, path: Path, suggestion: Suggestion, zone: str | None) -> None:
    """The pattern file of a suggestion for the log at `path`."""
    share = suggestion.matched / max(1, suggestion.records)
    about = f"Suggested from {path.name}: {len(suggestion.tried)} patterns for {share:.1%} of its lines"
    text = pattern_file(suggestion, name=out.stem, about=harmless(about), zone=zone)
    with replacing(out) as beside:
        beside.write_text(text, encoding="utf-8")


def _details(suggestion: Suggestion) -> pl.DataFrame:
    patterns = one_meaning_each(suggestion.tried)
    total = max(1, suggestion.records)
    return pl.DataFrame(
        [
            (
                pattern.lines / total,
                pattern.lines,
                pattern.shape,
                _fields(pattern),
                number,
                pattern.regex,
                _example(pattern),
            )
            for number, pattern in enumerate(patterns, 1)
        ],
        schema={
            "share": pl.Float64,
            "lines": pl.Int64,
            "pattern": pl.String,
            "fields": pl.String,
            "tried": pl.Int64,
            "regex": pl.String,
            "example": pl.String,
        },
        orient="row",
    )


def _fields(pattern: Pattern) -> str:
    return ", ".join(f"{field.name} ({field.kind.name})" for field in pattern.fields)


def _example(pattern: Pattern) -> str | None:
    return pattern.examples[0] if pattern.examples else None


def _explanation(suggestion: Suggestion, *, written: str | Path | None) -> str:
    records = "records" if suggestion.begins else "lines"
    total = max(1, suggestion.records)
    by_head = suggestion.matched - suggestion.understood
    alone = f", {by_head:,} of them by how they begin alone" if by_head else ""
    said = [
        f"They match {suggestion.matched:,} of {suggestion.records:,} {records} "
        f"({suggestion.matched / total:.1%}){alone}. "
        "Patterns that end in <message> are for lines that no other one matches."
    ]
    if suggestion.clocks:
        said.append("The times carry no zone: say it when the log is read.")
    said += [f"{note[0].upper()}{note[1:]}." for note in suggestion.notes]
    said.append(
        f"{written} holds them: edit it, then read the log with it as pattern."
        if written is not None
        else "With `out` they become a pattern file to edit."
    )
    return " ".join(said)
