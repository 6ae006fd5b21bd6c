"""Column maps: what they may say, what they make of a frame, and what they say of a file that they do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from helpers import DATA, needs_data, rows
from watchfloor.errors import AmbiguousTime, BadColumnMap, UnknownZone
from watchfloor.readers.columns import apply, load
from watchfloor.schemas import ALERTS, CONNECTIONS, EVENTS, TABLES


def mapped(data: Mapping[str, Any] | pl.DataFrame, table: str = "alerts", **parts: Any) -> dict[str, pl.DataFrame]:
    """The tables of a small frame by a map."""
    frame = data if isinstance(data, pl.DataFrame) else pl.DataFrame(data)
    zone = parts.pop("read_zone", None)
    tables = apply(frame, {"table": table, **parts}, source="made", zone=zone)
    return {name: lazy.collect() for name, lazy in tables.items()}


def column(cells: Any, name: str, table: str = "alerts", read_zone: str | None = None, /, **origin: Any) -> list[Any]:
    """What one column becomes."""
    read = mapped({"x": cells}, table, columns={name: {"from": "x", **origin}}, read_zone=read_zone)
    assert not read["rejects"].height, read["rejects"]["reason"].to_list()
    return read[table][name].to_list()


def rejects(cells: Any, name: str, table: str = "alerts", /, **origin: Any) -> list[str]:
    """Why the rows of one column are no rows."""
    return mapped({"x": cells}, table, columns={name: {"from": "x", **origin}})["rejects"]["reason"].to_list()


def wrong(given: Any) -> tuple[str, str]:
    """Message and hint of a map that cannot be used."""
    with pytest.raises(BadColumnMap) as error:
        load(given)
    return str(error.value), error.value.hint


# What a map may say


def test_the_map_of_the_design_is_read_from_toml(tmp_path: Path) -> None:
    """Columns by name or with unit, format and values; evidence; constants."""
    path = tmp_path / "map.toml"
    path.write_text(
        'table = "alerts"\nzone = "Europe/Paris"\n[columns]\nrule = "name"\n'
        'created_time = { from = "time", unit = "s" }\n'
        'status = { from = "state", values = { "New" = "open", "Closed" = "closed" } }\n'
        '[evidence]\nhost = "host"\nsrc_ip = "ip"\n[constants]\nsystem = "wazuh"\n'
    )
    frame = pl.DataFrame(
        {
            "name": ["a", "b"],
            "time": [0, 60],
            "state": ["New", "Closed"],
            "host": ["h", None],
            "ip": ["10.0.0.1", "10.0.0.2"],
        }
    )
    tables = {name: lazy.collect() for name, lazy in apply(frame, path, source="made").items()}

    assert list(tables) == ["alerts", "evidence", "rejects"]
    assert tables["alerts"].schema == ALERTS.schema
    assert rows(tables["alerts"].select("source", "record", "rule", "system", "status", "created_time")) == [
        {"source": "made", "record": 1, "rule": "a", "system": "wazuh", "status": "open",
         "created_time": datetime(1970, 1, 1, tzinfo=UTC)},
        {"source": "made", "record": 2, "rule": "b", "system": "wazuh", "status": "closed",
         "created_time": datetime(1970, 1, 1, 0, 1, tzinfo=UTC)},
    ]  # fmt: skip
    assert rows(tables["evidence"].select("record", "field", "value")) == [
        {"record": 1, "field": "host", "value": "h"},
        {"record": 1, "field": "src_ip", "value": "10.0.0.1"},
        {"record": 2, "field": "src_ip", "value": "10.0.0.2"},
    ]


def of(**columns: dict[str, Any]) -> dict[str, Any]:
    """A map of one table."""
    ((table, theirs),) = columns.items()
    return {"table": table, "columns": theirs}


def constant(constants: dict[str, Any]) -> dict[str, Any]:
    """A map with constants."""
    return of(alerts={"rule": "x"}) | {"constants": constants}


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"columns": {"rule": "x"}}, "'table' is missing", "'alerts'"),
        ({"table": "alert", "columns": {"rule": "x"}}, "no table 'alert'", "'alerts'"),
        ({"table": "alerts"}, "no column is mapped", "[columns]"),
        ({"table": "alerts", "column": {"rule": "x"}}, "no key 'column'", "'columns'"),
        (of(alerts={"rules": "x"}), "no column 'rules'", "'rule'? its columns: source"),
        (of(alerts={"rule": {"form": "x"}}), "'columns.rule.from' is missing", ""),
        (of(alerts={"created_time": {"from": "x", "units": "s"}}), "columns.created_time.units", "'unit'"),
        (of(alerts={"created_time": {"from": "x", "unit": "h"}}), "columns.created_time.unit", "unit"),
        (of(alerts={"rule": {"from": "x", "unit": "s"}}), "'unit' means nothing", "leave"),
        (of(alerts={"rule": {"from": "x", "format": "%Y"}}), "'format' means nothing", ""),
        (of(alerts={"rule": {"from": "x", "decimal": ","}}), "'decimal' means nothing", ""),
        (of(alerts={"rule": {"from": "x", "separator": ","}}), "'separator' means nothing", ""),
        (of(alerts={"rule": {"from": "x", "zone": "UTC"}}), "'zone' means nothing", ""),
        (of(alerts={"rule": 5}), "columns.rule", "theirs"),
        (of(alerts={"rule": {"from": []}}), "columns.rule.from", ""),
        (of(alerts={"status": {"from": "x", "values": {"a": "opened"}}}), "'opened' is no status", "'open'"),
        (of(alerts={"status": {"from": "x", "other": "shut"}}), "'shut' is no status", "open, closed"),
        (constant({"rule": "y"}), "rule is both", "one of the two"),
        (constant({"sistem": "y"}), "no column 'sistem'", "'system'"),
        (constant({"severity": "high"}), "'high' is not a number", ""),
        (constant({"status": "new"}), "'new' is no status", "open"),
        (constant({"closed_time": "2025-01-01T00:00:00"}), "is not a time", ""),
        (of(events={"time": "x"}) | {"evidence": {"host": "y"}}, "[evidence] belongs to alerts", ""),
        (of(events={"time": {"from": "x", "unit": "s", "format": "%s"}}), "both 'unit' and 'format'", ""),
        (of(events={"time": {"from": "x", "format": "%H:%M"}}), "no year", "%Y"),
        (of(events={"time": {"from": "x", "format": "%Y-%m"}}), "no day", ""),
        (of(events={"time": {"from": "x", "format": "%Y-%m-%d %Q"}}), "%Q is no directive", ""),
        (of(events={"time": {"from": "x", "format": "%Y-%m-%d %Z"}}), "CEST", ""),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_used_says_why(given: dict[str, Any], message: str, hint: str) -> None:
    """The key, what is wrong, and the nearest that exists."""
    said, helped = wrong(given)
    assert message in said
    assert hint in helped
    assert helped


def test_a_map_is_a_toml_file_that_exists(tmp_path: Path) -> None:
    """A missing file, and one that is no TOML, say so."""
    assert "No such file" in wrong(tmp_path / "none.toml")[0]
    (tmp_path / "bad.toml").write_text("table = alerts")
    assert "not TOML" in wrong(tmp_path / "bad.toml")[0]


def test_a_zone_that_does_not_exist() -> None:
    """The zone is checked when the map is read."""
    with pytest.raises(UnknownZone):
        load({"table": "events", "zone": "Europe/Pariss", "columns": {"time": "x"}})


def test_every_table_can_be_mapped_by_its_own_names() -> None:
    """A canonical table through the map of its own columns is itself."""
    for table in TABLES.values():
        mapping = {"table": table.name, "columns": {name: name for name in table.schema}}
        read = apply(table.empty(), mapping, source="made")[table.name]
        assert read.collect_schema() == table.schema


# Frames that do not fit


def test_missing_columns_are_named_with_those_present_and_the_nearest() -> None:
    """All that are missing, once."""
    with pytest.raises(BadColumnMap) as error:
        mapped(
            {"Name": ["a"], "when": [1]},
            columns={"rule": "name", "title": "text", "closed_time": {"from": "when", "unit": "s"}},
        )
    assert str(error.value) == "made: there is no column 'name', 'text'"
    assert error.value.hint == "'name': did you mean 'Name'? columns present: Name, when"


@pytest.mark.parametrize(
    ("values", "name", "origin", "hint"),
    [
        (["29-02-2016 01:16", "05-03-2016 12:00"], "created_time", {}, 'format = "%d-%m-%Y %H:%M"'),
        (["03/04/2016 01:16", "05/03/2016 12:00"], "created_time", {}, "you know which"),
        (["1642213952"], "created_time", {}, 'unit = "s"'),
        ([1_642_213_952_123], "created_time", {}, 'unit = "ms"'),
        ([1_642_213_952_123], "created_time", {"unit": "s"}, 'unit = "ms"'),
        (["high"], "severity", {}, 'values = { "high" = .. }'),
        (["maybe"], "escalated", {}, 'values = { "maybe" = .. }'),
    ],
)
def test_a_column_of_which_nothing_can_be_read_is_a_wrong_map(
    values: list[Any], name: str, origin: dict[str, str], hint: str
) -> None:
    """Ten values and none of them right: an error with what the map should say, not ten rejects."""
    with pytest.raises(BadColumnMap, match="nor is any of the first 10") as error:
        mapped({"x": (values * 10)[:10]}, columns={name: {"from": "x", **origin}})
    assert hint in error.value.hint


def test_few_values_that_cannot_be_read_are_rejects() -> None:
    """Below ten values nobody can tell a wrong map from broken records."""
    assert rejects(["high", "low"], "severity") == [
        "severity from 'x': 'high' is no number",
        "severity from 'x': 'low' is no number",
    ]


# Words


def test_empty_cells_and_the_words_for_nothing_are_null() -> None:
    """Blank always, others where the map says so, for the map or for one column; text keeps its blanks."""
    assert column(["a ", "", "  ", None, "?"], "rule") == ["a ", None, None, None, "?"]
    assert column(["a", "?", " N/A ", "-"], "rule", null=["?", "N/A"]) == ["a", None, None, "-"]
    read = mapped({"x": ["a", "?"], "y": ["?", "5"]}, null="?", columns={"rule": "x", "event_count": "y"})
    assert rows(read["alerts"].select("rule", "event_count")) == [
        {"rule": "a", "event_count": None},
        {"rule": None, "event_count": 5},
    ]


def test_values_are_translated_exactly_first_then_in_any_case() -> None:
    """A word that the map does not know stays where any text may stand."""
    values = {"sev": "lower", "SEV": "upper", "Gone": ""}
    assert column(["sev", "SEV", "Sev", "gone", "new"], "rule", values=values) == [
        "lower",
        "upper",
        "lower",
        None,
        "new",
    ]
    assert column(["a", "b", None], "rule", values={"a": "x"}, other="rest") == ["x", "rest", None]
    assert column([1, 2, None], "severity", values={"1": 90, "2": 50.5}) == [90, 50.5, None]
    assert column(["Escalated", "No"], "escalated", values={"Escalated": True}, other=False) == [True, False]


def test_a_closed_vocabulary_takes_its_words_in_any_case() -> None:
    """`True Positive` is `true_positive`, `CLOSED` is `closed`."""
    assert column(["OPEN", " Closed ", None], "status") == ["open", "closed", None]
    assert column(["True Positive", "false-positive"], "disposition") == ["true_positive", "false_positive"]


def test_words_outside_a_closed_vocabulary_are_counted_and_named() -> None:
    """The record stays, the cell is null, a warning says how many and which; `other` settles them."""
    values = ["New", "Closed", "Pending", "Pending", None]
    with pytest.warns(UserWarning, match=r"status: 2 records .* 'Pending' \(2\)\. .* other"):
        assert column(values, "status", values={"New": "open"}) == ["open", "closed", None, None, None]
    settled = {"Closed": "closed"}
    assert column(values, "status", values=settled, other="open") == ["open", "closed", "open", "open", None]


def test_of_several_columns_the_first_that_says_something() -> None:
    """One of them must be there; types may differ; `join` puts them together."""
    data = {"a": [None, "x", "?"], "b": [1, 2, 3]}
    read = mapped(data, null="?", columns={"rule": {"from": ["none", "a", "b"]}})
    assert read["alerts"]["rule"].to_list() == ["1", "x", "3"]
    read = mapped(
        {"d": ["2025-01-02", None], "t": ["03:04:05", "03:04:05"]},
        "events",
        zone="UTC",
        columns={"time": {"from": ["d", "t"], "join": " "}},
    )
    assert read["events"]["time"].to_list() == [datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC), None]


def test_a_path_leads_into_objects_but_a_name_with_a_dot_goes_first() -> None:
    """`alert.signature`; Zeek's `id.orig_h` is a name."""
    frame = pl.DataFrame({"alert": [{"signature": "a", "more": {"n": 1}}], "id.orig_h": ["10.0.0.1"]})
    read = mapped(frame, columns={"rule": "alert.signature", "event_count": "alert.more.n", "title": "id.orig_h"})
    assert rows(read["alerts"].select("rule", "event_count", "title")) == [
        {"rule": "a", "event_count": 1, "title": "10.0.0.1"}
    ]
    with pytest.raises(BadColumnMap) as error:
        mapped(frame, columns={"rule": "alert.signatur"})
    assert "did you mean 'alert.signature'?" in error.value.hint


