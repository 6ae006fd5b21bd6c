"""Grok, and regexes as other engines know them, become one Rust regex that runs in linear time."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import polars as pl

from watchfloor.errors import BadPattern
from watchfloor.hints import nearest

__all__ = ["Capture", "Compiled", "compile_pattern", "standard"]

_REFERENCE = re.compile(r"%\{([A-Za-z0-9_]+)(?::([^:{}]+)(?::([A-Za-z0-9_]+))?)?\}")
_REPEAT = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")
_NAMED = re.compile(r"\(\?(?:P?<([^>=!][^>]*)>|'([^']+)')")
_FLAGS = re.compile(r"\(\?([a-zA-Z]*(?:-[a-zA-Z]+)?)([:)])")
_POSIX = re.compile(r"\[:\^?[a-z]+:\]")
_DEEPEST = 200
_CLASSES = {"d": "0-9", "w": r"\w", "s": r"\s", "D": "^0-9", "W": r"\W", "S": r"\S"}


@dataclass(frozen=True)
class Capture:
    """One group of a regex that gives a value."""

    group: str
    """Name of the group in the Rust regex."""
    field: str
    """The field that the user named; several groups may give one field, of which the first is taken that matched."""
    type: str | None = None
    """The type that the pattern asks for: `int`, `float`, .."""
    grok: str | None = None
    """Name of the Grok pattern that the value matches."""


@dataclass(frozen=True)
class Compiled:
    """A pattern, ready to run."""

    source: str
    """As the user wrote it."""
    regex: str
    """For the Rust engine."""
    captures: tuple[Capture, ...]
    notes: tuple[str, ...] = ()
    """Where the regex may match more than the pattern did."""
    starts: tuple[tuple[str, str], ...] = ()
    """Beginnings of the regex in a group, from short to long, each with the last field in it: to see how far a match
    comes."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields, in the order of the pattern."""
        return tuple(dict.fromkeys(capture.field for capture in self.captures))

    def without(self, fields: Set[str]) -> Compiled:
        """The same pattern, which does not capture some fields: each capture costs."""
        regex = self.regex
        for capture in self.captures:
            if capture.field in fields:
                regex = regex.replace(f"(?P<{capture.group}>", "(?:")
        return replace(self, regex=regex, captures=tuple(one for one in self.captures if one.field not in fields))


@cache
def standard() -> Mapping[str, str]:
    """The standard patterns by name."""
    folder = resources.files("watchfloor.readers.patterns")
    groups = [
        group
        for file in ("standard.toml", "products.toml")
        for group in tomllib.loads(folder.joinpath(file).read_text(encoding="utf-8")).values()
    ]
    return {name: regex for group in groups for name, regex in group.items()}


def compile_pattern(
    pattern: str,
    definitions: Mapping[str, str] | None = None,
    *,
    where: str = "the pattern",
    nameless: bool = False,
) -> Compiled:
    """One Rust regex for a pattern.

    Atomic groups and possessive quantifiers become plain ones: what they match is matched as before, and a note says
    where more may match. Look-arounds are kept where they can be said without: at the ends of the pattern, at the
    edge of a word, or before a class of characters.

    Arguments:
        pattern: Grok, or a regex with named groups; `.` matches line breaks as well, a group without name captures
            nothing.
        definitions: further Grok patterns by name; they go before the standard ones.
        where: what errors call it.
        nameless: a pattern that names no field is one as well.

    Raises:
        BadPattern: no such Grok pattern, or a construct that has no linear form; it is named with its place.
    """
    known = {**standard(), **(definitions or {})}
    writer = _Writer(where, known, grok="%{" in pattern)
    body = writer.write(_opened(pattern, known))
    starts = tuple((f"(?s)({start})", field) for start, field in writer.starts)
    compiled = Compiled(pattern, f"(?s){body}", tuple(writer.captures), tuple(dict.fromkeys(writer.notes)), starts)
    _try(compiled.regex, where)
    if not compiled.captures and not nameless:
        raise BadPattern(
            f"{where}: no field is named",
            hint=r"name what is to be kept: %{IP:src_ip}, or (?<src_ip>[0-9.]+)",
        )
    return compiled


