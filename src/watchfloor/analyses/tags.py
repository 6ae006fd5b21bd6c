"""What an alert is about: tags by words and regexes from a TOML file, with proof of which rule tagged what."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from watchfloor.errors import BadOption
from watchfloor.schemas import ALERTS

__all__ = ["TagRule", "TagRules", "Term", "assign", "matches", "tag_by_alert"]

_TEXT_COLUMNS = tuple(column.name for column in ALERTS.columns if column.dtype == pl.String)
_KEYS = ("name", "words", "regex", "fields", "not_words")


class Term(NamedTuple):
    """What a tag is found by."""

    kind: str
    """word or regex"""
    text: str
    """As it was written."""
    regex: str
    """The regex that stands for it."""


@dataclass(frozen=True)
class TagRule:
    """One tag: an alert has it where a word or regex is found in one of the fields, and none of `not_words` is."""

    name: str
    words: tuple[str, ...] = ()
    """Whole words in any case; a space stands for blanks, `_` or `-`, also none of the letters around."""
    regex: tuple[str, ...] = ()
    """Regexes of Rust: linear time, no look-around, no back-references; `(?i)` for any case."""
    fields: tuple[str, ...] = ("title", "rule")
    """Text columns of ALERTS."""
    not_words: tuple[str, ...] = ()
    """Words that speak against the tag."""

    def __post_init__(self) -> None:
        if not self.words and not self.regex:
            raise BadOption(f"tag {self.name!r} has neither words nor regex", hint='give it words = ["..."]')
        if empty := [text for text in (*self.words, *self.regex, *self.not_words) if not text.strip()]:
            raise BadOption(f"tag {self.name!r} has an empty pattern {empty[0]!r}", hint="it would match every alert")
        if not self.fields:
            raise BadOption(
                f"tag {self.name!r} has no fields to look into", hint=f"use some of {', '.join(_TEXT_COLUMNS)}"
            )
        for field in self.fields:
            if field not in _TEXT_COLUMNS:
                near = difflib.get_close_matches(field, _TEXT_COLUMNS, n=1)
                raise BadOption(
                    f"tag {self.name!r} looks into {field!r}, which is no text column of alerts",
                    hint=f"did you mean {near[0]}?" if near else f"use some of {', '.join(_TEXT_COLUMNS)}",
                )
        for pattern in self.regex:
            _check_regex(self.name, pattern)

    def terms(self) -> list[Term]:
        """Each word and regex."""
        words = [Term("word", word, _whole([word])) for word in self.words]
        return words + [Term("regex", text, text) for text in self.regex]

    def found(self) -> pl.Expr:
        """True where the alert has the tag."""
        return self.mentioned() & ~self.refused()

    def mentioned(self) -> pl.Expr:
        """True where one of the words and regexes is found."""
        patterns = ([_whole(self.words)] if self.words else []) + list(self.regex)
        return pl.any_horizontal(self.mentions(pattern) for pattern in patterns)

    def mentions(self, regex: str) -> pl.Expr:
        """True where the regex is found in one of the fields."""
        return pl.any_horizontal(pl.col(field).str.contains(regex).fill_null(False) for field in self.fields)

    def refused(self) -> pl.Expr:
        """True where one of `not_words` stands."""
        return self.mentions(_whole(self.not_words)) if self.not_words else pl.lit(False)


@dataclass(frozen=True)
class TagRules:
    """The tags, in the order of their file; an alert may have several."""

    tags: tuple[TagRule, ...]

    @classmethod
    def load(cls, path: str | Path | None = None) -> TagRules:
        """The rules of a TOML file; without one, those that are shipped.

        Raises:
            BadOption: a file that is not there, is no TOML, or holds a rule that cannot be used.
        """
        if path is None:
            return cls.parse(_toml(resources.files(__package__).joinpath("tags.toml").read_text("utf-8"), "tags.toml"))
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadOption(f"{path}: cannot read tag rules ({error})", hint="name a TOML file in UTF-8") from error
        return cls.parse(_toml(text, str(path)), source=str(path))

    @classmethod
    def parse(cls, content: Mapping[str, Any], *, source: str = "tag rules") -> TagRules:
        """The rules from what a TOML file holds: `{"tag": [{"name": .., "words": [..]}, ..]}`.

        Raises:
            BadOption: what cannot be used, with the tag and the key.
        """
        if unknown := content.keys() - {"tag"}:
            raise BadOption(f"{source}: {sorted(unknown)[0]!r} is unknown here", hint="each tag begins with [[tag]]")
        entries = content.get("tag", [])
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
            raise BadOption(f"{source}: `tag` is no list of tables", hint="write [[tag]], with two brackets")
        tags = tuple(_tag(entry, source) for entry in entries)
        names = [tag.name for tag in tags]
        if double := {name for name in names if names.count(name) > 1}:
            raise BadOption(
                f"{source}: the tag {min(double)!r} is there twice", hint="put all its words into one [[tag]]"
            )
        return cls(tags)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tags, in order."""
        return tuple(tag.name for tag in self.tags)


