"""Our own score: beats that are found, what only looks like one, and what is said of both."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import table
from properties import examples
from watchfloor.analyses.beaconing import asked, context, prevalence, regularity
from watchfloor.analyses.beacons import beacons
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import CONNECTIONS, HTTP_REQUESTS, TLS_SESSIONS

MIDNIGHT = datetime(2025, 3, 4, tzinfo=UTC)
INSIDE, OUTSIDE = "10.0.0.5", "198.51.100.9"
HOUR = 3_600


def at(*seconds: float) -> list[datetime]:
    return [MIDNIGHT + timedelta(seconds=second) for second in seconds]


def calls(times: list[datetime], src: str = INSIDE, dst: str = OUTSIDE, **columns: Any) -> pl.LazyFrame:
    """Connections of one pair; a single value is that of each."""
    known = {"orig_bytes": 512, "resp_bytes": 100, "duration_seconds": 0.5, "dst_port": 443, "proto": "tcp"}
    each = {"src_ip": src, "dst_ip": dst, **known, **columns}
    many = {name: value if isinstance(value, list) else [value] * len(times) for name, value in each.items()}
    return table(CONNECTIONS, time=times, **many)


def jittered(period: float, share: float, count: int, seed: int = 1) -> list[datetime]:
    """A beat whose gaps differ from the period by up to a share of it."""
    dice, now, seconds = Random(seed), 0.0, []
    for _ in range(count):
        seconds.append(now)
        now += period * (1 + share * (2 * dice.random() - 1))
    return at(*seconds)


def at_random(mean: float, count: int, seed: int = 1) -> list[datetime]:
    """Calls at random: gaps are exponential."""
    dice, now, seconds = Random(seed), 0.0, []
    for _ in range(count):
        seconds.append(now)
        now += dice.expovariate(1 / mean)
    return at(*seconds)


def score(*parts: pl.LazyFrame, dst: str = OUTSIDE, **asked: Any) -> float:
    """Of the pair with this destination."""
    found = beacons(pl.concat(parts), **asked).collect()
    return float(found.filter(dst_ip=dst)["score"].item())


def row(*parts: pl.LazyFrame, dst: str = OUTSIDE, **asked: Any) -> dict[str, Any]:
    found = beacons(pl.concat(parts), **asked).collect()
    return found.filter(dst_ip=dst).row(0, named=True)


def test_a_strict_beat_is_first_and_says_why() -> None:
    """Every 203 s, 100 calls of 512 bytes; two other hosts call at random elsewhere."""
    beat = calls(at(*(203 * n for n in range(100))))
    noise = [calls(at_random(200, 100, n), src=f"10.0.0.{n}", dst=f"203.0.113.{n}") for n in (7, 8)]
    found = beacons(pl.concat([*noise, beat]))
    first = found.collect().row(0, named=True)
    shape = [first[name] for name in ("src_ip", "dst_ip", "name", "dst_port", "connections", "rank")]
    assert shape == [INSIDE, OUTSIDE, None, 443, 100, 1]
    assert first["score"] > 0.85
    assert found.collect()["score"][1] < 0.3
    assert found.why(1) == (
        "every 203 s ± 0 ms, 100 % of beats present over 5.6 h, 512 bytes out each time, one host of 3 speaks to it"
    )
    assert found.why(first) == found.why(1)
    assert (first["period_seconds"], first["present"], first["beats"], first["sessions"]) == (203.0, 1.0, 100, 1)


def test_the_shape_is_the_same_whatever_the_score() -> None:
    """Seven columns first, with their types."""
    beat = calls(at(*range(0, 6_000, 60)))
    ours, ritas = (beacons(beat, score=score).collect().select(pl.nth(range(7))) for score in ("watchfloor", "rita"))
    assert ours.columns == ["src_ip", "dst_ip", "name", "dst_port", "connections", "score", "rank"]
    assert ours.drop("rank").schema == ritas.drop("rank").schema
    assert ours["score"].is_between(0, 1).all()


@pytest.mark.parametrize("jitter", [0.1, 0.3, 0.5])
def test_jitter_up_to_half_of_the_period_is_a_beat(jitter: float) -> None:
    """200 beats; calls at random with the same mean are none."""
    assert score(calls(jittered(60, jitter, 200))) > 0.5
    assert score(calls(at_random(60, 200))) < 0.25


def test_missed_beats_and_pauses_are_a_beat() -> None:
    """One in four is missing; and a week of office hours: neither the nights nor the weekend count as missed."""
    dice = Random(3)
    gappy = row(calls(at(*(60 * n for n in range(400) if dice.random() > 0.25))))
    assert gappy["score"] > 0.5
    assert gappy["present"] == pytest.approx(0.75, abs=0.06)
    days = row(calls(at(*(day * 24 * HOUR + 300 * n for day in (0, 1, 4) for n in range(96)))))
    assert days["score"] > 0.5
    assert (days["present"], days["sessions"], days["active_seconds"]) == (1.0, 3, 3 * 95 * 300.0)


def test_calls_in_bursts_are_one_beat() -> None:
    """Four calls within a second, every 5 minutes."""
    found = row(calls(at(*(300 * n + part for n in range(60) for part in (0, 0.2, 0.5, 0.9)))))
    assert found["score"] > 0.5
    assert (found["beats"], found["period_seconds"]) == (60, pytest.approx(300, abs=1))
    assert "4 calls a beat" in found["why"]


def test_a_page_that_loads_itself_again_is_no_beacon() -> None:
    """Twenty targets are called within the same second, every 2 minutes."""
    pages = [calls(at(*(120 * n + part / 30 for n in range(40))), dst=f"203.0.113.{part}") for part in range(20)]
    alone = calls(at(*(117 * n + 50 for n in range(40))), src="10.0.0.6")
    found = beacons(pl.concat([*pages, alone])).collect()
    assert found.filter(dst_ip=OUTSIDE)["rank"].item() == 1
    assert found.filter(pl.col("dst_ip") != OUTSIDE)["score"].max() < 0.1
    assert found.filter(dst_ip="203.0.113.3")["why"].item().endswith("19 other targets with the same period")


def test_many_beacons_are_no_company_of_themselves() -> None:
    """Thirty hosts with a beacon each, with jitter: what is near a beat of a host is its own call, and no other."""
    beats = [calls(jittered(60, 0.3, 60, n), src=f"10.0.0.{n}", dst=f"203.0.113.{n}") for n in range(30)]
    for by in ("pair", "port"):
        assert beacons(pl.concat(beats), by=by).collect()["others"].to_list() == [0.0] * 30


def test_a_look_up_of_its_name_is_no_company() -> None:
    """A beacon asks the resolver before each call."""
    beat = [60.0 * n for n in range(60)]
    with_look_ups = (calls(at(*beat)), calls(at(*(second - 0.1 for second in beat)), dst="10.0.0.1", dst_port=53))
    assert score(*with_look_ups) == pytest.approx(score(calls(at(*beat))), rel=0.3)


@pytest.mark.parametrize(
    ("port", "proto", "dst", "what"),
    [
        (123, "udp", OUTSIDE, "clock"),
        (67, "udp", "10.0.0.1", "address lease"),
        (53, "udp", "10.0.0.1", "name look-up"),
        (502, "tcp", "10.0.0.1", "control system"),
        (1900, "udp", "239.255.255.250", "multicast, broadcast or loopback"),
        (138, "udp", "10.0.0.255", "broadcast"),
        (443, "tcp", "8.8.8.8", "public resolver"),
    ],
)
def test_what_beats_by_design_is_named_and_ranked_lower(port: int, proto: str, dst: str, what: str) -> None:
    """It stays in the table, and is in a part of its own."""
    times = at(*(300 * n for n in range(60)))
    found = beacons(calls(times, dst=dst, dst_port=port, proto=proto))
    line = found.collect().row(0, named=True)
    assert line["known"] == what
    assert line["score"] < 0.4
    assert f"known to beat: {what}" in line["why"]
    [known] = found["known"].collect().to_dicts()
    assert known["unexcused"] > 0.8


def test_a_target_that_many_hosts_call_is_less_suspicious() -> None:
    """Thirty hosts poll one server, one host another; scanners from outside make nothing prevalent."""
    times = at(*(300 * n for n in range(60)))
    many = [calls(times, src=f"10.0.1.{n}", dst="203.0.113.7") for n in range(30)]
    found = beacons(pl.concat([*many, calls(times)])).collect()
    assert found["dst_ip"][0] == OUTSIDE
    assert found.filter(dst_ip="203.0.113.7")["score"].max() < found["score"][0] / 4
    scans = [calls(at(n), src=f"203.0.113.{n}", dst="10.0.0.77", dst_port=8443) for n in range(30)]
    assert row(calls(times, dst="10.0.0.77", dst_port=8443), *scans, dst="10.0.0.77")["sources"] == 1


def test_a_scanner_is_no_beacon() -> None:
    """A port each second."""
    assert score(calls(at(*range(200)), dst_port=list(range(1, 201)))) < 0.1


def test_few_calls_are_too_few() -> None:
    """Five strict calls score less than fifty, and it is said; three are not scored, and counted."""
    few = row(calls(at(0, 60, 120, 180, 240)))
    assert few["too_few"] and few["score"] < 0.5 < score(calls(at(*range(0, 3_000, 60))))
    assert "only 5 beats: too few to be sure" in few["why"]
    found = beacons(calls(at(0, 60, 120)))
    assert found.collect().is_empty()
    assert found["left_out"].collect().rows() == [("of streams with fewer than 4 connections", 3)]


def test_many_streams_that_are_tested_are_paid_for() -> None:
    """Six calls with a jitter of half the period mean less among 2,000 streams than alone."""
    beat = calls(jittered(60, 0.5, 6))
    crowd = [calls(at_random(100, 4, n), src=f"10.1.{n // 250}.{n % 250}", dst="203.0.113.7") for n in range(2_000)]
    assert score(beat, *crowd) < score(beat) * 0.8


def test_the_length_of_the_log_does_not_matter() -> None:
    """A day of other traffic before and after an hour of beats."""
    beat = calls(at(*(60 * n + 40 * HOUR for n in range(60))))
    other = calls(at_random(600, 800), src="10.0.0.9", dst="203.0.113.7")
    assert score(beat, other) == pytest.approx(score(beat), rel=0.01)


def test_several_addresses_of_one_name_are_one_beacon_by_name() -> None:
    """Each call goes to the next of five addresses; names come from TLS and HTTP, joined by uid."""
    times = at(*(60 * n for n in range(100)))
    uids = [f"C{n}" for n in range(100)]
    turns = calls(times, uid=uids).with_columns(dst_ip=pl.format("198.51.100.{}", pl.int_range(pl.len()) % 5))
    half = turns.collect().with_row_index()
    sessions = table(TLS_SESSIONS, uid=uids[:50], server_name=["CDN.example."] * 50, src_ip=[INSIDE] * 50,
                     dst_ip=half["dst_ip"][:50].to_list())  # fmt: skip
    requests = table(HTTP_REQUESTS, uid=uids[50:], host=["cdn.example:80"] * 50, src_ip=[INSIDE] * 50,
                     dst_ip=half["dst_ip"][50:].to_list())  # fmt: skip
    [named] = beacons(turns, requests, sessions, by="name").collect().to_dicts()
    assert (named["name"], named["dst_ip"], named["dst_port"], named["connections"]) == ("cdn.example", None, 443, 100)
    assert named["period_seconds"] == 60.0
    by_pair = beacons(turns, requests, sessions).collect()
    assert (by_pair.height, set(by_pair["name"])) == (5, {"cdn.example"})


@pytest.mark.parametrize("picked", [False, True])
def test_a_beat_that_moves_from_server_to_server_is_joined(picked: bool) -> None:
    """Four servers in turn, or at random, every 60 s; peers that are kept alive every 60 s are not one beat."""
    dice = Random(5)
    turns = [dice.randrange(4) if picked else n % 4 for n in range(400)]
    times = at(*(60 * n + dice.random() for n in range(400)))
    beat = calls(times).with_columns(dst_ip=pl.format("198.51.100.{}", pl.lit(pl.Series(turns))))
    joined = beacons(beat).collect().filter(pl.col("servers") >= 3)
    assert joined.height >= (3 if picked else 4)
    assert joined["score"].min() > (0.25 if picked else 0.35)
    assert re.search("one of [34] servers that are called every (60|80)", joined["why"][0])
    peers = [calls(at(*(60 * n + offset for n in range(60))), dst=f"203.0.113.{offset}") for offset in (3, 11, 14, 37)]
    assert beacons(pl.concat(peers)).collect()["servers"].to_list() == [1] * 4


def test_by_port_each_port_is_a_row() -> None:
    """By pair the port is told only where there is one."""
    both = pl.concat([calls(at(*range(0, 6_000, 60))), calls(at_random(40, 90), dst_port=80)])
    ports = beacons(both, by="port").collect()
    assert ports.select("dst_port", "connections").rows() == [(443, 100), (80, 90)]
    assert beacons(both).collect().select("dst_port", "connections").rows() == [(None, 190)]


def test_a_ping_lends_its_beat_to_no_other_port() -> None:
    """A server is pinged every second and called at random: the pair has the score of the better, with its reason."""
    pings = calls(at(*range(1_000)), dst_port=None, proto="icmp")
    visits = calls(at_random(40, 60))
    found = row(pings, visits)
    assert (found["connections"], found["dst_port"], found["known"]) == (1_060, None, "echo")
    assert found["score"] == pytest.approx(score(pings), rel=0.05)


@pytest.mark.parametrize("by", ["pair", "name"])
def test_a_beat_on_one_port_is_not_drowned_by_the_others(by: str) -> None:
    """Every 60 s on 8443, beside 500 calls at random on 443: the pair is scored by that port, and it is said."""
    beat, other = calls(at(*range(0, 6_000, 60)), dst_port=8443), calls(at_random(12, 500))
    found = row(beat, other, by=by)
    assert found["score"] == pytest.approx(score(beat), rel=0.02)
    assert (found["connections"], found["period_seconds"], found["dst_port"]) == (600, 60.0, None)
    assert found["why"].startswith("every 60 s ± 0 ms, on port 8443, 100 % of beats present")
    assert "calls a beat" not in found["why"]
    together = calls(at(*range(0, 6_000, 60))).with_columns(dst_port=pl.int_range(pl.len()) % 3 + 8_001)
    assert row(together, by=by)["period_seconds"] == 60.0


def test_a_weak_beat_on_a_port_of_the_web_says_less() -> None:
    """The odds are lower, so that a sure one loses little; what is known is excused once."""
    weak, sure = jittered(60, 0.3, 12), at(*range(0, 60_000, 60))
    assert score(calls(weak)) < 0.9 * score(calls(weak, dst_port=9_443))
    assert score(calls(sure)) > 0.97 * score(calls(sure, dst_port=9_443))
    assert row(calls(sure, dst="8.8.8.8"), dst="8.8.8.8")["web"] == 1.0


def test_services_of_the_own_network_excuse_nothing_outside() -> None:
    """An implant on the port of a control system or a database, or of file sharing, called outside, is no such thing.

    What the log itself calls so is one, wherever it is.
    """
    times = at(*range(0, 6_000, 60))
    for port in (2404, 3306, 445, 10050):
        assert row(calls(times, dst_port=port))["known"] is None
        assert row(calls(times, dst_port=port, dst="10.0.0.9"), dst="10.0.0.9")["known"] is not None
    assert row(calls(times, dst_port=502, service="modbus"))["known"] == "control system"


def test_a_pair_is_known_by_the_names_it_is_asked_for() -> None:
    """If all of them are listed, and the certificate is not self-signed; a name is only what the client says."""
    times, uids = at(*range(0, 6_000, 60)), [f"C{n}" for n in range(100)]
    beat = calls(times, uid=uids)

    def asked_for(*names: str, **columns: str) -> dict[str, Any]:
        every = {"src_ip": INSIDE, "dst_ip": OUTSIDE, **columns}
        said = table(TLS_SESSIONS, uid=uids[: len(names)], server_name=list(names),
                     **{name: [value] * len(names) for name, value in every.items()})  # fmt: skip
        found = beacons(beat, None, said)
        line = found.collect().row(0, named=True)
        assert (found["known"].collect().height == 1) == (line["known"] is not None)
        return line

    listed = asked_for("a.windowsupdate.com", "B.windowsupdate.com")
    assert (listed["known"], listed["web"], listed["context"]) == ("operating system update", 1.0, 0.15)
    assert listed["score"] == pytest.approx(0.15 * score(calls(times, dst_port=9_443)), rel=0.01)
    for line in (
        asked_for("a.windowsupdate.com", "evil.example"),
        asked_for("a.windowsupdate.com", validation="self signed certificate"),
    ):
        assert line["known"] is None and line["score"] > 0.8


def test_signature_and_certificate_are_evidence() -> None:
    """The signature that fewest hosts use, and what is wrong with the certificate, are told; they weigh nothing."""
    times = at(*range(0, 6_000, 60))
    beat, other = calls(times), calls(times, src="10.0.0.6", dst="203.0.113.7")
    sessions = table(
        TLS_SESSIONS,
        src_ip=[INSIDE, INSIDE, "10.0.0.6"],
        dst_ip=[OUTSIDE, OUTSIDE, "203.0.113.7"],
        ja3=["aa", "bb", "bb"],
        ja4=["t13", None, None],
        validation=["ok", "self signed certificate", "ok"],
        fields=['{"issuer":"CN=x","subject":"CN=y"}', '{"issuer":"CN=me","subject":"CN=me"}', None],
    )
    agents = table(HTTP_REQUESTS, src_ip=["10.0.0.6"], dst_ip=["203.0.113.7"], user_agent=["curl/8"])
    found = beacons(pl.concat([beat, other]), agents, sessions)
    lines = {line["dst_ip"]: line for line in found.collect().to_dicts()}
    ours, its = lines[OUTSIDE], lines["203.0.113.7"]
    assert (ours["signature"], ours["signature_hosts"]) == ("JA4 t13", 1)
    assert ours["certificate"] == "self signed certificate, issued by CN=me"
    assert (its["signature"], its["certificate"]) == ("user agent curl/8", None)
    assert "no other host has its JA4 t13, certificate: self signed certificate, issued by CN=me" in ours["why"]
    assert ours["score"] == its["score"] == score(beat, other)


def test_an_issuer_that_is_the_subject_is_self_signed() -> None:
    """Where the sensor validates nothing, names tell: Zeek's `issuer` and Suricata's `issuerdn`, in JSON."""
    fields = ['{"tls":{"subject":"CN=a","issuerdn":"CN=a"}}', '{"subject":"CN=a","issuer":"CN=b"}', '{"issuer":"', "{}"]
    said = asked.asked(None, table(TLS_SESSIONS, src_ip=list("1234"), dst_ip=list("1234"), fields=fields))
    assert said is not None
    assert said.sort("src_ip")["certificate"].to_list() == ["self-signed, issued by CN=a", None, None, None]


def test_the_ratio_of_bytes_and_the_first_call_are_told() -> None:
    """A target that is called from the third day on, which gets ten times as much as it gives."""
    days = calls(at(*(HOUR * n for n in range(100))), src="10.0.0.9", dst="203.0.113.7")
    late = calls(at(*(60 * HOUR + 60 * n for n in range(100))), orig_bytes=5_000, resp_bytes=500)
    found = row(days, late)
    assert (found["sent_median"], found["received_median"], found["answer_ratio"]) == (5_000, 500, 0.1)
    assert found["first_seen_seconds"] == 60 * HOUR
    assert "10 times as many bytes out as in" in found["why"]
    assert "first called 2.5 d after the log begins" in found["why"]
    empty = row(calls(at(*range(0, 6_000, 60)), orig_bytes=0, resp_bytes=10))
    assert empty["answer_ratio"] is None


def test_pieces_of_a_long_connection_are_no_beat() -> None:
    """An exporter cuts a connection each 60 s: from one port, each piece begins where the last ended. A sensor that
    follows connections (`uid`), another port each time, and calls that overlap are no pieces."""
    minutes = at(*range(0, 6_000, 60))
    cut = row(calls(minutes, duration_seconds=59.8, src_port=50_000))
    assert cut["pieces"] > 0.95 and cut["whole"] < 0.3
    assert cut["score"] < 0.3 < 0.85 < score(calls(minutes))
    assert "100 % of its flows go on where the one before ended: pieces of long connections" in cut["why"]
    for other in (
        calls(minutes, duration_seconds=59.8, src_port=[50_000 + n for n in range(100)]),
        calls(minutes, duration_seconds=59.8),
        calls(minutes, duration_seconds=59.8, src_port=50_000, uid=[f"C{n}" for n in range(100)]),
        calls(minutes, duration_seconds=75.0, src_port=50_000),
        calls(minutes, duration_seconds=30.0, src_port=50_000),
        calls(minutes, duration_seconds=None, src_port=50_000),
    ):
        assert row(other)["whole"] == 1.0 and score(other) > 0.85


def test_of_more_peers_each_says_less() -> None:
    """0.4 for 50 peers, 0.2 for 100, never below 0.15; 1 for what is no peer."""
    weights = pl.select(prevalence.peers_weight(pl.Series([50, 100, 10_000, None]))).to_series()
    assert weights.to_list() == [0.4, 0.2, 0.15, 1.0]


def test_gaps_that_follow_one_another_are_no_steady_beat() -> None:
    """Chunks of a stream: each gap is near the one before, and they wander; a sleep that changes twice is a beat."""
    dice, now, gap, seconds = Random(4), 0.0, 18.0, []
    for _ in range(500):
        gap *= 1.35 ** dice.choice((-1, 0, 0, 0, 1))
        now += gap
        seconds.append(now)
    assert score(calls(at(*seconds))) < 0.4
    periods = [60.0] * 100 + [300.0] * 100 + [900.0] * 100
    changing = at(*(sum(periods[:n]) for n in range(len(periods))))
    assert score(calls(changing)) > 0.7


def test_the_search_for_a_window_is_paid_for_once() -> None:
    """Of 2,000 streams of calls at random with 10 gaps hardly one looks regular beyond chance; a beat does."""
    many = (
        calls(at_random(60, 11, n), src=f"10.2.{n // 250}.{n % 250}", dst=f"203.0.{n // 250}.{n % 250}", dst_port=8_443)
        for n in range(2_000)
    )
    found = beacons(pl.concat([*many, calls(jittered(60, 0.2, 11), dst_port=8_443)])).collect()
    assert found["dst_ip"][0] == OUTSIDE
    assert (found.filter(pl.col("dst_ip") != OUTSIDE)["score"] > 0.35).sum() <= 2


def test_a_picture_of_one_row() -> None:
    """Its calls, gaps, sizes and hours; each chart names columns that are there."""
    found = beacons(calls(at(*(203 * n for n in range(100)))))
    picture = found.picture(1)
    assert picture.title == f"{INSIDE} → {OUTSIDE}"
    assert picture.explanation == f"{found.why(1)}."
    assert picture.collect().height == 100
    assert [part.name for part in picture.parts] == ["gaps", "sizes", "hours"]
    gaps = picture["gaps"].collect().filter(fits="the period")
    assert gaps["connections"].sum() == 99
    for part in (picture, *picture.parts, found, *found.parts):
        columns = part.table.collect_schema().names()
        for chart in part.charts:
            named = [getattr(chart, field, None) for field in ("x", "y", "color", "size")]
            assert {name for name in named if name} <= set(columns)
    with pytest.raises(BadOption, match="no row 2"):
        found.picture(2)
    with pytest.raises(BadOption, match="no row 0"):
        found.why(0)


def test_answers_without_reasons_say_so() -> None:
    """Neither words nor pictures."""
    plain = Result(title="Plain", table=pl.LazyFrame({"a": [1]}))
    with pytest.raises(BadOption, match="no reasons"):
        plain.why(1)
    with pytest.raises(BadOption, match="no closer look"):
        plain.picture(1)


def test_no_connections_are_an_empty_answer() -> None:
    """With all its columns."""
    found = beacons(CONNECTIONS.empty())
    assert found.collect().is_empty()
    assert found.collect().schema == beacons(calls(at(1, 2, 3, 5))).collect().schema
    for part in found.parts:
        part.collect()


def test_rows_that_are_no_calls_are_counted() -> None:
    """Open ones, and those without time or address."""
    times = at(*range(0, 600, 60))
    parts = (
        calls(times),
        calls(at(5, 6), still_open=True),
        table(CONNECTIONS, time=[None], src_ip=[INSIDE], dst_ip=[OUTSIDE]),
        table(CONNECTIONS, time=at(20), src_ip=[INSIDE]),
    )
    found = beacons(pl.concat(parts))
    assert found.collect()["connections"].to_list() == [10]
    assert dict(found["left_out"].collect().iter_rows()) == {
        "still open: in no score": 2,
        "without a time or an address": 2,
    }


def test_a_clock_of_whole_seconds_makes_no_beat_of_noise() -> None:
    """Random calls about every 3 s, cut to seconds, have gaps of 1, 2 or 3 s and no other."""
    times = [time.replace(microsecond=0) for time in at_random(3, 300)]
    assert score(calls(times)) < 0.3


@examples(25)
@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.integers(0, 3), st.one_of(st.none(), st.integers(0, 10**12))), max_size=60
    ),
    st.sampled_from(["pair", "port", "name"]),
)
def test_whatever_comes_is_scored_from_0_to_1_and_counted(given_rows: list[Any], by: str) -> None:
    """Each connection is in a row or in `left_out`."""
    frame = table(
        CONNECTIONS,
        time=at(*(second / 100 for second, _, _ in given_rows)),
        src_ip=[INSIDE] * len(given_rows),
        dst_ip=[f"198.51.100.{n}" for _, n, _ in given_rows],
        orig_bytes=[size for _, _, size in given_rows],
    )
    found = beacons(frame, by=by)
    got = found.collect()
    assert got["score"].is_between(0, 1).all() and got["score"].null_count() == 0
    assert got["why"].null_count() == 0
    assert got["connections"].sum() + found["left_out"].collect()["connections"].sum() == len(given_rows)


def test_the_lower_bound_of_a_share() -> None:
    """Wilson's interval for 8 of 10 at z = 1.96 is 0.4902 to 0.9433 (Agresti and Coull 1998, by hand)."""
    [[bound]] = pl.select(regularity.wilson(pl.lit(8), pl.lit(10), 1.96)).rows()
    assert bound == pytest.approx(0.4902, abs=0.0002)


def test_the_longest_name_that_is_listed_wins() -> None:
    """A name matches itself and what ends with it, at a dot."""
    texts = pl.Series(
        ["a.windowsupdate.com", "WINDOWSUPDATE.COM.", "notwindowsupdate.com", "10.0.0.1", "", "2001:db8::1", None]
    )
    assert context.of_names(texts)["what"].to_list() == ["operating system update"] * 2 + [None] * 5


def test_each_known_thing_has_its_reason() -> None:
    """A weight from 0 to 1, and something that it is known by."""
    import tomllib

    text = Path(context.__file__).with_name("known.toml").read_text(encoding="utf-8")
    for entry in tomllib.loads(text)["known"]:
        assert entry["what"] and entry["why"] and 0 < entry["weight"] < 1
        assert {"ports", "services", "names", "networks"} & entry.keys()
