"""Records of keys and values, such as CEF and LEEF: events; orders of keys that recur are read in columns.

A product writes its keys in few orders. One record of an order is read exactly, in Python; what it says of the order
is compiled to steps over whole columns for all records that have it. Records that fit no order, or hold anything
unusual, are read exactly, one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import polars as pl

from watchfloor import times
from watchfloor.readers.meaning.digits import are_digits
from watchfloor.readers.meaning.endpoints import PROTOCOLS
from watchfloor.readers.meaning.prefix import peel
from watchfloor.readers.meaning.stamps import instants
from watchfloor.readers.records.orders import both, cut, split, split_into, where
from watchfloor.schemas import EVENTS

__all__ = ["BLOCK_BYTES", "Grammar", "control_free", "events", "label_of", "said_of_header"]

BLOCK_BYTES = 8 * 1024 * 1024
"""So much is read at a time: steps are many and short, and each costs the same for few rows as for thousands."""

Pairs = list[tuple[str, str]]

_ORDERS = 48
"""So many orders of keys are tried on a block; more means that keys come in any order."""
_COMPILED = 512
"""So many orders, and steps for them, are kept for the blocks that follow."""
_FEW = 20
"""So few records are read one by one sooner than an order is compiled."""
_PORTS = ("src_port", "dst_port")
_ADDRESSES = ("src_ip", "dst_ip")
_ADDRESS = re.compile("[0-9A-Fa-f.:]*[.:][0-9A-Fa-f.:]*(?:%[A-Za-z0-9]+)?")
_PORT = re.compile("[0-9]{1,5}")
_TYPED = (*_PORTS, *_ADDRESSES)
_NOTHING = ("", "-")
_LABEL = re.compile(r"([A-Za-z][A-Za-z0-9]*[0-9])Label")
_MILLISECONDS = 13
"""Digits of milliseconds since 1970, as both formats mean times."""
_DIGITS_OF_EPOCHS = {10: "s", 13: "ms", 16: "us", 19: "ns"}
_MARKS = {"\x01": "\\", "\x02": "=", "\x03": "\n", "\x04": "\r", "\x05": '"'}
"""What stands for characters of values that would end a value, or need an escape in JSON, while columns are cut."""
_PROTECTED = str.maketrans({character: mark for mark, character in _MARKS.items()})
_OURS = ("syslog", "deviceVersion")
"""Names of fields that the prefix and the header have."""
_HELPERS = ("extension", "delimiter", "odd", "escaped", "version", "front", "first", "head", "text", "at", "n")
_TO_CUT = ("at", "n", "first", "head", "front", "text", "escaped", "delimiter")
_BSD, _ANY_BSD = "[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}(?: |$)", "Jan  1 00:00:00 "
_ISO, _ANY_ISO = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?", "2001-01-01T00:00:00"
"""Times of prefixes, and what stands for any of them: who is named after one does not depend on it."""
_HOSTS = 50_000
"""No more prefixes are remembered."""
_STAMPED = ("time", "time_latest", "zone", "zone_rule", "time_quality")


@dataclass(frozen=True, eq=False)
class Grammar:
    """How a format writes keys and values, and what its keys mean."""

    columns: Mapping[str, Sequence[str]]
    """Columns of EVENTS, and the keys that may fill each, the best first."""
    times: Sequence[str]
    """Keys of the record's time, the best first."""
    pairs: Callable[[str, str], Pairs]
    """The keys and values of a text, read exactly; takes the text and the delimiter."""
    protect: Callable[[pl.Expr], pl.Expr]
    """Unescapes texts, with \\x01 to \\x05 for backslash, equals sign, line feed, carriage return and quote."""
    key_first: bool
    """Whether a piece between delimiters is `key=value`; else the text was cut at `=`: `value next-key`."""
    headers: Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]
    """Takes records (record, text) and gives those that have a header, as `events` says, and rejects."""
    heads: Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.Series | None]]
    """Takes the texts up to their first delimiter and gives what headers without anything unusual say: `prefix`,
    `version`, columns of EVENTS and `first`, what follows them; and which are so, null for all."""
    protect_inner: Callable[[pl.Expr], pl.Expr] | None = None
    """The same, also for equals signs in values that are not escaped."""
    time_format: str | None = None
    """The key whose value says how the time is written, as Java's SimpleDateFormat has it."""


@dataclass(frozen=True, eq=False)
class _Order:
    """Keys in the order in which records have them, and what becomes of each value, by its place."""

    keys: tuple[str, ...]
    fixed: Mapping[int, str]
    """Values that are the same in all records of the order: names of other fields, times that are empty."""
    labels: Mapping[int, int]
    """By the place of a field, the place of its name."""
    times: tuple[int, ...]
    """Places of times that are not empty, the best first."""
    time: int | None
    names: tuple[str, ...]
    """Of the values, where they are fields."""
    sure: bool
    """Whether the order can be compiled: no key and no name occurs twice."""


