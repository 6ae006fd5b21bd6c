"""What the text of a field means: numbers, addresses, times, lists, pairs, JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from watchfloor.readers.columns.clocks import Clock, clock_of, format_trouble
from watchfloor.readers.records.jsontext import json_text

if TYPE_CHECKING:
    from watchfloor.readers.patterns.files import FieldType

__all__ = ["FORMATS", "Value", "pair", "pairs_text", "value_of", "yearless"]

FORMATS: dict[str, tuple[str, ...]] = {
    "HTTPDATE": ("%d/%b/%Y:%H:%M:%S %z",),
    "HAPROXYDATE": ("%d/%b/%Y:%H:%M:%S%.f",),
    "HTTPDERROR_DATE": ("%a %b %d %H:%M:%S%.f %Y",),
    "SYSLOGTIMESTAMP": ("%b %d %H:%M:%S%.f",),
    "DATESTAMP_RFC2822": ("%a, %d %b %Y %H:%M:%S %z",),
    "DATESTAMP_EVENTLOG": ("%Y%m%d%H%M%S",),
}
"""How times are written that match a standard pattern; others are ISO 8601."""

_V4 = r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_H = "[0-9A-Fa-f]{1,4}"
_ADDRESS = (
    rf"^(?:{_V4}|(?:{_H}:){{7}}{_H}|(?:{_H}:){{6}}{_V4}|"
    rf"(?:{_H}(?::{_H}){{0,6}})?::(?:{_H}:){{0,5}}(?:{_V4}|{_H})?)(?:%[0-9A-Za-z._~-]+)?$"
)
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_TRUE = ("true", "t", "yes", "y", "1", "on")
_FALSE = ("false", "f", "no", "n", "0", "off")


@dataclass(frozen=True)
class Value:
    """A field, understood."""

    value: pl.Expr
    """Null where nothing is written, or what is written is no such value."""
    wrong: str | None = None
    """What a written value without a value is: `is no whole number`; null where every text has a value."""
    clock: Clock | None = None
    """Of times: how they were found."""


def yearless(kind: FieldType) -> bool:
    """Whether a time carries no year."""
    return any((format_trouble(form) or "").startswith("it has no year") for form in kind.format)


def value_of(said: pl.Expr, kind: FieldType, *, zone: str | None, year: pl.Expr | None = None) -> Value:  # noqa: PLR0911
    """The value of a field.

    Arguments:
        said: its text, null where nothing is written.
        kind: its type.
        zone: of clock times that carry none.
        year: of times that carry none, as text.
    """
    match kind.type:
        case "int":
            number = said.cast(pl.Int64, strict=False)
            other = pl.when(number.is_null()).then(said).str.extract(r"^([+-]?[0-9]{1,18})\.0*$")
            return Value(pl.coalesce(number, other.cast(pl.Int64, strict=False)), "is no whole number of 64 bits")
        case "float":
            number = said.cast(pl.Float64, strict=False)
            scaled = number / _PER_SECOND[kind.unit] if kind.unit else number
            return Value(pl.when(number.is_finite()).then(scaled), "is no number")
        case "bool":
            word = said.str.to_lowercase()
            truth = pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)
            return Value(truth, "is neither true nor false")
        case "ip":
            return Value(pl.when(said.str.contains(_ADDRESS)).then(said), "is no IP address")
        case "time":
            return _time(said, kind, zone, year)
        case "quoted":
            inner = said.str.extract(r'(?s)^\s*"(.*)"\s*$').str.replace_all('""', '"', literal=True)
            text = pl.coalesce(inner, said)
            return Value(pl.when(text != "").then(text))
        case "labels":
            return Value(_labels(said))
        case "list":
            parts = said.str.split(kind.separator or ",").list.eval(pl.element().str.strip_chars())
            return Value(parts.list.eval(pl.element().filter(pl.element() != "")))
        case "json":
            return Value(pl.when(said.str.json_path_match("$").is_not_null()).then(said), "is no JSON")
    return Value(said)


def _labels(said: pl.Expr) -> pl.Expr:
    """`(3)www(7)example(3)com(0)` as `www.example.com`, the root as a dot; text whose lengths do not fit stays."""
    lengths = said.str.extract_all(r"\([0-9]{1,2}\)").list.eval(pl.element().str.strip_chars("()").cast(pl.Int64))
    bare = said.str.replace_all(r"\([0-9]{1,2}\)", "")
    fits = (lengths.list.sum() == bare.str.len_bytes()) & said.str.starts_with("(")
    name = said.str.replace_all(r"\([0-9]{1,2}\)", ".").str.strip_chars(".")
    return pl.when(~fits).then(said).when(name == "").then(pl.lit(".")).otherwise(name)


def _time(said: pl.Expr, kind: FieldType, zone: str | None, year: pl.Expr | None) -> Value:
    from watchfloor.readers.columns.model import Origin  # noqa: PLC0415 - pydantic waits for the first pattern

    form, text = kind.format, said
    if year is not None and yearless(kind):
        form = tuple(f"%Y {one}" for one in form)
        text = pl.concat_str(year, said, separator=" ")
    if form:
        text = text.str.replace_all(r"  ", " 0", literal=True)
    clock = clock_of(text, pl.String(), Origin.model_validate({"from": "x", "unit": kind.unit, "format": form}), zone)
    return Value(clock.instant, clock.wrong, clock)


def _pair_regex(kind: FieldType) -> tuple[str, str]:
    """Regexes of a key and of a value, bare or in quotes."""
    assign = "".join(f"\\x{{{ord(one):x}}}" for one in kind.assign)
    if kind.separator is None or not kind.separator.strip():
        return rf"[^\s{assign}]+", rf'{assign}(?:"((?:[^"\\]|\\.)*)"|(\S*))'
    mark = f"\\x{{{ord(kind.separator[0]):x}}}"
    return rf"[^\s{mark}{assign}][^{mark}{assign}]*", rf'{assign}\s*(?:"((?:[^"\\]|\\.)*)"|([^{mark}]*))'


def pair(said: pl.Expr, key: str, kind: FieldType) -> pl.Expr:
    """The value of one key of pairs, null where it is not there or empty."""
    name = "".join(one if one.isalnum() else f"\\x{{{ord(one):x}}}" for one in key)
    _, value = _pair_regex(kind)
    before = (
        r"(?:^|[\s])"
        if kind.separator is None or not kind.separator.strip()
        else rf"(?:^|\x{{{ord(kind.separator[0]):x}}})\s*"
    )
    found = pl.coalesce(said.str.extract(f"{before}{name}{value}", n) for n in (1, 2))
    return pl.when(found != "").then(found)


def pairs_text(said: pl.Expr, kind: FieldType, without: tuple[str, ...]) -> pl.Expr:
    """Pairs as the inside of a JSON object, `"k":"v","l":"w"`; null where there are none left.

    Arguments:
        said: the text.
        kind: its separators.
        without: keys that stand elsewhere.
    """
    key, value = _pair_regex(kind)
    one = pl.element()
    name = one.str.extract(f"^({key})").str.strip_chars()
    text = pl.coalesce(one.str.extract(f"^{key}{value}", n) for n in (1, 2))
    kept = (text != "") & ~name.is_in(without)
    # A key that comes again is told apart by its place: JSON has room for one of a name.
    place = pl.concat_str(name, pl.lit("_"), pl.int_range(1, pl.len() + 1).cast(pl.String))
    own = pl.when(name.is_first_distinct()).then(name).otherwise(place)
    written = pl.concat_str(json_text(own), pl.lit(":"), json_text(text))
    joined = (
        said.str.extract_all(f"{key}{value}").list.eval(pl.when(kept).then(written)).list.drop_nulls().list.join(",")
    )
    return pl.when(joined != "").then(joined)