def _opened(pattern: str, known: Mapping[str, str]) -> str:
    """What a pattern stands for that is nothing but the name of another."""
    for _ in range(_DEEPEST):
        alone = _REFERENCE.fullmatch(pattern)
        if not alone or alone[2] or alone[1] not in known:
            break
        pattern = known[alone[1]]
    return pattern


def _try(regex: str, where: str) -> None:
    """Asks the engine itself.

    Raises:
        BadPattern: what the engine says.
    """
    try:
        pl.Series([""]).str.contains(regex)
    except pl.exceptions.ComputeError as error:
        said = str(error)
        if "size limit" in said:
            raise BadPattern(
                f"{where}: the regex is too large", hint="make repetitions such as {1,1000} smaller"
            ) from error
        last = [line.strip() for line in said.splitlines() if line.strip().startswith("error:")]
        reason = last[-1].removeprefix("error:").strip() if last else said.splitlines()[-1]
        raise BadPattern(f"{where}: no regex: {reason}", hint="check brackets and escapes") from error


class _Writer:
    """Writes the Rust regex of one pattern."""

    def __init__(self, where: str, definitions: Mapping[str, str], *, grok: bool) -> None:
        self.where, self.definitions, self.grok = where, definitions, grok
        self.captures: list[Capture] = []
        self.notes: list[str] = []
        self.starts: list[tuple[str, str]] = []
        self._stack: list[str] = []
        self._text = ""
        self._at = 0
        self._level = 0

    # What stands at a place, for errors.

    def _place(self, at: int | None = None) -> str:
        place = f"character {(self._at if at is None else at) + 1}"
        return f"{place} of %{{{self._stack[-1]}}}" if self._stack else place

    def _refuse(self, construct: str, hint: str, at: int | None = None) -> BadPattern:
        start = self._at if at is None else at
        shown = self._text[start : start + 30]
        return BadPattern(
            f"{self.where}: {construct} at {self._place(start)} ({shown!r}): it has no form that runs in linear time",
            hint=hint,
        )

    def _wrong(self, what: str, hint: str) -> BadPattern:
        return BadPattern(f"{self.where}: {what} at {self._place()}", hint=hint)

    # The pattern, piece by piece.

    def write(self, text: str) -> str:
        """The regex of a whole text: of the pattern, or of a definition."""
        kept = self._text, self._at, self._level
        self._text, self._at, self._level = text, 0, 0
        out = self._sequence()
        if self._at < len(text):
            raise self._wrong("a ) too many", "write \\) for the character itself")
        self._text, self._at, self._level = kept
        return out

    def _sequence(self) -> str:
        """Up to the end, or to the parenthesis that closes the group."""
        out: list[str] = []
        text = self._text
        top = not self._stack and self._level == 0
        branched = False
        while self._at < len(text):
            char = text[self._at]
            if char == ")":
                break
            if char == "|":
                branched = branched or top
                if branched and top:
                    self.starts.clear()
                out.append("|")
                self._at += 1
                continue
            before = len(self.captures)
            out.append(self._repeated(self._item(not out or out[-1] == "|")))
            if top and not branched and len(self.captures) > before:
                self.starts.append(("".join(out), self.captures[-1].field))
        return "".join(out)

    def _item(self, first: bool) -> str:
        """One piece of a sequence, without what repeats it."""
        text, char = self._text, self._text[self._at]
        if text.startswith("%{", self._at):
            return self._reference()
        if char == "\\":
            return self._escape()
        if char == "[":
            return self._class()
        if char == "(":
            return self._group(first)
        self._at += 1
        if char == "{":
            return r"\{"
        if char in "*+?":
            self._at -= 1
            raise self._wrong(f"nothing to repeat before {char}", f"write \\{char} for the character itself")
        return char

    def _repeated(self, item: str) -> str:
        """The item with its quantifiers."""
        text = self._text
        while self._at < len(text):
            char, start = text[self._at], self._at
            if char in "*+?":
                self._at += 1
                quantifier = char
            elif char == "{" and (found := _REPEAT.match(text, self._at)) and (found[1] or (found[2] and found[3])):
                self._at = found.end()
                quantifier = f"{{{found[1] or 0}{found[2]}{found[3]}}}"
            else:
                break
            follows = text[self._at : self._at + 1]
            if follows == "?":
                quantifier += "?"
                self._at += 1
            elif follows == "+":
                # Rust would read a++ as (a+)+ without a word.
                self._note("a possessive quantifier", start)
                self._at += 1
            item = (
                f"(?:{item}){quantifier}" if item.endswith(tuple("*+?}")) and _is_repeated(item) else item + quantifier
            )
        return item

    def _note(self, construct: str, at: int) -> None:
        self.notes.append(f"{construct} at {self._place(at)} is read as a plain one: it may match more lines")

    def _reference(self) -> str:
        found = _REFERENCE.match(self._text, self._at)
        if not found:
            raise self._wrong(
                "%{ without a name", "write %{NAME}, %{NAME:field} or %{NAME:field:type}; %\\{ for the characters"
            )
        name, field, type_ = found.groups()
        if name not in self.definitions:
            raise self._wrong(
                f"there is no pattern {name!r}",
                f"{nearest(name, self.definitions)}or write a regex: (?<{field or 'field'}>..)",
            )
        if name in self._stack or len(self._stack) > _DEEPEST:
            raise self._wrong(f"%{{{name}}} is made of itself", "define it without its own name")
        self._stack.append(name)
        at = self._at
        capture = self._named(field, type_, name) if field else None
        inner = self.write(self.definitions[name])
        self._stack.pop()
        self._at = at + len(found[0])
        return f"(?P<{capture.group}>{inner})" if capture else f"(?:{inner})"

    def _named(self, field: str, type_: str | None, grok: str | None) -> Capture:
        capture = Capture(f"g{len(self.captures)}", _plain(field), type_, grok)
        self.captures.append(capture)
        return capture

    def _escape(self) -> str:
        text, at = self._text, self._at
        char = text[at + 1 : at + 2]
        if not char:
            raise self._wrong("a \\ at the end", "write \\\\ for the character itself")
        if char.isdigit() and char != "0":
            raise self._refuse(
                "a back-reference", "give the second place a field of its own, and compare the two afterwards"
            )
        if char in "kg" and text[at + 2 : at + 3] in ("<", "'", "{"):
            raise self._refuse(
                "a back-reference or call of a group", "write the text a second time, as a group of its own"
            )
        if char in "GKCX":
            raise self._refuse(f"\\{char}", "leave it out: only the groups are kept, from the first place that matches")
        if char == "h" and not self.grok:
            raise self._wrong(
                "\\h, which is a hexadecimal digit in Grok and a blank in PCRE,", "write [0-9a-fA-F] or [ \\t]"
            )
        plain = {
            "h": "[0-9a-fA-F]",
            "H": "[^0-9a-fA-F]",
            "Z": r"\n?\z",
            "e": r"\x1b",
            "R": r"(?:\r\n|[\n\x0b\x0c\r\x{85}\x{2028}\x{2029}])",
            "d": "[0-9]",
            "D": "[^0-9]",
            "b": r"(?-u:\b)",
            "N": r"[^\n]",
        }.get(char)
        if plain is not None:
            self._at += 2
            return plain
        return self._raw_escape()

    def _raw_escape(self) -> str:
        """An escape that both engines know, or a character that needs none."""
        text, at = self._text, self._at
        char = text[at + 1]
        if found := re.compile(
            r"\\(?:x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{4}|[pP](?:\{\^?[^}]+\}|[A-Z]))"
        ).match(text, at):
            self._at = found.end()
            body = found[0]
            if body[1] == "x" and body[2] != "{":
                return f"\\x{{{body[2:]}}}"
            return body.replace("{^", "{").replace("\\p", "\\P") if "{^" in body else body
        self._at += 2
        if char in "wWsSBAzntrfva":
            return f"\\{char}"
        if char == "0":
            return r"\x00"
        if char.isalpha():
            self._at -= 2
            raise self._wrong(f"\\{char}, which no engine here knows,", f"write {char} for the character itself")
        return re.escape(char)

    def _class(self) -> str:
        """A class of characters, with `[` in it as the character that it is for most engines."""
        text, start = self._text, self._at
        at = start + 1
        out = ["["]
        if text[at : at + 1] == "^":
            out.append("^")
            at += 1
        if text[at : at + 1] == "]":
            out.append(r"\]")
            at += 1
        while at < len(text) and text[at] != "]":
            if posix := _POSIX.match(text, at):
                out.append(posix[0])
                at = posix.end()
            elif text.startswith("&&[", at):
                self._at = at + 2
                out.append("&&" + self._class())
                at = self._at
            elif text[at] == "\\":
                self._at = at
                out.append(self._class_escape())
                at = self._at
            else:
                char = text[at]
                # Rust knows set operations that others do not: && -- ~~, and nested classes.
                twin = char in "&-~" and text[at - 1] == char
                out.append("\\" + char if char in "[" or twin else char)
                at += 1
        if at >= len(text):
            self._at = start
            raise self._wrong("a [ that is not closed", "write \\[ for the character itself")
        self._at = at + 1
        return "".join(out) + "]"

    def _class_escape(self) -> str:
        char = self._text[self._at + 1 : self._at + 2]
        if char == "h" and self.grok:
            self._at += 2
            return "0-9a-fA-F"
        known = {"d": "0-9", "b": r"\x08", "e": r"\x1b", "D": "[^0-9]"}.get(char)
        if known is not None:
            self._at += 2
            return known
        if char in ("h", "R", "X", "Z", "G"):
            raise self._wrong(f"\\{char} within a class", "write the characters that are meant")
        return self._raw_escape()

    # Groups.

    def _group(self, first: bool) -> str:
        text, at = self._text, self._at
        for sign, kind in (
            ("(?=", "a look-ahead"),
            ("(?!", "a look-ahead"),
            ("(?<=", "a look-behind"),
            ("(?<!", "a look-behind"),
        ):
            if text.startswith(sign, at):
                return self._look(sign, kind, first)
        if text.startswith("(?#", at):
            end = text.find(")", at)
            self._at = len(text) if end < 0 else end + 1
            return "(?:)"
        if text.startswith("(?>", at):
            self._note("an atomic group", at)
            return self._inside(3, "(?:")
        if named := _NAMED.match(text, at):
            capture = self._named(named[1] or named[2], None, None)
            return self._inside(len(named[0]), f"(?P<{capture.group}>")
        if text.startswith("(?|", at):
            raise self._refuse("a branch reset", "give each branch a group of the same name: both may give one field")
        if flags := _FLAGS.match(text, at):
            return self._flags(flags)
        if text.startswith("(?", at):
            raise self._refuse(
                "a condition, recursion or call", "write the cases as patterns of their own, tried in order"
            )
        return self._inside(1, "(?:")

    def _inside(self, skip: int, opening: str) -> str:
        start = self._at
        self._at += skip
        self._level += 1
        if self._level > _DEEPEST:
            raise self._wrong("too many groups within groups", "write it flatter")
        inner = self._sequence()
        self._level -= 1
        if self._at >= len(self._text):
            self._at = start
            raise self._wrong("a ( that is not closed", "write \\( for the character itself")
        self._at += 1
        return f"{opening}{inner})"

    def _flags(self, flags: re.Match[str]) -> str:
        letters = flags[1]
        if self.grok and "m" in letters:
            letters = letters.replace("m", "s")  # in Ruby, as Grok knows it, (?m) lets the dot match line breaks
        if unknown := set(letters) - set("imsUux-"):
            raise self._wrong(f"the flag {min(unknown)!r}", "flags are i, m, s, U and x")
        if "x" in letters:
            raise self._wrong("the flag x", "write the pattern without blanks and comments that mean nothing")
        if flags[2] == ":":
            return self._inside(len(flags[0]), f"(?{letters}:")
        self._at = flags.end()
        return f"(?{letters})" if letters else "(?:)"

    def _look(self, sign: str, kind: str, first: bool) -> str:
        """A look-around as what it means at this place, where that can be said without one."""
        text, start = self._text, self._at
        mark = len(self.captures)
        inner = self._inside(len(sign), "(?:")
        captured = len(self.captures) > mark
        positive, ahead = sign in ("(?=", "(?<="), kind == "a look-ahead"
        top = not self._stack and self._level == 0
        last = self._at == len(text) or text[self._at] == "|"
        single = _single(inner[3:-1])
        if positive and top and (last if ahead else first):
            return inner  # only the groups are kept, so it does no harm to match what was only looked at
        if captured:
            raise self._refuse(kind, _LINEAR[sign], start)
        if not positive and single == r"\w":
            return r"\b{end-half}" if ahead else r"\b{start-half}"
        if not positive and single and top and (last if ahead else first):
            return rf"(?:{_not(single)}|\z)" if ahead else rf"(?:\A|{_not(single)})"
        if ahead and single and not last:
            return self._narrowed(single if positive else _not(single), start, kind)
        raise self._refuse(kind, _LINEAR[sign], start)

    def _narrowed(self, by: str, start: int, kind: str) -> str:
        """A look-ahead at one character, put into the class that follows it."""
        text = self._text
        plain = text[self._at] not in "(|)%^$*+?{"
        item = _single(self._item(False)) if plain else None
        if item is None:
            raise self._refuse(kind, _LINEAR["(?!"], start)
        both = f"[{item}&&{by}]"
        quantifier = text[self._at : self._at + 1]
        if quantifier == "+":
            self._at += 1
            lazy = "?" if text[self._at : self._at + 1] == "?" else ""
            self._at += len(lazy) or (text[self._at : self._at + 1] == "+")
            return f"(?:{both}{item}*{lazy})"
        if quantifier and quantifier in "*?{":
            raise self._refuse(kind, _LINEAR["(?!"], start)
        return both


