"""What `hunt` shows: the table of threats, its parts and its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import watchfloor as wf
from helpers import DATA, needs_data, rows, table
from watchfloor.analyses.hunt import hunt
from watchfloor.errors import BadOption, NothingToRead
from watchfloor.schemas import CONNECTIONS, DNS_QUERIES, HTTP_REQUESTS, TLS_SESSIONS, Tables

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)
HOME, SERVER, PROXY = "10.0.0.1", "198.51.100.1", "10.0.0.9"
ISSUE = (
    "kind, src_ip, dst_ip, name, connections, unique_seconds, beacon_score, ts_score, ds_score, dur_score, hist_score, "
    "total_duration_seconds, long_connection_score, strobe, subdomains, c2_over_dns_score, threat_intel, prevalence, "
    "first_seen, missing_host_count, total_bytes, ports, modifiers, final_score, severity"
)


def beats(number: int, *, to: str = SERVER, every: int = 600, uid: str = "C", **same: Any) -> pl.LazyFrame:
    """A connection of 100 bytes and 1 s every 10 minutes."""
    values = {
        "src_ip": HOME,
        "dst_ip": to,
        "dst_port": 443,
        "proto": "tcp",
        "service": "ssl",
        "duration_seconds": 1.0,
        "orig_ip_bytes": 100,
        "resp_ip_bytes": 50,
        "still_open": False,
    } | same
    return table(
        CONNECTIONS,
        time=[NOON + timedelta(seconds=every * n) for n in range(number)],
        uid=[f"{uid}{n}" for n in range(number)],
        **{name: [value] * number for name, value in values.items()},
    )


def tls(number: int, name: str = "a.example.org", to: str = SERVER, **same: Any) -> pl.LazyFrame:
    """A session of each of these connections."""
    values = {"src_ip": HOME, "dst_ip": to, "server_name": name} | same
    return table(
        TLS_SESSIONS,
        uid=[f"C{n}" for n in range(number)],
        **{column: [value] * number for column, value in values.items()},
    )


def one(tables: Tables, **said: Any) -> dict[str, Any]:
    [row] = rows(hunt(tables, **said).table)
    return row


def test_the_columns_are_those_of_the_question() -> None:
    """Severity and final score first, for who looks at a terminal; then as RITA's own view."""
    columns = hunt({"connections": beats(5)}).collect().columns
    assert columns[:2] == ["severity", "final_score"]
    assert sorted(columns) == sorted(ISSUE.split(", "))


def test_a_strict_beacon_of_a_day() -> None:
    """144 calls, 10 minutes apart, all alike: 1.0, so the threat is 0.8, which is high and not critical."""
    row = one({"connections": beats(145)})
    assert (row["kind"], row["src_ip"], row["dst_ip"], row["name"]) == ("ip", HOME, SERVER, None)
    assert (row["beacon_score"], row["final_score"], row["severity"]) == (1.0, 0.8, "high")
    assert (row["connections"], row["unique_seconds"], row["total_bytes"]) == (145, 145, 145 * 150)
    assert (row["ports"], row["total_duration_seconds"]) == ("443:tcp:ssl", 145.0)


def test_a_name_explains_a_pair_of_addresses() -> None:
    """The same connections with a TLS name are a pair of source and name, and no longer one of addresses."""
    row = one({"connections": beats(145), "tls_sessions": tls(145)})
    assert (row["kind"], row["src_ip"], row["dst_ip"], row["name"]) == ("sni", HOME, None, "a.example.org")
    assert (row["beacon_score"], row["connections"]) == (1.0, 145)


def test_a_name_with_too_few_calls_explains_nothing() -> None:
    """Three calls to a name are no beacon, so the addresses are analysed."""
    row = one({"connections": beats(145), "tls_sessions": tls(3)})
    assert row["kind"] == "ip"


def test_http_and_tls_of_one_name_are_one_pair() -> None:
    """Five of either are ten."""
    requests = table(
        HTTP_REQUESTS,
        uid=[f"C{n}" for n in range(5, 10)],
        time=[NOON] * 5,
        src_ip=[HOME] * 5,
        dst_ip=[SERVER] * 5,
        method=["GET"] * 5,
        host=["a.example.org"] * 5,
    )
    row = one({"connections": beats(10), "tls_sessions": tls(5), "http_requests": requests})
    assert (row["kind"], row["connections"], row["unique_seconds"]) == ("sni", 10, 10)


