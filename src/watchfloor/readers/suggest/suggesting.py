"""Patterns for a log that no reader knows: templates are mined from its lines, each with a proven regex."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from watchfloor.engine import in_order
from watchfloor.errors import NothingToRead, UnreadableFile
from watchfloor.readers.intake import files, texts
from watchfloor.readers.suggest.cells import cells_of
from watchfloor.readers.suggest.heads import Line
from watchfloor.readers.suggest.marks import core_of, format_of, masked, ways_of_time
from watchfloor.readers.suggest.merge import Template, heads, merge
from watchfloor.readers.suggest.proposals import Field, Pattern, pattern_of, pattern_of_head, pattern_of_rows
from watchfloor.readers.suggest.typed import Kind
from watchfloor.readers.suggest.ways import FAMILIES

__all__ = ["Suggestion", "joined", "lines_of", "suggest", "suggest_for"]

LOOKED_AT = 500_000
"""At most so many lines of a file are looked at, in runs spread evenly over it."""
_RUNS = 32
_DISTINCT = 20_000
"""So many different masked lines are merged at a time, the frequent ones first."""
_ROUNDS = 3
PATTERNS = 200
"""More patterns than this are not proposed."""
MOST_LINES = 0.6
"""If at least so many lines begin with a time, a record begins with one."""
_NOTHING = pl.DataFrame(schema={"group": pl.UInt32, "regex": pl.String})
_SELDOM = 0.01
"""A way to begin that fewer lines have gets no pattern of its own."""
_HEADS = 4
"""So many ways to begin get one."""
_SAMPLE = 5_000
_GOES_ON = r"^(?:[ \t]|at |Caused by|Traceback |[)\]}])"
"""How lines begin that continue a record: indented, or as stack traces do."""


@dataclass(frozen=True)
class Suggestion:
    """What is proposed for a log."""

    patterns: tuple[Pattern, ...]
    """In the order in which they are to be tried: the ones with most fixed text first."""
    heads: tuple[Pattern, ...]
    """Tried after them: a head and any message, for lines that none of them matches, here or in tomorrow's log."""
    begins: str | None
    """Regex of the line that begins a record; null: every line is one."""
    lines: int
    """Lines of the file that are not blank."""
    records: int
    """Records that were looked at."""
    matched: int
    """Those that a pattern matches, be it by their head alone."""
    unmatched: pl.Series
    """Some of the others."""
    clocks: bool
    """Whether there are times without a zone."""
    notes: tuple[str, ...] = ()
    """What was left out, in words."""

    @property
    def tried(self) -> tuple[Pattern, ...]:
        """All patterns, in the order in which they are tried."""
        return (*self.patterns, *self.heads)

    @property
    def understood(self) -> int:
        """Records of which more than the head is understood."""
        return self.matched - sum(pattern.lines for pattern in self.heads)


def _nothing(_: int) -> None:
    """No progress is shown."""


def suggest(
    path: Path, *, known: Sequence[str] = (), most: int = PATTERNS, progress: Callable[[int], None] = _nothing
) -> Suggestion:
    """The patterns that are proposed for a file.

    Arguments:
        path: the file.
        known: regexes whose lines are left out.
        most: so many patterns at most.
        progress: is told the number of bytes read since the last call.

    Raises:
        NothingToRead: an empty file.
        UnreadableFile: a file that cannot be opened, or is no text.
    """
    text, lines, notes = lines_of(path, progress)
    return suggest_for(text, lines=lines, known=known, most=most, notes=notes)


