"""The header of a file hit: path, score, facts and hashes of the file, and where its reasons begin.

The header is the last place of a message where everything from ` SCORE: ` to the first reason stands; the path is all
before it. Nearly always its parts are slices at known distances from the only ` REASON_1: `; what looks odd in any way
goes through the whole expression.
"""

from __future__ import annotations

import polars as pl

from watchfloor.readers.loki.reasons import KINDS

__all__ = ["HEADER_FIELDS", "exact_headers", "is_cut", "is_file_hit", "is_open", "message", "with_headers"]

HEADER_FIELDS = (
    "path",
    "score",
    "file_type",
    "size_bytes",
    "first_bytes",
    "md5",
    "sha1",
    "sha256",
    "created_text",
    "modified_text",
    "accessed_text",
    "reasons",
)
_FILE = "FILE: "
_REASON = " REASON_1: "
_TIMES = {f"{name}_text": (f" {name.upper()}: ", 24) for name in ("created", "modified", "accessed")}
"""What stands before the first reason, in order, with the bytes of its value."""
_HASHES = {"md5": (" MD5: ", 32), "sha1": (" SHA1: ", 40), "sha256": (" SHA256: ", 64)}
"""What stands before the times of a file that was read."""

_CTIME = r"(not_available|[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4})"
_HEADER = (
    r"(?s)^FILE: (.*) SCORE: (-?[0-9]+) TYPE: ([^ ]+) SIZE: ([0-9]+) FIRST_BYTES: "
    r"(?:([0-9a-f]*) / .*?|b'-'|-)(?: MD5: ([0-9a-f]{32}) SHA1: ([0-9a-f]{40}) SHA256: ([0-9a-f]{64}))?"
    rf" +CREATED: {_CTIME} MODIFIED: {_CTIME} ACCESSED: {_CTIME} REASON_(1: (?:{KINDS}).*)$"
)
_FRONT = (
    r"(?s)^(?P<path>.*) SCORE: (?P<score>-?[0-9]+) TYPE: (?P<file_type>[^ ]+) SIZE: (?P<size_bytes>[0-9]+)"
    r" FIRST_BYTES: (?:(?P<first_bytes>[0-9a-f]*) / .*?|b'-'|-) *$"
)
"""The same before the hashes and the times, without the word `FILE: `."""
_FRONT_FIELDS = HEADER_FIELDS[:5]
_OPEN = r"(?: MATCHES: |, )\$[A-Za-z0-9_]*: '[^']*$"
"""A matched string that does not end."""


def _size(words: dict[str, tuple[str, int]]) -> int:
    return sum(len(word) + size for word, size in words.values())


def _stand(words: dict[str, tuple[str, int]], end: pl.Expr) -> pl.Expr:
    """Whether some words, each with its value, stand back to back up to a place."""
    start = end - _size(words)
    stand = [start >= 0]
    for word, size in words.values():
        stand.append(pl.col("raw").bin.slice(start, len(word)) == word.encode())
        start = start + len(word) + size
    return pl.all_horizontal(stand).fill_null(False)


def _values(words: dict[str, tuple[str, int]], end: pl.Expr) -> dict[str, pl.Expr]:
    """The values of words that stand back to back up to a place; null where it is."""
    start = end - _size(words)
    values = {}
    for name, (word, size) in words.items():
        values[name] = pl.col("raw").bin.slice(start + len(word), size).cast(pl.String)
        start = start + len(word) + size
    return values