def test_through_a_proxy_the_name_is_the_destination() -> None:
    """A CONNECT to an internal proxy is kept, and the connection to the proxy is none of its own."""
    requests = table(
        HTTP_REQUESTS,
        uid=[f"C{n}" for n in range(20)],
        time=[NOON] * 20,
        src_ip=[HOME] * 20,
        dst_ip=[PROXY] * 20,
        method=["CONNECT"] * 20,
        host=["c2.example.org"] * 20,
    )
    connections = beats(20, to=PROXY, dst_port=3128, service="http,ssl")
    row = one({"connections": connections, "http_requests": requests})
    assert (row["kind"], row["src_ip"], row["name"], row["ports"]) == (
        "sni",
        HOME,
        "c2.example.org",
        "3128:tcp:http,ssl",
    )


def test_open_connections_last_and_do_not_beat() -> None:
    """Two of 7,368.53 s to one name: 14,737.06 s are worth 0.4 + 0.2 * 337.06/14,400.

    One host of one met it: with RITA's shipped configuration that takes 0.15 away.
    """
    connections = beats(2, duration_seconds=7_368.53, still_open=True)
    row = one({"connections": connections, "tls_sessions": tls(2, still_open=True)}, config="shipped")
    worth = 0.4 + 0.2 * 337.06 / 14_400
    assert row["long_connection_score"] == pytest.approx(worth)
    assert row["final_score"] == pytest.approx(worth - 0.15, abs=1e-6)
    assert (row["connections"], row["beacon_score"], row["severity"]) == (0, 0.0, "low")
    assert row["modifiers"] == "prevalence -0.15"


def test_names_below_a_domain() -> None:
    """900 names are worth 0.6 + 0.2 * 100/200: exactly 0.7."""
    number = 900
    queries = table(
        DNS_QUERIES,
        time=[NOON + timedelta(seconds=n) for n in range(number)],
        src_ip=[HOME] * number,
        dst_ip=["10.0.0.53"] * number,
        query=[f"{n:x}.tunnel.example.co.uk" for n in range(number)],
        query_type=["TXT"] * number,
    )
    row = one({"dns_queries": queries})
    assert (row["kind"], row["src_ip"], row["name"], row["subdomains"]) == ("dns", None, "example.co.uk", 900)
    assert (row["c2_over_dns_score"], row["final_score"], row["severity"]) == (0.7, 0.7, "high")
    assert row["prevalence"] == 1.0  # client and server


def test_direct_connections_to_a_domain_add() -> None:
    """RITA gives the modifier where who connected had asked; and not where someone else connected too."""
    number = 100
    queries = table(
        DNS_QUERIES,
        time=[NOON + timedelta(seconds=n) for n in range(number)],
        src_ip=[HOME] * number,
        dst_ip=["10.0.0.53"] * number,
        query=[f"{n}.example.org" for n in range(number)],
        query_type=["A"] * number,
        answers=[[SERVER]] * number,
    )
    asked = rows(hunt({"dns_queries": queries, "connections": beats(1)}).table)
    assert [(row["kind"], row["modifiers"]) for row in asked] == [("dns", "c2_over_dns_direct_conn +0.15")]
    other = pl.concat([beats(1), beats(1, src_ip="10.0.0.7")])
    assert [row["modifiers"] for row in rows(hunt({"dns_queries": queries, "connections": other}).table)] == [None]


def test_a_request_without_a_host_adds() -> None:
    """0.1, once, however many; they do not count as connections."""
    requests = table(
        HTTP_REQUESTS,
        uid=["C0", "C1"],
        time=[NOON, NOON],
        src_ip=[HOME] * 2,
        dst_ip=[SERVER] * 2,
        method=["GET"] * 2,
    )
    row = one({"connections": beats(145), "http_requests": requests})
    assert (row["missing_host_count"], row["connections"], row["modifiers"]) == (2, 145, "missing_host +0.1")
    assert (row["final_score"], row["severity"]) == (0.9, "critical")


def test_what_is_known_to_be_bad(tmp_path: Path) -> None:
    """An address of a file makes a threat worth 0.8; 25 MB and more add 0.15. It alone makes no row."""
    feed = tmp_path / "feed.txt"
    feed.write_text(f"# bad\n\n{SERVER}\nhttps://example.org/x\n")
    result = hunt({"connections": beats(5, orig_ip_bytes=5_000_000)}, threat_intel=[feed])
    [row] = rows(result.table)
    assert (row["threat_intel"], row["final_score"]) == (True, 0.95)
    assert row["modifiers"] == "threat_intel_data_size +0.15"
    assert "1 lines of the threat intelligence are neither an address nor a domain" in result.explanation
    assert rows(hunt({"connections": beats(3)}, threat_intel=[feed]).table) == []


def test_first_seen_is_scored_in_a_rolling_data_base_alone() -> None:
    """New is worth 0.15; data of 40 days ago is as old as its window."""
    tables = {"connections": beats(5)}
    assert one(tables)["modifiers"] is None
    assert one(tables, as_of=NOON + timedelta(hours=3))["modifiers"] == "first_seen +0.15"
    assert one(tables)["first_seen"] == NOON


