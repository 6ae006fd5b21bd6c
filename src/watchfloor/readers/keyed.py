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

import polars as pl

from watchfloor import times
from watchfloor.readers.prefix import peel
from watchfloor.readers.stamps import instants
from watchfloor.schemas import EVENTS

__all__ = ["Grammar", "control_free", "events", "label_of"]

Pairs = list[tuple[str, str]]

_ORDERS = 48
"""So many orders of keys are tried on a block; more means that keys come in any order."""
_FEW = 20
"""So few records are read one by one sooner than an order is compiled."""
_PORTS = ("src_port", "dst_port")
_ADDRESSES = ("src_ip", "dst_ip")
_ADDRESS = re.compile("[0-9A-Fa-f.:]*[.:][0-9A-Fa-f.:]*(?:%[A-Za-z0-9]+)?")
_PORT = re.compile("[0-9]{1,5}")
_LABEL = re.compile(r"([A-Za-z][A-Za-z0-9]*[0-9])Label")
_DIGITS_OF_EPOCHS = {10: "s", 13: "ms", 16: "us", 19: "ns"}
_MARKS = {"\x01": "\\", "\x02": "=", "\x03": "\n", "\x04": "\r", "\x05": '"'}
"""What stands for characters of values that would end a value, or need an escape in JSON, while columns are cut."""
_PROTECTED = str.maketrans({character: mark for mark, character in _MARKS.items()})
_OURS = ("syslog", "deviceVersion")
"""Names of fields that the prefix and the header have."""
_STAMPED = ("time", "time_latest", "zone", "zone_rule", "time_quality")


@dataclass(frozen=True)
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
    protect_inner: Callable[[pl.Expr], pl.Expr] | None = None
    """The same, also for equals signs in values that are not escaped."""
    time_format: str | None = None
    """The key whose value says how the time is written, as Java's SimpleDateFormat has it."""


@dataclass(frozen=True)
class _Order:
    """Keys in the order in which records have them, and what becomes of each value, by its place."""

    keys: tuple[str, ...]
    fixed: Mapping[int, str]
    """Values that are the same in all records of the order: empty ones, and names of other fields."""
    columns: Mapping[str, int]
    time: int | None
    fields: Mapping[str, int]
    sure: bool
    """Whether the order can be compiled: no key occurs twice, and all values were of their columns' types."""


def label_of(key: str) -> str | None:
    """The key that this one names: `cs1` for `cs1Label`."""
    found = _LABEL.fullmatch(key)
    return found[1] if found else None


def control_free(column: pl.Series) -> bool:
    """Whether no text of a column holds a control character; much faster than a regex on every text."""
    least = column.cast(pl.Binary).cast(pl.List(pl.UInt8)).explode().min()
    return not isinstance(least, int) or least >= ord(" ")


def events(rows: pl.DataFrame, grammar: Grammar, *, source: str, zone: str | None, written: datetime) -> pl.DataFrame:
    """Events from records.

    Arguments:
        rows: `record`, `prefix` (what stands before the format's sign), `extension` (keys and values), `delimiter`,
            `odd` (whether a record must be read exactly), `escaped` (whether a backslash or a quote is in it),
            `version` (of the product), and columns of EVENTS that the header gave.
        grammar: of the extension.
        source: the file, for errors.
        zone: of clock times.
        written: when the file was last written, for times without a year.

    Raises:
        AmbiguousTime: a record has no time but a clock time, and no zone.
    """
    told = _without_useless_times(rows, grammar, source, zone, written)
    headed = _prefixes(told, source, zone, written)
    told = told.join(headed, on="prefix", how="left", maintain_order="left", nulls_equal=True)
    own = pl.col("time").is_not_null()
    # Text that is long is copied once: what goes before it is put together first.
    version = pl.concat_str(pl.lit('"deviceVersion":"'), "version", pl.lit('"'))
    told = told.with_columns(front=pl.concat_str("syslog", version, separator=",", ignore_nulls=True))
    front, body = pl.col("front"), pl.col("body")
    comma = pl.when((front != "") & (body != "")).then(pl.lit(",")).otherwise(pl.lit(""))
    return told.select(
        *(name for name in rows.columns if name in EVENTS.schema and name not in grammar.columns),
        *(pl.coalesce(name, pl.col(f"prefix_{name}")) for name in ("host",)),
        *(pl.when(own).then(name).otherwise(f"prefix_{name}").alias(name) for name in (*_STAMPED, "time_text")),
        *(name for name in grammar.columns if name != "host"),
        fields=pl.when((front != "") | (body != "")).then(pl.concat_str(pl.lit("{"), front, comma, body, pl.lit("}"))),
    )