# The steps of `with_headers`: expressions take time to build, and they are the same for every block.
_AT = pl.col("text").str.find(_REASON, literal=True).cast(pl.Int64)
_BEFORE_TIMES = pl.col("at") - _size(_TIMES)
_DATED, _HASHED = _stand(_TIMES, pl.col("at")), _stand(_HASHES, _BEFORE_TIMES)
# Null where the words do not stand there: what is cut at any place may be no UTF-8.
_ENDS = {
    "end": pl.when("dated").then(_BEFORE_TIMES - pl.when("hashed").then(_size(_HASHES)).otherwise(0)),
    "end_of_times": pl.when("dated").then("at"),
    "end_of_hashes": pl.when("dated", "hashed").then(_BEFORE_TIMES),
}
_PATH_AT = pl.col("begin") + len(_FILE)
_FRONT_TEXT = (
    pl.col("raw").bin.slice(pl.when(pl.col("end") > _PATH_AT).then(_PATH_AT), pl.col("end") - _PATH_AT).cast(pl.String)
)
_SCORE_AT = pl.col("front").str.find(" SCORE: ", literal=True).cast(pl.Int64)
_FACTS = pl.col("front").cast(pl.Binary).bin.slice(pl.col("score_at") + len(" SCORE: ")).cast(pl.String)
_REASONS_AT = pl.col("at") + len(" REASON_")
_WORD = [pl.col(f"field_{n}") for n in range(8)]
_FIELDS = {
    "path": pl.col("front").cast(pl.Binary).bin.slice(0, "score_at").cast(pl.String),
    "score": _WORD[0].cast(pl.Int64, strict=False),
    "file_type": _WORD[2],
    "size_bytes": _WORD[4].cast(pl.Int64, strict=False),
    "first_bytes": pl.when("hashed").then(_WORD[6]),
    "reasons": pl.col("raw").bin.slice(_REASONS_AT, pl.col("size") - _REASONS_AT).cast(pl.String),
    **_values(_TIMES, pl.col("end_of_times")),
    **_values(_HASHES, pl.col("end_of_hashes")),
}
_SOUND = (
    (_WORD[1] == "TYPE:")
    & (_WORD[3] == "SIZE:")
    & (_WORD[5] == "FIRST_BYTES:")
    & pl.col("score").is_not_null()
    & pl.col("size_bytes").is_not_null()
    & pl.when("hashed")
    .then(_WORD[6].str.contains("^[0-9a-f]*$") & _WORD[7].str.starts_with("/ "))
    .otherwise(_WORD[6].is_in(["b'-'", "-"]) & (_WORD[7].fill_null("") == ""))
    & ~pl.col("facts").str.contains(" SCORE: ", literal=True)
).fill_null(False)


def is_file_hit() -> pl.Expr:
    """Whether the message of a record is a hit of a file."""
    return pl.col("text").cast(pl.Binary).bin.slice("begin", len(_FILE)) == _FILE.encode()


def message() -> pl.Expr:
    """The message of a hit: from `begin` to `size`, in bytes."""
    return pl.col("text").cast(pl.Binary).bin.slice("begin", pl.col("size") - pl.col("begin")).cast(pl.String)


def is_cut(records: pl.DataFrame) -> pl.Series:
    """Whether a record is a file hit that is not over: without a whole header, or within a matched string."""
    text = pl.col("text").cast(pl.Binary).bin.slice("begin").cast(pl.String).str.strip_suffix("\r")
    return records.select((is_file_hit() & ~(text.str.contains(_HEADER) & ~is_open(text))).fill_null(False)).to_series()


def is_open(text: pl.Expr) -> pl.Expr:
    """Whether text ends within a matched string."""
    return (~text.str.ends_with("'") | text.str.ends_with(": '")) & text.str.contains(_OPEN)


def with_headers(hits: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The hits with the fields of their headers, and those without a whole header, where the fields are null.

    `reasons` begins behind `REASON_`. Where ` REASON_1: ` stands in it again, a later header may be the true one:
    `exact_headers` finds it.

    Arguments:
        hits: file hits; `text`, and where in it the message begins and ends in bytes, `begin` and `size`.
    """
    found = hits.with_columns(at=_AT, raw=pl.col("text").cast(pl.Binary))
    found = found.with_columns(dated=_DATED, hashed=_HASHED)
    found = found.with_columns(**_ENDS)
    found = found.with_columns(front=_FRONT_TEXT)
    found = found.with_columns(score_at=_SCORE_AT)
    found = found.with_columns(facts=_FACTS).with_columns(word=pl.col("facts").str.splitn(" ", 8)).unnest("word")
    found = found.with_columns(**_FIELDS)
    columns = [*hits.columns, *HEADER_FIELDS]
    found = found.select(*columns, "front", sound=_SOUND)
    sound, has_one = pl.col("sound"), pl.col("path").is_not_null()
    odd = found.filter(~sound)
    if not odd.height:
        return found.select(columns), found.select(columns).clear()
    # A name that holds the words itself.
    twice = odd.drop(_FRONT_FIELDS).with_columns(pl.col("front").str.extract_groups(_FRONT).alias("all")).unnest("all")
    twice = twice.with_columns(pl.col("score", "size_bytes").cast(pl.Int64, strict=False)).select(columns)
    exact = exact_headers(twice.filter(~has_one).select(hits.columns))
    parts = [found.filter(sound).select(columns), twice.filter(has_one), exact.filter(has_one)]
    return pl.concat(parts, rechunk=True), exact.filter(~has_one)


def exact_headers(hits: pl.DataFrame) -> pl.DataFrame:
    """The hits with the fields of their headers; all are null where there is no whole header.

    Arguments:
        hits: as for `with_headers`.
    """
    groups = message().str.extract_groups(_HEADER).struct.rename_fields(list(HEADER_FIELDS))
    found = hits.with_columns(groups.alias("all")).unnest("all")
    return found.with_columns(pl.col("score", "size_bytes").cast(pl.Int64, strict=False))