def assign(alerts: pl.LazyFrame, rules: TagRules) -> pl.LazyFrame:
    """The alerts with `tags`, the list of all their tags in the order of the rules; an empty list is untagged."""
    if not rules.tags:
        return alerts.with_columns(tags=pl.lit([], pl.List(pl.String)))
    found = pl.concat_list(pl.when(tag.found()).then(pl.lit(tag.name)) for tag in rules.tags)
    fields = _fields(rules)
    # Texts repeat: each is searched once.
    texts = alerts.select(fields).unique().with_columns(tags=found.list.drop_nulls())
    return alerts.join(texts, on=fields, how="left", nulls_equal=True, maintain_order="left")


def tag_by_alert(tagged: pl.LazyFrame) -> pl.LazyFrame:
    """One row per alert and tag, `tag` null for an untagged alert: an alert with two tags has two rows."""
    return tagged.explode("tags", empty_as_null=True).rename({"tags": "tag"})


def matches(alerts: pl.LazyFrame, rules: TagRules) -> pl.LazyFrame:
    """One row per word and regex, in the order of the rules: in how many alerts it was found, with an example.

    `alerts` counts alerts where it was found, `refused` those of them that `not_words` took out, `only` those that have
    the tag by nothing else. 0 alerts: it never matches here.
    """
    if not rules.tags:
        return pl.LazyFrame(schema=_MATCHES)
    fields = _fields(rules)
    texts = alerts.group_by(fields).agg(_n=pl.len().cast(pl.Int64)).sort(fields, nulls_last=True)
    return pl.concat([_matches_of(tag, texts) for tag in rules.tags])


def _matches_of(tag: TagRule, texts: pl.LazyFrame) -> pl.LazyFrame:
    """The rows of one tag, of texts that are there `_n` times; terms are searched where the tag is found at all."""
    terms = tag.terms()
    hits = [f"_{number}" for number in range(len(terms))]
    searched = texts.filter(tag.mentioned()).with_columns(
        *(tag.mentions(term.regex).alias(hit) for term, hit in zip(terms, hits, strict=True)), _refused=tag.refused()
    )
    alone = pl.sum_horizontal(pl.col(hits).cast(pl.Int64)) == 1
    rows = [
        pl.struct(
            tag=pl.lit(tag.name),
            kind=pl.lit(term.kind),
            pattern=pl.lit(term.text),
            alerts=pl.col("_n").filter(hit).sum(),
            refused=pl.col("_n").filter(hit & pl.col("_refused")).sum(),
            only=pl.col("_n").filter(hit & ~pl.col("_refused") & alone).sum(),
            example=pl.coalesce(tag.fields).filter(hit & ~pl.col("_refused")).first(),
        )
        for term, hit in zip(terms, map(pl.col, hits), strict=True)
    ]
    return searched.select(rows=pl.concat_list(rows)).explode("rows").unnest("rows")


_MATCHES = {
    "tag": pl.String,
    "kind": pl.String,
    "pattern": pl.String,
    "alerts": pl.Int64,
    "refused": pl.Int64,
    "only": pl.Int64,
    "example": pl.String,
}


def _fields(rules: TagRules) -> list[str]:
    return sorted({field for tag in rules.tags for field in tag.fields})


def _whole(words: Iterable[str]) -> str:
    """A regex that finds one of the words whole: no letter or digit at either side, `_` counts as none."""
    choices = "|".join(r"[\s_-]+".join(pl.escape_regex(part) for part in word.split()) for word in words)
    return rf"(?i)(?:^|[^\p{{L}}\p{{M}}\p{{N}}])(?:{choices})(?:$|[^\p{{L}}\p{{M}}\p{{N}}])"


def _check_regex(tag: str, pattern: str) -> None:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reason = next((line for line in lines if line.startswith("error:")), lines[0])
        raise BadOption(
            f"tag {tag!r}: the regex '{pattern}' cannot be used ({reason.removeprefix('error: ')})",
            hint="Rust's regex syntax: no look-around and no back-references, so that no log text can stall it",
        ) from error


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadOption(f"{source}: no TOML ({error})", hint="put regexes into single quotes: '\\bword\\b'") from error


def _tag(entry: Mapping[str, Any], source: str) -> TagRule:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise BadOption(f"{source}: a tag without a name", hint='each [[tag]] needs name = "..."')
    for key, value in entry.items():
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            raise BadOption(
                f"{source}: tag {name!r} has an unknown key {key!r}",
                hint=f"did you mean {near[0]}?" if near else f"keys are {', '.join(_KEYS)}",
            )
        if key != "name" and not (isinstance(value, list) and all(isinstance(text, str) for text in value)):
            raise BadOption(f"{source}: {key} of tag {name!r} is no list of texts", hint=f'write {key} = ["..."]')
    return TagRule(name.strip(), **{key: tuple(entry[key]) for key in _KEYS[1:] if key in entry})
