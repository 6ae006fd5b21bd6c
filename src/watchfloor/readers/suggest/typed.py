"""What the values of a place are (int, ip, path, ..), and what the words before them call them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

__all__ = ["Kind", "kind_of", "name_after", "name_of", "unique"]


@dataclass(frozen=True)
class Kind:
    """What the values of a place have in common."""

    name: str
    """int, float, ip, hex, mac, clock, path, word, text, quoted, time."""
    regex: str
    """Matches them, in linear time."""
    type: str = ""
    """Type of the field in a pattern file; empty: text."""
    format: str = ""
    """Of times: how they are written; empty: as in ISO 8601."""


_IP4 = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
_IP6 = rf"[0-9A-Fa-f]{{0,4}}(?::[0-9A-Fa-f]{{0,4}}){{2,7}}(?::{_IP4})?"
_KINDS = (
    Kind("int", "[+-]?[0-9]{1,18}", "int"),
    Kind("float", r"[+-]?[0-9]{1,18}(?:\.[0-9]+)?", "float"),
    Kind("ip", _IP4, "ip"),
    Kind("mac", "(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"),
    Kind("clock", r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?"),
    Kind("ip", f"(?:{_IP4}|{_IP6})", "ip"),
    Kind("hex", "0x[0-9A-Fa-f]+"),
    Kind("hex", "(?:0x)?[0-9A-Fa-f]{6,}"),
)
_EXACT = tuple((kind, re.compile(rf"(?:{kind.regex})\Z")) for kind in _KINDS)
_PADDED = re.compile(r"[+-]?0[0-9]")
_PATH = re.compile(r"/|[A-Za-z]:\\")
_SPACE = re.compile(r"\s")
_NAME = r"[A-Za-z][A-Za-z0-9_.-]*"
_KEY = re.compile(rf"({_NAME})[ \t]*(?:=|:)[ \t]*[\"'(\[<]*$")
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_REACHES = re.compile(r"[A-Za-z][A-Za-z0-9_]*[ \t\"'(\[<#:=@-]*$")
_UNIT = re.compile(
    r" ?(bytes|packets|lines|times|seconds|secs?|minutes|hours|days|ms|msec|usec|files|rows|records|percent)\b"
)
_PID = re.compile(r" (?:[A-Z]{3,4} )?\[$")
"""What stands between a time and the number of a process."""
_SILENT = frozenset(
    (
        "a",
        "an",
        "the",
        "is",
        "was",
        "are",
        "be",
        "been",
        "of",
        "in",
        "on",
        "at",
        "with",
        "and",
        "or",
        "not",
        "it",
        "its",
        "into",
        "out",
        "up",
        "down",
        "as",
        "has",
        "have",
        "had",
        "than",
        "after",
        "before",
        "during",
        "until",
        "over",
        "under",
        "about",
        "for",
        "when",
        "if",
        "no",
        "only",
        "all",
        "this",
        "that",
        "these",
        "those",
        "via",
        "per",
        "cmd",
        "utc",
        "gmt",
        "root",
    )
)
"""Words that name nothing."""
_BY_KIND = {"int": "number", "float": "number", "quoted": "quote", "word": "value", "time": "time"}
_SIDES = {
    ("from", "ip"): "src_ip",
    ("by", "ip"): "src_ip",
    ("rhost", "ip"): "src_ip",
    ("src", "ip"): "src_ip",
    ("client", "ip"): "src_ip",
} | {
    ("to", "ip"): "dst_ip",
    ("dst", "ip"): "dst_ip",
    ("dest", "ip"): "dst_ip",
}
_BY_VALUE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("request", re.compile(r"(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|CONNECT|PATCH|PROPFIND) \S")),
    ("user_agent", re.compile(r"Mozilla/|curl/|python-|Wget/|[A-Za-z]+bot/")),
    ("url", re.compile(r"https?://\S")),
)


def kind_of(values: Sequence[str], *, wide: str, quoted: bool = False, after: str = "") -> Kind:
    """The narrowest kind that all values are of.

    Arguments:
        values: examples, at least one.
        wide: regex of what may stand at their place at all.
        quoted: whether the values stand in quotes.
        after: the character that follows the values.
    """
    said = [value for value in values if value not in ("", "-")]
    empty, dash = "" in values, "-" in values
    if quoted and said and not empty and not dash and all(map(_is_address, said)):
        return Kind("ip", wide, "ip")
    if quoted or not said:
        return Kind("quoted" if quoted else "word", wide)
    padded = any(_PADDED.match(value) for value in said)
    for kind, exact in _EXACT:
        if padded and kind.type in ("int", "float"):
            continue  # the zeros of an identifier would be lost
        if all(exact.match(value) for value in said):
            if kind.name == "ip" and not all(map(_is_address, said)):
                continue
            if kind.name == "hex" and not any(letter in "0123456789" for value in said for letter in value):
                continue
            regex = f"(?:{kind.regex}|-)" if dash else kind.regex
            return Kind(kind.name, f"(?:{regex})?" if empty else regex, kind.type)
    if any(_SPACE.search(value) for value in said):
        return Kind("text", wide)
    stop = after if after.isalnum() else f"\\{after}"
    stops = (
        after.isascii() and after.isprintable() and after not in ("", " ") and not any(after in value for value in said)
    )
    word = (rf"[^\s{stop}]" if stops else r"\S") + ("*" if empty else "+")
    path = not empty and not dash and all(map(_PATH.match, said))
    return Kind("path" if path else "word", word)


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def name_of(before: str, kind: Kind, values: Sequence[str], after: str = "") -> str:
    """The name of a field, by the key or the word before it, else by its unit or by what its values are.

    Arguments:
        before: the text between the field before and this one.
        after: the text that follows.
        kind: what the values are.
        values: examples.
    """
    key = _KEY.search(before)
    if key and key[1].lower() not in _SILENT:
        name = key[1]
    else:
        for by_value, regex in _BY_VALUE:
            if 2 * sum(1 for value in values if regex.match(value)) > len(values):
                return by_value
        words = _WORDS.findall(before) if _REACHES.search(before) else []
        unit = _UNIT.match(after) if kind.type in ("int", "float") else None
        if words and words[-1].lower() not in _SILENT:
            name = words[-1]
        elif unit:
            name = unit[1]
        elif kind.name == "int" and _PID.match(before):
            name = "pid"
        else:
            name = _BY_KIND.get(kind.name, kind.name)
    name = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:40] or "value"
    if name[0].isdigit():
        name = f"_{name}"
    return _SIDES.get((name, kind.name), name)


def name_after(last: str, kind: Kind, values: Sequence[str]) -> str | None:
    """The name of a field that no word announces, by its place: as web servers and proxies write their lines.

    Arguments:
        last: the name of the field before, empty at the beginning of a line.
        kind: what the values are.
        values: examples.
    """
    if not last and kind.name == "ip":
        return "src_ip"
    if last == "request" and kind.name == "int" and all(re.fullmatch("[1-5][0-9][0-9]", value) for value in values):
        return "status_code"
    if last == "status_code" and kind.name == "int":
        return "resp_bytes"
    return "referrer" if last in ("status_code", "resp_bytes") and kind.name == "quoted" else None


def unique(name: str, taken: Callable[[str], bool]) -> str:
    """The name, with a number if it is taken."""
    if not taken(name):
        return name
    number = 2
    while taken(f"{name}_{number}"):
        number += 1
    return f"{name}_{number}"
