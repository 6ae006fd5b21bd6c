"""Threat intelligence in its formats: what is used, what is not, and which rows it marks."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.analyses.intel.indicators import Feed
from watchfloor.analyses.intel.marking import marked
from watchfloor.analyses.intel.patterns import Unusable, indicators_of
from watchfloor.analyses.intel.reading import load_intel, said_of
from watchfloor.analyses.rita.intel import intel_of
from watchfloor.errors import BadOption
from watchfloor.result import Result

NOW = datetime(2026, 1, 15, tzinfo=UTC)


def read(folder: Path, text: str | dict[str, Any] | list[Any], name: str = "feed.txt") -> Feed:
    """The one feed of a file."""
    path = folder / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    [feed] = load_intel([path], now=NOW)
    return feed


def listed(feed: Feed) -> list[str]:
    return [str(one) for one in feed.indicators]


def test_one_a_line(tmp_path: Path) -> None:
    """Addresses, networks, names, and `*.`; comments, blanks; what was made harmless; the rest is counted."""
    used = "192.0.2.7\n198.51.100.0/24\n2001:DB8::1\nBad.Example.\n*.evil.example\n203.0.113[.]9\n"
    others = "0.0.0.0/0\nlocalhost\nhttps://example.org/x\nd41d8cd98f00b204e9800998ecf8427e\n"
    feed = read(tmp_path, f"# bad\n\n{used}{others}")
    assert (feed.kind, listed(feed)) == (
        "list",
        ["192.0.2.7", "198.51.100.0/24", "2001:db8::1", "bad.example", "*.evil.example", "203.0.113.9"],
    )
    assert dict(feed.unused) == {"lines of the threat intelligence are neither an address nor a domain": 4}


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("[ipv4-addr:value = '198.51.100.1/32']", ["198.51.100.1"]),
        ("[ipv4-addr:value = '198.51.100.1/32' OR ipv6-addr:value = '2001:db8::1']", ["198.51.100.1", "2001:db8::1"]),
        ("[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]", ["192.0.2.1", "192.0.2.2"]),
        ("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", ["198.51.100.0/24"]),
        ("[domain-name:value = 'Bad.example'] OR ([domain-name:value = 'b.example'])", ["bad.example", "b.example"]),
        ("[domain-name:value LIKE '%.example.org']", ["*.example.org"]),
        ("[url:value = 'https://user@bad.example:8443/a?b=c']", ["bad.example"]),
        ("[url:value='http://[2001:db8::1]/x']", ["2001:db8::1"]),
        (
            "[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'a.example']",
            ["192.0.2.1 and a.example"],
        ),
        (
            "[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 443]",
            ["192.0.2.1 and port 443"],
        ),
        (
            "[(domain-name:value = 'a.example' OR domain-name:value = 'b.example') AND network-traffic:dst_port = 53]",
            ["a.example and port 53", "b.example and port 53"],
        ),
        # AND binds closer than OR (section 9.5.1).
        (
            "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2' AND network-traffic:dst_port = 80]",
            ["192.0.2.1", "192.0.2.2 and port 80"],
        ),
        ("[ipv4-addr:value = '192.0.2.1'] WITHIN 600 SECONDS", ["192.0.2.1"]),
        ("[ipv4-addr:value = '192.0.2.1'] REPEATS 5 TIMES WITHIN 30 SECONDS", ["192.0.2.1"]),
        (
            "[ipv4-addr:value = '192.0.2.1'] START t'2016-06-01T00:00:00Z' STOP t'2016-07-01T00:00:00Z'",
            ["192.0.2.1"],
        ),
    ],
)
def test_patterns_that_are_used(pattern: str, found: list[str]) -> None:
    """STIX 2.1, section 9."""
    assert [str(one) for one in indicators_of(pattern)[0]] == found


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']", "of file"),
        ("[ipv4-addr:value = '192.0.2.1' AND file:name = 'x']", "of file"),
        ("[ipv4-addr:value != '192.0.2.1']", "with !="),
        ("[ipv4-addr:value NOT = '192.0.2.1']", "what is not there"),
        ("[domain-name:value MATCHES '^(a+)+$']", "with MATCHES"),
        ("[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [domain-name:value = 'a.example']", "several observations"),
        ("[ipv4-addr:value = '192.0.2.1'] AND [ipv4-addr:value = '192.0.2.2']", "several observations"),
        ("[ipv4-addr:value = '192.0.2.1' AND ipv4-addr:value = '192.0.2.2']", "several addresses"),
        ("[network-traffic:dst_port = 443]", "ports alone"),
        ("[domain-name:value = 'com']", "no address and no name"),
        ("[ipv4-addr:value = '192.0.2.1'", "no STIX"),
        ("[ipv4-addr:value = '192.0.2.1]", "no STIX"),
        ("[windows-registry-key:values[0].name = 'x']", "of windows-registry-key"),
        ("", "no STIX"),
        ("(" * 10_000, "too deeply"),
        ("[" + "(" * 10_000, "too deeply"),
    ],
)
def test_patterns_that_are_not(pattern: str, reason: str) -> None:
    """Each says why."""
    with pytest.raises(Unusable, match=reason):
        indicators_of(pattern)


@given(st.text(alphabet="[]()'\\ =ANDORIN,.:/-ipv4addrvalue0129", max_size=200))
@examples(40)
def test_no_pattern_breaks(pattern: str) -> None:
    """Whatever is there, it is used or has a reason."""
    try:
        indicators_of(pattern)
    except Unusable as error:
        assert str(error)


def indicator(number: int, pattern: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{number:08}-0000-4000-8000-000000000000",
        "modified": "2025-01-01T00:00:00.000Z",
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": "2025-01-01T00:00:00Z",
        **more,
    }


def test_a_stix_bundle(tmp_path: Path) -> None:
    """What is revoked, out of time or of another language is counted; of versions the last one counts."""
    objects = [
        {"type": "identity", "id": "identity--1"},
        indicator(1, "[ipv4-addr:value = '192.0.2.1']"),
        indicator(2, "[ipv4-addr:value = '192.0.2.2']", revoked=True),
        indicator(3, "[ipv4-addr:value = '192.0.2.3']", valid_until="2026-01-15T00:00:00Z"),
        indicator(4, "[ipv4-addr:value = '192.0.2.4']", valid_from="2027-01-01T00:00:00Z"),
        indicator(5, "title: x", pattern_type="sigma"),
        indicator(6, "[file:name = 'x']"),
        indicator(7, "[ipv4-addr:value = '192.0.2.7']"),
        indicator(7, "[ipv4-addr:value = '192.0.2.77']", modified="2025-06-01T00:00:00.000Z"),
        "no object",
        indicator(8, "[url:value = 'https://a.example/x']"),
    ]
    feed = read(tmp_path, {"type": "bundle", "id": "bundle--1", "objects": objects}, "b.json")
    assert (feed.kind, listed(feed)) == ("STIX 2.1", ["192.0.2.1", "192.0.2.77", "a.example"])
    assert dict(feed.unused) == {
        "revoked": 1,
        "no longer valid": 1,
        "not valid yet": 1,
        "patterns of type sigma": 1,
        "patterns of file": 1,
    }
    assert dict(feed.noted) == {"addresses of pages, of which the host is taken": 1}
    said = said_of([feed])
    assert "b.json (STIX 2.1) 3" in said
    assert "1 revoked" in said


def attribute(kind: str, value: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, "to_ids": True, **more}


ATTRIBUTES = [
    attribute("ip-dst", "192.0.2.1"),
    attribute("ip-src", "198.51.100.0/24"),
    attribute("ip-dst|port", "192.0.2.2|8443"),
    attribute("domain", "bad.example"),
    attribute("hostname", "www.worse.example"),
    attribute("domain|ip", "third.example|2001:db8::3"),
    attribute("url", "http://fourth.example/x"),
    attribute("ip-dst", "192.0.2.9", to_ids=False),
    attribute("ip-dst", "192.0.2.10", deleted=True),
    attribute("sha256", "00"),
    attribute("ip-dst", "not an address"),
]
USED = [
    "192.0.2.1",
    "198.51.100.0/24",
    "192.0.2.2 and port 8443",
    "bad.example",
    "www.worse.example",
    "third.example",
    "2001:db8::3",
    "fourth.example",
]


@pytest.mark.parametrize(
    "document",
    [
        {"Event": {"info": "x", "Attribute": ATTRIBUTES[:3], "Object": [{"Attribute": ATTRIBUTES[3:]}]}},
        {"response": [{"Event": {"Attribute": ATTRIBUTES}}]},
        {"response": {"Attribute": ATTRIBUTES}},
        [{"Event": {"Attribute": ATTRIBUTES}}],
    ],
)
def test_misp_in_its_shapes(tmp_path: Path, document: Any) -> None:
    """An event (of a feed as well), and what a search answers."""
    feed = read(tmp_path, document, "e.json")
    assert (feed.kind, listed(feed)) == ("MISP", USED)
    assert dict(feed.unused) == {
        "not meant for detection (to_ids)": 1,
        "deleted": 1,
        "attributes of type sha256": 1,
        "attributes whose value does not fit their type": 1,
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "first_seen,indicator,type\n2025-01-01,192.0.2.1,ip\n2025-01-02,bad.example,domain\n",
            ["192.0.2.1", "bad.example"],
        ),
        ("Domain;IP\nbad.example;192.0.2.1\n", ["bad.example", "192.0.2.1"]),
        ('"ioc","seen"\n"192.0.2.1:443","x"\n"http://a.example/p,q","y"\n', ["192.0.2.1 and port 443", "a.example"]),
        ("# terms\n# first_seen,dst_ip,dst_port\n2025-01-01 00:00:00,192.0.2.1,443\n", ["192.0.2.1"]),
        ("when,what\n2025-01-01,192.0.2.1\n2025-01-01,192.0.2.2\n", ["192.0.2.1", "192.0.2.2"]),
        ("indicator\n192.0.2.1\nbad.example\n", ["192.0.2.1", "bad.example"]),
    ],
)
def test_a_csv_by_its_header(tmp_path: Path, text: str, found: list[str]) -> None:
    """The column by its name, else by what its cells are."""
    feed = read(tmp_path, text, "feed.csv")
    assert (feed.kind, listed(feed)) == ("CSV", found)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "from,to\n192.0.2.1,192.0.2.2\n", "not clear which column .* from or to"),
        ("a.csv", "x,y\n1,2\n", "none of x, y does"),
        ("a.csv", "192.0.2.1,bad\n192.0.2.2,bad\n", "first line is no header"),
        ("a.json", "{", "no JSON"),
        ("a.json", "[" * 100_000, "no JSON"),
        ("a.json", '{"a": 1}', "neither STIX 2.1 nor MISP"),
        ("a.json", '{"5a": {"info": "x", "timestamp": "1", "date": "2025-01-01"}}', "manifest"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    """With what to do."""
    with pytest.raises(BadOption, match=message) as told:
        read(tmp_path, text, name)
    assert told.value.hint


def test_files_that_are_not_there_or_no_text(tmp_path: Path) -> None:
    """As every file."""
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    for name in ("nothing", "x"):
        with pytest.raises(BadOption) as told:
            load_intel([tmp_path / name])
        assert "STIX" in told.value.hint


def answer() -> Result:
    table = {
        "rank": [1, 2, 3],
        "src_ip": ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        "dst_ip": ["192.0.2.1", "198.51.100.8", "203.0.113.1"],
        "name": ["a.example", None, "x.bad.example"],
        "ports": ["80:tcp", "443:tcp:ssl", "443:tcp"],
    }
    return Result(title="Beacons", table=pl.LazyFrame(table), explanation="Three rows.")


def test_rows_are_marked_with_what_lists_them(tmp_path: Path) -> None:
    """Their order stays; a port must be the row's own; a name is that name alone, a MISP domain all below it."""
    event = {"Event": {"Attribute": [attribute("domain", "bad.example"), attribute("ip-dst|port", "192.0.2.1|443")]}}
    feeds = [read(tmp_path, "198.51.100.0/24\nbad.example\n"), read(tmp_path, event, "e.json")]
    result = marked(answer(), feeds)
    assert result.collect().select("rank", "threat_intel", "indicator").rows() == [
        (1, False, None),
        (2, True, "198.51.100.0/24 (feed.txt)"),
        (3, True, "bad.example (e.json)"),
    ]
    assert "2 rows are listed (rows 2, 3)." in result.explanation
    assert result.explanation.endswith("Three rows.")


