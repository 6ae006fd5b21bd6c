"""What `rita view` shows: for every pair of addresses, pair of address and name, and domain, its threats and modifiers.

Each import is analysed against the day before its end. A pair shows the result of the last import that had it, so the
last import is worked on first, and what it found is left out of those before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from watchfloor.analyses.rita.config import RitaConfig
from watchfloor.analyses.rita.dns import busy_domains, directly_reached
from watchfloor.analyses.rita.final import finished
from watchfloor.analyses.rita.intel import Intel
from watchfloor.analyses.rita.mime import mismatches
from watchfloor.analyses.rita.scores import Window, score_calls
from watchfloor.analyses.rita.signatures import rare_signatures
from watchfloor.analyses.rita.traffic import CLOSED, HOUR, MISSING, OPEN, OPEN_MISSING, Traffic
from watchfloor.engine.buckets import MEMORY_BYTES, dealt, of_each

__all__ = ["KINDS", "Threats", "threats_of"]

KINDS = ("ip", "sni", "dns")
"""Source and destination address; source address and name; registrable domain, whoever asked."""

_DAY = 86_400
_LEAST = 4
"""Distinct seconds that RITA's formulas need, whatever the threshold of the gate is."""
_MEMORY_BYTES = MEMORY_BYTES // 4
"""Of the calls that are dealt: all connections are in memory beside them."""
_SCORES = ("beacon_score", "ts_score", "ds_score", "dur_score", "hist_score")


@dataclass(frozen=True)
class Threats:
    """The result, and what it was computed from."""

    table: pl.DataFrame
    """One row per threat, the worst first."""
    window: Window | None
    """Of the beacons of the last import; null without closed connections."""
    network_size: int
    """Internal addresses in the last window: what prevalence is a share of."""
    imports: int
    """How many were analysed."""
    named_away: int
    """Pairs of addresses that are not analysed because names explain their connections."""


@dataclass
class _Found:
    """What later imports have found already."""

    tables: list[pl.DataFrame] = field(default_factory=list)
    keys: dict[str, pl.Series] = field(default_factory=dict)