def said_of_header(*columns: tuple[str, str]) -> tuple[pl.Expr, ...]:
    """What the parts of a header say: the version, who made the program, the event, and further columns by the names
    of their parts. Nothing and a dash say nothing."""

    def said(part: str) -> pl.Expr:
        return pl.when((pl.col(part) != "") & (pl.col(part) != "-")).then(part)

    program = pl.concat_str(said("vendor"), said("product"), separator=" ", ignore_nulls=True).replace("", None)
    more = (said(part).alias(column) for part, column in columns)
    return said("version"), program.alias("program"), said("event_id"), *more


def label_of(key: str) -> str | None:
    """The key that this one names: `cs1` for `cs1Label`."""
    found = _LABEL.fullmatch(key)
    return found[1] if found else None


def control_free(column: pl.Series, *, but_tabs: bool = False) -> bool:
    """Whether no text of a column holds a control character; much faster than a regex on every text."""
    characters = column.cast(pl.Binary).cast(pl.List(pl.UInt8)).explode()
    least = characters.min()
    if not isinstance(least, int) or least >= ord(" "):
        return True
    return but_tabs and least == ord("\t") and not ((characters < ord(" ")) & (characters != ord("\t"))).any()


def events(
    records: pl.DataFrame,
    grammar: Grammar,
    *,
    source: str,
    zone: str | None,
    written: datetime,
    hosts: dict[str, str | None],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events from records, and rejects (record, reason).

    The header of a record is asked for `prefix` (what stands before the format's sign), `extension` (keys and values),
    `delimiter`, `odd` (whether the record must be read exactly), `escaped` (whether a backslash or a quote is in it),
    `version` (of the product), and columns of EVENTS.

    Arguments:
        records: `record` and `text`.
        grammar: of the format.
        source: the file, for errors.
        zone: of clock times.
        written: when the file was last written, for times without a year.
        hosts: which prefixes name, for the blocks that follow; is filled here.

    Raises:
        AmbiguousTime: a record has no time but a clock time, and no zone.
    """
    parts, rest = _plain(records, grammar, source, zone, written)
    rejects = pl.DataFrame(schema={"record": pl.Int64, "reason": pl.String})
    if rest.height or not parts:
        rows, rejects = grammar.headers(rest)
        parts += _without_useless_times(_with_fronts(rows), grammar, source, zone, written)
    told = _in_order(parts)
    told = told.with_columns(_protocol(told["proto"]))
    columns = [name for name in told.columns if name in EVENTS.schema]
    if told["host"].null_count() and not told["time"].null_count():
        told = _with_hosts(told, hosts, source, written)
    elif told["time"].null_count():
        headed = _prefixes(told, source, zone, written)
        told = told.join(headed, on="prefix", how="left", maintain_order="left")
        own = pl.col("time").is_not_null()
        told = told.with_columns(
            pl.coalesce("host", "prefix_host"),
            *(pl.when(own).then(name).otherwise(f"prefix_{name}").alias(name) for name in (*_STAMPED, "time_text")),
        )
    return told.select(columns), rejects


def _in_order(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Parts as one frame, by their records."""
    if len(parts) == 1 and parts[0]["record"].is_sorted():
        return parts[0]
    columns = parts[0].columns
    return pl.concat([part.select(columns) for part in parts]).sort("record")


def _protocol(said: pl.Series) -> pl.Series:
    """Protocols by their canonical names; few are in one log, and a test of equality is cheaper than a look-up."""
    few = said.unique()
    canonical = dict(zip(few, few.str.to_lowercase().replace(PROTOCOLS), strict=True))
    name = pl.col(said.name)
    if len(canonical) > _FEW:
        return said.replace(canonical)
    changed = pl.lit(None, pl.String)
    for text, other in canonical.items():
        if text != other:
            changed = pl.when(name == text).then(pl.lit(other)).otherwise(changed)
    return pl.DataFrame([said]).select_seq(pl.coalesce(changed, name).alias(said.name)).to_series()


def _plain(
    records: pl.DataFrame, grammar: Grammar, source: str, zone: str | None, written: datetime
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Records that hold nothing unusual, whose orders of keys recur: their whole texts are split once, and what stands
    before the first delimiter is a short text with the header; and the other records."""
    by = "\t" if grammar.key_first else "="
    if records.height <= _FEW or not control_free(records["text"], but_tabs=grammar.key_first):
        return [], records
    special = records.select_seq(pl.col("text").str.contains(r'[\\"]')).to_series()
    others = [records.filter(special).select("record", "text")] if special.any() else []
    rows = (records.filter(~special) if others else records).select("record", "text")
    if grammar.key_first:
        rows = rows.with_columns(pl.col("text").str.strip_suffix(by))
    pieces, rows = split(rows, pl.col("text"), by)
    if grammar.key_first:
        # Without a tab, another delimiter may stand between pairs.
        few = rows["n"] < 2
        if few.any():
            others.append(rows.filter(few).select("record", "text"))
            rows = rows.filter(~few)
    before = rows.select_seq(text=pl.lit(pieces).gather("at"))
    heads, usual = grammar.heads(before)
    ends = before["text"].str.len_bytes() - heads["first"].str.len_bytes()
    rows = rows.hstack([*heads.get_columns(), ends.cast(pl.Int64).alias("head")])
    if usual is not None:
        others.append(rows.filter(~usual).select("record", "text"))
        rows = rows.filter(usual)
    if not rows.height:
        return [], records
    rows = rows.with_columns(_safe_fronts(rows.select_seq("version", pl.col("prefix").str.strip_chars()).rechunk()))

    def pairs_of(row: Mapping[str, Any]) -> Pairs:
        whole, _ = grammar.headers(pl.DataFrame({"record": [row["record"]], "text": [row["text"]]}))
        return grammar.pairs(whole["extension"][0], whole["delimiter"][0])

    parts, left = _by_orders(rows, pieces, grammar, 0, pairs_of)
    others.append(left.select("record", "text"))
    if not parts:
        return [], records
    cut = _own_times(pl.concat(parts) if len(parts) > 1 else parts[0], grammar, source, zone, written)
    if cut["time"].null_count():
        useless = (pl.col("time").is_null() & pl.col("time_text").is_not_null()).alias("useless")
        bad = cut.filter(useless)["record"]
        if bad.len():
            others.append(records.filter(pl.col("record").is_in(bad.implode())).select("record", "text"))
            cut = cut.filter(~useless)
    return [cut], pl.concat(others).sort("record")


def _with_fronts(rows: pl.DataFrame) -> pl.DataFrame:
    """With `front`: JSON of what stands before the extension, without the closing brace."""
    # Polars 2.1 panics in `format` where a chunk of a column is empty.
    few = rows.select_seq("odd", "version", prefix=pl.col("prefix").str.strip_chars()).rechunk()
    special = [("prefix", '"'), ("prefix", "\\"), ("prefix", "\t"), ("version", '"'), ("version", "\\")]
    has = (pl.col(name).str.contains(one, literal=True).fill_null(False) for name, one in special)
    safe = where(few, [~pl.col("odd"), *(~one for one in has)])
    if safe is None:
        return rows.with_columns(_safe_fronts(few))
    exact = few.filter(~safe).select("prefix", "version")
    fronts = {both: _front(*both) for both in exact.unique().iter_rows()}
    parts = [
        _safe_fronts(few.filter(safe).rechunk()),
        pl.Series([fronts[both] for both in exact.iter_rows()], dtype=pl.String),
    ]
    rows = pl.concat([rows.filter(safe), rows.filter(~safe)])
    return rows.with_columns(pl.concat(parts).alias("front"))


def _safe_fronts(few: pl.DataFrame) -> pl.Series:
    """The same where nothing needs an escape."""
    if few.height and not few["version"].null_count() and few["prefix"].str.len_bytes().min():
        front = pl.format('{{"syslog":"{}","deviceVersion":"{}"', "prefix", "version")
    else:
        syslog = pl.when(pl.col("prefix") != "").then(pl.format('"syslog":"{}"', "prefix"))
        version = pl.format('"deviceVersion":"{}"', "version")
        front = "{" + pl.concat_str(syslog, version, separator=",", ignore_nulls=True)
    return few.select_seq(front=front).to_series()


def _front(prefix: str, version: str | None) -> str:
    said = {"syslog": prefix.strip(), "deviceVersion": version}
    return _json({name: text for name, text in said.items() if text})[:-1]


def _json(said: Mapping[str, str]) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _without_useless_times(
    rows: pl.DataFrame, grammar: Grammar, source: str, zone: str | None, written: datetime
) -> list[pl.DataFrame]:
    """Records cut into columns, with the first of their times that can be read."""
    parts = []
    skip = 0
    while rows.height or not skip:
        cut = _own_times(_cut(rows, grammar, skip), grammar, source, zone, written)
        useless = pl.col("time").is_null() & pl.col("time_text").is_not_null()
        again = cut.filter(useless)["record"] if cut["time"].null_count() else cut["record"].clear()
        parts.append(cut.filter(~useless) if again.len() else cut)
        rows = rows.filter(pl.col("record").is_in(again.implode())) if again.len() else rows.clear()
        skip += 1
    return parts


def _cut(rows: pl.DataFrame, grammar: Grammar, skip: int) -> pl.DataFrame:
    """Columns of the grammar, `time_text` and `fields`."""
    exact = []
    if rows["odd"].any():
        exact, rows = [rows.filter("odd")], rows.filter(~pl.col("odd"))
    text = pl.col("extension")
    if rows["escaped"].any():
        # Those with marks come last, in all that follows.
        escaped = rows.filter("escaped").with_columns(text=grammar.protect(text))
        rows = pl.concat([rows.filter(~pl.col("escaped")).with_columns(text=text), escaped])
    else:
        rows = rows.with_columns(text=text)
    parts, rest = _split(rows, grammar, skip)
    if grammar.protect_inner is not None and rest.height > _FEW:
        rest = rest.with_columns(text=grammar.protect_inner(text), escaped=pl.lit(True))
        done, rest = _split(rest, grammar, skip)
        parts += done
    exact.append(rest.drop("text"))
    singles = pl.concat(exact)
    if singles.height or not parts:
        parts.append(_one_by_one(singles, grammar, skip))
    return pl.concat(parts)


def _split(rows: pl.DataFrame, grammar: Grammar, skip: int) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Records whose orders recur, cut; and the others."""
    if rows.height <= _FEW:
        return [], rows
    by = _delimiter(rows["delimiter"]) if grammar.key_first else "="
    pieces, split_up = split(rows, pl.col("text"), by)
    parts, rest = _by_orders(
        split_up, pieces, grammar, skip, lambda row: grammar.pairs(row["extension"], row["delimiter"])
    )
    return parts, rest.select(rows.columns)


def _by_orders(
    rows: pl.DataFrame, pieces: pl.Series, grammar: Grammar, skip: int, pairs_of: Callable[[Mapping[str, Any]], Pairs]
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Records whose orders recur, cut; and the others. Their texts are split: `at` is the place of a record's pieces,
    `n` how many they are, and `first`, where it is there, stands for the first of them."""
    said = rows.drop(_HELPERS, strict=False)
    # What is not needed to cut them is taken by number at the end.
    rest = rows.select_seq(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("i"), *(name for name in _TO_CUT if name in rows.columns)
    )
    parts: list[pl.DataFrame] = []
    left: list[pl.Series] = []
    for _ in range(_ORDERS):
        if rest.height <= _FEW:
            break
        number, n = rest["i"][0], rest["n"][0]
        first = rows.row(number, named=True)
        order = _order(pairs_of(first), grammar, skip)
        if order.sure and order.keys and len(order.keys) + (not grammar.key_first) == n:
            same = rest["n"] == n
            alike = bool(same.all())
            tried = rest if alike else rest.filter(same)
            fits, done = _by_order(tried, pieces, order, grammar)
            if done.height:
                parts.append(_taken(said, tried["i"] if fits is None else tried["i"].filter(fits)).hstack(done))
            none = tried.clear() if fits is None else tried.filter(~fits)
            rest = none if alike else pl.concat([none, rest.filter(~same)])
        if rest.height and rest["i"][0] == number:
            # Its like will not fit either.
            like = pl.all_horizontal(pl.col(name).eq_missing(first[name]) for name in ("n", "program", "event_id"))
            alike_ones = _taken(rows, rest["i"]).select_seq(like).to_series()
            left.append(rest["i"].filter(alike_ones))
            rest = rest.filter(~alike_ones)
    return parts, _taken(rows, pl.concat([rest["i"], *left]))


def _taken(rows: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
    """Rows by their numbers."""
    return rows.select_seq(pl.all().gather(numbers))


def _delimiter(column: pl.Series) -> pl.Expr | str:
    """The one of all rows, or that of each."""
    one = column[0]
    return one if (column == one).all() else pl.col("delimiter")


def _order(pairs: Pairs, grammar: Grammar, skip: int) -> _Order:
    """What becomes of each value of records like this one."""
    place: dict[str, int] = {}
    for n, (key, _) in enumerate(pairs):
        place.setdefault(key, n)
    times = (place[key] for key in grammar.times if key in place)
    known = {n: value for n, (key, value) in enumerate(pairs) if label_of(key) in place}
    known |= {n: pairs[n][1] for n in times if pairs[n][1] in _NOTHING}
    return _order_of(tuple(key for key, _ in pairs), tuple(sorted(known.items())), grammar, skip)


@lru_cache(_COMPILED)
def _order_of(keys: tuple[str, ...], known: tuple[tuple[int, str], ...], grammar: Grammar, skip: int) -> _Order:
    """The same for keys in this order, with values of names of fields and of empty times; one object for the same."""
    fixed = dict(known)
    place: dict[str, int] = {}
    for n, key in enumerate(keys):
        place.setdefault(key, n)
    times_of = [place[key] for key in grammar.times if key in place and fixed.get(place[key]) not in _NOTHING]
    named = ((n, label_of(keys[n])) for n, value in known if value not in _NOTHING)
    labels = {place[of]: n for n, of in named if of in place}
    names = []
    for n, key in enumerate(keys):
        name = (fixed[labels[n]] if n in labels else key).strip('"') or key
        names.append(f"{name}_2" if name in _OURS else name)
    sure = len(place) == len(keys) and len(set(names)) == len(keys)
    time = next(iter(times_of[skip:]), None)
    return _Order(keys, fixed, labels, tuple(times_of), time, tuple(names), sure)


def _by_order(
    rows: pl.DataFrame, pieces: pl.Series, order: _Order, grammar: Grammar
) -> tuple[pl.Series | None, pl.DataFrame]:
    """Which records have the order, null for all, and their columns."""
    trim, dashes = _untidy(rows, grammar)
    fixed = {n: value.translate(_PROTECTED) for n, value in order.fixed.items()}
    last = len(order.keys) - 1
    in_columns = split_into(pieces, rows["at"], last + 1 + (not grammar.key_first))
    if "first" in rows.columns:
        in_columns = in_columns.with_columns(rows["first"].alias("0"))
    fit, values = cut(in_columns, order.keys, key_first=grammar.key_first, fixed=fixed, trim=trim)
    may_be_blank = [n for n in range(last + 1) if n not in fixed and (trim or dashes or n == last)]
    right = where(values, [~_is_nothing(n) for n in order.times if n in may_be_blank])
    may_be_blank = [n for n in may_be_blank if n not in order.times]
    if right is not None:
        fit, values = both(fit, right), values.filter(right)
    kept = rows if fit is None else rows.filter(fit)
    if not kept.height:
        return fit, values.clear()
    told = _told(values, order, grammar, may_be_blank, kept["front"])
    marked = int(kept["escaped"].sum()) if "escaped" in kept.columns else 0
    if marked:
        plain = told.height - marked
        used = [m for m in _MARKS if kept["text"].tail(marked).str.contains(m, literal=True).any()]
        told = pl.concat([told.head(plain), _unmarked(told.tail(marked), used)]) if used else told
    return fit, told


def _untidy(rows: pl.DataFrame, grammar: Grammar) -> tuple[bool, bool]:
    """Whether blanks may stand around values, and whether values before the last may be empty or a dash."""
    delimiter: str | pl.Expr = " "
    if grammar.key_first:
        delimiter = _delimiter(rows["delimiter"]) if "delimiter" in rows.columns else "\t"
    if not isinstance(delimiter, str):
        return True, True
    pairs = dict.fromkeys(("  ", "= ", f" {delimiter}", "=-", f"={delimiter}"))
    either = "|".join(map(re.escape, pairs))
    if not rows.select_seq(pl.col("text").str.contains(either).any()).item():
        return False, False
    if "head" in rows.columns:
        # Days of one digit have two blanks in front: what stands before the pairs does not count.
        rows = rows.select_seq(pl.col("text").cast(pl.Binary).bin.slice("head").cast(pl.String))
    has = rows.select_seq(pl.col("text").str.contains(two, literal=True).any().alias(two) for two in pairs).row(0)
    found = {two for two, there in zip(pairs, has, strict=True) if there}
    return bool(found & {"  ", "= ", f" {delimiter}"} - {" "}), bool(found & {"=-", f"={delimiter}"})


def _unmarked(told: pl.DataFrame, used: Sequence[str]) -> pl.DataFrame:
    """With the characters that marks stand for, escaped in JSON."""

    def shown(column: pl.Expr, texts: Mapping[str, str]) -> pl.Expr:
        for mark in used:
            column = column.str.replace_all(mark, texts[mark], literal=True)
        return column

    in_json = {mark: json.dumps(character)[1:-1] for mark, character in _MARKS.items()}
    return told.with_columns(
        shown(pl.col(name), in_json if name == "fields" else _MARKS)
        for name, dtype in told.schema.items()
        if dtype == pl.String
    )


def _told(
    values: pl.DataFrame, order: _Order, grammar: Grammar, may_be_blank: Sequence[int], front: pl.Series
) -> pl.DataFrame:
    """What columns and fields hold of values that stand in columns by their places."""
    checks = _checks(order, grammar, tuple(may_be_blank))
    passed = values.select_seq(checks).row(0) if checks else ()
    # Polars 2.1 panics in `format` where a chunk of a column is empty.
    values = values.with_columns(front=front).rechunk()
    has_front = bool(values.height) and values["front"].str.len_bytes().min() != 1
    return values.select_seq(_columns(order, grammar, tuple(may_be_blank), passed, has_front))


def _places(order: _Order, grammar: Grammar) -> dict[str, list[int]]:
    """By column, the places of values that may fill it, the best first."""
    place = {key: n for n, key in enumerate(order.keys)}
    wanted = {c: [place[key] for key in keys if key in place] for c, keys in grammar.columns.items()}
    return {c: [n for n in places if n not in order.fixed] for c, places in wanted.items()}


def _tests(order: _Order, grammar: Grammar) -> dict[tuple[str, int], pl.Expr]:
    """Whether values are what their columns hold, by column and place."""
    places = _places(order, grammar)
    return {(c, n): _is_one(c, pl.col(str(n))) for c in places if c in _TYPED for n in places[c]}


def _is_nothing(n: int) -> pl.Expr:
    return pl.col(str(n)).is_in(_NOTHING)


@lru_cache(_COMPILED)
def _checks(order: _Order, grammar: Grammar, may_be_blank: tuple[int, ...]) -> list[pl.Expr]:
    """Whether all values are what their columns hold, and none is empty; in the order of `_columns`."""
    checks = [*_tests(order, grammar).values(), *(~_is_nothing(n) for n in may_be_blank)]
    return [check.all().alias(str(n)) for n, check in enumerate(checks)]


@lru_cache(_COMPILED)
def _columns(
    order: _Order, grammar: Grammar, may_be_blank: tuple[int, ...], good: tuple[bool, ...], has_front: bool
) -> list[pl.Expr]:
    """What columns and fields hold, where the checks that are `good` hold for all rows."""
    tests = _tests(order, grammar)
    passed = dict(zip([*tests, *may_be_blank], good, strict=True))
    blank = {n: _is_nothing(n) for n in may_be_blank if not passed[n]}

    def usable(column: str, n: int) -> list[pl.Expr]:
        """What must hold for a value to stand in a column; nothing where all do."""
        conditions = [~blank[n]] if n in blank else []
        return conditions + ([] if passed.get((column, n), True) else [tests[column, n]])

    shown: dict[int, list[pl.Expr]] = {n: [~one] for n, one in blank.items()}
    hidden = {order.time, *(n for n in order.fixed if order.fixed[n] in _NOTHING)}
    made: list[pl.Expr] = []
    for column, places in _places(order, grammar).items():
        options = []
        before: list[pl.Expr] = []
        for n in places:
            value = pl.col(str(n))
            conditions = usable(column, n)
            if not conditions:
                options.append(value)
                if before:
                    shown.setdefault(n, []).append(_any(before))
                else:
                    hidden.add(n)
                break
            here = pl.all_horizontal(conditions)
            shown.setdefault(n, []).append(_any([~here, *before]))
            options.append(pl.when(here).then(value))
            before.append(here)
        whole = pl.coalesce(options) if options else pl.lit(None, pl.String)
        made.append(whole.cast(EVENTS[column].dtype).alias(column))
    for n, label in order.labels.items():
        # The name of a field is one itself where the field is empty.
        if n in blank:
            shown[label] = [blank[n]]
        else:
            hidden.add(label)
    time = pl.lit(None, pl.String) if order.time is None else pl.col(str(order.time))
    fields = _fields(order, [n for n in range(len(order.keys)) if n not in hidden], shown)
    if not has_front:
        fields = pl.when(fields.str.starts_with("{,")).then("{" + fields.str.slice(2)).otherwise(fields)
        fields = pl.when(fields != "{}").then(fields)
    return [*made, time.alias("time_text"), fields.alias("fields")]


def _fields(order: _Order, places: Sequence[int], shown: Mapping[int, list[pl.Expr]]) -> pl.Expr:
    """JSON of a front and of the values at some places, some of them only where they are to be shown."""
    form, parts = "{}", [pl.col("front")]
    for n in places:
        name = json.dumps(order.names[n], ensure_ascii=False).replace("{", "{{").replace("}", "}}")
        fixed = order.fixed.get(n)
        value = pl.col(str(n)) if fixed is None else pl.lit(fixed.translate(_PROTECTED))
        if n in shown:
            form += "{}"
            part = pl.format(f',{name}:"{{}}"', value)
            parts.append(pl.when(pl.all_horizontal(shown[n])).then(part).otherwise(pl.lit("")))
        else:
            form += f',{name}:"{{}}"'
            parts.append(value)
    return pl.format(form + "}}", *parts)


def _any(conditions: Sequence[pl.Expr]) -> pl.Expr:
    return pl.any_horizontal(conditions)


def _is_one(column: str, value: pl.Expr) -> pl.Expr:
    """Whether a text is an address, or a port."""
    if column in _ADDRESSES:
        return value.str.contains(f"^(?:{_ADDRESS.pattern})$")
    # Polars takes a sign and any number of zeros, too.
    port = value.cast(pl.UInt16, strict=False).is_not_null()
    return port & (value.str.len_bytes() <= 5) & ~value.str.starts_with("+")


def _one_by_one(rows: pl.DataFrame, grammar: Grammar, skip: int) -> pl.DataFrame:
    """Records that have no order in common, or something unusual."""
    told: list[dict[str, Any]] = []
    for extension, delimiter, front in rows.select("extension", "delimiter", "front").iter_rows():
        row, fields = _single(grammar.pairs(extension, delimiter), grammar, skip)
        body = _json(fields)[1:]
        whole = front + ("," if front != "{" and fields else "") + body
        told.append(row | {"fields": None if whole == "{}" else whole})
    schema = {name: EVENTS[name].dtype for name in grammar.columns}
    frame = pl.DataFrame(told, schema=schema | {"time_text": pl.String(), "fields": pl.String()})
    return rows.drop(_HELPERS, strict=False).hstack(frame)


def _single(pairs: Pairs, grammar: Grammar, skip: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Columns and fields of one record."""
    place: dict[str, int] = {}
    for n, (key, value) in enumerate(pairs):
        if value not in _NOTHING:
            place.setdefault(key, n)
    columns: dict[str, int] = {}
    for column, keys in grammar.columns.items():
        good = (place[key] for key in keys if key in place and _is_a(column, pairs[place[key]][1]))
        if (first := next(good, None)) is not None:
            columns[column] = first
    times_of = [place[key] for key in grammar.times if key in place][skip:]
    labels = {n for n, (key, value) in enumerate(pairs) if label_of(key) in place and value not in _NOTHING}
    used = {*columns.values(), *times_of[:1], *labels}
    fields: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    numbers: dict[str, int] = {}
    for n, (key, value) in enumerate(pairs):
        if n in used or value in _NOTHING:
            continue
        label = place.get(f"{key}Label", -1)
        name = (pairs[label][1] if label in labels else key).strip('"') or key
        if (name, value) in seen:
            continue
        seen.add((name, value))
        number = numbers.get(name, 2 if name in _OURS else 1)
        while (numbered := name if number == 1 else f"{name}_{number}") in fields:
            number += 1
        numbers[name] = number + 1
        fields[numbered] = value
    row: dict[str, Any] = {name: int(pairs[n][1]) if name in _PORTS else pairs[n][1] for name, n in columns.items()}
    row["time_text"] = pairs[times_of[0]][1] if times_of else None
    return row, fields


def _is_a(column: str, value: str) -> bool:
    if column in _PORTS:
        return bool(_PORT.fullmatch(value)) and int(value) < 65_536
    return column not in _ADDRESSES or bool(_ADDRESS.fullmatch(value))


def _own_times(cut: pl.DataFrame, grammar: Grammar, source: str, zone: str | None, written: datetime) -> pl.DataFrame:
    """With the instants that the texts of times mean, null where a text is none."""
    text = pl.col("time_text")
    if are_digits(cut["time_text"], _MILLISECONDS):
        return cut.with_columns(
            time=times.from_epoch(text.cast(pl.Int64), "ms"),
            time_latest=pl.lit(None, pl.Datetime("us", "UTC")),
            zone=pl.lit("UTC"),
            zone_rule=pl.lit("by the format"),
            time_quality=pl.lit("exact"),
        )
    number = pl.when(text.str.contains("^[0-9]+$")).then(text.cast(pl.Int64, strict=False))
    digits = text.str.len_bytes()
    epoch = pl.coalesce(
        pl.when(digits == n).then(
            times.from_epoch(number * 1_000_000, "us") if unit == "s" else times.from_epoch(number, unit)  # type: ignore[arg-type]
        )
        for n, unit in _DIGITS_OF_EPOCHS.items()
    )
    known = pl.col("time").is_not_null()
    cut = cut.with_columns(time=epoch).with_columns(
        time_latest=pl.lit(None, pl.Datetime("us", "UTC")),
        zone=pl.when(known).then(pl.lit("UTC")),
        zone_rule=pl.when(known).then(pl.lit("by the format")),
        # Both formats mean milliseconds.
        time_quality=pl.when(known).then(
            pl.when(digits == 13).then(pl.lit("exact")).otherwise(pl.lit("unit_inferred"))
        ),
    )
    others = cut.filter(~known & text.is_not_null())
    if not others.height:
        return cut
    plain = others.select("record", text=text.str.replace(r"^([0-9]{13})\.[0-9]+$", "${1}"))
    if grammar.time_format:
        plain = plain.with_columns(text=pl.coalesce(_as_iso(others, grammar.time_format), pl.col("text")))
    read = instants(plain, source=source, zone=zone, written=written)
    whole = read.with_columns(fits=pl.col("time_text") == pl.col("text"))
    others = others.drop(_STAMPED).hstack(whole.select(pl.when("fits").then(name).alias(name) for name in _STAMPED))
    return pl.concat([cut.filter(known | text.is_null()), others.select(cut.columns)])


def _as_iso(rows: pl.DataFrame, key: str) -> pl.Series:
    """Times in ISO 8601 that were written as another value of the record says; null where that cannot be told."""
    rows = rows.select("time_text", pattern=pl.col("fields").str.json_path_match(f"$.{key}"))
    read = pl.lit(None, pl.String)
    for pattern in rows["pattern"].drop_nulls().unique(maintain_order=True).head(_ORDERS):
        format = _strftime(pattern)
        if format is not None:
            offset = "%z" in format
            clock = pl.col("time_text").str.to_datetime(
                format, time_unit="us", time_zone="UTC" if offset else None, strict=False
            )
            iso = clock.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f" + ("Z" if offset else ""))
            read = pl.when(pl.col("pattern") == pattern).then(iso).otherwise(read)
    return rows.select(read).to_series()


_JAVA = {
    **{"yyyy": "%Y", "yy": "%y", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d", "HH": "%H", "H": "%H"},
    **{"hh": "%I", "h": "%I", "mm": "%M", "ss": "%S", "a": "%p", "EEE": "%a", "Z": "%z", "XXX": "%z", "X": "%z"},
    **{"SSS": "%3f", "SSSSSS": "%6f"},
}


def _strftime(pattern: str) -> str | None:
    """Java's pattern of a date as strftime has it, null where it holds more than is known here or less than a time."""
    parts = re.findall(r"([A-Za-z])(\1*)|'([^']*)'|([^A-Za-z'])", pattern.replace("''", "\x00"))
    letters = [_JAVA.get(first + more) if first else None for first, more, _, _ in parts]
    if any(first and not letter for (first, *_), letter in zip(parts, letters, strict=True)):
        return None
    if not ({"%Y", "%y"} & set(letters) and {"%b", "%m"} & set(letters) and {"%d", "%M"} <= set(letters)):
        return None
    texts = [
        letter or (quoted + other).replace("%", "%%")
        for letter, (*_, quoted, other) in zip(letters, parts, strict=True)
    ]
    return "".join(texts).replace("\x00", "'").replace(".%3f", "%.3f").replace(".%6f", "%.6f")


def _with_hosts(told: pl.DataFrame, hosts: dict[str, str | None], source: str, written: datetime) -> pl.DataFrame:
    """Records without a host with that of their prefix; all have times, so nothing else is asked of it."""
    prefix = told["prefix"]
    distinct = pl.DataFrame([prefix.unique()])
    distinct = distinct.with_columns(like=pl.col("prefix").str.replace(_BSD, _ANY_BSD).str.replace(_ISO, _ANY_ISO))
    known = dict(hosts)
    new = distinct.filter(~pl.col("like").is_in(list(known))).unique("like").with_columns(prefix="like")
    if new.height:
        says = new.filter(pl.col("like").str.strip_chars() != "")
        peeled = _peeled(says, source, None, written, need_zone=False).select("prefix", "prefix_host")
        fresh = dict.fromkeys(new["like"]) | dict(peeled.iter_rows())
        known |= fresh
        if len(hosts) < _HOSTS:
            hosts.update(fresh)
    named = distinct.select("prefix", prefix_host=pl.col("like").replace_strict(known, return_dtype=pl.String))
    told = told.join(named, on="prefix", how="left", maintain_order="left")
    return told.with_columns(pl.coalesce("host", "prefix_host")).drop("prefix_host")


def _peeled(
    prefixes: pl.DataFrame, source: str, zone: str | None, written: datetime, *, need_zone: bool
) -> pl.DataFrame:
    """What prefixes say."""
    # The sign that follows helps to tell a host from a program.
    text = prefixes.select("prefix", text=pl.col("prefix") + "CEF:0")
    peeled = peel(text, source=source, zone=zone, written=written, need_zone=need_zone)
    return peeled.select("prefix", *(pl.col(n).alias(f"prefix_{n}") for n in (*_STAMPED, "time_text", "host")))


def _prefixes(told: pl.DataFrame, source: str, zone: str | None, written: datetime) -> pl.DataFrame:
    """The distinct prefixes, with what they say; a clock time needs a zone where a record has no other time."""
    timeless, homeless = pl.col("time").is_null().any(), pl.col("host").is_null().any()
    distinct = told.group_by("prefix", maintain_order=True).agg(timeless=timeless, homeless=homeless)
    distinct = distinct.filter(pl.col("prefix").str.strip_chars() != "")
    parts: list[pl.DataFrame] = []
    for needed in (True, False):
        chosen = distinct.filter(pl.col("timeless") if needed else pl.col("homeless") & ~pl.col("timeless"))
        if not chosen.height and (needed or parts):
            continue
        parts.append(_peeled(chosen, source, zone, written, need_zone=needed))
    return pl.concat(parts)