def test_only_the_records_that_the_map_is_about() -> None:
    """`where` takes one word or several; the others are neither rows nor rejects; records keep their numbers."""
    data = {"kind": ["alert", "flow", "drop", None], "n": ["a", "b", "c", "d"]}
    read = mapped(data, where={"kind": ["alert", "drop"]}, columns={"rule": "n"})
    assert rows(read["alerts"].select("record", "rule")) == [{"record": 1, "rule": "a"}, {"record": 3, "rule": "c"}]
    with pytest.raises(BadColumnMap, match="'kin'"):
        mapped(data, where={"kin": "alert"}, columns={"rule": "n"})


# Numbers


def test_whole_numbers_from_text_floats_and_hexadecimal() -> None:
    """What pandas makes of integers beside missing values is whole; ports of Argus are hexadecimal."""
    assert column(["443", " 80 ", "53.0", "0x0303", "", "9007199254740993"], "event_count") == [
        443, 80, 53, 771, None, 9007199254740993,
    ]  # fmt: skip
    assert column([443.0, None, float("nan")], "event_count") == [443, None, None]
    assert column([True, False], "event_count") == [1, 0]


def test_what_is_no_whole_number_is_a_reject() -> None:
    """Halves, words, and more than 64 bits; the other records go on."""
    assert rejects(["1.5", "x", "99999999999999999999", "7"], "event_count") == [
        "event_count from 'x': '1.5' is no whole number",
        "event_count from 'x': 'x' is no whole number",
        "event_count from 'x': '99999999999999999999' is no whole number",
    ]
    assert rejects([1.5, float("inf"), 2.0], "event_count") == [
        "event_count from 'x': '1.5' is no whole number",
        "event_count from 'x': 'inf' is no whole number",
    ]
    assert rejects(pl.Series([2**64 - 1, 1], dtype=pl.UInt64), "event_count") == [
        "event_count from 'x': '18446744073709551615' is too large for a whole number"
    ]