def _without_useless_times(
    rows: pl.DataFrame, grammar: Grammar, source: str, zone: str | None, written: datetime
) -> pl.DataFrame:
    """Records cut into columns, with the first of their times that can be read."""
    whole, skip = rows, 0
    parts = []
    while rows.height:
        cut = _own_times(_cut(rows, grammar, skip), grammar, source, zone, written)
        useless = pl.col("time").is_null() & pl.col("time_text").is_not_null()
        parts.append(cut.filter(~useless))
        rows = rows.filter(pl.col("record").is_in(cut.filter(useless)["record"].implode()))
        skip += 1
    done = pl.concat(parts) if parts else _own_times(_cut(whole, grammar, 0), grammar, source, zone, written)
    return done if done["record"].is_sorted() else done.sort("record")


def _cut(rows: pl.DataFrame, grammar: Grammar, skip: int) -> pl.DataFrame:
    """Columns of the grammar, `time_text` and `body` (JSON of the other values, without braces)."""
    plain, exact, parts = rows.filter(~pl.col("odd")), [rows.filter("odd")], []
    ways: list[tuple[pl.Expr, Callable[[pl.Expr], pl.Expr] | None]] = [
        (~pl.col("escaped"), None),
        (pl.col("escaped"), grammar.protect),
    ]
    left = [plain.clear()]
    for which, protect in ways:
        done, others = _by_orders(plain.filter(which), grammar, skip, protect)
        parts += done
        left.append(others)
    rest = pl.concat(left)
    if grammar.protect_inner is not None:
        done, rest = _by_orders(rest, grammar, skip, grammar.protect_inner)
        parts += done
    parts.append(_one_by_one(pl.concat([*exact, rest]), grammar, skip))
    return pl.concat(parts)