_LINEAR = {
    "(?=": "write what follows as a part of the pattern, behind the group: (?<a>..)(?:what follows)",
    "(?!": 'say what may stand there with a class, [^\\]]+ or [^"]*, or give several patterns, the special one first',
    "(?<=": "write what stands before as a part of the pattern, before the group: (?:what stands before)(?<a>..)",
    "(?<!": "say what may stand before: (?:^|[^0-9])(?<a>..)",
}


def _is_repeated(item: str) -> bool:
    """Whether an item already ends in a quantifier, so that a further one needs a group."""
    return bool(re.search(r"(?<!\\)[*+?]\??$|(?<!\\)\{[0-9]+,?[0-9]*\}\??$", item)) and not item.endswith(")")


def _single(item: str) -> str | None:
    """An item that matches one character, as a class; null for any other."""
    if re.fullmatch(r"\[(?:[^\[\]\\]|\\.|\[:\^?[a-z]+:\])+\]", item) or item in (r"\w", r"\W", r"\s", r"\S"):
        return item
    if re.fullmatch(r"[^\\\[\](){}.*+?|^$]|\\[^a-zA-Z0-9]", item):
        return f"[{item}]" if item not in ("&", "-", "~") else f"[\\{item}]"
    return r"[\s\S]" if item == "." else None


def _not(single: str) -> str:
    """The class of all other characters."""
    if single.startswith("["):
        return "[" + single[2:] if single[1] == "^" else "[^" + single[1:]
    return single.upper() if single.islower() else single.lower()


def _plain(field: str) -> str:
    """The field's name: `[source][ip]` is `source.ip`."""
    return ".".join(re.findall(r"\[([^\[\]]+)\]", field)) if field.startswith("[") else field
