"""The header of a file hit: path, score, facts and hashes of the file, and where its reasons begin."""

from __future__ import annotations

import re

import polars as pl

from watchfloor.readers.loki.reasons import KINDS

__all__ = ["COMPLETE", "HEADER_FIELDS", "headers"]

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

_WORDS = {"md5": (" MD5: ", 32), "sha1": (" SHA1: ", 40), "sha256": (" SHA256: ", 64)} | {
    f"{name}_text": (f" {name.upper()}: ", 24) for name in ("created", "modified", "accessed")
}
"""What stands before ` REASON_1: ` in a hashed hit, in order, with the bytes of its value."""
_FIXED = sum(len(word) + size for word, size in _WORDS.values())

_CTIME = r"(not_available|[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4})"
_HEADER = (
    r"(?s)^FILE: (.*) SCORE: (-?[0-9]+) TYPE: ([^ ]+) SIZE: ([0-9]+) FIRST_BYTES: "
    r"(?:([0-9a-f]*) / .*?|b'-'|-)(?: MD5: ([0-9a-f]{32}) SHA1: ([0-9a-f]{40}) SHA256: ([0-9a-f]{64}))?"
    rf" +CREATED: {_CTIME} MODIFIED: {_CTIME} ACCESSED: {_CTIME} (REASON_1: (?:{KINDS}).*)$"
)
"""The last place where everything from SCORE to the first reason stands is the header; the path is all before it."""

COMPLETE = re.sub(r"\((?!\?)", "(?:", _HEADER.removeprefix(r"(?s)^FILE: (.*)").removesuffix(".*)$") + ")")
COMPLETE = f"(?s){COMPLETE}"
"""A header somewhere in a message: a hit without one is not over."""


def headers(messages: pl.DataFrame) -> pl.DataFrame:
    """The messages with the fields of their headers; the path is null where no header is complete.

    Most headers are slices at known places, counted back from the only ` REASON_1: `. What looks odd in any way goes
    through the whole expression.
    """
    message = pl.col("message")
    raw = message.cast(pl.Binary)
    at = message.str.find(" REASON_1: ", literal=True).cast(pl.Int64)
    measured = messages.with_columns(at=at)
    usual = (pl.col("at") > _FIXED) & (message.str.count_matches(" REASON_1: ", literal=True) == 1)
    slices, words, start = {}, [], -_FIXED
    for name, (word, size) in _WORDS.items():
        words.append(raw.bin.slice(pl.col("at") + start, len(word)) == word.encode())
        start += len(word)
        slices[name] = raw.bin.slice(pl.col("at") + start, size)
        start += size
    quick = (
        measured.lazy()
        .with_columns(usual=usual)
        .with_columns(
            front=pl.when("usual").then(raw.bin.slice(0, pl.col("at") - _FIXED)),
            usual=pl.col("usual") & pl.all_horizontal(words),
        )
        .collect()
    )
    fast = quick.filter(pl.col("usual"))
    fast = _front(fast.with_columns(front=pl.col("front").cast(pl.String)))
    fast = fast.with_columns(**{name: value.cast(pl.String) for name, value in slices.items()}).with_columns(
        reasons=raw.bin.slice(pl.col("at") + 1).cast(pl.String)
    )
    sound = fast.filter(pl.col("sound"))
    slow = pl.concat(
        [
            quick.filter(~pl.col("usual").fill_null(False)).select(messages.columns),
            fast.filter(~pl.col("sound")).select(messages.columns),
        ]
    )
    columns = [*messages.columns, *HEADER_FIELDS]
    if not slow.height:
        return sound.select(columns)
    exact = slow.with_columns(message.str.extract_groups(_HEADER).struct.rename_fields(list(HEADER_FIELDS)).alias("h"))
    exact = exact.unnest("h").with_columns(
        pl.col("score", "size_bytes").cast(pl.Int64, strict=False),
    )
    return pl.concat([sound.select(columns), exact.select(columns)])


def _front(hits: pl.DataFrame) -> pl.DataFrame:
    """What stands before the hashes; `sound` is whether it is exactly as expected."""
    front = pl.col("front")
    score = front.str.find(" SCORE: ", literal=True).cast(pl.Int64)
    raw = front.cast(pl.Binary)
    words = raw.bin.slice(score + len(" SCORE: ")).cast(pl.String).str.splitn(" ", 8)
    part = [pl.col("words").struct.field(f"field_{n}") for n in range(8)]
    sound = (
        (front.str.count_matches(" SCORE: ", literal=True) == 1)
        & front.str.starts_with("FILE: ")
        & (part[1] == "TYPE:")
        & (part[3] == "SIZE:")
        & (part[5] == "FIRST_BYTES:")
        & part[7].str.starts_with("/ ")
        & pl.col("score").is_not_null()
        & pl.col("size_bytes").is_not_null()
        & part[6].str.contains("^[0-9a-f]*$")
    )
    return (
        hits.lazy()
        .with_columns(words=words, path=raw.bin.slice(len("FILE: "), score - len("FILE: ")).cast(pl.String))
        .with_columns(
            score=part[0].cast(pl.Int64, strict=False),
            file_type=part[2],
            size_bytes=part[4].cast(pl.Int64, strict=False),
            first_bytes=part[6],
        )
        .with_columns(sound=sound.fill_null(False))
        .collect()
    )