def test_marks_of_numbers_are_declared_not_guessed() -> None:
    """`1,234` is a number only where the map says what the comma is."""
    assert rejects(["1,234"], "severity") == ["severity from 'x': '1,234' is no number"]
    assert column(["1,234.5", "7"], "severity", thousands=",") == [1234.5, 7]
    assert column(["1.234,5", "7"], "severity", thousands=".", decimal=",") == [1234.5, 7]
    assert column(["1 234 567"], "event_count", thousands=" ") == [1234567]
    read = mapped({"x": ["0,5"]}, decimal=",", columns={"severity": "x"})
    assert read["alerts"]["severity"].to_list() == [0.5]


def test_durations_are_seconds_from_any_unit() -> None:
    """From milliseconds, and from a frame's own durations."""
    assert column([1500, None], "duration_seconds", "connections", unit="ms") == [1.5, None]
    assert column(["31", "0.25"], "duration_seconds", "connections") == [31, 0.25]
    assert column([timedelta(minutes=2)], "duration_seconds", "connections") == [120]


def test_truth_by_words() -> None:
    """In any case; numbers 1 and 0; anything else is a reject."""
    assert column(["TRUE", "no", "t", "0", "", None], "escalated") == [True, False, True, False, None, None]
    assert column([1.0, 0.0, None], "escalated") == [True, False, None]
    assert rejects(["maybe"], "escalated") == ["escalated from 'x': 'maybe' is neither true nor false"]