def _by_orders(
    rows: pl.DataFrame, grammar: Grammar, skip: int, protect: Callable[[pl.Expr], pl.Expr] | None
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Records whose orders recur, cut; and the others."""
    if rows.height <= _FEW:
        return [], rows
    columns = rows.columns
    text = pl.col("extension") if protect is None else protect(pl.col("extension"))
    pieces = text.str.split(pl.col("delimiter") if grammar.key_first else pl.lit("="))
    rows = rows.with_columns(pieces=pieces).with_columns(n=pl.col("pieces").list.len())
    parts, left = [], []
    for _ in range(_ORDERS):
        if rows.height <= _FEW:
            break
        first = rows.head(1)
        order = _order(grammar.pairs(first["extension"][0], first["delimiter"][0]), grammar, skip)
        n = first["n"][0]
        if order.sure and order.keys and len(order.keys) + (not grammar.key_first) == n:
            same = rows["n"] == n
            tried = rows if same.all() else rows.filter(same)
            fits, done = _by_order(tried, order, grammar, protect is not None)
            parts.append(done)
            rows = pl.concat([tried.filter(~fits), rows.filter(~same)])
        if rows.height and rows["record"][0] == first["record"][0]:
            # Its like will not fit either.
            like = pl.all_horizontal(pl.col(name).eq_missing(first[name][0]) for name in ("n", "program", "event_id"))
            left.append(rows.filter(like))
            rows = rows.filter(~like)
    return parts, pl.concat([rows, *left]).select(columns)


def _order(pairs: Pairs, grammar: Grammar, skip: int) -> _Order:
    """What becomes of each value of a record."""
    place: dict[str, int] = {}
    fixed: dict[int, str] = {}
    sure = True
    for n, (key, value) in enumerate(pairs):
        if value in {"", "-"}:
            fixed[n] = value
        elif key in place:
            sure = False
        else:
            place[key] = n
    if len({key for key, _ in pairs}) < len(pairs):
        sure = False
    columns: dict[str, int] = {}
    for column, keys in grammar.columns.items():
        present = [place[key] for key in keys if key in place]
        good = [n for n in present if _is_a(column, pairs[n][1])]
        columns |= {column: good[0]} if good else {}
        sure = sure and present[:1] == good[:1]
    instants_of = [place[key] for key in grammar.times if key in place][skip:]
    time = instants_of[0] if instants_of else None
    labels = {n: value for n, (key, value) in enumerate(pairs) if label_of(key) in place and n not in fixed}
    used = {*columns.values(), time, *fixed, *labels}
    fields: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()
    numbers: dict[str, int] = {}
    for n, (key, value) in enumerate(pairs):
        if n in used:
            continue
        name = labels.get(place.get(f"{key}Label", -1), key).strip('"') or key
        if (name, value) in seen:
            sure = False
            continue
        seen.add((name, value))
        number = numbers.get(name, 2 if name in _OURS else 1)
        sure = sure and name not in numbers
        while (numbered := name if number == 1 else f"{name}_{number}") in fields:
            number, sure = number + 1, False
        numbers[name] = number + 1
        fields[numbered] = n
    return _Order(tuple(key for key, _ in pairs), fixed | labels, columns, time, fields, sure)


def _is_a(column: str, value: str) -> bool:
    if column in _PORTS:
        return bool(_PORT.fullmatch(value)) and int(value) < 65_536
    return column not in _ADDRESSES or bool(_ADDRESS.fullmatch(value))


def _by_order(rows: pl.DataFrame, order: _Order, grammar: Grammar, escaped: bool) -> tuple[pl.Series, pl.DataFrame]:
    """Which records have the order, and their columns."""
    fit, cut = _values(rows, order, grammar, escaped)
    empty = pl.lit(None, pl.String)
    body: list[pl.Expr] = []
    before = ""
    for name, n in order.fields.items():
        body += [pl.lit(f'{before}{json.dumps(name, ensure_ascii=False)}:"'), pl.col(str(n))]
        before = '",'
    as_json = pl.concat_str(*body, pl.lit('"')) if body else pl.lit("")

    def shown(n: int | None) -> pl.Expr:
        if n is None:
            return empty
        text = pl.col(str(n))
        return text.str.replace_many(list(_MARKS), list(_MARKS.values())) if escaped else text

    told = cut.with_columns(
        *(shown(order.columns.get(name)).alias(name) for name in grammar.columns),
        time_text=shown(order.time),
        body=as_json.str.replace_many(list(_MARKS), [json.dumps(c)[1:-1] for c in _MARKS.values()])
        if escaped
        else as_json,
    ).select(*grammar.columns, "time_text", "body")
    kept = rows if fit.all() else rows.filter(fit)
    return fit, _finished(kept.drop("pieces", "n"), told)


def _values(rows: pl.DataFrame, order: _Order, grammar: Grammar, escaped: bool) -> tuple[pl.Series, pl.DataFrame]:
    """Which records have the order, and their values, each in a column that is named for its place."""
    fixed = {n: text.translate(_PROTECTED) if escaped else text for n, text in order.fixed.items()}
    keys, last = order.keys, len(order.keys) - 1
    names = [f"piece_{n}" for n in range(rows["n"][0])]
    loose = "" in fixed.values()
    trim = grammar.key_first or bool(
        rows.select(
            (
                pl.col("extension").str.contains("  ", literal=True)
                | pl.col("extension").str.contains("= ", literal=True)
                | pl.col("extension").str.contains("=-", literal=True)
            ).any()
        ).item()
    )
    trim = trim or loose
    pieces = rows["pieces"].list.to_struct(fields=names).struct.unnest()
    shift = 0 if grammar.key_first else 1
    in_body = set(order.fields.values())

    def piece(n: int) -> pl.Expr:
        return pl.col(names[n + shift])

    def mark(n: int) -> str:
        """What a piece holds besides the value."""
        if grammar.key_first:
            return f"{keys[n]}="
        return f" {keys[n + 1]}" if n < last else ""

    def is_marked(n: int) -> pl.Expr:
        if n in fixed and not trim and n < last:
            return piece(n) == (mark(n) + fixed[n] if grammar.key_first else fixed[n] + mark(n))
        return piece(n).str.starts_with(mark(n)) if grammar.key_first else piece(n).str.ends_with(mark(n))

    def value(n: int) -> pl.Expr:
        if not mark(n):
            bare = piece(n)
        elif grammar.key_first:
            bare = piece(n).str.strip_prefix(mark(n))
        elif n in in_body:
            # A view, which is faster; columns are copies, which do not hold the whole text in memory.
            bare = piece(n).str.head(-len(mark(n)))
        else:
            bare = piece(n).str.strip_suffix(mark(n))
        return (bare.str.strip_chars(" ") if trim or n == last else bare).alias(str(n))

    # Whether a record has the order, by its marks; then whether its values fit, which are cut once.
    checks = [is_marked(n) for n in range(len(keys)) if mark(n)]
    if not grammar.key_first:
        checks.append(pl.col(names[0]).str.strip_chars_start(" ") == keys[0])
    fit = pieces.select(pl.all_horizontal(checks)).to_series()
    cut = (pieces if fit.all() else pieces.filter(fit)).select(
        value(n) for n in range(len(keys)) if n not in fixed or trim or n == last
    )
    checks = []
    for n in range(len(keys)):
        if n in fixed:
            checks += [pl.col(str(n)) == fixed[n]] if trim or n == last else []
        elif trim or n == last:
            checks += [pl.col(str(n)) != "", pl.col(str(n)) != "-"]
    for column, n in order.columns.items():
        if column in _PORTS:
            checks += [pl.col(str(n)).cast(pl.UInt16, strict=False).is_not_null()]
        elif column in _ADDRESSES:
            checks += [pl.col(str(n)).str.contains(f"^{_ADDRESS.pattern}$")]
    right = (
        cut.select(pl.all_horizontal(checks)).to_series() if checks else pl.Series([True]).new_from_index(0, cut.height)
    )
    if not right.all():
        cut = cut.filter(right)
        fit = fit.scatter(fit.arg_true(), right)
    return fit, cut


def _finished(rows: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Columns that the header gave, with those of the extension."""
    shared = [name for name in told.columns if name in rows.columns]
    return rows.drop("extension", "delimiter", "odd", "escaped", *shared).hstack(
        told if not shared else told.with_columns(pl.coalesce(name, rows[name]) for name in shared)
    )


def _one_by_one(rows: pl.DataFrame, grammar: Grammar, skip: int) -> pl.DataFrame:
    """Records that have no order in common, or something unusual."""
    told: list[dict[str, str | None]] = []
    for extension, delimiter in rows.select("extension", "delimiter").iter_rows():
        pairs = grammar.pairs(extension, delimiter)
        order = _order(pairs, grammar, skip)
        row: dict[str, str | None] = {name: pairs[n][1] for name, n in order.columns.items()}
        row["time_text"] = None if order.time is None else pairs[order.time][1]
        body = {name: pairs[n][1] for name, n in order.fields.items()}
        row["body"] = json.dumps(body, ensure_ascii=False, separators=(",", ":"))[1:-1]
        told.append(row)
    schema = {name: pl.String() for name in (*grammar.columns, "time_text", "body")}
    escaped = [None if v is None else json.dumps(v, ensure_ascii=False)[1:-1] for v in rows["version"]]
    rows = rows.with_columns(version=pl.Series(escaped, dtype=pl.String))
    return _finished(rows, pl.DataFrame(told, schema=schema))


def _own_times(cut: pl.DataFrame, grammar: Grammar, source: str, zone: str | None, written: datetime) -> pl.DataFrame:
    """With the instants that the texts of times mean, null where a text is none."""
    text = pl.col("time_text")
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
    body = pl.concat_str(pl.lit("{"), "body", pl.lit("}"))
    rows = rows.select("time_text", pattern=body.str.json_path_match(f"$.{key}"))
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


def _prefixes(told: pl.DataFrame, source: str, zone: str | None, written: datetime) -> pl.DataFrame:
    """The distinct prefixes, with what they say; a clock time needs a zone where a record has no other time."""
    timeless, homeless = pl.col("time").is_null().any(), pl.col("host").is_null().any()
    distinct = told.group_by("prefix", maintain_order=True).agg(timeless=timeless, homeless=homeless)
    distinct = distinct.filter(pl.col("prefix").str.strip_chars() != "")
    syslog = [f'"syslog":{json.dumps(text.strip(), ensure_ascii=False)}' for text in distinct["prefix"]]
    distinct = distinct.with_columns(syslog=pl.Series(syslog, dtype=pl.String))
    parts = []
    for needed in (True, False):
        chosen = pl.col("timeless") if needed else pl.col("homeless") & ~pl.col("timeless")
        # The sign that follows helps to tell a host from a program.
        peeled = peel(
            distinct.filter(chosen).select("prefix", text=pl.col("prefix") + "CEF:0"),
            source=source,
            zone=zone,
            written=written,
            need_zone=needed,
        )
        parts.append(
            peeled.select("prefix", *(pl.col(n).alias(f"prefix_{n}") for n in (*_STAMPED, "time_text", "host")))
        )
    return distinct.select("prefix", "syslog").join(pl.concat(parts), on="prefix", how="left")
