"""Key=value logs to connections (what is one) and events (all else)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from watchfloor import times
from watchfloor.errors import AmbiguousTime
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.meaning.phrases import said
from watchfloor.readers.meaning.prefix import SEVERITIES, peel
from watchfloor.readers.pairs.columns import CONNECTIONS_KEYS, EVENTS_KEYS, FLOWS, Flow, are_flows, columns, own_times
from watchfloor.readers.pairs.grammar import (
    KEY,
    Exact,
    Simple,
    Values,
    Vocabulary,
    pairs_of,
    separator_of,
    separators,
    tangled,
)
from watchfloor.readers.pairs.ordered import Ordered, ordered
from watchfloor.readers.records.jsontext import json_object, json_text
from watchfloor.readers.records.lines import read_lines
from watchfloor.schemas import EVENTS

__all__ = ["READER"]

LEAST_PAIRS = 5
"""A line with fewer pairs is not taken for one of this kind."""
LEAST_SHARE = 0.7
"""So much of a line, from its first pair on, must be pairs."""
_DIRECT = rf"^(?:<([0-9]{{1,3}})>)? *({KEY}=)"
"""A pair begins the line, or follows a bare priority."""
_STRUCTURED = r"(?s)^\[([^ =\]\"]+) (.*)\]$"
"""One element of RFC 5424's structured data: its name, its pairs."""
_OTHERS = re.compile(r"CEF: ?[0-9]+\||LEEF: ?[0-9.]+\|")
"""Formats with pairs of another grammar."""
_ONE = re.compile(rf"(?:^|(?<=[ \t])){KEY}=(?:\"(?:[^\"\\]|\\.)*\"|[^ \t\"]*)(?=[ \t]|$)")
_FIRST = re.compile(rf"(?<![^ >\t\[]){KEY}=")
_BEGUN = re.compile(rf" *{KEY}=")
_IN_QUOTES = re.compile(r'"[^"]*"')
_TIGHT = ("|", ",", ";")
_KEPT = tuple(dict.fromkeys(key for flow in FLOWS for key in flow.kept))
_STAMPS = ("time", "time_latest", "time_text", "zone", "zone_rule", "time_quality")
_TRAFFIC_STILL_OPEN = "000020"
"""FortiOS log message id 20 of traffic: statistics of a session that goes on."""


def accepts(head: Head) -> float:
    """The share of lines that are pairs, behind whatever prefix."""
    return head.share(_is_pairs)


def _is_pairs(line: str) -> bool:
    line = line[:4000].rstrip()
    if line.count("=") < LEAST_SHARE * LEAST_PAIRS or _OTHERS.search(line):
        return False
    begins = _FIRST.search(line)
    if begins and (sign := separator_of(line[begins.start() :])) in _TIGHT:
        # What stands in quotes is the value of one pair.
        pieces = [piece for piece in _IN_QUOTES.sub('""', line[begins.start() :]).split(sign) if piece.strip()]
        return len(pieces) >= LEAST_PAIRS and sum(map(bool, map(_BEGUN.match, pieces))) >= LEAST_SHARE * len(pieces)
    found = list(_ONE.finditer(line))
    if len(found) < LEAST_PAIRS:
        return False
    covered = sum(match.end() - match.start() + 1 for match in found)
    commas = sum(match[0].endswith((",", ";")) for match in found)
    return covered >= LEAST_SHARE * (len(line) - found[0].start() + 1) and commas * 2 < len(found)