def test_text_from_numbers_keeps_ids_as_they_are() -> None:
    """Whole floats without `.0`; lists and objects as text."""
    assert column([1606050200.0, 2.5, None], "alert_id") == ["1606050200", "2.5", None]
    assert column([["a", "b"], None], "title") == ["a,b", None]
    assert column([{"a": 1}], "title") == ['{"a":1}']
    assert column([True], "title") == ["true"]


def test_lists_from_lists_and_from_text() -> None:
    """Our own separator unless the map has another; a number that is none rejects the record."""
    assert column([["a", None], None], "answers", "dns_queries") == [["a", None], None]
    assert column(["a;b", None], "answers", "dns_queries") == [["a", "b"], None]
    assert column(["1, 2.5"], "ttls", "dns_queries", separator=",") == [[1, 2.5]]
    assert rejects(["1,x"], "ttls", "dns_queries", separator=",") == ["ttls from 'x': '1,x' holds what is no number"]


def test_evidence_of_several_values_in_one_cell() -> None:
    """A list, or text with a separator, is a row each."""
    read = mapped(
        {"id": ["7"], "users": ["ann, bob"], "ips": [["10.0.0.1", None]]},
        columns={"alert_id": "id"},
        evidence={"user": {"from": "users", "separator": ","}, "src_ip": "ips"},
    )
    assert rows(read["evidence"].select("alert_id", "field", "value")) == [
        {"alert_id": "7", "field": "user", "value": "ann"},
        {"alert_id": "7", "field": "user", "value": "bob"},
        {"alert_id": "7", "field": "src_ip", "value": "10.0.0.1"},
    ]


