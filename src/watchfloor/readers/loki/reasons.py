"""Why a file was hit: the reasons of a record, split where Loki begins a new one, and each reason's fields."""

from __future__ import annotations

import re

import polars as pl

__all__ = ["KINDS", "split_all_exactly", "split_exactly", "split_quickly"]

KINDS = "Yara Rule MATCH: |File Name IOC matched |Levenshtein check - |Malware Hash |Suspicious Hash |Anomaly detected "
"""How a reason begins, by its kind."""
_NEXT = rf"REASON_([0-9]+): ({KINDS})"
_MATCHES = " MATCHES: "
_LIST = r"^\$[A-Za-z0-9_]*: '"
_STRINGS = r"(?s)^(.*?) MATCHES: (\$[A-Za-z0-9_]*: '.*|Str1: .*)$"

_YARA = r"(?s)^Yara Rule MATCH: ([^ ]+) SUBSCORE: (-?[0-9]+) DESCRIPTION: (.*) REF: (.*) AUTHOR: (.*)$"
_YARA_WITHOUT_AUTHOR = r"(?s)^Yara Rule MATCH: ([^ ]+) SUBSCORE: (-?[0-9]+) DESCRIPTION: (.*) REF: (.*)$"
_FILENAME = r"(?s)^File Name IOC matched PATTERN: (.*?) SUBSCORE: (-?[0-9]+) DESC: (.*)$"
_LEVENSHTEIN = r"(?s)^(Levenshtein check - .*?) SUBSCORE: (-?[0-9]+) ORIGINAL: (.*)$"
_HASH = r"(?s)^(?:Malware|Suspicious) Hash TYPE: [^ ]+ HASH: ([^ ]+) SUBSCORE: (-?[0-9]+) DESC: (.*)$"
_SCRIPT = r"(?s)^Anomaly detected ANOMALIES: (.*) SCORE: (-?[0-9]+)$"

_FIELDS = ("reason", "rule", "subscore", "description", "reference", "author", "named")


def split_quickly(reasons: pl.Series) -> pl.DataFrame:
    """One row per reason: hit (row of the series), number, its fields, and `sound`.

    The text is cut wherever `REASON_` stands, and each reason at its first ` MATCHES: `. A reason is sound where that
    is right for sure: its number is its place, its words are those of a kind, its matched strings are closed. Where one
    is not, all reasons of its hit are to be split exactly.

    Arguments:
        reasons: what stands behind the first `REASON_` of each hit.
    """
    parts = pl.DataFrame({"hit": pl.int_range(len(reasons), dtype=pl.UInt32, eager=True), "piece": reasons.str.split("REASON_")})
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
    heads = pieces.select("head").unique()
    head = pl.col("head")
    known = heads.with_columns(printed=head.str.extract("^([0-9]+): ").cast(pl.Int64, strict=False)).hstack(
        _fields(heads.select(head.str.replace("^[0-9]+: ", ""))).drop("head")
    )
    found = pieces.join(known, on="head", how="left", maintain_order="left")
    closed = strings.str.ends_with("'") & ~strings.str.ends_with(": '")
    listed = (strings.str.starts_with("$") & strings.str.contains(_LIST) & closed) | strings.str.starts_with("Str1: ")
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


def split_all_exactly(reasons: pl.Series) -> pl.DataFrame:
    """One row per reason, as `split_quickly` gives them, and the `message` of those of no known kind; slow, and right.

    Arguments:
        reasons: the text of each hit from `REASON_1: ` on.
    """
    split = pl.Series("piece", [split_exactly(text) for text in reasons], dtype=pl.List(pl.String))
    pieces = pl.DataFrame({"hit": pl.int_range(len(reasons), dtype=pl.UInt32, eager=True), "piece": split})
    pieces = pieces.with_columns(reason_number=pl.int_ranges(1, pl.col("piece").list.len() + 1)).explode(
        "piece", "reason_number", empty_as_null=False
    )
    piece = pl.col("piece")
    both = piece.str.extract_groups(_STRINGS)
    pieces = pieces.with_columns(head=both.struct.field("1").fill_null(piece), strings=both.struct.field("2"))
    fields = _fields(pieces.select("head"))
    return pieces.drop("head").hstack(fields.drop("head")).select(
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


def split_exactly(reasons: str) -> list[str]:
    """The reasons of one record, `$id: '..'` lists respected; in one pass, from left to right."""
    begins = re.compile(_NEXT)
    found: list[str] = []
    at = begins.match(reasons)
    while at:
        body, after = at.start(2), at.end()
        strings = re.compile(r" MATCHES: (?=\$[A-Za-z0-9_]*: ')").search(reasons, after)
        following = _numbered(begins, reasons, after, len(found) + 2)
        if strings and (following is None or strings.start() < following.start()):
            following = _numbered(begins, reasons, _end_of_strings(reasons, strings.end()), len(found) + 2)
        found.append(reasons[body : following.start() if following else len(reasons)])
        at = following
    return found


def _numbered(begins: re.Pattern[str], text: str, start: int, number: int) -> re.Match[str] | None:
    """The next reason of that number."""
    for match in begins.finditer(text, start):
        if match.group(1) == str(number):
            return match
    return None


def _end_of_strings(text: str, start: int) -> int:
    """Where a list of `$id: 'value', $id: 'value'` ends: no value holds a quote of its own."""
    item = re.compile(r"(?:, )?\$[A-Za-z0-9_]*: '")
    while match := item.match(text, start):
        close = text.find("'", match.end())
        if close < 0:
            return len(text)
        start = close + 1
    return start


def _fields(heads: pl.DataFrame) -> pl.DataFrame:
    """What each head says, by its kind; a head of no known kind is `other`, and keeps its text."""
    head = pl.col("head")

    def group(regex: str, n: int) -> pl.Expr:
        return head.str.extract(regex, n)

    with_author = head.str.contains(_YARA)
    yara = with_author | head.str.contains(_YARA_WITHOUT_AUTHOR)

    def of_yara(n: int) -> pl.Expr:
        return pl.when(with_author).then(group(_YARA, n)).otherwise(group(_YARA_WITHOUT_AUTHOR, n))

    def say(value: pl.Expr) -> pl.Expr:
        """`-` and `not set` are the scanner's words for: the rule does not say."""
        return pl.when(value.is_in(["-", "not set", ""])).then(None).otherwise(value)

    kinds = {"filename": _FILENAME, "levenshtein": _LEVENSHTEIN, "hash": _HASH, "script": _SCRIPT}
    reason = pl.when(yara).then(pl.lit("yara")).when(head.is_null()).then(None)
    subscore, named, described = of_yara(2), pl.lit(None, pl.String), of_yara(3)
    for kind, regex in kinds.items():
        reason = reason.when(head.str.contains(regex)).then(pl.lit(kind))
        subscore = pl.coalesce(subscore, group(regex, 2))
    named = pl.coalesce(named, group(_FILENAME, 1), group(_LEVENSHTEIN, 3), group(_HASH, 1))
    described = pl.coalesce(described, group(_FILENAME, 3), group(_LEVENSHTEIN, 1), group(_HASH, 3), group(_SCRIPT, 1))
    return heads.with_columns(
        reason=reason.otherwise(pl.lit("other")),
        rule=of_yara(1),
        subscore=subscore.cast(pl.Int64, strict=False),
        description=say(described),
        reference=say(of_yara(4)),
        author=say(group(_YARA, 5)),
        named=named,
    ).select("head", *_FIELDS)
