"""Families of times: each is read as its specification says, and none is taken for another."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from watchfloor.errors import AmbiguousTime
from watchfloor.readers.meaning.stamps import FAMILIES, instants

WRITTEN = datetime(2026, 12, 31, tzinfo=UTC)


def time_of(line: str, zone: str | None = None, *, need_zone: bool = True) -> tuple[datetime | None, str | None]:
    """The instant and the quality of one line."""
    lines = pl.DataFrame({"text": [line]})
    found = instants(lines, source="x", zone=zone, written=WRITTEN, need_zone=need_zone)
    return found["time"][0], found["time_quality"][0]


@pytest.mark.parametrize(
    ("line", "hour", "microsecond", "zone"),
    [
        ("<13>1 2026-11-24T03:10:01.5Z h a - - - x", 3, 500000, None),
        ("123 <13>1 2026-11-24T03:10:01Z h a - - - x", 3, 0, None),
        ("2026-11-24T05:10:01+0200 x", 3, 0, None),
        ("2026-11-24 05:10:01.5 +02:00 x", 3, 500000, None),
        ("2026-11-24 03:10:01,535 UTC [7] x", 3, 535000, None),
        ("2026-11-24T03:10:01-00:00", 3, 0, None),
        ("20261124T031001Z", 3, 0, None),
        ("[2026-11-24T03:10:01.5Z] x", 3, 500000, None),
        ("<13> 2026-11-24 04:10:01,535 h x", 3, 535000, "Europe/Paris"),
        ("<13>Nov 24 03:10:01 2026 h x", 3, 0, "UTC"),
        ("<13>Nov 24 2026 03:10:01 h x", 3, 0, "UTC"),
        ("<189>8103: Nov 24 2026 03:10:01 PM.535 UTC : %X-5-Y: z", 15, 535000, None),
        ("<189>17: h.example.net: *Nov 24 03:10:01.535 UTC: %X-5-Y: z", 3, 535000, None),
        ("<13>:Nov 24 03:10:01 UTC: %X-5-Y: z", 3, 0, None),
        ("<13>Nov 24 03:10:01h x: y", 3, 0, "UTC"),
        ("Nov 24 03:10:01.250 h x: y", 3, 250000, "UTC"),
        ("<189>17: sw: 000017: Nov 24 03:10:01.535 UTC: %X-5-Y: z", 3, 535000, None),
        ("000017: Nov 24 03:10:01.535 UTC: %X-5-Y: z", 3, 535000, None),
        ("RP/0/RSP0/CPU0:Nov 24 03:10:01.535 UTC: x[7]: %X-5-Y: z", 3, 535000, None),
        ("<189>17: xr RP/0/RSP0/CPU0:2026 Nov 24 04:10:01.535 CET: x[7]: y", 3, 535000, None),
        ("<189>2026 Nov 24 04:10:01 CET: %X-5-Y: z", 3, 0, None),
        ("sw_1.lab: Nov 24 2026 04:10:01.535 CET: %X-5-Y: z", 3, 535000, None),
        ("sw_1.lab: Nov 24 2026 03:10:01.535: %X-5-Y: z", 3, 535000, "UTC"),
        ("sw_1.lab: 000017: Nov 24 04:10:01.535 CET: %X-5-Y: z", 3, 535000, None),
        ("sw_1.lab: *Nov 24 03:10:01.535: %X-5-Y: z", 3, 535000, "UTC"),
        ("November 24 03:10:01 h x: y", 3, 0, "UTC"),
        ("Nov 24 3:10:01 h x: y", 3, 0, "UTC"),
        ("24-Nov-2026 03:10:01.535 queries: info: x", 3, 535000, "UTC"),
        ("24 Nov 2026 03:10:01 +0000 x", 3, 0, None),
        ("[24/Nov/2026 03:10:01] x", 3, 0, "UTC"),
        ("24.11.2026 03:10:01 x", 3, 0, "UTC"),
        ("<30>2026:11:24-03:10:01 gw x[7]: y", 3, 0, "UTC"),
        ("<134> 2026/11/24:03:10:01 GMT ns 0-PPE-0 : x", 3, 0, None),
        ("<134> 11/24/2026:03:10:01 ns 0-PPE-0 : x", 3, 0, "UTC"),
        ("11/24/26-03:10:01.535000  [**] [1:2:3] x", 3, 535000, "UTC"),
        ("11/24-03:10:01.535000  [**] [1:2:3] x", 3, 535000, "UTC"),
        ("11/24/2026 3:10:01 PM x", 15, 0, "UTC"),
        ("<134>Nov 24 2026 03:10:01 PM fw x", 15, 0, "UTC"),
        ("2026-11-24T3:10:01.535 x", 3, 535000, "UTC"),
        ("Tue Nov 24 03:10:01 UTC 2026", 3, 0, None),
        ("Tue Nov 24 03:10:01 2026 [pid 2] x", 3, 0, "UTC"),
        ("Tue Nov 24 03:10:01.123 <x> y", 3, 123000, "UTC"),
        ("Tue, 24 Nov 2026 08:55:01 +0545", 3, 0, None),
        ("24/Nov/2026:03:10:01 +0000", 3, 0, None),
        ("a,b,-,-,[24/Nov/2026:03:10:01,+0000],x", 3, 0, None),
        ("1795489801", 3, 0, None),
        ("1795489801.25", 3, 250000, None),
        ("1795489801.250 921 192.0.2.1 TCP_MISS/200", 3, 250000, None),
        ("<134>1 1795489801.535897123 h events x", 3, 535897, None),
        ("- 1795489801 2026.11.24 dn1 Nov 24 03:10:01 dn1/dn1 x: y", 3, 0, None),
        ("- 1795489801 2026.11.24 R02 2026-11-23-19.10.01.675872 R02 RAS x", 3, 675872, None),
        ("https 2026-11-24T03:10:01.5Z app/x", 3, 500000, None),
        ("api.log.1 2026-11-24 03:10:01.008 25746 INFO x", 3, 8000, "UTC"),
        ("20261124 031001 x", 3, 0, "UTC"),
        ("Nov 24 03:10:01 2001:db8::7 x: y", 3, 0, "UTC"),
        ("Nov 24 03:10:01 2026", 3, 0, "UTC"),
        ("Nov 24 03:10:01 UTCX x: y", 3, 0, "UTC"),
        ("Tue Nov 24 03:10:01 CST 2026 x", 9, 0, "America/Chicago"),
        ("2026 Nov 24 03:10:01 WinEvtLog: x", 3, 0, "UTC"),
        ("2026-11-24 13:10:01 AEST [7] x", 3, 0, None),
        ("<13>Nov 24 04:10:01 CET: %X-5-Y: z", 3, 0, None),
        ("2026-11-24 05:10:01 EST x", 3, 0, "Africa/Cairo"),
        ("2026-11-24T06:10:01 Asia/Riyadh x", 3, 0, "UTC"),
        ("11/24/2026-03:10:01.667372  [**] x", 3, 667372, "UTC"),
    ],
)
def test_a_family_gives_its_instant(line: str, hour: int, microsecond: int, zone: str | None) -> None:
    """24 November 2026, 03:10:01 UTC is 1,795,489,801 seconds after 1970."""
    assert time_of(line, zone)[0] == datetime(2026, 11, 24, hour, 10, 1, microsecond, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "quality"),
    [
        ("1795489801", "exact"),
        ("1795489801123", "unit_inferred"),
        ("1795489801123456", "unit_inferred"),
        ("1795489801123456789", "unit_inferred"),
    ],
)
def test_the_unit_of_an_epoch_is_told_by_its_digits(line: str, quality: str) -> None:
    """And the quality says so; nanoseconds are cut to microseconds."""
    time, said = time_of(line)
    assert time is not None
    assert time.replace(microsecond=0) == datetime(2026, 11, 24, 3, 10, 1, tzinfo=UTC)
    assert time.microsecond == int(line[10:16].ljust(6, "0"))
    assert said == quality


@pytest.mark.parametrize(
    "line",
    [
        "2026-02-30T10:00:00Z",
        "-",
        "Date: 2026-11-24 03:10:01",
        "at=x, 2026-11-24 03:10:01",
        "2026-11-24T03:10:61Z",
        "Feb 30 10:00:00 h x: y",
        "Mon Nov 24 03:10:01 2026 x",
    ],
)
def test_a_time_that_does_not_exist_is_none(line: str) -> None:
    """Nothing is invented: no such day, no such second, another weekday."""
    assert time_of(line, "UTC") == (None, None)


def test_an_offset_without_a_year_is_exact_but_for_the_year() -> None:
    """Both are said."""
    assert time_of("<13>Nov 24 03:10:01 UTC: x")[1] == "exact+year_inferred"


def test_a_missing_zone_may_be_left_open() -> None:
    """Where the caller knows a better time; the text stays."""
    line = "Nov 24 03:10:01 h x: y"
    with pytest.raises(AmbiguousTime, match="clock times without a zone"):
        time_of(line)
    assert time_of(line, need_zone=False) == (None, None)


def test_what_the_whole_file_told_goes_first() -> None:
    """A year and a choice of the repeated hour, found out before, are not guessed again."""
    lines = pl.DataFrame({"text": ["Oct 26 02:30:00 h x: y"], "year": [2025], "later": [True]})
    found = instants(lines, source="x", zone="Europe/Paris", written=WRITTEN)
    assert found["time"][0] == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
    assert found["time_quality"][0] == "ambiguous_later+year_inferred"


def test_families_have_names_of_their_own() -> None:
    """And say whether a zone or a year must come from elsewhere."""
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert {family.name for family in FAMILIES if not family.year} == {
        "RFC 3164",
        "RFC 3164 with offset",
        "weekday without year",
        "month in full",
        "Cisco behind a host",
        "Cisco behind a host with offset",
        "hour of one figure",
        "Snort",
        "Android",
    }


@pytest.mark.parametrize(("zone", "hour"), [("UTC+1", 14), ("UTC-10", 25), ("UTC+07:30", 7), ("GMT+0530", 9)])
def test_hours_before_utc(zone: str, hour: int) -> None:
    """As Cisco's devices write them where nobody named the zone."""
    records = pl.DataFrame({"text": [f"<13>7: sw-1: Mar 14 15:09:26.250 {zone}: %X-5-UP: up"]})
    records = records.with_columns(year=pl.lit(2026), later=pl.lit(None, pl.Boolean))
    [found] = instants(records, source="x", zone=None, written=datetime(2026, 12, 31, tzinfo=UTC))["time"]
    minute = 39 if ":30" in zone or "0530" in zone else 9
    assert found == datetime(2026, 3, 14 + hour // 24, hour % 24, minute, 26, 250000, tzinfo=UTC)