def test_a_rejected_record_has_no_evidence() -> None:
    """It is a reject as a whole, with the record as it was."""
    read = mapped(
        {"n": ["1", "x"], "ip": ["10.0.0.1", "10.0.0.2"]}, columns={"event_count": "n"}, evidence={"src_ip": "ip"}
    )
    assert read["evidence"]["value"].to_list() == ["10.0.0.1"]
    assert rows(read["rejects"]) == [
        {"source": "made", "record": 2, "lines": 1, "byte_offset": None,
         "reason": "event_count from 'n': 'x' is no whole number",
         "text": '{"n":"x","ip":"10.0.0.2"}'}
    ]  # fmt: skip


# Times


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-10-03T12:00:00Z", datetime(2025, 10, 3, 12, tzinfo=UTC)),
        ("2025-10-03 12:00:00.123456+02:00", datetime(2025, 10, 3, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2021-06-06T15:59:46.457984+0200", datetime(2021, 6, 6, 13, 59, 46, 457984, tzinfo=UTC)),
        ("2024-09-24T14:18:46.190394329+02:00", datetime(2024, 9, 24, 12, 18, 46, 190394, tzinfo=UTC)),
        ("2025-10-03T12:00-05", datetime(2025, 10, 3, 17, tzinfo=UTC)),
        ("2025-10-03 12:00:00,5 UTC", datetime(2025, 10, 3, 12, 0, 0, 500000, tzinfo=UTC)),
        ("2025-10-03T12:00:00-05:30", datetime(2025, 10, 3, 17, 30, tzinfo=UTC)),
    ],
)
def test_iso_times_with_their_offset_need_no_zone(text: str, instant: datetime) -> None:
    """With T or a blank, with or without fraction, seconds, colon."""
    assert column([text], "created_time") == [instant]


