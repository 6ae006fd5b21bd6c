"""XML documents element by element: never whole in memory, no entities, what is damaged is left out and said so."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from xml.parsers import expat

import polars as pl

from watchfloor.engine import Keeper
from watchfloor.errors import UnreadableFile
from watchfloor.readers._reader import REJECTED_CHARACTERS, Options, Tables
from watchfloor.readers.intake import files, texts
from watchfloor.schemas import LEDGER, REJECTS, TABLES

__all__ = ["Account", "Item", "Node", "Rows", "Shape", "as_json", "begins_with", "epoch", "flat", "items", "whole"]

_CHUNK = 128 * 1024
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_PLANE = 0xF0000
"""Forbidden characters stand so much higher, in a private plane, while a parser looks at them."""
_STAND_IN = re.compile(f"[{chr(_PLANE)}-{chr(_PLANE + 0xFFFF)}]")
_DEEP = 16
"""Names of elements that lie deeper leave out what is around them: a hostile depth does not fill the memory."""
_ROWS = 20_000
"""So many rows are held as Python values before they become a frame."""
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*\?>")
_PROLOGUE = re.compile(rb"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*|<\?[^>]*\?>\s*|<!DOCTYPE[^>\[]*>\s*)*", re.S)
_DECLARATION = expat.errors.codes[expat.errors.XML_ERROR_MISPLACED_XML_PI]
_NEXT_DOCUMENT = (expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT], _DECLARATION)


@dataclass(slots=True)
class Node:
    """An element with all that is in it; most have neither children nor text, and hold no lists for them."""

    tag: str
    attributes: dict[str, str]
    children: list[Node] | tuple[()] = ()
    texts: list[str] | tuple[()] = ()

    def add(self, child: Node) -> None:
        """One more child."""
        if self.children:
            self.children.append(child)
        else:
            self.children = [child]

    def say(self, text: str) -> None:
        """More text of its own."""
        if self.texts:
            self.texts.append(text)
        else:
            self.texts = [text]

    @property
    def text(self) -> str:
        """Its own text."""
        return "".join(self.texts)

    def first(self, tag: str) -> Node | None:
        """Its first child of this name."""
        return next((child for child in self.children if child.tag == tag), None)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that was met: an element that opens or closes, or a whole one."""

    kind: Literal["open", "close", "element"]
    node: Node
    first: int
    """Line on which it begins."""
    last: int
    """Line on which it ends."""
    raw: bytes
    """The beginning of its text, of whole elements."""


@dataclass(frozen=True)
class Shape:
    """Which elements of a document matter."""

    roots: tuple[str, ...]
    opens: frozenset[str]
    """Elements that are given as they open and close: what holds the records."""
    wholes: frozenset[str]
    """Elements that are given once they are whole."""
    resume: Mapping[str, tuple[str, ...]]
    """Where reading goes on after damage: elements, with the names of those around them."""
    wrapper: str | None = None
    """What is thought around records that stand one after the other without a root."""


class Account:
    """What became of the lines of a file; a line counts once, for the first record on it."""

    def __init__(self, path: Path, format: str) -> None:
        """Nothing is read."""
        self._path, self._format = path, format
        self._covered = self._read = self._continued = self._rejected = 0
        self._rejects: list[dict[str, Any]] = []
        self.total = 0
        """Lines of the file, known at its end."""
        self.partial: list[str] = []
        self.notes: list[str] = []

    def read(self, first: int, last: int) -> None:
        """A record on these lines was read."""
        if first > self._covered:
            self._read += 1
            self._covered = first
        self._continued += max(0, last - self._covered)
        self._covered = max(self._covered, last)

    def reject(self, first: int, last: int, reason: str, raw: bytes) -> None:
        """What stands on these lines cannot be read."""
        lines = max(0, last - max(self._covered, first - 1))
        self._covered = max(self._covered, last)
        self._rejected += lines
        text = raw[: 4 * REJECTED_CHARACTERS].decode(errors="replace")[:REJECTED_CHARACTERS]
        self._rejects.append({"record": first, "lines": lines, "reason": reason, "text": text})

    def tables(self) -> Tables:
        """REJECTS and LEDGER."""
        source = str(self._path)
        skipped = self.total - self._read - self._continued - self._rejected
        ledger = {
            "source": source,
            "format": self._format,
            "file_bytes": self._path.stat().st_size,
            "lines": self.total,
            "lines_read": self._read,
            "lines_continued": self._continued,
            "lines_rejected": self._rejected,
            "lines_skipped": skipped,
            "partial": "; ".join(self.partial) or None,
            "notes": "; ".join(dict.fromkeys(self.notes)) or None,
        }
        rejects = pl.DataFrame(
            self._rejects, schema={k: REJECTS.schema[k] for k in ("record", "lines", "reason", "text")}
        )
        return {
            "rejects": REJECTS.fill(rejects, source=source),
            "ledger": LEDGER.fill(pl.DataFrame([ledger], schema_overrides=LEDGER.schema)),
        }


