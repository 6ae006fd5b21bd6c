"""Recall of beacon scores at one false positive per 1,000 pairs: made beacons placed in the made traffic of an office.

`python bench/beacon_grid.py [FOLDER]` prints the table and writes `beacon_grid.csv` into the folder; minutes.
Beacons have a period, a jitter (each gap is the period times 1 ± jitter), missed beats (each beat is left out with this
chance) and a number of beats. Each is on a host of its own, calls a server of its own, ends within the day of the
traffic, and may have begun days before.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from random import Random

import polars as pl

from watchfloor.analyses.beacons import beacons
from watchfloor.schemas import CONNECTIONS

PERIODS = (1, 10, 60, 300, 1_800, 7_200, 21_600)
JITTERS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6)
MISSED = (0.0, 0.1, 0.25, 0.5)
BEATS = (6, 12, 25, 100, 1_000, 5_000)
REPEATS = 2
"""Beacons of each kind in a run; a run has one jitter and one share of missed beats."""
HOSTS = 180
DAY = 86_400
START = datetime(2025, 3, 4, tzinfo=UTC)
FALSE_POSITIVES = 1 / 1_000
LONGEST = 30 * DAY
"""Beacons that would last longer are not made."""

Call = tuple[float, str, str, int, str, int, int]
"""Seconds, source, target, port, protocol, bytes sent and received."""


def office(dice: Random) -> Iterator[Call]:
    """A day of an office: people browse, pages reload themselves, machines update, poll, ask for names and the time."""
    sites = [
        [
            f"203.0.{site // 250}.{site % 250}",
            *(f"192.0.{2 + dice.randrange(40)}.{dice.randrange(250)}" for _ in range(dice.randrange(3, 25))),
        ]
        for site in range(600)
    ]
    services = [
        (f"198.18.{n}.10", dice.choice((60, 120, 300, 900, 1_680, 3_600, 14_400)), dice.random() * 0.3)
        for n in range(30)
    ]
    for number in range(HOSTS):
        host = f"10.0.{number // 250}.{number % 250 + 1}"
        yield from browsing(dice, host, sites)
        yield from machine(dice, host, services)
    yield from servers(dice)


def page(dice: Random, host: str, now: float, site: list[str]) -> Iterator[Call]:
    """A page load: look-ups of names, then many targets within a second or two."""
    yield now - 0.02, host, "10.0.9.1", 53, "udp", 40, 120
    for target in site:
        for _ in range(dice.choice((1, 1, 2, 4))):
            yield (
                now + dice.expovariate(1.2),
                host,
                target,
                443,
                "tcp",
                400 + dice.randrange(900),
                int(dice.lognormvariate(9, 1.5)),
            )


def browsing(dice: Random, host: str, sites: list[list[str]]) -> Iterator[Call]:
    """Sessions of pages, some of which reload themselves, or poll their server, as long as they are open."""
    favourites = dice.sample(sites, 12)
    for _ in range(dice.randrange(2, 9)):
        now = 7 * 3_600 + dice.random() * 11 * 3_600
        for _ in range(dice.randrange(2, 25)):
            site = dice.choice(favourites) if dice.random() < 0.8 else dice.choice(sites)
            yield from page(dice, host, now, site)
            kind, stay = dice.random(), dice.lognormvariate(4, 1.2)
            if kind < 0.06:  # reloads itself
                for turn in range(1, int(stay / 60) + 1):
                    yield from page(dice, host, now + turn * 60 + dice.random(), site)
            elif kind < 0.12:  # polls while it is open
                every = dice.choice((15, 30, 60))
                for turn in range(1, int(stay * 4 / every) + 1):
                    yield (
                        now + turn * every + dice.random() * 0.4,
                        host,
                        site[0],
                        443,
                        "tcp",
                        650,
                        300 + dice.randrange(200),
                    )
            now += stay


def machine(dice: Random, host: str, services: list[tuple[str, int, float]]) -> Iterator[Call]:
    """What runs by itself: clock, look-ups, address lease, mail, agents of many machines, programs at random."""
    yield from every(dice, host, "10.0.9.1", 123, 1_024, 0.02, "udp", 48)
    yield from every(dice, host, "10.0.9.1", 53, 300, 0.9, "udp", 42)
    yield from every(dice, host, "10.0.9.1", 67, 14_400, 0.01, "udp", 300)
    yield from every(dice, host, "10.0.9.2", 443, 300, 0.05, "tcp", 900)
    yield from every(dice, host, "10.0.9.3", 445, 5_400, 0.3, "tcp", 2_000)
    for target, period, jitter in dice.sample(services, 5):
        yield from every(dice, host, target, 443, period, jitter, "tcp", 700)
    for _ in range(4):  # programs that call at random, each its own server
        target, mean = f"198.19.{dice.randrange(250)}.{dice.randrange(250)}", dice.lognormvariate(6, 1.5)
        now = dice.random() * DAY / 2
        while now < DAY:
            yield now, host, target, 443, "tcp", 300 + dice.randrange(3_000), int(dice.lognormvariate(7, 1))
            now += dice.expovariate(1 / mean) if dice.random() < 0.7 else dice.random() * 3
    if dice.random() < 0.1:  # peers
        for _ in range(120):
            peer, port, now = (
                f"100.{64 + dice.randrange(60)}.{dice.randrange(250)}.{dice.randrange(250)}",
                1_024 + dice.randrange(60_000),
                dice.random() * DAY,
            )
            for _ in range(dice.randrange(1, 25)):
                yield now, host, peer, port, "udp", 100 + dice.randrange(300), 120
                now += 60 + dice.random() * (3 if dice.random() < 0.3 else 60)


def every(
    dice: Random, host: str, target: str, port: int, period: float, jitter: float, proto: str, size: int
) -> Iterator[Call]:
    now = dice.random() * period
    while now < DAY:
        yield now, host, target, port, proto, size, size // 2
        now += period * (1 + jitter * (2 * dice.random() - 1))


def servers(dice: Random) -> Iterator[Call]:
    """Monitoring of all machines, a backup of each, a scanner."""
    for number in range(HOSTS):
        host = f"10.0.{number // 250}.{number % 250 + 1}"
        yield from every(dice, "10.0.9.7", host, 161, 300, 0.01, "udp", 80)
        now = dice.random() * DAY
        for _ in range(30):
            yield now, "10.0.9.8", host, 8_000, "tcp", 50_000, 900
            now += dice.expovariate(2)
    for number in range(40):
        for port in range(1, 200):
            yield 50_000 + number * 20 + port / 10, "10.0.9.9", f"10.0.0.{number + 1}", port, "tcp", 0, 0


def beacon(dice: Random, host: str, server: str, kind: tuple[float, float, float, int]) -> list[Call]:
    """The calls of one beacon, the last one within the day."""
    period, jitter, missed, beats = kind
    seconds, now = [], 0.0
    while len(seconds) < beats:
        if dice.random() >= missed:
            seconds.append(now)
        now += period * (1 + jitter * (2 * dice.random() - 1))
    span = seconds[-1] - seconds[0]
    end = max(dice.random(), span / DAY if span < DAY * 0.9 else 0.9) * DAY
    size = dice.randrange(200, 900)
    return [
        (
            end - span + second - seconds[0],
            host,
            server,
            443,
            "tcp",
            size + dice.choice((0, 0, 0, 16, 32)),
            dice.choice((120, 120, 120, 800)),
        )
        for second in seconds
    ]


def frame(calls: list[Call]) -> pl.DataFrame:
    columns = {
        "second": pl.Float64,
        "src_ip": pl.String,
        "dst_ip": pl.String,
        "dst_port": pl.Int64,
        "proto": pl.String,
        "orig_bytes": pl.Int64,
        "resp_bytes": pl.Int64,
    }
    made = pl.DataFrame(calls, schema=columns, orient="row")
    return CONNECTIONS.fill(
        made.with_columns(
            time=pl.lit(START) + pl.duration(microseconds=(pl.col("second") * 1_000_000).cast(pl.Int64)),
            orig_ip_bytes=pl.col("orig_bytes") + 280,
            resp_ip_bytes=pl.col("resp_bytes") + 240,
            duration_seconds=0.2,
        ),
        source="made",
    ).collect()


def run(
    background: pl.DataFrame, jitter: float, missed: float, seed: int, scores: tuple[str, ...]
) -> list[dict[str, object]]:
    """The beacons of one jitter and one share of missed beats, a few at a time: which are found by each score."""
    dice = Random(seed)
    kinds = [
        (period, jitter, missed, beats)
        for period, beats in product(PERIODS, BEATS)
        if period * beats / (1 - missed) <= LONGEST
    ] * REPEATS
    dice.shuffle(kinds)
    found = []
    for first in range(0, len(kinds), HOSTS // 2):
        part = kinds[first : first + HOSTS // 2]
        hosts = dice.sample(range(HOSTS), len(part))
        placed = {f"45.77.{n // 250}.{n % 250}": kind for n, kind in enumerate(part)}
        calls = [
            call
            for host, (server, kind) in zip(hosts, placed.items(), strict=True)
            for call in beacon(dice, f"10.0.{host // 250}.{host % 250 + 1}", server, kind)
        ]
        log = pl.concat([background, frame(calls)]).lazy()
        enough = background.group_by("src_ip", "dst_ip").len().filter(pl.col("len") >= 4).height
        for score in scores:
            table = beacons(log, score=score).collect().select("dst_ip", "score")
            servers = table.filter(pl.col("dst_ip").is_in(list(placed)))
            others = table.filter(~pl.col("dst_ip").is_in(list(placed)))["score"].sort(descending=True)
            edge = others[int(enough * FALSE_POSITIVES)]
            above = set(servers.filter(pl.col("score") > edge)["dst_ip"])
            found += [
                {
                    "score": score,
                    "period": kind[0],
                    "jitter": jitter,
                    "missed": missed,
                    "beats": kind[3],
                    "found": server in above,
                    "edge": edge,
                }
                for server, kind in placed.items()
            ]
    return found


def table(found: pl.DataFrame, rows: str) -> pl.DataFrame:
    """Recall by one property and by score."""
    return (
        found.group_by(rows, "score").agg(pl.col("found").mean()).pivot("score", index=rows, values="found").sort(rows)
    )


def main() -> int:
    scores = ("watchfloor", "rita")
    background = frame(list(office(Random(7))))
    print(f"{background.height:,} connections of background")
    step = 2 if "--quick" in sys.argv else 1
    results = [
        line
        for number, (jitter, missed) in enumerate(product(JITTERS[::step], MISSED[::step]))
        for line in run(background, jitter, missed, number, scores)
    ]
    found = pl.DataFrame(results)
    with pl.Config(tbl_rows=50, float_precision=2, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True):
        print(found.group_by("score").agg(pl.len(), pl.col("found").mean(), pl.col("edge").mean()))
        for rows in ("period", "jitter", "missed", "beats"):
            print(table(found, rows))
    if folder := [argument for argument in sys.argv[1:] if not argument.startswith("-")]:
        found.write_csv(Path(folder[0]) / "beacon_grid.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main())