@pytest.mark.parametrize("text", ["2025-10-03 12:00:00", "2025/10/03 12:00", "2025-10-03T12:00:00.000"])
def test_clock_times_need_a_zone(text: str) -> None:
    """Without one the error shows the text; with one, of the command, of the map or of the column, it is read."""
    with pytest.raises(AmbiguousTime, match=r"created_time from 'x'.*2025.10.03") as error:
        column([text, "2025-10-03T12:00:00Z"], "created_time")
    assert "--zone" in error.value.hint
    paris = [datetime(2025, 10, 3, 10, tzinfo=UTC)]
    assert column([text], "created_time", "alerts", "Europe/Paris") == paris
    assert column([text], "created_time", zone="Europe/Paris") == paris
    assert (
        mapped({"x": [text]}, zone="Europe/Paris", columns={"created_time": "x"})["alerts"]["created_time"][0]
        == paris[0]
    )


def test_a_zone_of_the_column_goes_before_the_users_and_that_before_the_maps() -> None:
    """The more special one wins."""
    mapping = {
        "zone": "Asia/Tokyo",
        "columns": {"created_time": "x", "closed_time": {"from": "x", "zone": "Europe/Paris"}},
    }
    read = mapped({"x": ["2025-10-03 12:00:00"]}, **mapping, read_zone="UTC")["alerts"]
    assert rows(read.select("created_time", "closed_time")) == [
        {"created_time": datetime(2025, 10, 3, 12, tzinfo=UTC), "closed_time": datetime(2025, 10, 3, 10, tzinfo=UTC)}
    ]


def test_epochs_by_unit() -> None:
    """From integers, floats and text, relative ones too; to the last digit."""
    instant = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    assert column([1700000000.123456], "created_time", unit="s") == [instant]
    assert column(["1700000000.123456"], "created_time", unit="s") == [instant]
    assert column(["1700000000123456789"], "created_time", unit="ns") == [instant]
    assert column([1700000000123456], "created_time", unit="us") == [instant]
    assert column(["1700000000123.0"], "created_time", unit="ms") == [instant.replace(microsecond=123000)]
    assert column([6.297009, None], "created_time", unit="s") == [
        datetime(1970, 1, 1, 0, 0, 6, 297009, tzinfo=UTC),
        None,
    ]


def test_epochs_beyond_the_calendar_are_rejects() -> None:
    """Nothing wraps around."""
    assert rejects([10**18, 1], "created_time", unit="ms") == [
        "created_time from 'x': '1000000000000000000' is no time in ms since 1970"
    ]
    assert len(rejects([float("inf"), 1e300, 1.0], "created_time", unit="s")) == 2


