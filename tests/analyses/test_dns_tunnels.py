"""DNS tunnels: fast, slow, by answers; heavy users of names are told apart; all evidence is there."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import watchfloor as wf
from helpers import rows, table
from watchfloor.analyses.dns_tunnels import COLUMNS, dns_tunnels
from watchfloor.errors import BadOption, NothingToRead
from watchfloor.schemas import CONNECTIONS, DNS_QUERIES, Tables

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)
HOME = "10.0.0.1"


def coded(number: int, length: int) -> str:
    """Base32 that nobody can read."""
    return base64.b32encode(hashlib.sha512(str(number).encode()).digest()).decode().lower().rstrip("=")[:length]


def asked(
    *names: str | None,
    src: str | None = HOME,
    every: float = 60,
    answers: list[list[str] | None] | None = None,
    **same: Any,
) -> pl.LazyFrame:
    """One query for each name, a minute apart."""
    values = {"query_type": "A", "rcode": "NOERROR"} | same
    return table(
        DNS_QUERIES,
        time=[NOON + timedelta(seconds=every * n) for n in range(len(names))],
        src_ip=[src] * len(names),
        query=list(names),
        answers=answers or [None] * len(names),
        **{column: [value] * len(names) for column, value in values.items()},
    )


def tunnel(number: int, length: int = 40, domain: str = "tunnel.example", **same: Any) -> pl.LazyFrame:
    return asked(*(f"{coded(n, length)}.{domain}" for n in range(number)), **same)


def found(*queries: pl.LazyFrame, **said: Any) -> list[dict[str, Any]]:
    return rows(dns_tunnels({"dns_queries": pl.concat(queries)}, **said).table)


def browsing(clients: int = 30) -> list[pl.LazyFrame]:
    """Each client asks for the names of some sites, again and again."""
    sites = [f"{host}.site{n}.example" for n in range(6) for host in ("www", "static", "img1", "api", "cdn", "login")]
    more = [
        f"{host}.big.example"
        for host in ("www", "mail", "news", "maps", "drive", "docs", "photos", "play", "m", "tv", "shop")
    ]
    return [asked(*(sites + more) * 2, src=f"10.0.1.{n}") for n in range(clients)]


def test_a_fast_tunnel_comes_before_all_else() -> None:
    """1,000 names of 40 characters of base32: 25 bytes each."""
    first, *others = found(*browsing(), tunnel(1_000, query_type="TXT"))
    assert (first["src_ip"], first["domain"], first["names"], first["queries"]) == (
        HOME,
        "tunnel.example",
        1_000,
        1_000,
    )
    assert first["score"] > 0.95
    assert first["carried_out_bytes"] == pytest.approx(25_000, rel=0.02)
    assert (first["mean_length"], first["max_length"], first["alphabet"]) == (40, 40, 32)
    assert first["entropy_bits"] == pytest.approx(5, abs=0.02)
    assert (first["record_types"], first["text_share"], first["unique_share"]) == ("TXT 100 %", 1, 1)
    assert first["queries_per_hour"] == pytest.approx(60, rel=0.01)
    assert all(other["score"] < 0.1 for other in others)


def test_a_low_and_slow_tunnel_is_found() -> None:
    """30 names a day over three days, of type A only: 1.8 kB in all, yet far above people who browse."""
    first, *others = found(*browsing(), tunnel(90, 32, every=2_880))
    assert first["domain"] == "tunnel.example"
    assert first["score"] > 0.6
    assert first["active_hours"] == pytest.approx(72, abs=1)
    assert all(other["score"] < 0.1 for other in others)


def test_short_encoded_labels_are_found_too() -> None:
    """12 characters each: what counts is how much leaves in all."""
    first, *_ = found(*browsing(), tunnel(800, 12))
    assert first["domain"] == "tunnel.example"
    assert first["score"] > 0.5


def test_orders_in_answers_of_one_name() -> None:
    """The same name all day, and each time another text: names carry nothing, answers do."""
    texts: list[list[str] | None] = [[f"TXT 60 {coded(n, 60)}"] for n in range(200)]
    [row] = found(asked(*["cmd.tunnel.example"] * 200, query_type="TXT", answers=texts))
    assert (row["names"], row["carried_in_bytes"], row["volume"]) == (
        1,
        200 * 60 + sum(len("TXT 60 ") for _ in texts),
        1,
    )
    assert row["score"] > 0.4
    assert "came back in answers of text" in row["why"]


def test_labels_that_come_again_carry_nothing_new() -> None:
    """Ten thousand queries of twelve names are twelve labels."""
    names = [f"host{n:02}.example.org" for n in range(12)] * 100
    [row] = found(asked(*names))
    assert row["carried_out_bytes"] < 12 * 6
    assert row["score"] == 0


def test_many_clients_of_a_domain_speak_against_a_tunnel() -> None:
    """Hashes in names that all of an office ask for: a service."""
    office = [tunnel(100, domain="service.example", src=f"10.0.2.{n}") for n in range(40)]
    *_, last = found(*office, tunnel(100))
    scores = {row["domain"]: row["score"] for row in found(*office, tunnel(100))}
    assert scores["service.example"] < 0.25 < 0.8 < scores["tunnel.example"]
    assert last["clients"] == 40
    assert last["solitude"] == pytest.approx(1 / 4.9)


def test_known_heavy_users_are_named_and_stand_last() -> None:
    """With their score and reason: told apart, never hidden."""
    lists = asked(*(f"{n}.{n % 7}.0.10.zen.spamhaus.org" for n in range(200)), rcode="NXDOMAIN")
    hashes = tunnel(500, 40, "sophosxl.net")
    ranked = found(lists, hashes, tunnel(20))
    assert [(row["domain"], row["known"]) for row in ranked] == [
        ("tunnel.example", None),
        ("sophosxl.net", "anti-virus look-ups"),
        ("spamhaus.org", "DNS blocklists"),
    ]
    assert ranked[1]["score"] > ranked[0]["score"]
    assert ranked[1]["why"].startswith("anti-virus look-ups (")
    assert ranked[2]["nxdomain_share"] == 1


def test_connections_to_what_was_asked_for() -> None:
    """Null without connections; else how many went to an address that an answer gave."""
    names = [f"{coded(n, 30)}.service.example" for n in range(20)]
    tables: Tables = {"dns_queries": asked(*names, answers=[["198.51.100.7"]] * 20)}
    [alone] = rows(dns_tunnels(tables).table)
    assert alone["direct_connections"] is None
    tables["connections"] = table(
        CONNECTIONS, src_ip=[HOME, HOME, "10.0.0.2"], dst_ip=["198.51.100.7", "192.0.2.1", "198.51.100.7"]
    )
    [row] = rows(dns_tunnels(tables).table)
    assert row["direct_connections"] == 1
    assert row["score"] == pytest.approx(0.7 * alone["score"], abs=1e-6)
    tables["connections"] = CONNECTIONS.empty()
    [never] = rows(dns_tunnels(tables).table)
    assert (never["direct_connections"], never["score"]) == (0, alone["score"])
    assert never["why"].endswith("it never connected to an address that it was given")


def test_public_suffixes_are_no_domains() -> None:
    """Twenty companies of Brazil are twenty domains; case and the dot at the end say nothing."""
    assert found(asked(*(f"WWW.shop{n}.com.br." for n in range(20)))) == []
    [row] = found(asked(*(f"h{n}.Shop.com.br" for n in range(20)), *(f"H{n}.shop.com.BR." for n in range(20))))
    assert (row["domain"], row["names"], row["queries"]) == ("shop.com.br", 20, 40)


def test_subdomains_as_rita_counts_them() -> None:
    """Per domain, of all clients together: 0.2 at 100, 0.4 at 500, 0.8 from 1,000 on."""
    answer = dns_tunnels(
        {
            "dns_queries": pl.concat(
                [
                    tunnel(100, domain="a.example"),
                    tunnel(500, domain="b.example", src="10.0.0.2"),
                    tunnel(99, domain="c.example"),
                ]
            )
        }
    )
    assert rows(answer["subdomains"].table) == [
        {"domain": "b.example", "subdomains": 500, "c2_over_dns_score": pytest.approx(0.4)},
        {"domain": "a.example", "subdomains": 100, "c2_over_dns_score": pytest.approx(0.2)},
    ]


def test_why() -> None:
    """The evidence in one sentence, and the longest names behind it."""
    answer = dns_tunnels({"dns_queries": tunnel(61, 40, every=60, query_type="TXT", rcode="NXDOMAIN")})
    why = answer.picture(1)
    assert answer.why(1).startswith(
        "61 different names in 61 queries over 60 min (61 an hour), 40 characters below the domain (at most 40)"
    )
    assert why.explanation.endswith("TXT 100 %; 100 % NXDOMAIN; no other client asks for this domain.")
    assert len(rows(answer["examples"].table)) == 20


def test_names_that_are_none_are_counted() -> None:
    """Single labels, suffixes, addresses, missing names and clients: in no row, but said."""
    frame = pl.concat([asked("wpad", "com", "192.0.2.1", None, ""), asked("a.example.org", src=None)])
    answer = dns_tunnels({"dns_queries": frame}, least_names=1)
    assert rows(answer.table) == []
    assert "Of 6 queries, 6 name no client or no registered domain" in answer.explanation


def test_hostile_names_break_nothing() -> None:
    """Control characters, dots without end, very long names, letters of any script, answers that are no addresses."""
    names = [
        "..",
        ".",
        "a..b.example",
        "\x00\r\n.x.example",
        "é.ü.example",
        "x" * 100_000 + ".long.example",
        "." * 5_000,
    ]
    frame = asked(*names, answers=[["\x1b[2J", "not an address", ""]] * len(names), query_type="\x00", rcode=None)
    tables: Tables = {"dns_queries": frame, "connections": CONNECTIONS.empty()}
    answer = dns_tunnels(tables, least_names=1)
    assert answer.collect().height >= 3
    for part in answer.parts:
        part.collect()


def test_nothing_is_an_answer_too() -> None:
    """No queries, no rows; the columns are those that are documented, of the same types."""
    empty = dns_tunnels({"dns_queries": DNS_QUERIES.empty()}).collect()
    full = dns_tunnels({"dns_queries": tunnel(20), "connections": CONNECTIONS.empty()}).collect()
    assert empty.columns == list(COLUMNS)
    assert empty.schema == full.schema


@pytest.mark.parametrize("said", [{"top": 0}, {"least_names": 0}, {"known": "nowhere.toml"}, {"config": "mine"}])
def test_values_that_mean_nothing(said: dict[str, Any]) -> None:
    """Are said to mean nothing."""
    with pytest.raises(BadOption):
        found(tunnel(5), **said)


def test_by_the_door() -> None:
    """From frames; what holds no DNS says so."""
    answer = wf.dns_tunnels(tunnel(50).collect())
    assert answer.provenance.question == "dns_tunnels"
    assert answer.collect().height == 1
    with pytest.raises(NothingToRead):
        wf.dns_tunnels({"connections": CONNECTIONS.empty()})


def test_the_columns_are_documented() -> None:
    """Each with what it says."""
    text = (Path(__file__).parents[2] / "docs" / "hunting.md").read_text(encoding="utf-8")
    assert [name for name, says in COLUMNS.items() if f"| `{name}` | {says} |" not in text] == []