def suggest_for(
    text: pl.Series,
    *,
    lines: int | None = None,
    known: Sequence[str] = (),
    most: int = PATTERNS,
    notes: Sequence[str] = (),
) -> Suggestion:
    """The patterns that are proposed for some lines; arguments and errors as for `suggest`.

    Arguments:
        text: the lines.
        lines: how many lines they stand for.
        known: regexes whose lines are left out.
        most: so many patterns at most.
        notes: what was left out before.
    """
    notes = list(notes)
    text = text.filter(text.str.contains(r"\S"))
    for regex in known:
        text = text.filter(~text.str.contains(regex))
    if not text.len():
        raise NothingToRead("there are no lines to look at", hint="the file is blank, or known patterns match all")
    count = text.len() if lines is None else lines
    begins, text = _records(text, notes)
    sample = text.gather_every(max(1, text.len() // _SAMPLE))
    times = ways_of_time(sample)
    if begins is None and (rows := _rows(text, sample, times)) is not None:
        return _with_rows(rows, text, count, most, notes)
    frame = _masked(text, sample, times, joined=begins is not None)
    groups = frame.group_by("masked", maintain_order=True).agg(
        weight=pl.len(), first=pl.col("text").first(), last=pl.col("text").last()
    )
    groups = groups.with_row_index("group").sort("weight", descending=True, maintain_order=True)
    keyed = frame.join(groups.select("masked", "group"), on="masked").select("group", "text")
    patterns, beginnings, proven = _patterns(groups, keyed, times, most, notes)
    patterns, taken = _tried(patterns, groups.head(_ROUNDS * _DISTINCT))
    matched, rest = _rest(patterns, taken, keyed, proven)
    by_head: list[Pattern] = []
    for pattern in (*beginnings, *_of_times(sample, times)):
        hit = rest.str.contains(pattern.regex)
        by_head.append(replace(pattern, lines=int(hit.sum()), examples=tuple(rest.filter(hit).head(2))))
        rest = rest.filter(~hit)
    return Suggestion(
        patterns=tuple(patterns),
        heads=tuple(by_head),
        begins=begins,
        lines=count,
        records=text.len(),
        matched=matched + sum(pattern.lines for pattern in by_head),
        unmatched=rest,
        clocks=_has_clocks(sample),
        notes=tuple(notes),
    )


def _rows(text: pl.Series, sample: pl.Series, times: Sequence[str]) -> Pattern | None:
    """The pattern of a table without a header, where most lines are its rows."""
    cells = cells_of(sample)
    pattern = pattern_of_rows(cells, sample, times) if cells is not None else None
    if pattern is None:
        return None
    matched = int(text.str.contains(pattern.regex).sum())
    return replace(pattern, lines=matched) if matched > MOST_LINES * text.len() else None


def _with_rows(rows: Pattern, text: pl.Series, count: int, most: int, notes: Sequence[str]) -> Suggestion:
    """The pattern of a table, and those of the lines that are none of its rows."""
    others = text.filter(~text.str.contains(rows.regex))
    if others.len():
        found = suggest_for(others, lines=count, most=most - 1, notes=notes)
    else:
        found = Suggestion((), (), None, count, 0, 0, others, _has_clocks(text.head(_SAMPLE)), tuple(notes))
    return replace(
        found,
        patterns=(rows, *found.patterns),
        records=text.len(),
        matched=found.matched + rows.lines,
    )


def lines_of(path: Path, progress: Callable[[int], None]) -> tuple[pl.Series, int, list[str]]:
    """Lines of a file, evenly spread where it has too many; how many there are; and what was left out, in words.

    Raises:
        NothingToRead: an empty file.
        UnreadableFile: a file that cannot be opened, or is no text.
    """
    head = files.head(path)
    if not head.content:
        raise NothingToRead(f"{path}: the file is empty", hint="name a file that holds some lines of the log")
    if b"\0" in head.content[:4096]:
        raise UnreadableFile(f"{path}: {files.looks_like(head)}", hint="patterns are for text, line by line")
    partial: list[str] = []
    notes: list[str] = []
    kept: list[pl.Series] = []
    count = bad = 0
    stride, size = 1, 0
    listener = texts.Listener(progress, partial.append, notes.append)
    for number, block in enumerate(texts.blocks(path, None, listener)):
        count += block.count(b"\n") + (not block.endswith(b"\n"))
        if number % stride:
            continue
        lines, damaged = _of_block(block)
        bad += damaged
        kept.append(lines)
        size += lines.len()
        while len(kept) > 1 and (size > LOOKED_AT or len(kept) > _RUNS):
            stride *= 2
            kept = kept[::2]
            size = sum(run.len() for run in kept)
    text = pl.concat(kept) if kept else pl.Series("text", [], pl.String)
    if text.len() > LOOKED_AT:
        text = text.head(LOOKED_AT)
    if bad:
        notes.append(f"{bad:,} lines with bytes that are no UTF-8 were left out")
    if text.len() < count - bad:
        notes.append(f"{text.len():,} of {count:,} lines were looked at, in runs spread over the file")
    return text, count, [*notes, *partial]


def _of_block(block: bytes) -> tuple[pl.Series, int]:
    """The lines of a block, and how many were left out because their bytes are no UTF-8."""
    try:
        return pl.scan_lines(block, name="text").collect()["text"].rechunk(), 0
    except pl.exceptions.ComputeError:
        good = [line for line in block.removesuffix(b"\n").split(b"\n") if texts.is_utf8(line)]
        text = pl.Series("text", [line.decode() for line in good], pl.String).str.strip_suffix("\r")
        return text, block.removesuffix(b"\n").count(b"\n") + 1 - len(good)


def _records(text: pl.Series, notes: list[str]) -> tuple[str | None, pl.Series]:
    """What begins a record, where most lines but not all begin with a time, and the records."""
    sample = text.gather_every(max(1, text.len() // _SAMPLE))
    starts = [family.regex for family in FAMILIES if family.regex.startswith("^") and "{1,300}" not in family.regex]
    used = [regex for regex in starts if sample.str.contains(regex).mean() or 0.0]
    if not used:
        return None, text
    begins = "|".join(regex.replace("(" + core_of(regex) + ")", core_of(regex)) for regex in used)
    first = text.str.contains(begins)
    others = text.filter(~first)
    if others.len() > (1 - MOST_LINES) * text.len() or 2 * int(others.str.contains(_GOES_ON).sum()) <= others.len():
        # Either no line goes on with another one, or the lines without a time are records of their own.
        return None, text
    if before := first.arg_max() or 0:
        notes.append(f"{before:,} lines stand before the first that begins with a time")
    return begins, joined(text, begins)


def joined(text: pl.Series, begins: str) -> pl.Series:
    """The records of some lines; those before the first record are left out."""
    return (
        pl.DataFrame({"text": text})
        .with_columns(of=pl.col("text").str.contains(begins).cum_sum())
        .filter(pl.col("of") > 0)
        .group_by("of", maintain_order=True)
        .agg(pl.col("text").str.join("\n"))["text"]
    )


def _masked(text: pl.Series, sample: pl.Series, times: Sequence[str], *, joined: bool) -> pl.DataFrame:
    """The lines with their masked form, made by several threads."""
    step = max(10_000, text.len() // 8 + 1)
    longest = int(text.str.len_bytes().max() or 0)  # type: ignore[arg-type]
    form = masked(pl.col("text"), sample, times, longest=longest, joined=joined)
    parts = (text.slice(start, step) for start in range(0, text.len(), step))

    def mask(part: pl.Series) -> pl.DataFrame:
        return pl.DataFrame({"text": part}).with_columns(masked=form)

    return pl.concat(in_order(mask, parts))


def _patterns(
    groups: pl.DataFrame, keyed: pl.DataFrame, times: Sequence[str], most: int, notes: list[str]
) -> tuple[list[Pattern], list[Pattern], pl.DataFrame]:
    """Patterns of all templates, the frequent ones first; those of the heads of lines; and the groups of lines that
    one of the patterns is known to match, with its regex."""
    found: list[Pattern] = []
    beginnings: list[Pattern] = []
    proven: list[pl.DataFrame] = []
    left = groups
    for _ in range(_ROUNDS):
        some = left.head(_DISTINCT)
        templates, said = merge(some["masked"].to_list(), some["weight"].to_list())
        templates.sort(key=lambda template: -template.weight)
        beginnings = beginnings or list(_of_heads(said, some, times))
        of = _of_groups(templates[:most], some["group"])
        for number, pattern in enumerate(_of_templates(templates[:most], said, keyed.join(of, on="group"), times)):
            if pattern is not None:
                found.append(pattern)
                proven.append(of.filter(template=number).select("group", regex=pl.lit(pattern.regex)))
        left = left.slice(some.height)
        if not left.height or len(found) >= most:
            break
        left = _unmatched(found, left)
    if left.height:
        notes.append(f"{left.height:,} different shapes of lines are too rare or too many to be looked at")
    return sorted(found, key=lambda pattern: -pattern.lines)[:most], beginnings, pl.concat(proven or [_NOTHING])


def _of_groups(templates: Sequence[Template], group: pl.Series) -> pl.DataFrame:
    """Groups of equal masked lines with the number of their template."""
    return pl.DataFrame(
        {
            "template": [n for n, template in enumerate(templates) for _ in template.members],
            "group": group.gather([member for template in templates for member in template.members]),
        }
    )


def _of_templates(
    templates: Sequence[Template], said: Sequence[Line], keyed: pl.DataFrame, times: Sequence[str]
) -> Iterator[Pattern | None]:
    """The pattern of each template, proven on all its lines."""
    lines = keyed.partition_by("template", as_dict=True)

    def made(n: int) -> Pattern | None:
        return pattern_of(templates[n], said, lines[n,]["text"], times)

    return in_order(made, range(len(templates)))


def _unmatched(patterns: Sequence[Pattern], groups: pl.DataFrame) -> pl.DataFrame:
    """Groups whose first line no pattern matches."""
    for pattern in patterns:
        groups = groups.filter(~pl.col("first").str.contains(pattern.regex))
    return groups


def _tried(patterns: Sequence[Pattern], groups: pl.DataFrame) -> tuple[list[Pattern], pl.DataFrame]:
    """The patterns in the order in which they are tried, with the lines that each is the first to match, and groups
    with the number of that pattern."""
    kept: list[Pattern] = []
    taken: list[pl.DataFrame] = []
    left = groups.select("group", "weight", "first", "last")
    for pattern in sorted(
        patterns, key=lambda pattern: (pattern.open, -pattern.literals, -pattern.lines, pattern.regex)
    ):
        hit = left["first"].str.contains(pattern.regex)
        here = left.filter(hit)
        if here.height:
            taken.append(here.select("group", pattern=pl.lit(len(kept), pl.Int32)))
            examples = tuple(dict.fromkeys([*here["first"].head(2), here["last"][0]]))[:2]
            kept.append(replace(pattern, lines=int(here["weight"].sum()), examples=examples))
            left = left.filter(~hit)
    nobody = groups.select("group", pattern=pl.lit(None, pl.Int32)).clear()
    return kept, pl.concat([nobody, *taken])


def _rest(
    patterns: Sequence[Pattern], taken: pl.DataFrame, keyed: pl.DataFrame, proven: pl.DataFrame
) -> tuple[int, pl.Series]:
    """How many records a pattern matches, and those that none does; lines for which that is proven are not tried."""
    regexes = pl.DataFrame({"regex": [pattern.regex for pattern in patterns]}, {"regex": pl.String})
    regexes = regexes.with_row_index("pattern").cast({"pattern": pl.Int32})
    sure = taken.join(regexes, on="pattern").join(proven, on=["group", "regex"], how="semi")
    rows = keyed.join(sure, on="group", how="anti").join(taken, on="group", how="left")
    rest = [
        part["text"] if number is None else part["text"].filter(~part["text"].str.contains(patterns[number].regex))
        for (number,), part in rows.partition_by("pattern", as_dict=True).items()
    ]
    left = pl.concat(rest) if rest else pl.Series("text", [], pl.String)
    for pattern in patterns:
        if not left.len():
            break
        left = left.filter(~left.str.contains(pattern.regex))
    return keyed.height - left.len(), left


def _of_heads(said: Sequence[Line], some: pl.DataFrame, times: Sequence[str]) -> Iterator[Pattern]:
    """Patterns of a head and a message, for lines that no other one matches, here or in tomorrow's log."""
    weights = some["weight"].to_list()
    for template in heads(said, weights)[:_HEADS]:
        if template.weight > _SELDOM * sum(weights):
            lines = some["first"].gather(template.members)
            pattern = pattern_of_head(template, [said[n] for n in template.members], lines, times)
            if pattern is not None:
                yield pattern


def _of_times(sample: pl.Series, times: Sequence[str]) -> Iterator[Pattern]:
    """Patterns of a time and a message, for the lines that no other one matches."""
    for way in times:
        form = format_of(way)
        body = way.removeprefix("^")
        regex = rf"^[\[(<]?(?<time>{body})[\])>]?[,;:|]?[ \t]+(?<message>(?s:.*))$"
        lines = sample.filter(sample.str.contains(regex)) if form is not None else sample.clear()
        if lines.len() > _SELDOM * sample.len():
            fields = (Field("time", Kind("time", body, "time", form or "")), Field("message", Kind("text", "(?s:.*)")))
            yield Pattern(regex, fields, 0, True, 0, (), ("", "time", " ", "message", ""))


def _has_clocks(sample: pl.Series) -> bool:
    """Whether some times carry no offset."""
    exact = "|".join(family.regex for family in FAMILIES if family.offset)
    left = sample.filter(~sample.str.contains(exact))
    return any(left.str.contains(family.regex).any() for family in FAMILIES if not family.offset)
