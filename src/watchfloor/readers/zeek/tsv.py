"""Zeek's TSV: a header of `#` lines, then one record a line; fast where all is well, line by line where it is not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
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
    decoded,
    instant_text,
    log_of,
    number_text,
    plain_name,
    value,
)
from watchfloor.readers.zeek.kinds import by_fields, by_name
from watchfloor.readers.zeek.parsed import Parsed, lines_of, reject
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


@dataclass(frozen=True)
class Layout:
    """What the header lines above a record say of it."""

    file: Path
    separator: str = "\t"
    style: Style = Style()
    path: str | None = None
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def after(self, line: str) -> Layout:
        """The layout below one more header line."""
        if line.startswith("#separator "):
            written = re.sub(
                r"\\x([0-9a-fA-F]{2})", lambda sign: chr(int(sign[1], 16)), line.removeprefix("#separator ")
            )
            return Layout(self.file, separator=written if written and not set(written) & set("\r\n#") else "\t")
        word, _, rest = line.removeprefix("#").partition(self.separator)
        values = tuple(rest.split(self.separator))
        match word:
            case "set_separator" if rest:
                return replace(self, style=replace(self.style, set_separator=rest))
            case "empty_field":
                return replace(self, style=replace(self.style, empty=rest))
            case "unset_field":
                return replace(self, style=replace(self.style, unset=rest))
            case "path":
                return replace(self, path=rest or None)
            case "fields":
                return replace(self, names=tuple(plain_name(name) for name in values), types=())
            case "types":
                return replace(self, types=values)
        return self

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
        """The layout of rows with so many columns: labelled logs may have blanks between the last names of `#fields`."""
        if columns == len(self.names):
            return self
        names, types = (tuple(re.split(r"\t| {2,}", "\t".join(words))) for words in (self.names, self.types))
        return replace(self, names=names, types=types) if len(names) == columns else self

    def cells(self, written: dict[str, Cell]) -> dict[str, Cell]:
        """The fields, those of an event with the text that its message shows."""
        if self.log.table is not EVENTS:
            return written
        return {name: replace(cell, shown=self._shown(name, cell.written)) for name, cell in written.items()}

    def _shown(self, name: str, written: pl.Expr) -> pl.Expr | None:
        kind = self.types[self.needed[name]] if len(self.types) == len(self.names) else ""
        if name == "ts" or kind not in {"time", "interval", "double"}:
            return None
        number = written.cast(pl.Float64, strict=False)
        return pl.coalesce(instant_text(number) if kind == "time" else number_text(number), written)


class Tsv:
    """Reads the blocks of one file in order."""

    def __init__(self, file: Path) -> None:
        self._layout = Layout(file)

    def parse(self, block: bytes, first: int) -> Parsed:
        """The rows and rejects of a block of whole lines, the first of which has the number `first`."""
        return self._at_once(block, first) or self._line_by_line(block, first)

    def _at_once(self, block: bytes, first: int) -> Parsed | None:
        """A block whose rows all are sound and follow one header; null where that is not certain."""
        layout, above, start = self._layout, 0, 0
        while block.startswith(b"#", start):
            end = block.find(b"\n", start) + 1 or len(block)
            layout = layout.after(_text(block[start:end]))
            above, start = above + 1, end
        below: list[str] = []
        stop = len(block)
        while stop > start and block.startswith(b"#", last := max(start, block.rfind(b"\n", start, stop - 1) + 1)):
            below.append(_text(block[last:stop]))
            stop = last
        parsed = Parsed(lines=above + len(below), skipped=above + len(below))
        if stop > start:
            layout = layout.fitted(
                block.count(layout.separator.encode(), start, block.find(b"\n", start) + 1 or stop) + 1
            )
            if (frame := _scanned(block[start:stop], layout)) is None:
                return None
            parsed.lines += frame.height
            records = pl.int_range(first + above, first + above + frame.height, eager=True, dtype=pl.Int64)
            parsed.rows.append((layout.log, frame.with_columns(record=records)))
        for line in reversed(below):
            layout = layout.after(line)
        self._layout = layout
        return parsed

    def _line_by_line(self, block: bytes, first: int) -> Parsed:
        """A block with rows that cannot be read, or with a header among its rows."""
        lines, spoilt = lines_of(block)
        parsed = Parsed(lines=len(lines))
        groups: dict[Layout, list[int]] = {}
        group: list[int] | None = None
        for place, line in enumerate(lines):
            if line.startswith("#"):
                self._layout, group = self._layout.after(line), None
                parsed.skipped += 1
            elif not line.strip(" "):
                parsed.skipped += 1
            elif place not in spoilt:
                group = groups.setdefault(self._layout, []) if group is None else group
                group.append(place)
        if spoilt:
            bad = sorted(place for place in spoilt if not lines[place].startswith("#"))
            parsed.rejects.append(reject([first + p for p in bad], ["no UTF-8"] * len(bad), [lines[p] for p in bad]))
        for layout, places in groups.items():
            rows = pl.DataFrame({"record": [first + p for p in places], "text": [lines[p] for p in places]})
            _sort_out(rows, layout, parsed)
        return parsed


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r\n")


def _scanned(body: bytes, layout: Layout) -> pl.DataFrame | None:
    """The canonical columns of rows without comments; null where a row may be unsound."""
    width, last = len(layout.names), str(len(layout.names) - 1)
    if not width or len(layout.separator.encode()) != 1:
        return None
    types = {place: _TYPED.get(layout.whats.get(name, "text")) for name, place in layout.needed.items()}
    schema = {str(place): types.get(place) or pl.String() for place in range(width)} | {last: pl.String()}
    scan = pl.scan_csv(
        body,
        separator=layout.separator,
        has_header=False,
        schema=schema,
        null_values={name: layout.style.unset for name in schema if name != last},
        quote_char=None,
    )
    # The last column keeps its unset sign, so that it is null only where a row is too short.
    set_last = pl.when(pl.col(last) != layout.style.unset).then(pl.col(last))
    cells = {
        name: Cell(pl.col(str(place)) if str(place) != last else set_last, schema[str(place)])
        for name, place in layout.needed.items()
    }
    watched = {"_last": pl.col(last)} | ({"_first": pl.col("0").str.head(1)} if schema["0"] == pl.String else {})
    try:
        frame = scan.select(*canonical(layout.log, layout.cells(cells), layout.style), **watched).collect(
            engine="streaming"
        )
    except PolarsError:
        return None
    sound = (
        frame["_last"].null_count() == 0
        and body.count(layout.separator.encode()) == frame.height * (width - 1)
        and ("time" not in frame.columns or frame["time"].null_count() == 0)
        and ("duration_seconds" not in frame.columns or frame["duration_seconds"].is_finite().all())
        and not ("_first" in watched and (frame["_first"] == "#").any())
    )
    return _finished(frame.drop(*watched), b"\\" in body) if sound else None


def _finished(frame: pl.DataFrame, escaped: bool) -> pl.DataFrame:
    return decoded(frame) if escaped else frame


def _sort_out(rows: pl.DataFrame, layout: Layout, parsed: Parsed) -> None:
    """Adds the lines (`record`, `text`) of one header to what was parsed, each as a row or as a reject."""
    layout = layout.fitted(rows["text"][0].count(layout.separator) + 1)
    width, style = len(layout.names), layout.style
    cells = pl.col("text").str.split(layout.separator)
    split = rows.with_columns(
        pl.col("text").str.count_matches(layout.separator, literal=True).add(1).alias("width"),
        *(
            cells.list.get(place, null_on_oob=True).replace([style.unset, ""], None).alias(str(place))
            for place in layout.needed.values()
        ),
    )
    wrong = [
        pl.when(_unsound(what, pl.col(str(layout.needed[name])), style)).then(
            pl.format("{} {}: '{}'", pl.lit(name), pl.lit(_WRONG[what]), pl.col(str(layout.needed[name])).str.head(100))
        )
        for name, what in layout.whats.items()
        if what in _WRONG
    ]
    ragged: pl.Expr = pl.lit("no #fields line above it")
    if width:
        ragged = pl.when(pl.col("width") != width).then(pl.format("{} of {} columns", "width", pl.lit(width)))
    judged = split.with_columns(reason=pl.coalesce(ragged, *wrong))
    bad = judged.filter(pl.col("reason").is_not_null())
    parsed.rejects.append(reject(*(bad[name].to_list() for name in ("record", "reason", "text"))))
    fields = {name: Cell(pl.col(str(place)), pl.String()) for name, place in layout.needed.items()}
    good = judged.filter(pl.col("reason").is_null()).select(
        "record", *canonical(layout.log, layout.cells(fields), style)
    )
    parsed.rows.append((layout.log, decoded(good)))


def _unsound(what: What, cell: pl.Expr, style: Style) -> pl.Expr:
    read = value(what, cell, pl.String(), style, strict=False)
    if what == "numbers":
        elements = value("texts", cell, pl.String(), style)
        return read.list.drop_nulls().list.len() < elements.list.drop_nulls().list.len()
    missing = read.is_null() | ~read.is_finite() if what == "seconds" else read.is_null()
    return cell.is_not_null() & missing