class Rows:
    """Collects rows of canonical tables, as dicts, in frames of bounded size."""

    def __init__(self, path: Path, tables: Iterable[str]) -> None:
        """No rows."""
        self._source = str(path)
        self._keepers = {name: Keeper(TABLES[name].schema) for name in tables}
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in self._keepers}

    def add(self, table: str, row: dict[str, Any]) -> None:
        """One row; the columns that it lacks are null."""
        rows = self._rows[table]
        rows.append(row)
        if len(rows) >= _ROWS:
            self._keep(table)

    def _keep(self, table: str) -> None:
        schema = TABLES[table].schema
        columns = {name: [row.get(name) for row in self._rows[table]] for name in schema}
        columns["source"] = [self._source] * len(self._rows[table])
        self._keepers[table].add(pl.DataFrame(columns, schema=schema))
        self._rows[table] = []

    def tables(self) -> Tables:
        """The tables so far."""
        for name in self._keepers:
            self._keep(name)
        return {name: keeper.lazy() for name, keeper in self._keepers.items()}


def begins_with(content: bytes, tags: Sequence[str]) -> bool:
    """Whether the first element of a document has one of these names."""
    rest = content[_end_of_prologue(content) :]
    name = rb"(?:[A-Za-z0-9_]+:)?(?:" + "|".join(tags).encode() + rb")"
    # A document type that is more than a name is refused, by the reader whose format it claims to be.
    return re.match(rb"<(?:!DOCTYPE\s+)?" + name + rb"[\s/>]", rest) is not None


def flat(node: Node, leave_out: Iterable[str] = ()) -> dict[str, str | list[str]]:
    """Attributes and texts in an element by their names, those further inside with dots; what repeats is a list.

    Arguments:
        node: the element; its own attributes have plain names.
        leave_out: names of children that are left out.
    """
    found: dict[str, str | list[str]] = {}
    without = frozenset(leave_out)
    stack = [(node, "", 0)]
    while stack:
        one, above, depth = stack.pop()
        said = [*one.attributes.items()] if one.attributes else []
        if one.texts:
            said.append(("", one.text.strip()))
        for name, value in said:
            if value != "" and not name.startswith("xmlns"):
                key = f"{above}.{name}" if above and name else above or name or "text"
                before = found.get(key)
                found[key] = value if before is None else [*([before] if isinstance(before, str) else before), value]
        if one.children:
            stack += [
                (child, f"{above}.{child.tag}" if above and depth < _DEEP else child.tag, depth + 1)
                for child in reversed(one.children)
                if depth or child.tag not in without
            ]
    return found


def as_json(found: Mapping[str, Any]) -> str | None:
    """A JSON object, null where it would be empty."""
    return json.dumps(found, ensure_ascii=False) if found else None


def epoch(text: str | None) -> datetime | None:
    """The instant of whole seconds since 1970, null where the text is none."""
    if text is None or not re.fullmatch("[0-9]{1,11}", text):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text))


