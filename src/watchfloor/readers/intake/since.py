"""How far growing files were read before: only what was added is read, and a file that was replaced is noticed."""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from watchfloor.errors import BadOption
from watchfloor.readers._reader import Head, Tables, merge
from watchfloor.readers.intake.containers import DAMAGED, Inside, kind_of, part_of, rest_of, unpacked
from watchfloor.schemas import LEDGER, TABLES

__all__ = ["Since", "user_state"]

_PRINT_BYTES = 4096
"""So much of its beginning, and of what stands before the place, tells a file from another."""
_COMMENT_BYTES = 256 * 1024
"""More lines that begin with `#` are no header: the file is read whole."""
_BLOCK_BYTES = 4 * 1024 * 1024
_VERSION = 1
_OF_UNCHANGED = ("source", "format", "file_bytes", "notes")


def user_state() -> Path:
    """Where the state is kept that no output is beside: in the user's folder for such things."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "watchfloor" / "since-last.json"


@dataclass(frozen=True)
class _Mark:
    """How far a file was read, and what it looked like."""

    read_to: int
    """Bytes that were read, up to the end of a line; all of it where it is read whole."""
    lines: int
    start: str
    """SHA-256 of its first bytes."""
    before: str
    """SHA-256 of the bytes before the place."""


@dataclass
class _Part:
    """What is read of a file in this run."""

    source: str
    key: str
    mark: _Mark
    header_bytes: int = 0
    header_lines: int = 0
    skipped_bytes: int = 0
    skipped_lines: int = 0
    note: str | None = None
    whole: bool = False


class Since:
    """The state of one run after another: what is to be read of each file, and, once saved, what has been."""

    def __init__(self, state: Path) -> None:
        """The state in a file, which need not exist.

        Raises:
            BadOption: a file that holds something else.
        """
        self._state = state
        self._before = _load(state)
        self._parts: dict[str, _Part] = {}
        self._unchanged: list[dict[str, object]] = []
        self._claimed: set[str] = set()

    def part(self, head: Head, *, format: str, grows: bool) -> Path | None:
        """What is to be read of a file; null where nothing was added.

        Arguments:
            head: its beginning.
            format: who reads it.
            grows: whether what was added can be read by itself.
        """
        path, key = head.path, _key(head.path)
        whole = not grows or isinstance(path, Inside) or head.encoding not in ("utf-8", "utf-8-sig", "windows-1252")
        with path.open("rb") as stream:
            packed = kind_of(stream.read(6)) is not None
            size = stream.seek(0, os.SEEK_END)
            old, name = self._mark_of(stream, key, size)
            if packed and not whole and old is None and not head.content.startswith(b"#"):
                stream.seek(0)
                if (found := self._packed_since(unpacked(stream, str(path))[0])) is not None:
                    return self._rest(head, format, stream, size, found)
            if packed or whole:
                return self._whole(head, format, stream, size, old)
            end = _last_line_end(stream, size, old.read_to if old else 0)
            start = old.read_to if old else 0
            note = self._note_on(key, old, name, size - end)
            if end == start:
                self._nothing_of(path, format, note or "nothing new")
                self._parts[str(path)] = _Part(str(path), key, _mark(stream, end, old.lines if old else 0))
                return None
            header = _comments(stream, start) if head.content.startswith(b"#") else b""
            if header is None:
                return self._whole(head, format, stream, size, None)
            self._parts[str(path)] = _Part(
                str(path),
                key,
                _mark(stream, end, 0),
                len(header),
                header.count(b"\n"),
                start,
                old.lines if old else 0,
                note,
            )
        return part_of(path, header, start, end)

    def placed(self, tables: Tables) -> Tables:
        """The tables, with records counted from the beginning of each file; the lines of this run are kept in mind."""
        ledger = LEDGER.fill(tables["ledger"]).collect()
        for source, lines in ledger.select("source", "lines").iter_rows():
            if (part := self._parts.get(source)) is not None:
                count = part.skipped_lines - part.header_lines + (lines or 0)
                part.mark = _Mark(part.mark.read_to, count, part.mark.start, part.mark.before)
        moved = {p.source: p.skipped_lines - p.header_lines for p in self._parts.values() if p.skipped_bytes}
        bytes_moved = {p.source: p.skipped_bytes - p.header_bytes for p in self._parts.values() if p.skipped_bytes}
        found = {
            name: _moved(TABLES[name].fill(frame), moved, bytes_moved) if moved and name != "ledger" else frame
            for name, frame in tables.items()
        }
        notes = {p.source: p.note for p in self._parts.values() if p.note}
        note = pl.col("source").replace_strict(notes, default=None, return_dtype=pl.String)
        both = pl.concat_str(pl.col("notes"), note, separator="; ", ignore_nulls=True)
        return found | {"ledger": ledger.lazy().with_columns(notes=pl.when(both != "").then(both))}

    @property
    def has_unchanged(self) -> bool:
        """Whether there are files of which nothing was read."""
        return bool(self._unchanged)

    def unchanged(self) -> Tables:
        """Files of which nothing was read since this was asked last."""
        said = pl.LazyFrame(self._unchanged, schema={name: LEDGER[name].dtype for name in _OF_UNCHANGED})
        self._unchanged = []
        counts = {name: pl.lit(0) for name in LEDGER.schema if name.startswith("lines")}
        return merge([{"rejects": TABLES["rejects"].empty(), "ledger": said.with_columns(**counts)}])

    def forget(self, path: Path) -> None:
        """A file that could not be read: it is new to the next run."""
        self._parts.pop(str(path), None)

    def save(self) -> None:
        """Keeps how far the files were read; to be called once what was read of them is safe.

        Raises:
            BadOption: a state that cannot be written.
        """
        kept = {name: mark for name, mark in self._before.items() if name not in self._claimed}
        kept |= {part.key: part.mark for part in self._parts.values()}
        text = json.dumps(
            {"version": _VERSION, "files": {name: asdict(mark) for name, mark in sorted(kept.items())}}, indent=1
        )
        try:
            self._state.parent.mkdir(parents=True, exist_ok=True)
            beside = self._state.with_name(f"{self._state.name}.new")
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._state)
        except OSError as error:
            raise BadOption(
                f"{self._state}: {error.strerror or error}", hint="--since-last must write how far it has read"
            ) from error

    def _mark_of(self, stream: IO[bytes], key: str, size: int) -> tuple[_Mark | None, str | None]:
        """How far the file was read: under its own name, or under the name that it had before it was rotated away."""
        own = self._before.get(key)
        if own is not None and _fits(stream, own, size):
            return own, key
        start = _sha256(stream, 0, _PRINT_BYTES)
        short = {
            name: mark for name, mark in self._before.items() if mark.start == start or mark.read_to < _PRINT_BYTES
        }
        for name, mark in short.items():
            if name != key and name not in self._claimed and mark.read_to and _fits(stream, mark, size):
                if _still_there(name, mark):
                    continue
                self._claimed.add(name)
                return mark, name
        return None, None

    def _packed_since(self, stream: Any) -> tuple[_Mark, str, Any] | None:
        """How far a file was read before it was rotated away and compressed, its name then, and what comes after."""
        try:
            first = stream.read(_PRINT_BYTES)
            for name, mark in self._before.items():
                of_start = hashlib.sha256(first[: mark.read_to]).hexdigest()
                if (
                    mark.read_to
                    and name not in self._claimed
                    and mark.start == of_start
                    and not _still_there(name, mark)
                ):
                    if mark.read_to <= len(first):
                        last, rest = first[: mark.read_to], first[mark.read_to :]
                    else:
                        last, rest = _last_before(stream, first, mark.read_to), b""
                    if hashlib.sha256(last[-_PRINT_BYTES:]).hexdigest() != mark.before:
                        return None
                    self._claimed.add(name)
                    return mark, name, _After(rest, stream)
        except DAMAGED:
            return None
        return None

    def _rest(
        self, head: Head, format: str, stream: IO[bytes], size: int, found: tuple[_Mark, str, Any]
    ) -> Path | None:
        """What was added to a file before it was compressed."""
        old, name, after = found
        path, key, note = head.path, _key(head.path), f"read before as {name}"
        rest = rest_of(path, after)
        if rest is None:
            self._nothing_of(path, format, f"nothing new; {note}")
        part = _Part(str(path), key, _mark(stream, size, old.lines), 0, 0, old.read_to, old.lines, note)
        self._parts[str(path)] = part
        return rest

    def _note_on(self, key: str, old: _Mark | None, name: str | None, unfinished: int) -> str | None:
        notes = []
        if old is None and key in self._before:
            notes.append("rotated or shortened since the last run: read from its start")
        if name is not None and name != key:
            notes.append(f"read before as {name}")
        if unfinished:
            notes.append(f"{unfinished:,} bytes of an unfinished last line wait for the next run")
        return "; ".join(notes) or None

    def _nothing_of(self, path: Path, format: str, note: str) -> None:
        said = {"source": str(path), "format": format, "file_bytes": path.stat().st_size, "notes": note}
        self._unchanged.append(said)

    def _whole(self, head: Head, format: str, stream: IO[bytes], size: int, old: _Mark | None) -> Path | None:
        """A file that is read whole if it has changed."""
        path, key = head.path, _key(head.path)
        if old is not None and old.read_to == size:
            self._nothing_of(path, format, "nothing new")
            self._parts[str(path)] = _Part(str(path), key, old)
            return None
        note = "changed since the last run: read whole, rows that were read before among them"
        self._parts[str(path)] = _Part(
            str(path), key, _mark(stream, size, 0), note=note if key in self._before else None, whole=True
        )
        return path


def _moved(frame: pl.LazyFrame, lines: dict[str, int], places: dict[str, int]) -> pl.LazyFrame:
    """Rows whose records, and places in bytes, count from the beginning of the file."""
    of = pl.col("source")
    moves = {"record": lines, "byte_offset": places}
    have = frame.collect_schema().names()
    return frame.with_columns(
        pl.col(name) + of.replace_strict(by, default=0, return_dtype=pl.Int64)
        for name, by in moves.items()
        if name in have
    )


def _load(state: Path) -> dict[str, _Mark]:
    try:
        text = state.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadOption(f"{state}: {error.strerror or error}", hint="check the permissions of the state") from error
    try:
        found: Any = json.loads(text)
        if found["version"] != _VERSION:
            raise ValueError("of another version")
        return {name: _Mark(**mark) for name, mark in found["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadOption(
            f"{state}: this is no state of --since-last ({error})", hint="move it away: all files are then read whole"
        ) from error


def _key(path: Path) -> str:
    return str(path) if isinstance(path, Inside) else str(path.resolve())


def _sha256(stream: IO[bytes], start: int, end: int) -> str:
    stream.seek(start)
    return hashlib.sha256(stream.read(end - start)).hexdigest()


def _mark(stream: IO[bytes], end: int, lines: int) -> _Mark:
    start = _sha256(stream, 0, min(end, _PRINT_BYTES))
    return _Mark(end, lines, start, _sha256(stream, max(0, end - _PRINT_BYTES), end))


def _fits(stream: IO[bytes], mark: _Mark, size: int) -> bool:
    """Whether the file is the one that was read."""
    return mark.read_to <= size and _mark(stream, mark.read_to, mark.lines) == mark


class _After:
    """Some bytes, and a stream after them."""

    def __init__(self, first: bytes, stream: Any) -> None:
        self._first, self._stream = first, stream

    def read1(self, size: int) -> bytes:
        first, self._first = self._first, b""
        return first or self._stream.read1(size)


def _last_before(stream: Any, first: bytes, place: int) -> bytes:
    """The bytes before a place in a stream, of which the first were read."""
    last, left = first, place - len(first)
    while left and (chunk := stream.read(min(left, _BLOCK_BYTES))):
        last = (last + chunk)[-_PRINT_BYTES:]
        left -= len(chunk)
    return last if not left else b""


def _still_there(name: str, mark: _Mark) -> bool:
    """Whether the file that was read is still what it was: then another that is like it is a copy."""
    try:
        with Path(name).open("rb") as stream:
            return _fits(stream, mark, stream.seek(0, os.SEEK_END))
    except OSError:
        return False


def _last_line_end(stream: IO[bytes], size: int, start: int) -> int:
    """Where the last whole line ends that begins at `start` or later; `start` where there is none."""
    end = size
    while end > start:
        begin = max(start, end - _BLOCK_BYTES)
        stream.seek(begin)
        if (last := stream.read(end - begin).rfind(b"\n")) >= 0:
            return begin + last + 1
        end = begin
    return start


def _comments(stream: IO[bytes], end: int) -> bytes | None:
    """All lines before a place that begin with `#`: what comes after may need any of them. Null: too many."""
    found = io.BytesIO()
    stream.seek(0)
    left, rest = end, b"\n"
    if stream.read(3) == b"\xef\xbb\xbf":
        left -= 3
    else:
        stream.seek(0)
    while left > 0:
        block = rest + stream.read(min(left, _BLOCK_BYTES))
        left -= len(block) - len(rest)
        place = 0
        whole = block.rfind(b"\n")
        while (place := block.find(b"\n#", place, whole + 1)) >= 0:
            stop = block.find(b"\n", place + 1)
            if stop < 0:
                break
            found.write(block[place + 1 : stop + 1])
            if found.tell() > _COMMENT_BYTES:
                return None
            place = stop
        rest = block[whole:]
    return found.getvalue()
