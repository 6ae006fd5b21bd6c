"""Why a file was hit: the reasons of a record, split where Loki begins a new one, and each reason's fields."""

from __future__ import annotations

import re

import polars as pl

from watchfloor.engine import owned

__all__ = ["KINDS", "Heads", "split_all_exactly", "split_exactly", "split_quickly"]

KINDS = "Yara Rule MATCH: |File Name IOC matched |Levenshtein check - |Malware Hash |Suspicious Hash |Anomaly detected "
"""How a reason begins, by its kind."""
_MATCHES = " MATCHES: "
_LIST = r"^\$[A-Za-z0-9_]*: '"

_SUBSCORE = "SUBSCORE: (?P<subscore>-?[0-9]+)"
_GRAMMAR = (
    (
        "yara",
        rf"(?s)^Yara Rule MATCH: (?P<rule>[^ ]+) {_SUBSCORE} DESCRIPTION: (?P<description>.*) REF: (?P<reference>.*)"
        r" AUTHOR: (?P<author>.*)$",
    ),
    (
        "yara",
        rf"(?s)^Yara Rule MATCH: (?P<rule>[^ ]+) {_SUBSCORE} DESCRIPTION: (?P<description>.*) REF: (?P<reference>.*)$",
    ),
    ("filename", rf"(?s)^File Name IOC matched PATTERN: (?P<named>.*?) {_SUBSCORE} DESC: (?P<description>.*)$"),
    ("levenshtein", rf"(?s)^(?P<description>Levenshtein check - .*?) {_SUBSCORE} ORIGINAL: (?P<named>.*)$"),
    (
        "hash",
        rf"(?s)^(?:Malware|Suspicious) Hash TYPE: [^ ]+ HASH: (?P<named>[^ ]+) {_SUBSCORE} DESC: (?P<description>.*)$",
    ),
    ("script", r"(?s)^Anomaly detected ANOMALIES: (?P<description>.*) SCORE: (?P<subscore>-?[0-9]+)$"),
)
"""What each kind says, the first that fits; yara without an author is that of old versions."""
_FIELDS = {"reason": pl.String, "rule": pl.String, "subscore": pl.Int64} | dict.fromkeys(
    ("description", "reference", "author", "named"), pl.String
)
_NOTHING_SAID = ["-", "not set", ""]
"""The scanner's words for: the rule does not say."""
_MOST_HEADS = 20_000