def test_the_parts_and_the_words() -> None:
    """What was left out is counted."""
    inbound = beats(4, src_ip="203.0.113.1", dst_ip=HOME)
    result = hunt({"connections": pl.concat([beats(145), inbound])})
    assert rows(result["left_out"].table) == [{"reason": "from outside to inside", "connections": 4}]
    assert result["severities"].collect().rows() == [
        ("critical", 0),
        ("high", 1),
        ("medium", 0),
        ("low", 0),
        ("none", 0),
    ]
    assert result["worst"].collect()["threat"].to_list() == [f"{HOME} → {SERVER}"]
    assert "From 149 connections: 1 threats (0 critical, 1 high" in result.explanation
    assert "RITA's configuration 'code'" in result.explanation


def test_rows_without_their_connection_are_counted() -> None:
    """Logs of connections cut into hours, and one of TLS that is not: the answer says so, and what to do."""
    connections = beats(12).with_columns(
        source=pl.format("/z/conn.{}:00:00-.log", pl.int_range(pl.len()).cast(pl.String).str.zfill(2))
    )
    sessions = tls(12).with_columns(source=pl.lit("/z/ssl.log"))
    tables = {"connections": connections, "tls_sessions": sessions}
    apart = hunt(tables)
    assert "11 rows of HTTP and TLS have no connection in their import" in apart.explanation
    assert "as one import" in apart.explanation
    assert [row["kind"] for row in rows(apart.table)] == ["ip"]
    together = hunt(tables, one_import=True)
    assert "no connection in their import" not in together.explanation
    assert [(row["kind"], row["connections"]) for row in rows(together.table)] == [("sni", 12)]


def test_a_strobe_is_high_and_no_beacon() -> None:
    """One connection a second of a day: worth its impact, not scored; one fewer is a beacon."""
    row = one({"connections": beats(86_400, every=1)})
    assert (row["strobe"], row["beacon_score"], row["final_score"], row["severity"]) == (True, 0.0, 0.8, "high")
    assert row["long_connection_score"] == 0.8  # 86,400 seconds in all
    row = one({"connections": beats(86_399, every=1)})
    assert (row["strobe"], row["beacon_score"]) == (False, 1.0)


def test_a_pair_shows_its_last_import() -> None:
    """Four calls in the first hour, then silence while another pair goes on: scored against the window of then.

    0, 600, 1200, 1800 s of a window of 1800 s fill 4 of 24 bars: no duration. Against the whole log as one import they
    are older than its last 24 hours.
    """
    early = beats(4).with_columns(source=pl.lit("/z/2025-10-03/conn.12:00:00-.log"))
    late = beats(4, to="203.0.113.9").with_columns(
        pl.col("time").dt.offset_by("26h"), source=pl.lit("/z/2025-10-04/conn.14:00:00-.log")
    )
    tables = {"connections": pl.concat([early, late])}
    found = {row["dst_ip"]: row["dur_score"] for row in rows(hunt(tables).table)}
    assert found == {"203.0.113.9": 0.0}  # the view leaves out what was seen last before its own window
    again = late.with_columns(pl.col("time").dt.offset_by("-10h"))
    found = {row["dst_ip"]: row["ts_score"] for row in rows(hunt({"connections": pl.concat([early, again])}).table)}
    assert found == {SERVER: 1.0, "203.0.113.9": 1.0}


def test_no_traffic_is_no_threat() -> None:
    """An empty table of any kind; no table at all is an error."""
    assert hunt({"connections": beats(0)}).collect().is_empty()
    assert hunt({"dns_queries": DNS_QUERIES.fill(pl.DataFrame())}).collect().is_empty()
    with pytest.raises(NothingToRead, match="connections, http_requests"):
        hunt({})


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"score": "magic"}, "no score 'magic'"),
        ({"top": 0}, "top=0"),
        ({"config": "mine"}, "no configuration 'mine'"),
        ({"internal": ("10.0.0.0/99",)}, "10.0.0.0/99"),
        ({"threat_intel": ("nowhere.txt",)}, "nowhere.txt"),
    ],
)
def test_what_means_nothing_is_refused(said: dict[str, Any], what: str) -> None:
    """With a hint."""
    with pytest.raises(BadOption, match=what) as error:
        hunt({"connections": beats(5)}, **said)
    assert error.value.hint


@needs_data
def test_a_real_log_is_hunted() -> None:
    """Logs of four kinds together; every row has a severity, and the order is that of the scores."""
    folder = DATA / "zeek" / "zat"
    tables = wf.read([folder / f"{kind}.log" for kind in ("conn", "http", "ssl", "dns")])
    found = hunt(tables, config="shipped").collect()
    assert found["severity"].null_count() == 0
    assert found["final_score"].is_sorted(descending=True)
    assert set(found["kind"]) <= {"ip", "sni", "dns"}