def test_formats_of_times() -> None:
    """The first that fits; Python's `%f`; an offset in the text; twelve hours."""
    both, forms = ["29-02-2016 01:16", "29/2/2016 01:16"], ["%d-%m-%Y %H:%M", "%d/%m/%Y %H:%M"]
    instant = datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
    assert column(both, "created_time", format=forms, zone="UTC") == [instant, instant]
    for text, form, instant in (
        ("02.01.2024 03:04:05.123456", "%d.%m.%Y %H:%M:%S.%f", datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("02.01.2024 03:04:05,250", "%d.%m.%Y %H:%M:%S,%f", datetime(2024, 1, 2, 3, 4, 5, 250000, tzinfo=UTC)),
        ("1/2/2024 3:04:05 PM", "%m/%d/%Y %I:%M:%S %p", datetime(2024, 1, 2, 15, 4, 5, tzinfo=UTC)),
        ("02/Jan/2024:03:04:05 +0100", "%d/%b/%Y:%H:%M:%S %z", datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ("02.01.2024", "%d.%m.%Y", datetime(2024, 1, 2, tzinfo=UTC)),
    ):
        assert column([text], "created_time", "alerts", "UTC", format=form) == [instant], form


def test_a_time_that_does_not_parse_is_a_reject() -> None:
    """It names the column and the text; the others go on."""
    read = mapped({"x": ["2025-10-03T12:00:00Z", "yesterday", "2025-02-30T00:00:00Z"]}, columns={"created_time": "x"})
    assert read["alerts"].height == 1
    assert read["rejects"]["reason"].to_list() == [
        "created_time from 'x': 'yesterday' is no ISO 8601 time",
        "created_time from 'x': '2025-02-30T00:00:00Z' is no ISO 8601 time",
    ]


def test_times_of_a_frame() -> None:
    """With a zone they are instants; without one, and dates, they need one."""
    naive = pl.Series(["2025-10-03 12:00"]).str.to_datetime("%Y-%m-%d %H:%M")
    paris = naive.dt.replace_time_zone("Europe/Paris")
    noon = datetime(2025, 10, 3, 10, tzinfo=UTC)
    assert column(paris, "created_time") == [noon]
    with pytest.raises(AmbiguousTime):
        column(naive, "created_time")
    assert column(naive, "created_time", zone="Europe/Paris") == [noon]
    assert column([date(2025, 10, 3)], "created_time", zone="Europe/Paris") == [datetime(2025, 10, 2, 22, tzinfo=UTC)]


def test_the_repeated_and_the_missing_hour() -> None:
    """Paris 2025: the earliest instant; an event says how sure it is, and the other end."""
    read = mapped(
        {"x": ["2025-10-26 02:30:00", "2025-03-30 02:30:00", "2025-06-01 12:00:00", "2025-06-01T12:00:00+05:00", None]},
        "events",
        zone="Europe/Paris",
        columns={"time": "x"},
    )["events"]
    assert rows(read.select("time", "time_latest", "time_text", "zone", "zone_rule", "time_quality")) == [
        {"time": datetime(2025, 10, 26, 0, 30, tzinfo=UTC), "time_latest": datetime(2025, 10, 26, 1, 30, tzinfo=UTC),
         "time_text": "2025-10-26 02:30:00", "zone": "Europe/Paris", "zone_rule": "declared",
         "time_quality": "ambiguous"},
        {"time": datetime(2025, 3, 30, 1, 30, tzinfo=UTC), "time_latest": None, "time_text": "2025-03-30 02:30:00",
         "zone": "Europe/Paris", "zone_rule": "declared", "time_quality": "gap_shifted"},
        {"time": datetime(2025, 6, 1, 10, tzinfo=UTC), "time_latest": None, "time_text": "2025-06-01 12:00:00",
         "zone": "Europe/Paris", "zone_rule": "declared", "time_quality": "declared_zone"},
        {"time": datetime(2025, 6, 1, 7, tzinfo=UTC), "time_latest": None, "time_text": "2025-06-01T12:00:00+05:00",
         "zone": "+05:00", "zone_rule": "in the text", "time_quality": "exact"},
        {"time": None, "time_latest": None, "time_text": None, "zone": None, "zone_rule": None, "time_quality": None},
    ]  # fmt: skip


def test_epochs_as_events_are_exact() -> None:
    """The format itself says UTC."""
    read = mapped({"x": [60]}, "events", columns={"time": {"from": "x", "unit": "s"}})["events"]
    assert rows(read.select("time_text", "zone", "zone_rule", "time_quality")) == [
        {"time_text": "60", "zone": "UTC", "zone_rule": "by the format", "time_quality": "exact"}
    ]


# Laziness and frames


def test_a_lazy_frame_stays_lazy(tmp_path: Path) -> None:
    """Numbers and epochs need no look at all rows, and of a file only the columns that an answer needs are read."""
    pl.DataFrame({"t": range(100), "n": range(100), "unmapped": range(100)}).write_parquet(tmp_path / "x.parquet")
    mapping = {"table": "connections", "columns": {"time": {"from": "t", "unit": "s"}, "orig_bytes": "n"}}
    tables = apply(pl.scan_parquet(tmp_path / "x.parquet"), mapping, source="made")
    count = tables["connections"].select(pl.len())

    assert "Parquet SCAN" in count.explain()
    assert "PROJECT 2/4" in count.explain() or "PROJECT 2/3" in count.explain()
    assert count.collect().item() == 100
    assert tables["connections"].collect_schema() == CONNECTIONS.schema


def test_any_frame_that_speaks_arrow() -> None:
    """Through the capsule interface, as pandas and DuckDB have it."""

    class Foreign:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return pl.DataFrame({"n": ["a"]}).__arrow_c_stream__(requested_schema)

    assert (
        apply(Foreign(), {"table": "alerts", "columns": {"rule": "n"}}, source="made")["alerts"].collect()["rule"][0]
        == "a"
    )


def test_source_and_record_of_the_frame_are_kept_where_the_map_has_them() -> None:
    """A table that watchfloor saved still says where its rows came from."""
    read = mapped({"s": ["a.log", None], "r": [7, None]}, "events", columns={"source": "s", "record": "r"})["events"]
    assert rows(read.select("source", "record")) == [{"source": "a.log", "record": 7}, {"source": "made", "record": 2}]
    assert read.schema == EVENTS.schema


BEACONS = {
    "table": "connections",
    "columns": {
        "time": {"from": "ts", "unit": "s"}, "src_ip": "src", "dst_ip": "dst", "dst_port": "dport", "proto": "proto",
        "service": "service", "duration_seconds": "duration_s", "orig_bytes": "orig_bytes", "resp_bytes": "resp_bytes",
        "orig_ip_bytes": "orig_ip_bytes", "conn_state": "state", "sensor": "file",
    },
}  # fmt: skip


@needs_data
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("aktaion", 80_058),
        ("binetflow", 58_842),
        ("corelight", 728),
        ("malcolm", 6_573),
        ("otrf", 1_785),
        ("slips", 1_328),
    ],
)
def test_real_connections_lose_nothing(name: str, count: int) -> None:
    """Every row is a row, ports in hexadecimal too; sums are those of the file."""
    frame = pl.read_parquet(DATA / "beacons" / f"connections_{name}.parquet")
    tables = apply(frame, BEACONS, source=name)
    read = tables["connections"].collect()
    assert (read.height, tables["rejects"].collect().height) == (count, 0)
    assert read["orig_bytes"].sum() == int(frame["orig_bytes"].sum())
    assert read["dst_port"].null_count() == (frame["dport"].is_null() | (frame["dport"] == "")).sum()
    assert (read["time"].dt.epoch("us") - (frame["ts"] * 1e6).round().cast(pl.Int64)).abs().max() == 0
