"""Threats of a whole data set: whatever the traffic, what RITA's rules say one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from rita_book import Book, Row
from watchfloor.analyses.listed import Name
from watchfloor.analyses.rita.config import CODE, SHIPPED, RitaConfig, Thresholds
from watchfloor.analyses.rita.domains import registrable
from watchfloor.analyses.rita.intel import Intel
from watchfloor.analyses.rita.threats import Threats, threats_of
from watchfloor.analyses.rita.traffic import traffic_of
from watchfloor.schemas import CONNECTIONS, DNS_QUERIES, HTTP_REQUESTS, TLS_SESSIONS, Table, Tables

START = 1_759_449_600  # 2025-10-03, midnight in UTC
INSIDE = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
PROXY = "10.0.0.9"
OUTSIDE = ["198.51.100.1", "198.51.100.2", "203.0.113.7"]
NAMES = ["a.example.org", "b.example.org", "www.example.com", "x.example.co.uk", "203.0.113.7", "example.net:8000"]
AGENTS = ["one/1", "two/2", None]
QUICK = replace(
    SHIPPED,
    c2_score_thresholds=Thresholds(3, 5, 8, 10),
    long_connection_score_thresholds=Thresholds(60, 120, 600, 3_600),
    threat_intel_datasize_threshold=2_000,
    never_included_domains=("*.never.example",),
)


def times(dice: Random, start: int) -> float:
    return start + dice.choice([dice.randrange(3_600), 60 * dice.randrange(60)]) + dice.choice([0, 0.25, 0.9])


def traffic(seed: int, imports: int) -> list[dict[str, list[Row]]]:
    """Made-up rows of each import: few hosts and names, so that everything meets."""
    dice = Random(seed)
    made = []
    for number in range(imports):
        start = START + number * dice.choice([3_600, 3_600, 30_000])
        rows: dict[str, list[Row]] = {"conn": [], "http": [], "ssl": [], "dns": []}
        for _ in range(dice.randrange(40)):
            is_open = dice.random() < 0.15
            source = dice.choice([*INSIDE, *INSIDE, OUTSIDE[0]])
            proxied = dice.random() < 0.2
            to = PROXY if proxied else dice.choice([*OUTSIDE, *OUTSIDE, INSIDE[0], "224.0.0.1"])
            uid = f"C{number}{dice.randrange(60)}"
            rows["conn"].append(
                {
                    "uid": uid,
                    "time": times(dice, start),
                    "src": source,
                    "dst": to,
                    "port": dice.choice([80, 443]),
                    "duration": dice.choice([0, 0.5, 30, 100]),
                    "sent": dice.choice([40, 60, 1_500]),
                    "received": dice.choice([0, 52]),
                    "open": is_open,
                }
            )
            for _ in range(dice.choice([0, 0, 1, 1, 2, 22])):
                rows["http"].append(
                    {
                        "uid": uid,
                        "time": times(dice, start),
                        "src": source,
                        "dst": to,
                        "method": "CONNECT" if proxied else "GET",
                        "host": dice.choice([*NAMES, "c.never.example", "", ""]),
                        "ua": dice.choice(AGENTS),
                        "url": dice.choice(["/", "/a.html", "/b", "/c.txt?x=.html"]),
                        "mime": dice.choice(["text/html", "text/plain", "image/png", None]),
                        "open": is_open,
                    }
                )
            if dice.random() < 0.3:
                rows["ssl"].append(
                    {
                        "uid": uid,
                        "src": source,
                        "dst": to,
                        "name": dice.choice([*NAMES, ""]),
                        "ja3": dice.choice(["77", "78", None]),
                        "open": is_open,
                    }
                )
        for _ in range(dice.randrange(20)):
            rows["dns"].append(
                {
                    "time": times(dice, start),
                    "src": dice.choice([*INSIDE, OUTSIDE[1]]),
                    "dst": dice.choice([*INSIDE, *OUTSIDE]),
                    "name": dice.choice(
                        [*NAMES[:4], f"{dice.randrange(9)}.example.org", "1.0.0.10.in-addr.arpa", "localhost"]
                    ),
                    "type": dice.choice(["A", "TXT"]),
                    "answers": dice.choice([OUTSIDE[:1], ["www.example.com", OUTSIDE[1]], []]),
                }
            )
        made.append(rows)
    return made


def tables_of(imports: list[dict[str, list[Row]]]) -> Tables:
    """The same as canonical tables."""
    columns: dict[str, tuple[Table, dict[str, str]]] = {
        "conn": (
            CONNECTIONS,
            {
                "uid": "uid",
                "time": "time",
                "src_ip": "src",
                "dst_ip": "dst",
                "dst_port": "port",
                "duration_seconds": "duration",
                "orig_ip_bytes": "sent",
                "resp_ip_bytes": "received",
                "still_open": "open",
            },
        ),
        "http": (
            HTTP_REQUESTS,
            {
                "uid": "uid",
                "time": "time",
                "src_ip": "src",
                "dst_ip": "dst",
                "method": "method",
                "host": "host",
                "user_agent": "ua",
                "url": "url",
                "mime_type": "mime",
                "still_open": "open",
            },
        ),
        "ssl": (
            TLS_SESSIONS,
            {"uid": "uid", "src_ip": "src", "dst_ip": "dst", "server_name": "name", "ja3": "ja3", "still_open": "open"},
        ),
        "dns": (
            DNS_QUERIES,
            {
                "time": "time",
                "src_ip": "src",
                "dst_ip": "dst",
                "query": "name",
                "query_type": "type",
                "answers": "answers",
            },
        ),
    }
    found: Tables = {}
    for log, (kind, names) in columns.items():
        rows = [row | {"number": number} for number, rows in enumerate(imports) for row in rows[log]]
        values: dict[str, Any] = {ours: [row[theirs] for row in rows] for ours, theirs in names.items()}
        if "time" in values:
            values["time"] = [datetime.fromtimestamp(time, UTC) for time in values["time"]]
        values["source"] = [
            f"/logs/2025-10-03/{log}.{row['number']:02}:00:00-{row['number'] + 1:02}:00:00.log" for row in rows
        ]
        values["record"] = range(1, len(rows) + 1)
        series = {name: pl.Series(value, dtype=kind[name].dtype, strict=False) for name, value in values.items()}
        found[kind.name] = kind.fill(pl.DataFrame(series))
    return found


def domain_of(name: str) -> str:
    return str(pl.DataFrame({"n": [name]}).select(registrable(pl.col("n"))).item())


def by_pair(found: Threats) -> dict[tuple[str, str, str], Row]:
    """As the book has it."""
    return {
        (row["kind"], row["src_ip"] or "", row["dst_ip"] or row["name"]): row
        for row in found.table.iter_rows(named=True)
    }


PAIR = {
    "connections": "connections",
    "ts_score": "ts_score",
    "ds_score": "ds_score",
    "dur_score": "dur_score",
    "hist_score": "hist_score",
    "beacon_score": "beacon_score",
    "total_duration_seconds": "duration",
    "total_bytes": "total_bytes",
    "missing_host_count": "missing",
}
COMMON = {"threat_intel": "threat_intel", "prevalence": "prevalence", "final_score": "final_score"}


@given(
    seed=st.integers(0, 10**9),
    imports=st.integers(1, 4),
    config=st.sampled_from([QUICK, SHIPPED, CODE]),
    days=st.sampled_from([None, 0.5, 40]),
)
@examples(25, shrinks=False)
def test_all_at_once_as_one_by_one(seed: int, imports: int, config: RitaConfig, days: float | None) -> None:
    """Every threat that the rules give, with every score, and none beside."""
    rows = traffic(seed, imports)
    bad = {"198.51.100.2", "a.example.org"}
    present = None if days is None else START + imports * 30_000 + days * 86_400
    book = Book(config, domain_of, bad, present)
    for part in rows:
        book.take(part["conn"], part["http"], part["ssl"], part["dns"])
    expected = book.view() if hasattr(book, "true") else {}

    found = by_pair(
        threats_of(
            traffic_of(tables_of(rows), config),
            config,
            Intel(frozenset({"198.51.100.2/32"}), frozenset({Name("a.example.org", "name")})),
            as_of=None if present is None else datetime.fromtimestamp(present, UTC),
        )
    )

    assert found.keys() == expected.keys()
    for key, row in expected.items():
        columns = COMMON | ({"subdomains": "subdomains"} if key[0] == "dns" else PAIR)
        assert {ours: found[key][ours] for ours in columns} == pytest.approx(
            {ours: row[theirs] for ours, theirs in columns.items()}, abs=1e-6
        ), key
        assert found[key]["first_seen"].timestamp() == row["first"], key
        if key[0] != "dns" and row["seconds"] >= 4:
            assert found[key]["unique_seconds"] == row["seconds"], key
