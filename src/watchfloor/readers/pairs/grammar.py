"""Pairs `key=value` in a line: fast where a line is simple, exact everywhere, and both say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

__all__ = ["KEY", "Exact", "Simple", "Values", "Vocabulary", "pairs_of", "separator_of", "separators", "tangled"]

KEY = r"[A-Za-z_@$][A-Za-z0-9_.()\[\]/@$-]*"
"""What may stand before an equals sign to be a key."""
LOOSE = "ether_type"
"""The one key whose bare value holds a blank: Sophos writes `ether_type=Unknown (0x0000)`."""
MOST_KEYS = 600
"""So many different keys are learned; lines with others are taken apart one by one."""
_ROUNDS = 8
_SAMPLE = 500
_BLANK, _TAB = " ", "\t"
_WINDOW = 64
_MARK = "\x01"
"""Stands for a pair that is left out; simple lines hold no control characters."""
_PAIR = re.compile(rf"({KEY})=")
_TIGHT = "\t|,;"
"""What may stand between pairs instead of blanks, the strongest sign first."""
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_LOOSE = re.compile(r"[^ ]* \([^ ()=\"]*\)(?= |$)")


def separators(text: pl.Expr) -> pl.Expr:
    """What stands between the pairs of a line: a tab where one stands before a key, else what the first two show."""
    tabbed = text.str.contains(_TAB, literal=True) & text.str.contains(rf"\t{KEY}=")
    signs = [pl.when(tabbed).then(pl.lit(_TAB))]
    signs += [pl.when(text.str.contains(_separated(sign))).then(pl.lit(sign)) for sign in _TIGHT[1:]]
    return pl.coalesce(*signs, pl.lit(_BLANK))


def _separated(sign: str) -> str:
    """Finds whether a sign, without a blank behind it, stands between the first two pairs of a line."""
    value = rf'(?:"[^"]*"|[^"{sign} ]*)'
    return rf"^{KEY}={value}[{sign}]{KEY}="


_SEPARATED = {_TAB: re.compile(rf"\t{KEY}="), **{sign: re.compile(_separated(sign)) for sign in _TIGHT[1:]}}


def separator_of(text: str) -> str:
    """What stands between the pairs of one text, as `separators` has it."""
    return next((sign for sign, regex in _SEPARATED.items() if regex.search(text)), _BLANK)


def pairs_of(text: str) -> tuple[dict[str, list[str]], list[str]]:
    """The exact way: the values of each key in order, and the words that belong to no key.

    A value runs to the separator, or between quotes, where `\\"` is a quote. A quote that is never closed ends with
    the text. A backslash before the closing quote, as in a folder's name, closes where that leaves nothing dangling.
    """
    between = separator_of(text)
    pairs: dict[str, list[str]] = {}
    words: list[str] = []
    place = 0
    while place < len(text):
        # A blank behind a comma separates too.
        if text[place] in (between, _BLANK):
            place += 1
            continue
        found = _PAIR.match(text, place)
        if not found:
            end = _end(text, place, between)
            words.append(text[place:end])
        elif text.startswith('"', found.end()):
            value, end = _quoted(text, found.end(), between)
            pairs.setdefault(found[1], []).append(value)
        else:
            loose = _LOOSE.match(text, found.end()) if found[1] == LOOSE and between == _BLANK else None
            end = loose.end() if loose else _end(text, found.end(), between)
            pairs.setdefault(found[1], []).append(text[found.end() : end])
        place = end
    return pairs, words


def _end(text: str, place: int, between: str) -> int:
    end = text.find(between, place)
    return len(text) if end < 0 else end


def _quoted(text: str, place: int, between: str) -> tuple[str, int]:
    """The value whose opening quote stands at a place, and where it ends."""
    aware = _QUOTED.match(text, place)
    if aware and text[aware.end() : aware.end() + 1] in ("", between):
        return aware[1].replace('\\"', '"'), aware.end()
    close = text.find('"', place + 1)
    if close > 0 and text[close + 1 : close + 2] in ("", between):
        return text[place + 1 : close], close + 1
    if aware:
        return aware[1].replace('\\"', '"'), aware.end()
    return text[place + 1 :], len(text)


def _simple(key: str, between: str) -> str:
    """Lines of pairs with one key each, in which a separator and `key=` stand nowhere but at the start of a pair."""
    control = r"\x00-\x1f\x7f"
    word = rf'[^{between}"{control}]*'
    later = rf'[^{between}"={control}]*'
    quoted = rf'"{word}(?:{between}{later})*"'
    pair = rf"(?:(?:{key})=(?:{quoted}|{word})"
    pair += rf"|{LOOSE}={word} \([^ ()=\"{control}]*\))" if between == _BLANK else ")"
    return rf"^{pair}(?:[{between}]+{pair})*$"


class Vocabulary:
    """The keys that lines have had so far: what is known is found fast."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._keys: dict[str, tuple[str, ...]] = dict.fromkeys((_BLANK, *_TIGHT), ())

    def keys(self, between: str) -> tuple[str, ...]:
        """What is known of lines with this separator."""
        return self._keys[between]

    def simple(self, texts: pl.Series, between: str) -> pl.Series:
        """Whether a line is simple and its keys are known, once those of this block are learned."""
        fits = self._fits(texts, between)
        for _ in range(_ROUNDS):
            if fits.all():
                break
            strange = texts.filter(~fits)
            new = _keys_of(strange.filter(strange.str.contains(_simple(KEY, between))), between)
            known = self._keys[between]
            more = tuple(dict.fromkeys((*known, *new)))
            if len(more) == len(known) or len(more) > MOST_KEYS:
                break
            self._keys[between] = more
            fits = self._fits(texts, between)
        return fits & ~texts.str.contains('\\"', literal=True)

    def _fits(self, texts: pl.Series, between: str) -> pl.Series:
        known = self._keys[between]
        if not known:
            return pl.Series([False]).new_from_index(0, len(texts))
        # Longer keys first: the automaton is the same, and the pattern is stable however keys were met.
        return texts.str.contains(_simple("|".join(map(re.escape, sorted(known))), between))