class Heads:
    """What reasons say before their matched strings. They repeat over files and hosts: each is taken apart once."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._known = pl.DataFrame(schema={"head": pl.String, "printed": pl.Int64, **_FIELDS})

    def fields(self, pieces: pl.DataFrame) -> pl.DataFrame:
        """The pieces with the fields of their `head` (`3: Yara Rule ..`) and the number that it prints."""
        known = self._known
        found = pieces.join(known, on="head", how="left", maintain_order="left")
        if not found["reason"].null_count():
            return found
        new = found.filter(pl.col("reason").is_null()).select("head").unique()
        if known.height > _MOST_HEADS:
            known, new = known.clear(), pieces.select("head").unique()
        known = pl.concat([known, _taken_apart(owned(new))], rechunk=True)
        self._known = known  # as a whole: another thread may have done so, then one of them does it again
        return pieces.join(known, on="head", how="left", maintain_order="left")


def _taken_apart(heads: pl.DataFrame) -> pl.DataFrame:
    """What each head says, by its kind; a head of no known kind is `other`."""
    left = heads.with_columns(
        pl.col("head").str.extract_groups(r"(?s)^(?P<printed>[0-9]+): (?P<text>.*)$").alias("all")
    )
    left = left.unnest("all").with_columns(
        pl.col("printed").cast(pl.Int64, strict=False), pl.col("text").fill_null(pl.col("head"))
    )
    done = [left.clear().select("head", "printed", **{name: pl.lit(None, dtype) for name, dtype in _FIELDS.items()})]
    for kind, regex in _GRAMMAR:
        found = left.with_columns(pl.col("text").str.extract_groups(regex).alias("all")).unnest("all")
        fits = pl.col("subscore").is_not_null()
        done.append(
            found.filter(fits).with_columns(pl.col("subscore").cast(pl.Int64, strict=False), reason=pl.lit(kind))
        )
        left = left.filter(~found.select(fits).to_series())
    done.append(left.with_columns(reason=pl.lit("other")))
    said = pl.col("description", "reference", "author")
    return (
        pl.concat(done, how="diagonal")
        .select("head", "printed", *_FIELDS)
        .with_columns(pl.when(~said.is_in(_NOTHING_SAID)).then(said))
    )


def split_quickly(reasons: pl.Series, known: Heads) -> pl.DataFrame:
    """One row per reason: hit (row of the series), number, its fields, and `sound`.

    The text is cut wherever `REASON_` stands, and each reason at its first ` MATCHES: `. A reason is sound where that
    is right for sure: its number is its place, its words are those of a kind, its matched strings are closed. Where one
    is not, all reasons of its hit are to be split exactly.

    Arguments:
        reasons: what stands behind the first `REASON_` of each hit.
        known: heads of reasons that have been taken apart.
    """
    parts = pl.DataFrame(
        {"hit": pl.int_range(len(reasons), dtype=pl.UInt32, eager=True), "piece": reasons.str.split("REASON_")}
    )
    pieces = parts.with_columns(number=pl.int_ranges(1, pl.col("piece").list.len() + 1)).explode(
        "piece", "number", empty_as_null=False
    )
    piece, strings = pl.col("piece"), pl.col("strings")
    word = piece.str.find(_MATCHES, literal=True).cast(pl.Int64)
    pieces = pieces.with_columns(at=word, size=piece.str.len_bytes().cast(pl.Int64), raw=piece.cast(pl.Binary))
    pieces = pieces.with_columns(
        head=pl.col("raw").bin.slice(0, pl.coalesce("at", "size")).cast(pl.String),
        strings=pl.col("raw").bin.slice(pl.col("at") + len(_MATCHES)).cast(pl.String),
    )
    found = known.fields(pieces)
    closed = strings.str.ends_with("'") & ~strings.str.ends_with(": '")
    listed = (strings.str.contains(_LIST) & closed) | strings.str.starts_with("Str1: ")
    sound = (pl.col("printed") == pl.col("number")) & (pl.col("reason") != "other") & listed.fill_null(True)
    return found.select(
        "hit",
        reason_number="number",
        reason="reason",
        rule="rule",
        subscore="subscore",
        description="description",
        reference="reference",
        author="author",
        matched=pl.coalesce("named", "strings"),
        sound=sound.fill_null(False),
    )


def split_all_exactly(reasons: pl.Series, known: Heads) -> pl.DataFrame:
    """One row per reason, as `split_quickly` gives them, and the `message` of those of no known kind; slow, and right.

    Arguments:
        reasons: what stands behind the first `REASON_` of each hit.
        known: heads of reasons that have been taken apart.
    """
    found = [split_exactly(f"REASON_{text}") for text in reasons]
    hits = [hit for hit, pieces in enumerate(found) for _ in pieces]
    numbers = [number for pieces in found for number, _ in enumerate(pieces, 1)]
    texts = [piece for pieces in found for piece in pieces]
    at = [_find(_MATCHED, text, 0) for text in texts]
    pieces = pl.DataFrame(
        {
            "hit": pl.Series(hits, dtype=pl.UInt32),
            "reason_number": pl.Series(numbers, dtype=pl.Int64),
            "piece": pl.Series(texts, dtype=pl.String),
            "head": pl.Series(
                [f"{n}: {text[:m] if m >= 0 else text}" for n, text, m in zip(numbers, texts, at, strict=True)],
                dtype=pl.String,
            ),
            "strings": pl.Series(
                [text[m + len(_MATCHES) :] if m >= 0 else None for text, m in zip(texts, at, strict=True)],
                dtype=pl.String,
            ),
        }
    )
    return known.fields(pieces).select(
        "hit",
        "reason_number",
        "reason",
        "rule",
        "subscore",
        "description",
        "reference",
        "author",
        matched=pl.coalesce("named", "strings"),
        message=pl.when(pl.col("reason") == "other").then("piece"),
    )


_KIND = re.compile(KINDS)
_STRING = r"\$[A-Za-z0-9_]*: '[^']*"
_QUOTED = re.compile(r"\$[A-Za-z0-9_]*: '")
_MATCHED = re.compile(r"\$[A-Za-z0-9_]*: '|Str1: ")
_WHOLE_LIST = re.compile(f"(?:(?:, )?{_STRING}')*")
_OPEN_STRING = re.compile(f"(?:, )?{_STRING}$")


def split_exactly(reasons: str) -> list[str]:
    """The reasons of one record, `$id: '..'` lists respected; in one pass, from left to right."""
    found: list[str] = []
    at = _numbered(reasons, 0, 1)
    if at != 0:
        return found
    while at >= 0:
        body = at + len(f"REASON_{len(found) + 1}: ")
        following = _numbered(reasons, body, len(found) + 2)
        strings = _find(_QUOTED, reasons, body)
        if strings >= 0 and (following < 0 or strings < following):
            end = _end_of_strings(reasons, strings + len(_MATCHES))
            following = _numbered(reasons, end, len(found) + 2)
        found.append(reasons[body : following if following >= 0 else len(reasons)])
        at = following
    return found


def _numbered(text: str, start: int, number: int) -> int:
    """Where the next reason of that number begins; -1 where there is none."""
    words = f"REASON_{number}: "
    at = text.find(words, start)
    while at >= 0 and not _KIND.match(text, at + len(words)):
        at = text.find(words, at + 1)
    return at


def _find(form: re.Pattern[str], text: str, start: int) -> int:
    """Where the next ` MATCHES: ` stands that strings of this form follow; -1 where there is none."""
    at = text.find(_MATCHES, start)
    while at >= 0 and not form.match(text, at + len(_MATCHES)):
        at = text.find(_MATCHES, at + 1)
    return at


def _end_of_strings(text: str, start: int) -> int:
    """Where a list of `$id: 'value', $id: 'value'` ends: no value holds a quote of its own."""
    whole = _WHOLE_LIST.match(text, start)
    end = whole.end() if whole else start  # it always matches, be it nothing
    return len(text) if _OPEN_STRING.match(text, end) else end
