"""Zeek's TSV: a header of `#` lines, then one record a line; fast where all is well, line by line where it is not."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from watchfloor.readers.zeek.columns import (
    Cell,
    Log,
    Style,
    What,
    canonical,
    instant_text,
    log_of,
    number_text,
    plain_name,
    value,
)
from watchfloor.readers.zeek.escapes import decoded
from watchfloor.readers.zeek.kinds import by_fields, by_name
from watchfloor.readers.zeek.parsed import Parsed, lines_of
from watchfloor.schemas import EVENTS

__all__ = ["Layout", "Tsv"]

_TYPED: dict[What, pl.DataType] = {"time": pl.Float64(), "seconds": pl.Float64(), "count": pl.Int64()}
"""How a scan reads the fields that are numbers."""
_WRONG: dict[What, str] = {
    "time": "is no time in seconds since 1970",
    "seconds": "is no number of seconds",
    "count": "is no whole number",
    "flag": "is neither T nor F",
    "numbers": "holds what is no number",
}


_STYLES = {"set_separator": "set_separator", "empty_field": "empty", "unset_field": "unset"}
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")


@dataclass(frozen=True)
class Layout:
    """What the header lines above a record say of it."""

    file: Path
    separator: str = "\t"
    style: Style = field(default_factory=Style)
    path: str | None = None
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def after(self, line: str) -> Layout:
        """The layout below one more header line."""
        if line.startswith("#separator "):
            written = _ESCAPE.sub(lambda sign: chr(int(sign[1], 16)), line.removeprefix("#separator "))
            return Layout(self.file, separator=written if written and not set(written) & set("\r\n#") else "\t")
        word, _, rest = line.removeprefix("#").partition(self.separator)
        values = tuple(rest.split(self.separator)) if rest else ()
        if word in _STYLES and (rest or word != "set_separator"):
            return replace(self, style=replace(self.style, **{_STYLES[word]: rest}))
        if word == "path":
            return replace(self, path=rest or None)
        if word == "fields":
            return replace(self, names=tuple(plain_name(name) for name in values), types=())
        return replace(self, types=values) if word == "types" else self

    @cached_property
    def log(self) -> Log:
        """Which log it is: an `open_` in the file's name counts where `#path` has none."""
        said = by_name(self.file)
        if self.path and said == f"open_{self.path}":
            return log_of(said)
        return log_of(self.path or said or by_fields(self.names, self.file))

    @cached_property
    def needed(self) -> dict[str, int]:
        """Fields that become columns, with their place; of fields with the same name the first."""
        places = {name: place for place, name in reversed(list(enumerate(self.names)))}
        if self.log.table is EVENTS:
            return places
        wanted = {name for source in self.log.columns.values() for name in source.names}
        return {name: place for name, place in places.items() if name in wanted}

    @cached_property
    def whats(self) -> dict[str, What]:
        """What the needed fields hold, those left out that are text."""
        return {
            name: source.what for source in self.log.columns.values() for name in source.names if name in self.needed
        }

    def fitted(self, columns: int) -> Layout:
        """The layout of rows with so many columns: labelled logs have blanks between the last names of `#fields`."""
        if columns == len(self.names):
            return self
        names, types = (tuple(re.split(r"\t| {2,}", "\t".join(words))) for words in (self.names, self.types))
        return replace(self, names=names, types=types) if len(names) == columns else self

    def shown(self, cells: dict[str, Cell]) -> dict[str, Cell]:
        """The fields, those of an event with the text that its message shows."""
        if self.log.table is not EVENTS:
            return cells
        return {name: replace(cell, shown=self._shown(name, cell.written)) for name, cell in cells.items()}

    def _shown(self, name: str, written: pl.Expr) -> pl.Expr | None:
        kind = self.types[self.needed[name]] if len(self.types) == len(self.names) else ""
        if name == "ts" or kind not in {"time", "interval", "double"}:
            return None
        number = written.cast(pl.Float64, strict=False)
        return pl.coalesce(instant_text(number) if kind == "time" else number_text(number), written)


class Tsv:
    """Reads the blocks of one file in order."""

    unfinished = "the last line has no line end: it may be cut"

    def __init__(self, file: Path) -> None:
        self._layout = Layout(file)

    def at_once(self, block: bytes, first: int) -> Parsed | None:
        """A block whose rows are sound and follow one header; null where that is not certain."""
        above, start = self._comments_above(block)
        below, stop = self._comments_below(block, start)
        layout = self._layout
        for line in above:
            layout = layout.after(line)
        skipped = len(above) + len(below)
        rows = []
        if stop > start:
            frame = _scanned(block[start:stop], layout)
            if frame is None:
                return None
            record = pl.int_range(first + len(above), first + len(above) + frame.height, dtype=pl.Int64)
            rows = [(layout.log, frame.with_columns(record=record))]
        for line in below:
            layout = layout.after(line)
        self._layout = layout
        return Parsed(skipped + sum(frame.height for _, frame in rows), rows, skipped=skipped)

    @staticmethod
    def _comments_above(block: bytes) -> tuple[list[str], int]:
        lines, start = [], 0
        while block.startswith(b"#", start):
            end = block.find(b"\n", start) + 1 or len(block)
            lines.append(_text(block[start:end]))
            start = end
        return lines, start

    @staticmethod
    def _comments_below(block: bytes, start: int) -> tuple[list[str], int]:
        lines, stop = [], len(block)
        while stop > start and block.startswith(b"#", last := max(start, block.rfind(b"\n", start, stop - 1) + 1)):
            lines.append(_text(block[last:stop]))
            stop = last
        return lines[::-1], stop

    def line_by_line(self, block: bytes, first: int) -> Parsed:
        """A block in which rows cannot be read, or a header stands between rows."""
        lines, spoilt = lines_of(block)
        parsed = Parsed(len(lines))
        by_layout: dict[Layout, list[int]] = {}
        for place, line in enumerate(lines):
            if line.startswith("#"):
                self._layout = self._layout.after(line)
                parsed.skipped += 1
            elif not line:
                parsed.skipped += 1
            elif place in spoilt:
                parsed.rejects.append((first + place, "no UTF-8", line))
            else:
                by_layout.setdefault(self._layout, []).append(place)
        for layout, places in by_layout.items():
            rows = pl.DataFrame({"record": [first + place for place in places], "text": [lines[p] for p in places]})
            good, bad = _sorted_out(rows, layout)
            parsed.rows.append((layout.log, good))
            parsed.rejects += bad.rows()
        return parsed


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r\n")