def _keys_of(texts: pl.Series, between: str) -> list[str]:
    found = texts.head(_SAMPLE).str.extract_all(rf"(?:^|[{between}]){KEY}=").list.explode().drop_nulls()
    return sorted(found.str.strip_chars_start(between).str.strip_suffix("=").unique().to_list())


def tangled(texts: pl.Series, between: str) -> pl.Series:
    """Whether a pair may stand within quotes, or a quote where it neither opens nor closes a value.

    In all other lines the separator, a key and an equals sign are found nowhere but at the start of that key's pair.
    """
    pattern = rf'="[^"]*(?:[{between}][^"{between}=]*=|"[^{between}])'
    return texts.str.contains('\\"', literal=True) | texts.str.contains(pattern)


class Values:
    """The values of some lines by key."""

    height: int
    keys: frozenset[str]

    def frame(self, keys: Iterable[str]) -> pl.DataFrame:
        """A column for each of some keys: its first value in each line, null where the line lacks it."""
        raise NotImplementedError

    def rest(self, taken: Mapping[str, pl.Series], words: pl.Series | None = None) -> pl.Series:
        """A JSON object of all pairs but those that were taken (by key: line by line); null where none is left."""
        raise NotImplementedError

    def words(self) -> pl.Series:
        """The words that belong to no key."""
        raise NotImplementedError


class Simple(Values):
    """Simple lines with one separator, of which the keys are known."""

    def __init__(self, texts: pl.Series, between: str, keys: Iterable[str], *, begun: bool = False) -> None:
        """`texts` begin with a key, or with the separator where they have `begun` so."""
        self.height = len(texts)
        self.keys = frozenset(keys)
        self._between = between
        self._texts = texts if begun else (between + texts).alias("text")
        self._found: dict[str, pl.Series] = {}

    def frame(self, keys: Iterable[str]) -> pl.DataFrame:
        """First values; see `Values`."""
        names = list(dict.fromkeys(keys))
        new = [key for key in names if key not in self._found]
        if new:
            known = [key for key in new if key in self.keys]
            found = self._values(known).get_columns() if known else []
            nothing = pl.Series([None], dtype=pl.String).new_from_index(0, self.height)
            found += [nothing.alias(key) for key in new if key not in self.keys]
            self._found |= {column.name: column for column in found}
        return pl.DataFrame([self._found[key] for key in names])

    def _values(self, keys: list[str]) -> pl.DataFrame:
        """Cut out by their places: a literal is found many times faster than a pattern captures."""
        text = pl.lit(self._texts)
        places = pl.select(
            (text.str.find(f"{self._between}{key}=", literal=True).cast(pl.Int64) + len(key) + 2).alias(key)
            for key in keys
        )
        if self._texts.str.len_bytes().sum() != self._texts.str.len_chars().sum():
            return self._cut(places, None)
        # A window cuts no character in two where all are ASCII; what does not end within it is cut out anew.
        values = self._cut(places, _WINDOW)
        longest = values.select(pl.all().str.len_bytes().max()).row(0, named=True)
        long = [key for key in keys if (longest[key] or 0) >= _WINDOW - 1]
        return values.with_columns(self._cut(places.select(long), None).get_columns()) if long else values

    def _cut(self, places: pl.DataFrame, window: int | None) -> pl.DataFrame:
        """The values that begin at some places, by key; null where there is no place."""
        raw = pl.lit(self._texts.cast(pl.Binary))
        tails = places.select(raw.bin.slice(pl.col(key), window).cast(pl.String).alias(key) for key in places.columns)
        quoted = tails.select(pl.all().str.starts_with('"'))
        some, every = (quoted.select(how).row(0, named=True) for how in (pl.all().any(), pl.all().all()))

        def value(key: str) -> pl.Expr:
            bare = pl.col(key).str.splitn(self._between, 2).struct.field("field_0")
            if not some[key]:
                return bare
            inner = pl.col(key).str.strip_prefix('"').str.splitn('"', 2).struct.field("field_0")
            return inner if every[key] else pl.when(quoted[key]).then(inner).otherwise(bare)

        return tails.select(value(key).alias(key) for key in places.columns)

    def _place(self, key: str) -> pl.Series:
        return self._texts.str.find(f"{self._between}{key}=", literal=True)

    def repeated(self) -> pl.Series:
        """Whether a line has a key twice: it is not simple then."""
        found = pl.select(pl.sum_horizontal(self._place(key).is_not_null().alias(key) for key in self.keys)).to_series()
        more = self._texts.str.count_matches("=", literal=True) != found
        if not more.any():
            return more
        # An equals sign may also stand in a value.
        few = self._texts.filter(more).str.count_matches(rf"[{self._between}]{KEY}=") != found.filter(more)
        return more.scatter(more.arg_true(), few)

    def rest(self, taken: Mapping[str, pl.Series], words: pl.Series | None = None) -> pl.Series:
        """JSON of what is left, made by replacing literals in the text; see `Values`."""
        names = list(taken)
        bits = pl.sum_horizontal(
            [pl.lit(0, pl.Int64)] + [taken[n].cast(pl.Int64) * (1 << i) for i, n in enumerate(names)]
        )
        rows = pl.DataFrame({"text": self._texts}).with_columns(bits=bits).with_row_index("at")
        parts = []
        for (mask,), part in rows.partition_by("bits", as_dict=True).items():
            gone = {name for i, name in enumerate(names) if mask >> i & 1}
            parts.append(part.select("at", rest=self._objects(part["text"], gone)))
        return pl.concat(parts).sort("at")["rest"] if parts else pl.Series([], dtype=pl.String)

    def _objects(self, texts: pl.Series, gone: set[str]) -> pl.Series:
        between = self._between
        text = texts.str.strip_chars_end(between)
        if text.str.contains(between * 2, literal=True).any():
            text = text.str.replace_all(rf"{re.escape(between)}+({KEY}=)", between + "${1}")
        text = text.str.replace_all('"', "", literal=True).str.replace_all("\\", "\\\\", literal=True)
        keys = sorted(self.keys)
        marks = [_MARK if key in gone else f'","{key}":"' for key in keys]
        text = text.str.replace_many([f"{between}{key}=" for key in keys], marks)
        if gone:
            text = text.str.replace_all(f'{_MARK}[^{_MARK}"]*', "")
        whole = pl.select(
            pl.when(text != "").then(
                pl.concat_str(pl.lit("{"), text.str.slice(2), pl.lit('"}')).str.replace_all(
                    ':""', ":null", literal=True
                )
            )
        )
        return whole.to_series()

    def only(self, which: pl.Series) -> Simple:
        """Some of the lines."""
        part = Simple(self._texts.filter(which), self._between, self.keys, begun=True)
        part._found = {key: value.filter(which) for key, value in self._found.items()}
        return part

    def words(self) -> pl.Series:
        """There are none."""
        return pl.Series([None], dtype=pl.String).new_from_index(0, self.height)