def whole(text: str) -> Node:
    """The root of a small document; characters that XML does not allow are kept, since logs hold them.

    Raises:
        ValueError: no XML, or one with a document type.
    """
    hidden = _FORBIDDEN.search(text) is not None and not _STAND_IN.search(text)
    if hidden:
        text = _FORBIDDEN.sub(lambda found: chr(_PLANE + ord(found[0])), text)
    nodes = [Node("", {})]

    def start(name: str, attributes: dict[str, str]) -> None:
        node = Node(name, {key: shown(value) for key, value in attributes.items()} if hidden else attributes)
        nodes[-1].add(node)
        nodes.append(node)

    def shown(value: str) -> str:
        return _STAND_IN.sub(lambda found: chr(ord(found[0]) - _PLANE), value)

    def doctype(*_: object) -> None:
        raise ValueError("a document type, which no log writes")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: nodes.pop()
    parser.CharacterDataHandler = lambda value: nodes[-1].say(shown(value) if hidden else value)
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError(f"not well-formed XML ({_reason(error)})") from error
    return next(iter(nodes[0].children))


def _end_of_prologue(content: bytes) -> int:
    found = _PROLOGUE.match(content)
    return found.end() if found else 0


def items(path: Path, options: Options, shape: Shape, account: Account) -> Iterator[Item]:
    """What matters in a document, in its order.

    Where it is damaged, what was being read is rejected, and reading goes on with the next record. Where it is cut, the
    rest is rejected and the file is partial.

    Arguments:
        path: the file.
        options: what the user said.
        shape: what matters.
        account: is told of damage, and of the number of lines; records are told to it by the caller.

    Raises:
        UnreadableFile: no such XML, or one that declares entities.
    """
    stream = _Stream(path, shape, account)
    listener = texts.Listener(options.progress, account.partial.append, account.notes.append)
    for chunk in _to_tag_ends(_utf8(path, stream, listener)):
        stream.feed(chunk)
        yield from stream.met()
    stream.close()
    yield from stream.met()


def _utf8(path: Path, stream: _Stream, listener: texts.Listener) -> Iterator[bytes]:
    """The file as the parser gets it: UTF-16 becomes UTF-8, all else is as stored."""
    raw = files.chunks(path, _CHUNK, progress=listener.progress, cut_short=listener.cut_short)
    encoding = texts.wide(path, None)
    if encoding is None:
        first = True
        for chunk in raw:
            yield chunk.removeprefix(codecs.BOM_UTF8) if first else chunk
            first = False
        return
    stream.encoding = "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for chunk in raw:
        yield decoder.decode(chunk).removeprefix("\ufeff").encode()
    yield decoder.decode(b"", True).encode()


