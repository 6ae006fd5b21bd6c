"""Suggestions for an allow list: what is proposed, what it would hide, and what speaks against it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from watchfloor.analyses.allowing.entries import load_list
from watchfloor.analyses.allowing.suggested import listed_as_toml, suggested
from watchfloor.errors import BadOption
from watchfloor.result import Result

TODAY = date(2026, 1, 15)
HOSTS = [f"10.0.0.{n}" for n in range(6)]


def answer(rows: list[dict[str, Any]], **more: Any) -> Result:
    """Rows of a score, the best first."""
    empty = {"src_ip": None, "dst_ip": None, "name": None, "ports": "443:tcp:ssl", "score": 0.5, "known": None}
    types = {"src_ip": pl.String, "dst_ip": pl.String, "name": pl.String, "ports": pl.String, "known": pl.String}
    table = pl.DataFrame([empty | row for row in rows], infer_schema_length=None).cast(types)
    return Result(title="Beacons", table=table.with_row_index("rank", offset=1).lazy(), **more)


def by_hosts(hosts: int = 6, **row: Any) -> list[dict[str, Any]]:
    """One row of each of so many hosts."""
    return [{"src_ip": host, "dst_ip": "192.0.2.1", **row} for host in HOSTS[:hosts]]


def shown(result: Result, *columns: str) -> list[tuple[Any, ...]]:
    return suggested(result, today=TODAY).collect().select("allows", *columns).rows()


def test_a_name_that_many_call_with_its_port() -> None:
    """Five hosts are many by default, four are not; the name alone, not what is below it or beside it."""
    assert shown(answer(by_hosts(name="www.example.org")), "why", "rows", "hosts", "highest_score") == [
        ("name www.example.org, port 443/tcp", "called by 6 hosts", 6, 6, 0.5)
    ]
    assert shown(answer(by_hosts(4, name="www.example.org"))) == []


def test_several_ports_are_no_condition() -> None:
    """An entry for one port would hide only a part."""
    rows = by_hosts(name="www.example.org")
    rows[0]["ports"] = "443:tcp:ssl, 80:tcp:http"
    assert shown(answer(rows)) == [("name www.example.org",)]


def test_an_address_without_a_name() -> None:
    """By address and port."""
    assert shown(answer(by_hosts())) == [("dst 192.0.2.1, port 443/tcp",)]


def test_what_the_shipped_lists_know() -> None:
    """Update services by name for one host alone: one entry a domain; known ports by address."""
    rows = [
        {"src_ip": HOSTS[0], "dst_ip": "192.0.2.1", "name": "a.windowsupdate.com"},
        {"src_ip": HOSTS[0], "dst_ip": "192.0.2.2", "name": "b.windowsupdate.com"},
        {"src_ip": HOSTS[1], "dst_ip": "192.0.2.3", "known": "clock", "ports": "123:udp:ntp", "score": 0.1},
    ]
    assert shown(answer(rows), "why", "rows") == [
        ("name a.windowsupdate.com or b.windowsupdate.com", "operating system update: on the shipped list", 2),
        ("dst 192.0.2.3, port 123/udp", "clock: on the shipped list", 1),
    ]


def test_heavy_users_of_names() -> None:
    """Of DNS tunnels: by domain."""
    table = pl.LazyFrame({"src_ip": ["10.0.0.1"], "domain": ["akamai.net"], "score": [0.4]})
    assert shown(Result(title="DNS tunnels", table=table)) == [("name akamai.net",)]


def test_what_one_host_alone_calls_is_never_suggested() -> None:
    """A beacon is that."""
    assert shown(answer([{"src_ip": HOSTS[0], "dst_ip": "192.0.2.1", "name": "c2.example", "score": 0.99}])) == []


def test_what_speaks_against_an_entry_makes_it_a_comment(tmp_path: Path) -> None:
    """Threat intelligence, a high score of another kind in the row, or in another answer."""
    bad = [row | {"threat_intel": number == 0} for number, row in enumerate(by_hosts(name="a.example"))]
    long = [row | {"threat_intel": False} for row in by_hosts(name="b.example", score=0.4)]
    fine = [row | {"threat_intel": False} for row in by_hosts(name="c.example", score=0.3)]
    beside = answer([{"src_ip": HOSTS[2], "dst_ip": "192.0.2.1", "name": "b.example", "score": 0.8}])
    found = suggested(answer([*bad, *long, *fine]), beside=[beside], today=TODAY, owner="soc")
    assert found.collect().select("allows", "threat_intel_rows", "high_elsewhere", "caution").rows() == [
        ("name a.example, port 443/tcp", 1, 0, "threat intelligence lists 1 of the rows"),
        ("name b.example, port 443/tcp", 0, 1, "1 rows have a high score of another kind"),
        ("name c.example, port 443/tcp", 0, 0, None),
    ]
    path = tmp_path / "allow.toml"
    path.write_text(listed_as_toml(found), encoding="utf-8")
    [entry] = load_list(path).entries
    assert (str(entry), entry.owner) == ("name c.example, port 443/tcp", "soc")
    assert (entry.created, entry.expires) == (TODAY, date(2026, 4, 15))
    assert "# CAUTION: threat intelligence lists 1 of the rows" in path.read_text(encoding="utf-8")


def test_what_it_would_hide_is_what_it_hides(tmp_path: Path) -> None:
    """The figures are those of the list applied; the file is written as an allow list."""
    result = answer([*by_hosts(name="a.example"), {"src_ip": HOSTS[0], "dst_ip": "192.0.2.9", "name": "x.example"}])
    found = result.suggest_allowed(tmp_path / "allow.toml", today=TODAY)
    applied = result.allow(tmp_path / "allow.toml", today=TODAY)["allow_list"].collect()
    figures = ("allows", "rows", "hosts", "highest_score")
    assert applied.select(figures).rows() == found.collect().select(figures).rows()


def test_names_that_are_none_write_nothing(tmp_path: Path) -> None:
    """Whatever a Host header says."""
    rows = by_hosts(name='x"\n[[allow]]\nsrc = "0.0.0.0/0')
    assert shown(answer(rows)) == []


def test_values_and_answers_that_mean_nothing(tmp_path: Path) -> None:
    """With what would."""
    with pytest.raises(BadOption, match="least_hosts=1"):
        suggested(answer(by_hosts()), least_hosts=1)
    with pytest.raises(BadOption, match="no destinations"):
        suggested(Result(title="Rules", table=pl.LazyFrame({"rule": ["x"]})))
    with pytest.raises(BadOption, match="is TOML"):
        answer(by_hosts()).suggest_allowed(tmp_path / "allow.json")
