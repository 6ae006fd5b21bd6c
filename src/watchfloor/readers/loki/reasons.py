"""Why a file was hit: the reasons of a record, split where Loki begins a new one, and each reason's fields."""

from __future__ import annotations

import re

import polars as pl

__all__ = ["KINDS", "explode", "split_exactly"]

KINDS = "Yara Rule MATCH: |File Name IOC matched |Levenshtein check - |Malware Hash |Suspicious Hash |Anomaly detected "
"""How a reason begins, by its kind."""
_NEXT = rf"REASON_([0-9]+): ({KINDS})"
_CUT, _NUMBERED = "\uf8ff", "\uf8fe"
"""Two characters of private use that part the reasons; a record that holds one itself is split exactly."""
_STRINGS = r"(?s)^(.*?) MATCHES: (\$[A-Za-z0-9_]*: '.*)$"

_YARA = r"(?s)^Yara Rule MATCH: ([^ ]+) SUBSCORE: (-?[0-9]+) DESCRIPTION: (.*) REF: (.*) AUTHOR: (.*)$"
_YARA_WITHOUT_AUTHOR = r"(?s)^Yara Rule MATCH: ([^ ]+) SUBSCORE: (-?[0-9]+) DESCRIPTION: (.*) REF: (.*)$"
_FILENAME = r"(?s)^File Name IOC matched PATTERN: (.*?) SUBSCORE: (-?[0-9]+) DESC: (.*)$"
_LEVENSHTEIN = r"(?s)^(Levenshtein check - .*?) SUBSCORE: (-?[0-9]+) ORIGINAL: (.*)$"
_HASH = r"(?s)^(?:Malware|Suspicious) Hash TYPE: [^ ]+ HASH: ([^ ]+) SUBSCORE: (-?[0-9]+) DESC: (.*)$"
_SCRIPT = r"(?s)^Anomaly detected ANOMALIES: (.*) SCORE: (-?[0-9]+)$"

_FIELDS = ("reason", "rule", "subscore", "description", "reference", "author", "named")


def explode(hits: pl.DataFrame) -> pl.DataFrame:
    """One row per reason, in order; `of` keeps the hit, and a list that cannot be split by words alone is null there.

    Arguments:
        hits: `reasons` is the text from `REASON_1: ` on.
    """
    text = pl.col("reasons")
    hits = hits.with_row_index("hit")
    several = text.str.count_matches("REASON_", literal=True) > 1
    odd = text.str.contains(f"[{_CUT}{_NUMBERED}]")
    marked = hits.select("hit", "reasons", several=several).with_columns(odd=pl.col("several") & odd)
    one = marked.filter(~pl.col("several")).select(
        "hit", number=pl.lit(1, pl.Int64), piece=text.str.strip_prefix("REASON_1: "), reason_number=pl.lit(1, pl.Int64)
    )
    many = (
        marked.filter("several")
        .select(
            "hit",
            parts=text.str.replace_all(_NEXT, f"{_CUT}${{1}}{_NUMBERED}${{2}}").str.strip_prefix(_CUT).str.split(_CUT),
        )
        .with_columns(reason_number=pl.int_ranges(1, pl.col("parts").list.len() + 1))
        .explode("parts", "reason_number")
        .with_columns(
            pl.col("parts").str.split_exact(_NUMBERED, 1).struct.rename_fields(["number", "piece"]).alias("two")
        )
        .unnest("two")
        .select("hit", pl.col("number").cast(pl.Int64, strict=False), "piece", "reason_number")
    )
    pieces = pl.concat([one, many])
    unsure = pieces.filter(
        (pl.col("number") != pl.col("reason_number"))
        | pl.col("number").is_null()
        # A list that was cut inside a string ends elsewhere, or with the quote that opens one.
        | (
            pl.col("piece").str.contains(" MATCHES: $", literal=True)
            & (~pl.col("piece").str.ends_with("'") | pl.col("piece").str.ends_with(": '"))
        )
    )["hit"].unique()
    again = marked.filter(pl.col("odd") | pl.col("hit").is_in(unsure.implode())).select("hit", "reasons")
    if again.height:
        exact = again.select(
            "hit", piece=pl.Series([split_exactly(text) for text in again["reasons"]], dtype=pl.List(pl.String))
        ).with_columns(reason_number=pl.int_ranges(1, pl.col("piece").list.len() + 1))
        exact = exact.explode("piece", "reason_number").with_columns(number="reason_number").select(pieces.columns)
        pieces = pl.concat([pieces.filter(~pl.col("hit").is_in(again["hit"].implode())), exact])
    fields = _with_fields(pieces.drop("number"))
    return fields.join(hits.drop("reasons"), on="hit", how="left").drop("hit")


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


def _with_fields(pieces: pl.DataFrame) -> pl.DataFrame:
    """The fields of each reason. Heads repeat over hosts, so each distinct one is taken apart once."""
    piece = pl.col("piece")
    raw = piece.cast(pl.Binary)
    word = len(" MATCHES: ")
    new = piece.str.find(" MATCHES: $", literal=True).cast(pl.Int64)
    old = piece.str.find(" MATCHES: Str1: ", literal=True).cast(pl.Int64)
    cut = pieces.with_columns(at=pl.coalesce(new, old)).with_columns(
        head=pl.when(pl.col("at").is_null()).then(piece).otherwise(raw.bin.slice(0, pl.col("at")).cast(pl.String)),
        strings=raw.bin.slice(pl.col("at") + word).cast(pl.String),
    )
    # A description may hold the word itself: then the strings begin at a later one, or not at all.
    wrong = pl.col("at").is_not_null() & ~pl.col("strings").str.contains(r"^(?:\$[A-Za-z0-9_]*: '|Str1: )")
    if cut.select(wrong.any()).item():
        both = piece.str.extract_groups(_STRINGS)
        cut = cut.with_columns(
            head=pl.when(wrong).then(both.struct.field("1").fill_null(piece)).otherwise("head"),
            strings=pl.when(wrong).then(both.struct.field("2")).otherwise("strings"),
        )
    heads = cut.select("head").unique().pipe(_fields)
    return (
        cut.join(heads, on="head", how="left")
        .with_columns(
            matched=pl.coalesce("named", "strings"),
            message=pl.when(pl.col("reason") == "other").then("piece"),
        )
        .drop("piece", "head", "strings", "named", "at")
    )


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