def _to_tag_ends(raw: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks that end where a tag ends, so that no tag is torn."""
    rest = b""
    for chunk in raw:
        end = chunk.rfind(b">") + 1
        if end:
            yield rest + chunk[:end]
            rest = chunk[end:]
        elif len(rest) + len(chunk) > 4 * _CHUNK:
            yield rest + chunk
            rest = b""
        else:
            rest += chunk
    if rest:
        yield rest


def _openings(tags: Iterable[str]) -> re.Pattern[bytes]:
    return re.compile(rb"<(?:[A-Za-z0-9_]+:)?(" + "|".join(map(re.escape, tags)).encode() + rb")(?=[\s/>])")


class _Stream:
    """The parser, and where it stands."""

    def __init__(self, path: Path, shape: Shape, account: Account) -> None:
        self.encoding: str | None = None
        self._found: list[Item | tuple[int, int, str, bytes]] = []  # what was met, and what is rejected, in order
        self._path, self._shape, self._account = path, shape, account
        self._resume = _openings(shape.resume)
        # Damage outside a record may have hit what holds the records: theirs is not known before the next holder.
        self._resume_outside = _openings([tag for tag in shape.resume if tag in shape.opens] or shape.resume)
        self._inside = False  # whether the damage was within a record
        self._chunk = b""
        self._base = 0  # of the chunk, in the file
        self._newlines = 0  # before the place to which lines are counted
        self._counted = 0
        self._last_byte = b""
        self._parser: expat.XMLParserType | None = None
        self._zero = 0  # where in the file the parser's byte 0 is
        self._damage: tuple[int, int, str, bytes] | None = None  # line, place, reason, text
        self._path_of_tags: list[str] = []
        self._nodes: list[Node] = []
        self._head = b""  # of a whole element, from the chunks before
        self._begun = (0, 0)  # line and place of the whole element that is being read
        self._lines: list[int] = []  # on which the open elements began
        self._silent = False
        self._seen_root = False
        self._wrapped = False
        self._at_start = True

    def met(self) -> Iterator[Item]:
        """What was met since the last call; what is rejected goes to the account in its turn."""
        for one in self._found:
            if isinstance(one, Item):
                yield one
            else:
                self._account.reject(*one)
        self._found.clear()

    # -- the file

    def feed(self, chunk: bytes) -> None:
        """Parses the next bytes of the file."""
        if self._nodes:
            self._head += self._raw(max(self._begun[1], self._base), self._base + len(self._chunk))
        self._base += len(self._chunk)
        self._chunk = chunk
        self._last_byte = chunk[-1:]
        place: int | None = self._start() if self._at_start else 0
        while place is not None and place < len(chunk):
            place = self._parse(place)
        self._line(self._base + len(chunk))

    def close(self) -> None:
        """The file ends here."""
        account = self._account
        end = self._base + len(self._chunk)
        account.total = self._line(end) - 1 + (self._last_byte not in (b"\n", b""))
        if self._at_start or (self._parser is None and self._damage is None):
            raise UnreadableFile(f"{self._path}: the file is empty", hint="export it again")
        if self._damage is not None:
            if not self._seen_root:
                raise self._no_xml(self._damage[2])
            self._tell_damage(account.total)
            account.partial.append("nothing can be read after the damaged place")
            return
        assert self._parser is not None
        if self._wrapped and not self._nodes and len(self._path_of_tags) == 1:
            self._parser = None
            return
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            reason = _reason(error)
            account.partial.append(f"the XML breaks off in line {account.total:,}: {reason}")
            if self._nodes:
                line, start = self._begun
                self._found.append((line, account.total, f"cut: {reason}", self._raw(start, end)))
        if not self._seen_root:
            raise self._no_xml("no element in it")

    def _no_xml(self, why: str) -> UnreadableFile:
        return UnreadableFile(
            f"{self._path}: no XML that can be read: {why}", hint="`watchfloor formats` lists what can be read"
        )

    def _start(self) -> int:
        """The first parser; gives the place in the chunk where it begins."""
        self._at_start = False
        declared = _DECLARED.match(self._chunk[:400])
        if self.encoding is None and declared and declared[1].lower().startswith((b"utf-16", b"ucs-2")):
            self.encoding = "utf-8"  # it was turned into UTF-8 on its way, and still says what it was
        wrapper = self._shape.wrapper
        if wrapper is not None:
            place = _end_of_prologue(self._chunk)
            if self._resume.match(self._chunk, place):
                if self.encoding is None and declared:
                    self.encoding = declared[1].decode()
                self._wrapped = True
                self._new_parser(place, (wrapper,))
                return place
        self._new_parser(0, ())
        return 0

    def _parse(self, place: int) -> int | None:
        """Parses the chunk from a place; gives the place where to go on after damage, null where all is parsed."""
        if self._damage is not None:
            openings = self._resume if self._inside else self._resume_outside
            found = openings.search(self._chunk, place)
            if found is None:
                return None
            place = found.start()
            self._tell_damage(self._line(self._base + place), self._base + place)
            around = self._shape.resume[found[1].decode()]
            self._new_parser(place, (*((self._shape.wrapper,) if self._wrapped and self._shape.wrapper else around),))
        assert self._parser is not None
        try:
            self._parser.Parse(memoryview(self._chunk)[place:], False)
        except expat.ExpatError as error:
            at = max(place, self._zero + self._parser.ErrorByteIndex - self._base)
            return self._after(error, at, place)
        return None

    def _after(self, error: expat.ExpatError, at: int, begun: int) -> int:
        """What to do after an error at a place of the chunk: the place where to go on."""
        if error.code == _DECLARATION and self._wrapped and not self._nodes and len(self._path_of_tags) == 1:
            assert self._shape.wrapper is not None
            end = self._chunk.find(b"?>", at)
            if end >= 0:
                self._new_parser(end + 2, (self._shape.wrapper,))
                return end + 2
        if error.code in _NEXT_DOCUMENT and not self._path_of_tags and self._chunk[at : at + 1] == b"<":
            self._new_parser(at, ())
            return at
        line, start = self._begun if self._nodes else (self._line(self._base + at), self._base + at)
        self._damage = (line, start, f"not well-formed XML ({_reason(error)})", self._raw(start, self._base + at + 200))
        self._inside = bool(self._nodes)
        self._nodes.clear()
        return max(at, begun + 1)

    def _tell_damage(self, last: int, end: int | None = None) -> None:
        """Rejects what was damaged, up to a line, or to the line before it where the next record begins there."""
        assert self._damage is not None
        line, start, reason, raw = self._damage
        self._damage = None
        if end is not None:
            raw, last = raw[: end - start], last - 1
        self._found.append((line, max(line, last), reason, raw))

    def _raw(self, start: int, end: int) -> bytes:
        """The text between two places, cut at what is shown of it."""
        head = self._head if start < self._base else b""
        return (head + self._chunk[max(0, start - self._base) : max(0, end - self._base)])[: 4 * REJECTED_CHARACTERS]

    def _line(self, place: int) -> int:
        """The line of a place in the file; places only grow."""
        if place > self._counted:
            self._newlines += self._chunk.count(b"\n", max(0, self._counted - self._base), place - self._base)
            self._counted = place
        return self._newlines + 1

    # -- the parser

    def _new_parser(self, place: int, around: Sequence[str]) -> None:
        parser = expat.ParserCreate(self.encoding)
        parser.buffer_text = True
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        parser.SkippedEntityHandler = self._on_unknown_entity
        parser.StartDoctypeDeclHandler = self._on_doctype
        parser.EntityDeclHandler = self._on_entity
        self._parser = parser
        self._path_of_tags.clear()
        self._lines.clear()
        self._nodes.clear()
        prologue = "".join(f"<{tag}>" for tag in around).encode()
        self._silent = True
        if prologue:
            parser.Parse(prologue, False)
        self._silent = False
        self._zero = self._base + place - len(prologue)

    def _here(self) -> int:
        assert self._parser is not None
        return self._zero + self._parser.CurrentByteIndex

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2] if ":" in name else name
        if self._nodes:  # within a whole element, which is where most elements are
            node = Node(tag, attributes)
            self._nodes[-1].add(node)
            self._nodes.append(node)
            return
        self._path_of_tags.append(tag)
        if self._silent:
            self._lines.append(0)
            return
        if not self._seen_root:
            if tag not in self._shape.roots and not self._wrapped:
                raise UnreadableFile(
                    f"{self._path}: the document is <{tag}>, not <{self._shape.roots[0]}>",
                    hint="`watchfloor formats` lists what can be read",
                )
            self._seen_root = True
        if tag in self._shape.wholes:
            place = self._here()
            self._begun, self._head = (self._line(place), place), b""
            self._lines.append(self._begun[0])
            self._nodes.append(Node(tag, attributes))
        elif tag in self._shape.opens:
            line = self._line(self._here())
            self._lines.append(line)
            self._found.append(Item("open", Node(tag, attributes), line, line, b""))
        else:
            self._lines.append(0)

    def _on_end(self, name: str) -> None:
        if self._nodes:
            node = self._nodes.pop()
            if self._nodes:
                return
            self._path_of_tags.pop()
            self._lines.pop()
            place = self._here()
            raw = self._raw(self._begun[1], place + len(name) + 3)
            self._found.append(Item("element", node, self._begun[0], self._line(place), raw))
            return
        if not self._path_of_tags:
            return
        tag, line = self._path_of_tags.pop(), self._lines.pop()
        if tag in self._shape.opens:
            self._found.append(Item("close", Node(tag, {}), line, self._line(self._here()), b""))

    def _on_text(self, text: str) -> None:
        if self._nodes:
            self._nodes[-1].say(text)

    def _on_unknown_entity(self, name: str, is_parameter: bool) -> None:
        """What a document type elsewhere defines is not fetched: it stays as written."""
        if self._nodes and not is_parameter:
            self._nodes[-1].say(f"&{name};")

    def _on_doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if internal:
            raise self._refusal()

    def _on_entity(self, *_: object) -> None:
        raise self._refusal()

    def _refusal(self) -> UnreadableFile:
        return UnreadableFile(
            f"{self._path}: the XML declares entities or a document type of its own, as no scanner or log writes",
            hint="such files can exhaust memory or read other files: look at it before you read it anywhere",
        )


def _reason(error: expat.ExpatError) -> str:
    return expat.ErrorString(error.code)