def _scanned(body: bytes, layout: Layout) -> pl.DataFrame | None:
    """The canonical columns of rows without comments; null where a row may be unsound."""
    separator = layout.separator.encode()
    # scan_csv takes a carriage return away at the end of any field, and a byte-order mark at the start.
    if (b"\r" in body and b"\r" + separator in body) or body.startswith(codecs.BOM_UTF8):
        return None
    layout = layout.fitted(body.count(separator, 0, body.find(b"\n") + 1 or len(body)) + 1)
    width, last = len(layout.names), str(len(layout.names) - 1)
    if not width or len(separator) != 1:
        return None
    types = {str(place): _TYPED.get(layout.whats.get(name, "text")) for name, place in layout.needed.items()}
    schema = {place: types.get(place) or pl.String() for place in map(str, range(width))} | {last: pl.String()}
    scan = pl.scan_csv(
        body,
        separator=layout.separator,
        has_header=False,
        schema=schema,
        null_values={place: layout.style.unset for place in schema if place != last},
        quote_char=None,
    )
    # The last column keeps its unset sign: it is null only where a row is too short.
    written = {place: pl.col(place) for place in schema}
    written[last] = pl.when(pl.col(last) != layout.style.unset).then(pl.col(last))
    cells = {name: Cell(written[str(place)], schema[str(place)]) for name, place in layout.needed.items()}
    watched = {"_last": pl.col(last)} | ({"_first": pl.col("0").str.head(1)} if schema["0"] == pl.String else {})
    try:
        columns = canonical(layout.log, layout.shown(cells), layout.style)
        frame = scan.select(*columns, **watched).collect(engine="streaming")
    except PolarsError:
        return None
    # A scan of some columns does not see that a row is too long, so the separators are counted.
    sound = (
        frame["_last"].null_count() == 0
        and body.count(separator) == frame.height * (width - 1)
        and not ("time" in frame.columns and frame["time"].null_count())
        and not ("duration_seconds" in frame.columns and not frame["duration_seconds"].is_finite().all())
        and not ("_first" in watched and (frame["_first"] == "#").any())
    )
    if not sound:
        return None
    rows = frame.drop(*watched)
    return decoded(rows) if b"\\" in body else rows


def _sorted_out(rows: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The canonical columns of the lines (`record`, `text`) that are sound, and the others with a reason."""
    separator, style = layout.separator, layout.style
    rows = rows.with_columns(width=pl.col("text").str.count_matches(separator, literal=True) + 1)
    layout = layout.fitted(rows["width"].mode().sort().to_list()[0])
    split = pl.col("text").str.split(separator)
    written = [
        split.list.get(place, null_on_oob=True).replace([style.unset, ""], None).alias(str(place))
        for place in layout.needed.values()
    ]
    judged = rows.with_columns(written).with_columns(reason=_reason(layout))
    bad = judged.filter(pl.col("reason").is_not_null())
    cells = {name: Cell(pl.col(str(place)), pl.String()) for name, place in layout.needed.items()}
    good = judged.filter(pl.col("reason").is_null()).select(
        "record", *canonical(layout.log, layout.shown(cells), style)
    )
    return decoded(good), bad.select("record", "reason", "text")


def _reason(layout: Layout) -> pl.Expr:
    """Why a line is no row; null where it is one."""
    width = len(layout.names)
    if not width:
        return pl.lit("no #fields line above it")
    reasons = [pl.when(pl.col("width") != width).then(pl.format("{} of {} columns", "width", pl.lit(width)))]
    for name, what in layout.whats.items():
        if what in _WRONG:
            cell = pl.col(str(layout.needed[name]))
            text = pl.format("{} {}: '{}'", pl.lit(name), pl.lit(_WRONG[what]), cell.str.head(100))
            reasons.append(pl.when(_unsound(what, cell, layout.style)).then(text))
    return pl.coalesce(reasons)


def _unsound(what: What, cell: pl.Expr, style: Style) -> pl.Expr:
    """True where something is written that is no such value."""
    read = value(what, cell, pl.String(), style, strict=False)
    if what == "numbers":
        elements = value("texts", cell, pl.String(), style)
        return read.list.drop_nulls().list.len() < elements.list.drop_nulls().list.len()
    missing = read.is_null() | ~read.is_finite() if what == "seconds" else read.is_null()
    return cell.is_not_null() & missing