def threats_of(
    traffic: Traffic, config: RitaConfig, intel: Intel | None = None, *, as_of: datetime | None = None
) -> Threats:
    """All threats, ranked.

    Arguments:
        traffic: what passed the filters.
        config: RITA's parameters.
        intel: what is known to be bad.
        as_of: the present of a rolling data base; without it, first seen is shown but not scored.
    """
    hours = _Hours.of(traffic)
    ends = _ends(traffic)
    found, settings = _Found(), (config, intel or Intel(), as_of)
    size, named_away = 0, 0
    last = None
    for number in sorted(ends["part"].unique(), reverse=True):
        run = _Run(traffic, hours, settings, number, ends.filter(pl.col("part") <= number))
        if last is None:
            last, size = run, run.network_size
        named_away += run.go(found)
    table = pl.concat([found_in.match_to_schema(_RUN) for found_in in found.tables]) if found.tables else _EMPTY
    table = table.sort("last", "part", descending=True).unique(
        ["kind", "key", "domain"], keep="first", maintain_order=True
    )
    if last is not None:
        since = last.true.selected_from
        table = table.filter(pl.col("last") // HOUR * HOUR >= since)
    return Threats(
        table=finished(table, traffic, config),
        window=last.beacon if last else None,
        network_size=size,
        imports=ends["part"].n_unique(),
        named_away=named_away,
    )


_RUN = pl.Schema(
    {
        "kind": pl.String(),
        "key": pl.UInt64(),
        "domain": pl.String(),
        "part": pl.Int64(),
        "since": pl.Int64(),
        "connections": pl.Int64(),
        "unique_seconds": pl.Int64(),
        **dict.fromkeys(_SCORES, pl.Float64()),
        "duration": pl.Int64(),
        "total_bytes": pl.Int64(),
        "missing_host_count": pl.Int64(),
        "strobe": pl.Boolean(),
        "subdomains": pl.Int64(),
        "threat_intel": pl.Boolean(),
        "prevalence": pl.Float64(),
        "first": pl.Int64(),
        "last": pl.Int64(),
        "age_days": pl.Float64(),
        "signature": pl.String(),
        "mismatches": pl.Int64(),
        "direct": pl.Boolean(),
    }
)
_EMPTY = _RUN.to_frame()


def _ends(traffic: Traffic) -> pl.DataFrame:
    """First and last second of each import and source of time: `part, beacon, first, last`."""

    def spans(rows: pl.LazyFrame, beacon: pl.Expr) -> pl.LazyFrame:
        second = pl.col("second").cast(pl.Int64)
        return rows.group_by("part", beacon=beacon).agg(first=second.min(), last=second.max())

    closed = pl.col("role") < OPEN
    start_of_hour = pl.col("second") // HOUR * HOUR
    return (
        pl.concat(
            [
                spans(traffic.flows.lazy(), closed),
                spans(traffic.names.lazy().filter("proxy"), closed),
                spans(traffic.queries.lazy().with_columns(second=start_of_hour), pl.lit(False)),
            ]
        )
        .collect()
        .cast({"part": pl.Int64})
    )


def _window(ends: pl.DataFrame) -> Window | None:
    if ends.is_empty():
        return None
    first, last = int(ends["first"].min()), int(ends["last"].max())  # type: ignore[arg-type]
    return Window(max(first, last - _DAY), last)


@dataclass(frozen=True)
class _Hours:
    """Sums per pair, hour, import and role, as RITA keeps them."""

    flows: pl.DataFrame
    names: pl.DataFrame

    @classmethod
    def of(cls, traffic: Traffic) -> _Hours:
        rows = (traffic.flows.lazy(), traffic.names.lazy().filter(pl.col("counted") | (pl.col("role") >= OPEN)))
        return cls(*(_hourly(frame).collect(engine="streaming") for frame in rows))


def _hourly(rows: pl.LazyFrame) -> pl.LazyFrame:
    second = pl.col("second").cast(pl.Int64)
    return rows.group_by("part", "key", "role", hour=second // HOUR * HOUR).agg(
        rows=pl.len().cast(pl.Int64),
        first=second.min(),
        last=second.max(),
        total=pl.col("total").sum(),
        duration=pl.col("duration").sum(),
    )


class _Run:
    """The analysis of one import, against all that was imported until then."""

    def __init__(
        self,
        traffic: Traffic,
        hours: _Hours,
        settings: tuple[RitaConfig, Intel, datetime | None],
        number: int,
        ends: pl.DataFrame,
    ) -> None:
        self._config, self._intel, as_of = settings
        self._traffic, self._hours, self._number = traffic, hours, number
        self.beacon = _window(ends.filter("beacon"))
        true = _window(ends)
        assert true is not None  # this import has rows
        self.true = true
        self._since = self.beacon.selected_from if self.beacon else 0
        self._names = self._of(traffic.names, self._since)
        self._true_names = self._of(traffic.names, true.selected_from)
        self._queries = self._asked(true.selected_from)
        self._flows = self._of(hours.flows, self._since, "hour")
        self.network_size = self._inside().height
        self._rolling = as_of is not None and 0 <= (as_of.timestamp() - true.end) <= _DAY
        self._now = as_of.timestamp() if as_of is not None and self._rolling else true.end
        self._scored = as_of is not None

    def go(self, found: _Found) -> int:
        """Adds what this import shows; the number of pairs of addresses that names explain."""
        names = self._name_pairs()
        addresses, away = self._address_pairs(names)
        rare_names, rare_addresses = rare_signatures(
            self._true_names.filter(pl.col("role") < OPEN), self._bare_of_window()
        )
        wrong = mismatches(self._true_names.filter(pl.col("role") < OPEN, "http").select("key", "url", "mime_type"))
        for kind, pairs, rare in (("ip", addresses, rare_addresses), ("sni", names, rare_names)):
            touched = pairs.filter("touched")
            # Open connections are of their import alone: an earlier one may have seen the pair later.
            new = pl.concat(
                [
                    _without(touched.filter(pl.col("open_last").is_null()), "key", found.keys.get(kind)),
                    touched.filter(pl.col("open_last").is_not_null()),
                ]
            )
            scored = self._scored_pairs(kind, new).join(rare, on="key", how="left")
            if kind == "sni":
                scored = scored.join(wrong, on="key", how="left")
            self._add(found, kind, self._judged(kind, scored), "key")
        self._add(found, "dns", self._domains(found.keys.get("dns")), "domain")
        return away

    def _add(self, found: _Found, kind: str, table: pl.DataFrame, key: str) -> None:
        table = table.with_columns(kind=pl.lit(kind), part=pl.lit(self._number, pl.Int64))
        table = table.with_columns(since=pl.lit(self.true.selected_from if kind == "dns" else self._since, pl.Int64))
        missing = [pl.lit(None, dtype).alias(name) for name, dtype in _RUN.items() if name not in table.columns]
        found.tables.append(table.with_columns(missing).select(_RUN.names()).cast(_RUN))
        before = found.keys.get(kind)
        found.keys[kind] = table[key] if before is None else pl.concat([before, table[key].cast(before.dtype)])

    def _of(self, rows: pl.DataFrame, since: int, time: str = "second") -> pl.DataFrame:
        """Rows of this import that are open, and those of the window that are not."""
        is_open = (pl.col("role") >= OPEN) & (pl.col("part") == self._number)
        closed = (pl.col("role") < OPEN) & (pl.col("part") <= self._number) & (pl.col(time) >= since)
        return rows.filter(is_open | closed)

    def _asked(self, since: int) -> pl.DataFrame:
        """Queries since then, each with its registrable domain."""
        domain = pl.lit(self._traffic.labels["domain"]).gather(pl.col("name"))
        rows = self._traffic.queries.filter(pl.col("part") <= self._number, pl.col("second") >= since)
        return rows.with_columns(domain=domain)

    def _bare_of_window(self) -> pl.DataFrame:
        inside = self._traffic.inside("src")
        rows = self._of(self._traffic.bare, self.true.selected_from).filter(pl.col("role") < OPEN)
        return rows.select("key", "src", "signature", dst=pl.when(inside).then("dst").otherwise("src"))

    def _inside(self) -> pl.DataFrame:
        """The internal addresses of the true window."""
        ends = [pl.col("key") // 2**32, pl.col("key") % 2**32]
        keys = self._of(self._hours.flows, self.true.selected_from, "hour").select("key").unique()
        http = self._true_names.filter("http", "counted")
        seen = [
            *(keys.select(host=end) for end in ends),
            *(
                rows.select(host=pl.col(end).cast(pl.UInt64))
                for rows in (http, self._queries)
                for end in ("src", "dst")
            ),
        ]
        return pl.concat(seen).unique().filter(self._traffic.inside("host"))

    # Pairs.

    def _totals(self, hours: pl.DataFrame) -> pl.DataFrame:
        """One row per pair of the window."""
        role, rows = pl.col("role"), pl.col("rows")
        return hours.group_by("key").agg(
            connections=rows.filter(role == CLOSED).sum(),
            seconds_at_most=rows.filter(role < OPEN).sum(),
            missing_host_count=rows.filter(role.is_in([MISSING, OPEN_MISSING])).sum(),
            duration=pl.col("duration").sum(),
            closed_duration=pl.col("duration").filter(role == CLOSED).sum(),
            total_bytes=pl.col("total").sum(),
            first=pl.col("first").filter(role < OPEN).min(),
            last=pl.col("last").filter(role < OPEN).max(),
            open_first=pl.col("first").filter(role >= OPEN).min(),
            open_last=pl.col("last").filter(role >= OPEN).max(),
        )

    def _name_pairs(self) -> pl.DataFrame:
        """Pairs of address and name, whether this import has them (`touched`), and their distinct seconds."""
        hours = self._of(self._hours.names, self._since, "hour")
        totals = self._totals(hours).with_columns(
            first=pl.min_horizontal("first", "open_first"), last=pl.max_horizontal("last", "open_last")
        )
        here = self._traffic.names.filter(pl.col("part") == self._number)
        busy = totals.filter(pl.col("seconds_at_most") >= self._config.unique_connection_threshold)
        rows = self._names.lazy().filter("counted", pl.col("role") < OPEN).join(busy.lazy(), on="key", how="semi")
        proxied, second = pl.col("proxy"), pl.col("second")
        counts = rows.group_by("key").agg(
            all_seconds=second.n_unique(),
            unique_seconds=pl.max_horizontal(second.filter(proxied).n_unique(), second.filter(~proxied).n_unique()),
        )
        return totals.join(counts.collect(), on="key", how="left").with_columns(
            touched=pl.col("key").is_in(here["key"].unique().implode())
        )

    def _address_pairs(self, names: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """Pairs of addresses that names do not explain in this import, and the number of those that they do."""
        totals = self._totals(self._flows).with_columns(
            # In RITA's query the first and the last time of open connections stand in each other's place.
            first=pl.min_horizontal("first", "open_last"),
            last=pl.max_horizontal("last", "open_first"),
        )
        here = self._traffic.names.filter(pl.col("part") == self._number)
        qualifies = (
            (pl.col("all_seconds") >= self._config.unique_connection_threshold)
            & (pl.col("connections") < self._config.strobe_connections)
        ) | (pl.col("closed_duration") >= self._config.long_connection_score_thresholds.base * 1_000_000)
        known = names.filter(qualifies.fill_null(False)).select("key")
        uids = pl.concat(
            [
                here.filter(pl.col("role") < OPEN).join(known, on="key", how="semi").select("uid"),
                here.filter(pl.col("role") >= OPEN).select("uid"),
            ]
        ).unique()
        pairs = self._hours.flows.lazy().filter(pl.col("part") == self._number)
        if uids.is_empty():  # names explain nothing
            touched = totals.join(
                pairs.select("key").unique().with_columns(touched=True).collect(), on="key", how="left"
            )
            return _unnamed(touched), 0
        flows = self._traffic.flows.lazy().filter(pl.col("part") == self._number)
        closed = pl.col("role") < OPEN
        named = (
            flows.filter(pl.col("uid").is_not_null())
            .join(uids.lazy(), on="uid", how="semi")
            .select("key", closed=closed)
            .unique()
            .with_columns(named=pl.lit(True))
        )
        explained = (
            pairs.select("key", closed=closed)
            .unique()
            .join(named, on=["key", "closed"], how="left")
            .group_by("key")
            .agg(touched=pl.col("named").is_null().any())
            .collect()
        )
        return _unnamed(totals.join(explained, on="key", how="left")), int((~explained["touched"]).sum())

    def _scored_pairs(self, kind: str, totals: pl.DataFrame) -> pl.DataFrame:
        """The pairs with a threat of their own: beacons, long connections, strobes."""
        least = self._config.unique_connection_threshold
        if self.beacon is None:
            totals = totals.with_columns(*(pl.lit(None, pl.Float64).alias(name) for name in _SCORES), gate=False)
        else:
            candidates = totals.filter(
                pl.col("seconds_at_most") >= least, pl.col("connections") < self._config.strobe_connections
            )
            totals = totals.drop("unique_seconds").join(self._beacons(kind, candidates), on="key", how="left")
            totals = totals.with_columns(gate=(pl.col("unique_seconds") >= least).fill_null(False))
        long = pl.col("duration") >= self._config.long_connection_score_thresholds.base * 1_000_000
        strobe = pl.col("connections") >= self._config.strobe_connections
        failed = pl.col("gate") & pl.col("beacon_score").is_null()  # RITA skips a pair that its formulas refuse
        return totals.with_columns(strobe=strobe).filter(~failed, pl.col("gate") | long | strobe)

    def _beacons(self, kind: str, candidates: pl.DataFrame) -> pl.DataFrame:
        """`key, unique_seconds` and the scores, null where the gate or the formulas say no."""
        assert self.beacon is not None
        rows = (self._traffic.flows if kind == "ip" else self._traffic.names).lazy()
        if kind == "sni":
            rows = rows.filter("counted")
        calls = (
            rows.filter(pl.col("role") < OPEN, pl.col("part") <= self._number, pl.col("second") >= self._since)
            .select("key", "second", "sent", "role")
            .join(candidates.lazy().select("key"), on="key", how="semi")
        )
        with dealt(calls, "key", memory_bytes=_MEMORY_BYTES) as buckets:
            return of_each(buckets, lambda _, bucket: self._beacons_of(kind, bucket.collect(), candidates))

    def _beacons_of(self, kind: str, calls: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
        assert self.beacon is not None
        pairs = calls.select("key").unique().with_row_index("pair")
        calls = calls.join(pairs, on="key")
        if (calls["role"] == CLOSED).all():
            dense, own_pairs = calls.select("pair", "second", bytes="sent"), pairs.select("pair", dense="pair")
        else:
            own = calls.filter(pl.col("role") == CLOSED)
            # The formulas want pairs without gaps in their numbers.
            own_pairs = own.select("pair").unique().with_row_index("dense")
            dense = own.join(own_pairs, on="pair").select("second", bytes="sent", pair="dense")
        loose = replace(self._config, unique_connection_threshold=_LEAST)
        scores = score_calls(dense, self.beacon, loose).rename({"pair": "dense"}).join(own_pairs, on="dense")
        if kind == "sni":
            counted = pairs.join(candidates.select("key", "unique_seconds"), on="key")
        elif (calls["role"] == MISSING).any():
            counted = pairs.join(calls.group_by("pair").agg(unique_seconds=pl.col("second").n_unique()), on="pair")
        else:
            few = pl.col("unique_seconds").fill_null(0)  # below 4 the number does not matter
            counted = pairs.join(scores.select("pair", "unique_seconds"), on="pair", how="left").with_columns(few)
        counted = counted.select("pair", "key", pl.col("unique_seconds").cast(pl.Int64))
        enough = pl.col("unique_seconds") >= self._config.unique_connection_threshold
        return counted.join(scores.select("pair", *_SCORES), on="pair", how="left").select(
            "key", "unique_seconds", *(pl.when(enough).then(name).alias(name) for name in _SCORES)
        )

    def _judged(self, kind: str, table: pl.DataFrame) -> pl.DataFrame:
        """With prevalence, threat intelligence and age."""
        source, other = pl.col("key") // 2**32, pl.col("key") % 2**32
        table = table.with_columns(source=source, other=other)
        if kind == "ip":
            outside = pl.when(self._traffic.inside("source")).then("other").otherwise("source")
            listed = self._intel.has_address(self._traffic.hosts["text"])
            counts = self._prevalence_of_addresses()
        else:
            outside = pl.col("other")
            listed = self._intel.has_domain(self._traffic.labels["text"])
            counts = self._prevalence_of_names()
        return (
            table.with_columns(outside=outside.cast(pl.UInt64))
            .join(counts, on="outside", how="left")
            .with_columns(
                threat_intel=pl.lit(listed).gather(pl.col("outside")),
                prevalence=pl.col("inside").fill_null(0) / max(self.network_size, 1),
            )
            .pipe(self._aged, kind)
        )

    def _prevalence_of_addresses(self) -> pl.DataFrame:
        """One row per external address: the internal ones that it was seen with."""
        keys = self._flows.select("key").unique().with_columns(src=pl.col("key") // 2**32, dst=pl.col("key") % 2**32)
        from_inside = self._traffic.inside("src")
        return (
            keys.select(
                outside=pl.when(from_inside).then("dst").otherwise("src"),
                inside=pl.when(from_inside).then("src").otherwise("dst"),
            )
            .group_by("outside")
            .agg(pl.col("inside").n_unique())
        )

    def _met(self, names: pl.DataFrame, queries: pl.DataFrame, what: str) -> pl.DataFrame:
        """One row per name or domain: the internal addresses that asked for it or answered."""
        ends = [
            rows.select(outside=pl.col(what), host=pl.col(end).cast(pl.UInt64))
            for rows in (names, queries)
            for end in ("src", "dst")
        ]
        return (
            pl.concat(ends)
            .unique()
            .filter(self._traffic.inside("host"))
            .group_by("outside")
            .agg(inside=pl.len().cast(pl.Int64))
        )

    def _prevalence_of_names(self) -> pl.DataFrame:
        names = self._names.filter(pl.col("counted") | (pl.col("role") >= OPEN))
        return self._met(names, self._asked(self._since), "name").cast({"outside": pl.UInt64})

    def _aged(self, table: pl.DataFrame, kind: str) -> pl.DataFrame:
        """With the days since the first time; of a rolling data base, since anyone's first time."""
        if not self._scored:
            return table.with_columns(age_days=pl.lit(None, pl.Float64))
        if self._rolling:
            seen = self._first_times(kind)
            table = table.join(seen, on="outside", how="left").with_columns(first=pl.coalesce("ever", "first"))
        return table.with_columns(age_days=(self._now - pl.col("first")) / _DAY)

    def _first_times(self, kind: str) -> pl.DataFrame:
        """When any row of any import had the external address, name or domain first."""
        until = pl.col("part") <= self._number
        if kind == "ip":
            rows = self._hours.flows.lazy().filter(until)
            rows = rows.with_columns(src=pl.col("key") // 2**32, dst=pl.col("key") % 2**32)
            outside = pl.when(self._traffic.inside("src")).then("dst").otherwise("src")
            seen = [rows.select("first", outside=outside)]
        else:
            second = pl.col("second").cast(pl.Int64).alias("first")
            what = pl.col("name")
            if kind == "dns":
                what = pl.lit(self._traffic.labels["domain"]).gather(what)
            tables = (self._traffic.names, self._traffic.queries)
            seen = [rows.lazy().filter(until).select(second, outside=what) for rows in tables]
        every = pl.concat(seen).group_by("outside").agg(ever=pl.col("first").min()).collect()
        return every if kind == "dns" else every.cast({"outside": pl.UInt64})

    # Domains.

    def _domains(self, known: pl.Series | None) -> pl.DataFrame:
        """C2 over DNS: the domains that this import has, with many names below them."""
        here = self._queries.filter(pl.col("part") == self._number).select("domain").unique()
        busy = busy_domains(self._queries, self._config.c2_score_thresholds.base)
        busy = _without(busy.join(here, on="domain", how="semi"), "domain", known)
        if busy.is_empty():
            return busy.with_columns(strobe=pl.lit(False))
        second = pl.col("second").cast(pl.Int64)
        every = self._asked(0)
        times = every.join(busy, on="domain", how="semi").group_by("domain").agg(first=second.min(), last=second.max())
        since_day = self._asked(self.true.start // _DAY * _DAY).filter(pl.col("answers").is_not_null())
        pairs = self._of(self._hours.flows, self.true.selected_from, "hour").filter(pl.col("role") < OPEN)
        pairs = pairs.select(src=pl.col("key") // 2**32, dst=pl.col("key") % 2**32).unique()
        direct = directly_reached(self._traffic, self._queries, since_day.select("domain", "answers"), pairs)
        domain = pl.lit(self._traffic.labels["domain"]).gather(pl.col("name"))
        names = self._true_names.filter(pl.col("counted") | (pl.col("role") >= OPEN)).with_columns(domain=domain)
        counts = self._met(names, self._queries, "domain")
        return (
            busy.join(times, on="domain")
            .with_columns(outside=pl.col("domain"))
            .join(counts, on="outside", how="left")
            .with_columns(
                direct=pl.col("domain").is_in(direct.implode()),
                threat_intel=self._intel.has_registrable(pl.col("domain")),
                prevalence=pl.col("inside").fill_null(0) / max(self.network_size, 1),
                strobe=pl.lit(False),
            )
            .pipe(self._aged, "dns")
        )


def _unnamed(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of addresses, with the columns that those of names have."""
    return pairs.with_columns(pl.col("touched").fill_null(False), unique_seconds=None, all_seconds=None)


def _without(table: pl.DataFrame, key: str, known: pl.Series | None) -> pl.DataFrame:
    """The rows that no later import has shown."""
    if known is None or known.is_empty():
        return table
    return table.join(known.alias(key).to_frame().unique(), on=key, how="anti")