def test_a_long_pattern_takes_no_longer_than_its_length() -> None:
    """Nothing is looked at from each of its places to its end."""
    began = time.process_time()
    with pytest.raises(Unusable):
        indicators_of("[" + "a1" * 200_000)
    assert time.process_time() - began < 10


def test_what_rita_is_told(tmp_path: Path) -> None:
    """RITA's addresses and names; networks as well; what asks for both together is counted."""
    objects = [
        indicator(1, "[ipv4-addr:value = '192.0.2.1' AND domain-name:value = 'a.example']"),
        indicator(2, "[network-traffic:dst_ref.value = '192.0.2.2' AND network-traffic:dst_port = 443]"),
    ]
    (tmp_path / "b.json").write_text(json.dumps({"type": "bundle", "objects": objects}))
    (tmp_path / "l.txt").write_text("198.51.100.0/24\nwww.bad.co.uk\n")
    intel = intel_of([tmp_path / "b.json", tmp_path / "l.txt"])
    texts = pl.Series(["192.0.2.1", "::ffff:192.0.2.2", "198.51.100.200", None])
    assert intel.has_address(texts).to_list() == [False, True, True, False]
    assert intel.has_domain(pl.Series(["a.example", "www.bad.co.uk", "x.www.bad.co.uk"])).to_list() == [
        False,
        True,
        False,
    ]
    domains = pl.DataFrame({"d": ["bad.co.uk", "co.uk"]}).select(intel.has_registrable(pl.col("d"))).to_series()
    assert domains.to_list() == [True, False]
    assert "1 an address and a name that must come together" in intel.said
    assert "1 without their port" in intel.said