def read(path: Path, options: Options) -> Tables:
    """The tables of one file; each line is a record."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    vocabulary = Vocabulary()

    def parse(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
        rows = _peeled(records, str(path), options.zone, written)
        parts = [_table(group, str(path), options.zone) for group in _groups(rows, vocabulary)]
        found = {name: [part[name] for part in parts if name in part] for name in ("connections", "events", "rejects")}
        return {name: pl.concat(frames, how="diagonal").sort("record") for name, frames in found.items() if frames}

    return read_lines(path, options, format=READER.name, tables=READER.tables, parse=parse)


def _peeled(records: pl.DataFrame, source: str, zone: str | None, written: datetime) -> pl.DataFrame:
    """Records with what their prefix says, and the pairs in `rest`; most lines have no prefix."""
    direct = records["text"].str.contains(_DIRECT)
    if direct.all() and not records["text"].str.contains("^[< ]").any():
        return records.select("record", rest="text")
    plain = records.filter(direct).select(
        "record",
        rest=pl.col("text").str.replace(r"^(?:<[0-9]{1,3}>)? *", ""),
        priority=pl.col("text").str.extract("^<([0-9]{1,3})>").cast(pl.Int64) % len(SEVERITIES),
    )
    words = dict(enumerate(SEVERITIES))
    plain = plain.with_columns(
        severity_text=pl.col("priority").replace_strict(words, default=None, return_dtype=pl.String)
    ).drop("priority")
    if direct.all():
        return plain
    peeled = peel(records.filter(~direct), source=source, zone=zone, written=written, need_zone=False)
    # Structured data is pairs too: what a firewall says may stand there, and all of its message.
    inner = pl.col("structured").str.extract_groups(_STRUCTURED).struct
    data = pl.coalesce(pl.format("structured_id={} {}", inner.field("1"), inner.field("2")), "structured")
    peeled = peeled.with_columns(
        rest=pl.concat_str(data, pl.when(pl.col("rest") != "").then("rest"), separator=" ", ignore_nulls=True)
    )
    names = ["record", "rest", "host", "program", "pid", "severity_text", "msgid", *_STAMPS]
    return pl.concat([plain, peeled.select(names)], how="diagonal").sort("record")


def _groups(rows: pl.DataFrame, vocabulary: Vocabulary) -> Iterator[tuple[pl.DataFrame, Values, bool]]:
    """Rows with their values, and whether they are connections: the simple ones in bulk, the others one by one."""
    rows = rows.with_columns(between=separators(pl.col("rest")))
    odd = []
    for between in rows["between"].unique().sort().to_list():
        here = rows["between"] == between
        part = rows if here.all() else rows.filter(here)
        for flow in FLOWS:
            fast, values = _fast_flows(part["rest"], flow, between)
            if values is not None:
                yield (part if values.height == part.height else part.filter(fast)), values, True
                part = part.filter(~fast)
        fast_ones, of_orders, part = ordered(part, between)
        if of_orders is not None:
            yield from _by_kind(fast_ones, of_orders)
        simple = vocabulary.simple(part["rest"], between)
        odd.append(part.filter(~simple))
        part = part.filter(simple)
        keys = vocabulary.keys(between)
        if not part.height:
            continue
        values = Simple(part["rest"], between, keys)
        repeated = values.repeated()
        if repeated.any():
            odd.append(part.filter(repeated))
            part, values = part.filter(~repeated), values.only(~repeated)
        yield part, values, False
    strange = pl.concat(odd) if odd else rows.clear()
    if strange.height:
        yield from _by_kind(strange, Exact([pairs_of(text) for text in strange["rest"].to_list()]))


def _by_kind(rows: pl.DataFrame, values: Exact | Ordered) -> Iterator[tuple[pl.DataFrame, Values, bool]]:
    """Connections and others of rows whose values are known."""
    left = pl.Series([True]).new_from_index(0, values.height)
    for flow in FLOWS:
        found = are_flows(values, flow) & left
        if found.any():
            yield rows.filter(found), values.only(found, flow.keys), True
            left &= ~found
    if left.any():
        yield rows.filter(left), values.only(left), False


def _fast_flows(texts: pl.Series, flow: Flow, between: str) -> tuple[pl.Series, Simple | None]:
    """Which lines are connections whose pairs can be found by their keys, and their values."""
    bare, quoted = f"{flow.key}={flow.word}", f'{flow.key}="{flow.word}"'
    found = texts.str.contains(between + quoted, literal=True)
    if not found.all():
        found |= texts.str.starts_with(quoted) | texts.str.contains(between + bare + between, literal=True)
        found |= texts.str.starts_with(bare + between) | texts.str.ends_with(between + bare)
    if found.any():
        found &= ~tangled(texts, between)
    if not found.any():
        return found, None
    values = Simple(texts if found.all() else texts.filter(found), between, flow.keys)
    sure = are_flows(values, flow)
    if sure.all():
        return found, values
    found = found.scatter(found.arg_true(), sure)
    return found, values.only(sure) if sure.any() else None


def _table(group: tuple[pl.DataFrame, Values, bool], source: str, zone: str | None) -> dict[str, pl.DataFrame]:
    """Rows of one table, and what is rejected."""
    rows, values, connections = group
    stamps, in_time, wrong = _stamps(rows, values, source, zone)
    # Where the prefix names the device, `host` is that of a URL.
    named = {"host": rows["host"].is_not_null()} if "host" in rows.columns else None
    made, taken = columns(values, CONNECTIONS_KEYS if connections else EVENTS_KEYS, besides=named)
    base = rows.select("record").hstack(stamps)
    if connections:
        table = base.select("record", "time").hstack(made)
        kept = values.frame([key for key in _KEPT if key in values.keys])
        if kept.width:
            table = table.hstack(kept.select(fields=json_object({key: _said(key) for key in kept.columns})))
        if "logid" in values.keys:
            going_on = values.frame(["logid"])["logid"].str.ends_with(_TRAFFIC_STILL_OPEN)
            table = table.with_columns(still_open=pl.select(pl.when(going_on).then(True)).to_series())
        none = pl.Series([False]).new_from_index(0, rows.height)
    else:
        words = values.words()
        message = (
            made["message"] if "message" in made else pl.Series([None], dtype=pl.String).new_from_index(0, rows.height)
        )
        for key, mask in in_time.items():
            taken[key] = taken[key] | mask if key in taken else mask
        rest = values.rest(taken, message.is_not_null() & words.is_not_null())
        prefix = [name for name in ("host", "program", "pid", "severity_text") if name in rows.columns]
        table = _with_words(base.hstack(made), words)
        if "msgid" in rows.columns:
            action = pl.col("action") if "action" in table.columns else pl.lit(None, pl.String)
            table = table.with_columns(action=pl.coalesce(action, rows["msgid"]))
        table = table.with_columns(
            message=message.zip_with(message.is_not_null(), words),
            fields=rest,
            **{name: pl.coalesce(made[name], rows[name]) if name in made else rows[name] for name in prefix},
        )
        none = words.is_not_null() & rest.is_null() & pl.Series([not made.width]).new_from_index(0, rows.height)
        if made.width:
            none = words.is_not_null() & rest.is_null() & made.select(pl.all_horizontal(pl.all().is_null())).to_series()
    timeless = table["time"].is_null()
    reason = (
        pl.when(wrong & timeless)
        .then(pl.lit("a time that does not exist"))
        .when(none & timeless)
        .then(pl.lit("neither pairs key=value nor a time"))
    )
    table = table.with_columns(reason=reason)
    bad = pl.col("reason").is_not_null()
    return {
        "connections" if connections else "events": table.filter(~bad).drop("reason"),
        "rejects": table.filter(bad).select("record", "reason"),
    }


def _said(key: str) -> pl.Expr:
    """A value as JSON, where it says something."""
    return pl.when(~pl.col(key).is_in(["", "N/A", "-"])).then(json_text(pl.col(key)))


def _with_words(table: pl.DataFrame, words: pl.Series) -> pl.DataFrame:
    """What the words beside the pairs say, where no pair says it: `[UFW BLOCK]`, `login failed for user anna`."""
    if not words.count():
        return table
    told = said(words).drop("level")
    return table.with_columns(
        pl.coalesce(name, told[name]) if name in table.columns else told[name] for name in told.columns
    )


def _stamps(
    rows: pl.DataFrame, values: Values, source: str, zone: str | None
) -> tuple[pl.DataFrame, dict[str, pl.Series], pl.Series]:
    """Times of the pairs, else of the prefix; which keys they come from; where there is one that does not exist.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    own, taken = own_times(values)
    if not own["exact"].null_count():
        stamps = own.select(
            time="exact",
            time_latest=pl.lit(None, EVENTS["time_latest"].dtype),
            time_text="time_text",
            zone=pl.lit("UTC"),
            zone_rule=pl.lit("in the text"),
            time_quality=pl.lit("exact"),
        )
        return stamps, taken, own["wrong"] & False
    prefix = [
        pl.col(name) if name in rows.columns else pl.lit(None, EVENTS[name].dtype).alias(name) for name in _STAMPS
    ]
    frame = pl.concat(
        [own.rename({"time_text": "own_text"}), rows.with_columns(prefix).select(_STAMPS)], how="horizontal"
    )
    exact, clock = pl.col("exact").is_not_null(), pl.col("clock").is_not_null()
    if zone is None:
        # A clock that nobody told the zone of gives way to a prefix that needs none.
        open_ones = frame.filter(~exact & pl.col("time").is_null() & (clock | pl.col("time_text").is_not_null()))
        if open_ones.height:
            example = open_ones.select(pl.coalesce("own_text", "time_text")).item(0, 0)
            raise AmbiguousTime(
                f"{source}: clock times without a zone ({example})",
                hint="say where that clock stood: zone='Europe/Paris', or --zone Europe/Paris, or PATH=Europe/Paris",
            )
        uses_clock = pl.lit(False)
    else:
        uses_clock = ~exact & clock
    earliest, latest, quality = times.resolve(pl.col("clock"), zone or "UTC")
    frame = frame.with_columns(
        from_prefix=~exact & ~uses_clock, uses_clock=uses_clock, earliest=earliest, latest=latest, quality=quality
    )

    def choice(name: str, of_exact: pl.Expr, of_clock: pl.Expr) -> pl.Expr:
        return pl.when(exact).then(of_exact).when("uses_clock").then(of_clock).otherwise(name).alias(name)

    own_time = choice("time", pl.col("exact"), pl.col("earliest"))
    stamps = frame.select(
        own_time,
        choice("time_latest", pl.lit(None), pl.when(pl.col("latest") != pl.col("earliest")).then("latest")),
        choice("time_text", pl.col("own_text"), pl.col("own_text")),
        choice("zone", pl.lit("UTC"), pl.lit(zone)),
        choice("zone_rule", pl.lit("in the text"), pl.lit("declared")),
        choice("time_quality", pl.lit("exact"), pl.col("quality")),
    )
    mine = ~frame["from_prefix"]
    wrong = own["wrong"] | stamps.select(pl.col("time").is_null() & pl.col("time_text").is_not_null()).to_series()
    return stamps, {key: mask & mine for key, mask in taken.items()}, wrong


READER = Reader(
    name="pairs",
    about="Key=value logs: FortiGate, Sophos, SonicWall, WatchGuard and others, also behind syslog, also gzip",
    tables=("connections", "events"),
    accepts=accepts,
    read=one_by_one(read),
    sign=f'lines of at least {LEAST_PAIRS} pairs key=value or key="value" and hardly anything else',
    grows=lambda _: True,
)