class Exact(Values):
    """Lines that are taken apart one by one."""

    def __init__(self, lines: Sequence[tuple[dict[str, list[str]], list[str]]]) -> None:
        """Lines as `pairs_of` gives them."""
        self.height = len(lines)
        self._lines = lines
        self.keys = frozenset(key for pairs, _ in self._lines for key in pairs)

    def frame(self, keys: Iterable[str]) -> pl.DataFrame:
        """First values; see `Values`."""
        return pl.DataFrame(
            [
                pl.Series(key, [pairs[key][0] if key in pairs else None for pairs, _ in self._lines], dtype=pl.String)
                for key in dict.fromkeys(keys)
            ]
        )

    def rest(self, taken: Mapping[str, pl.Series], words: pl.Series | None = None) -> pl.Series:
        """JSON of what is left; see `Values`. The values of a key that is repeated are an array.

        Words that belong to no key are under `words`, in the lines that are told.
        """
        gone: list[set[str]] = [set() for _ in self._lines]
        for key, mask in taken.items():
            for at in mask.arg_true().to_list():
                gone[at].add(key)
        with_words = words.to_list() if words is not None else [False] * self.height
        found = [
            _object(pairs, skip, said if keep else [])
            for (pairs, said), skip, keep in zip(self._lines, gone, with_words, strict=True)
        ]
        return pl.Series(found, dtype=pl.String)

    def only(self, which: pl.Series, keys: frozenset[str] | None = None) -> Exact:
        """Some of the lines, and only some of their keys, where they are told."""
        part = Exact([line for line, wanted in zip(self._lines, which.to_list(), strict=True) if wanted])
        part.keys = part.keys if keys is None else part.keys & keys
        return part

    def words(self) -> pl.Series:
        """The words, joined by blanks."""
        return pl.Series([" ".join(words) or None for _, words in self._lines], dtype=pl.String)


def _object(pairs: Mapping[str, list[str]], gone: set[str], words: list[str]) -> str | None:
    # A repeated key keeps all its values, the one that is in a column too.
    left = {key: values for key, values in pairs.items() if key not in gone or len(values) > 1}
    if words:
        left = {**left, "words": [*left.get("words", []), " ".join(words)]}
    said = {
        key: [value or None for value in values] if len(values) > 1 else values[0] or None
        for key, values in left.items()
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) if said else None
