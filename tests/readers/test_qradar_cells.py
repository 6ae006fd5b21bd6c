"""Offenses as CSV: as scripts write the API's answer, as pandas does, with the console's headings."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.errors import AmbiguousTime
from watchfloor.readers import Options, choices, read_files
from watchfloor.readers.qradar import READER

START = 1_759_492_800_250  # 2025-10-03T12:00:00.250Z
OFFENSES: list[dict[str, Any]] = [
    {
        "id": number,
        "description": f'Odd "{number}", Logins\n preceded by Session Opened\n',
        "assigned_to": "ann",
        "categories": ["Login Failed", "Session Opened"],
        "close_time": START + 3_600_000 if number % 2 else None,
        "closing_user": "bob" if number % 2 else None,
        "closing_reason_id": 2 if number % 2 else None,
        "magnitude": 6,
        "event_count": 12,
        "follow_up": False,
        "last_updated_time": START + 60_000,
        "offense_source": "10.1.2.3",
        "offense_type": 0,
        "start_time": START,
        "status": "CLOSED" if number % 2 else "OPEN",
        "domain_id": 3,
        "rules": [{"id": 7, "type": "CRE_RULE"}],
        "log_sources": [{"id": 1, "name": "Firewall @ edge", "type_id": 5, "type_name": "x"}],
        "first_persisted_time": START - 250,
        "source_address_ids": [5],
    }
    for number in (41, 42, 43)
]


def written(cell: Any, *, how: str) -> Any:
    """A value as a script writes it."""
    if cell is None:
        return ""
    if isinstance(cell, list) and how == "json":
        return json.dumps(cell)
    if isinstance(cell, list) and how == "names":
        return "; ".join(str(one.get("name", one["id"]) if isinstance(one, dict) else one) for one in cell)
    if how == "pandas" and isinstance(cell, int) and not isinstance(cell, bool) and cell > 10**12:
        return f"{cell}.0"
    return cell


def as_csv(offenses: list[dict[str, Any]], how: str = "python", mark: str = ",") -> str:
    """Offenses as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, lineterminator="\r\n" if how == "json" else "\n")
    writer.writerow(offenses[0])
    writer.writerows([[written(cell, how=how) for cell in one.values()] for one in offenses])
    return out.getvalue()


def read(path: Path, **options: Any) -> dict[str, pl.DataFrame]:
    """The tables of a file; its lines add up."""
    tables = {name: frame.collect() for name, frame in read_files([path], options=Options(**options)).items()}
    for row in tables["ledger"].to_dicts():
        assert row["lines"] == sum(row[f"lines_{part}"] for part in ("read", "continued", "rejected", "skipped")), row
        assert row["lines_skipped"] >= 0
    assert tables["ledger"]["lines_rejected"].sum() == tables["rejects"]["lines"].sum()
    return tables


def file(folder: Path, text: str, name: str = "x.csv") -> Path:
    """A file."""
    (folder / name).write_text(text, newline="")
    return folder / name


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("how", ["python", "json", "pandas", "names"])
def test_csv_is_what_the_api_gives(tmp_path: Path, how: str, mark: str) -> None:
    """The same alerts and evidence as of JSON, whoever wrote the cells."""
    path = file(tmp_path, as_csv(OFFENSES, how, mark))
    assert [choice.reader for choice in choices([path])] == [READER]
    (tmp_path / "y.json").write_text(json.dumps(OFFENSES))
    found, expected = read(path), read(tmp_path / "y.json")
    for name in ("alerts", "evidence"):
        columns = [column for column in expected[name].columns if column not in ("source", "record")]
        assert found[name].select(columns).rows() == expected[name].select(columns).rows()
    assert found["alerts"]["record"].to_list() == [2, 5, 8]
    [ledger] = found["ledger"].to_dicts()
    assert (ledger["lines"], ledger["lines_read"], ledger["lines_continued"]) == (10, 3, 6)


def test_the_consoles_headings_and_names_in_place_of_ids(tmp_path: Path) -> None:
    """Closing reasons and domains by their names; times by the clock that the user names."""
    text = (
        "Offense ID,Description,Offense Type,Offense Source,Magnitude,Status,Closing Reason,Domain,Start Date,"
        "Last Event/Flow,Assigned To,Log Sources\n"
        '7,Odd Logins,Username,eve,4,CLOSED,"False-Positive, Tuned",Bakery,"Oct 3, 2025, 2:00:00 PM",'
        "2025-10-03 14:05:00,ann,Firewall @ edge; Proxy\n"
        '8,Odd Logins,Host Name,ws1,4,OPEN,,Mill,"Oct 3, 2025, 2:00:00 PM",1759493100000,,\n'
    )
    path = file(tmp_path, text)
    with pytest.raises(AmbiguousTime, match="start_time: clock times without a zone"):
        read(path)
    tables = read(path, zone="Europe/Paris")
    columns = ("alert_id", "client", "closing_reason", "disposition", "status", "assignee")
    assert tables["alerts"].select(columns).rows() == [
        ("7", "Bakery", "False-Positive, Tuned", "false_positive", "closed", "ann"),
        ("8", "Mill", None, None, "open", None),
    ]
    assert tables["alerts"]["first_event_time"].dt.hour().to_list() == [12, 12]
    assert tables["alerts"]["last_event_time"].dt.minute().to_list() == [5, 5]
    assert sorted(tables["evidence"].select("alert_id", "field", "value").rows()) == [
        ("7", "log_source", "Firewall @ edge"),
        ("7", "log_source", "Proxy"),
        ("7", "user", "eve"),
        ("8", "host", "ws1"),
    ]


def test_cells_that_are_wrong_cost_their_record(tmp_path: Path) -> None:
    """Each says which cell."""
    lines = as_csv([one | {"description": "Odd"} for one in OFFENSES * 2]).splitlines()
    lines[1] = lines[1].replace("41,", "x,", 1)
    lines[2] = lines[2].replace(str(START), "yesterday", 1)
    lines[3] = lines[3].replace("False", "perhaps", 1)
    lines[4] = lines[4] + ",more"
    lines[5] = lines[5].replace("OPEN", "ODD")
    tables = read(file(tmp_path, "\n".join(lines)))
    assert tables["alerts"]["record"].to_list() == [7]
    assert tables["rejects"].select("record", "reason").rows() == [
        (2, "id is no whole number: 'x'"),
        (3, "start_time is no time: 'yesterday'"),
        (4, "follow_up is neither true nor false: 'perhaps'"),
        (5, f"{len(OFFENSES[0]) + 1} of {len(OFFENSES[0])} columns"),
        (6, "the status 'ODD' is none of OPEN, HIDDEN, CLOSED"),
    ]


def test_a_quote_too_many_costs_one_line(tmp_path: Path) -> None:
    """Not the rest of the file."""
    lines = as_csv([one | {"description": "Odd"} for one in OFFENSES * 50]).splitlines()
    lines[5] = lines[5].replace("Odd", '"Odd')
    lines[90] = lines[90].replace("Odd", '"Odd')
    tables = read(file(tmp_path, "\n".join(lines)))
    assert tables["rejects"]["record"].to_list() == [6, 91]


@given(st.data())
@examples(40)
def test_damage_is_rejected_and_nothing_is_lost(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes changed below the header: read, continued, rejected and skipped lines are the lines."""
    raw = bytearray(as_csv(OFFENSES * 3).encode())
    header = raw.index(b"\n") + 1
    places = st.tuples(st.integers(header, len(raw) - 1), st.integers(0, 255))
    for place, byte in data.draw(st.lists(places, max_size=5)):
        raw[place] = byte
    path = tmp_path / "x.csv"
    path.write_bytes(bytes(raw))
    read(path, zone="UTC")


def test_literals_are_parsed_never_run(tmp_path: Path) -> None:
    """What Python prints of a list is a list; anything else is a text."""
    odd = OFFENSES[0] | {"categories": "[__import__('os').getcwd()]", "description": "Odd"}
    deep = OFFENSES[1] | {"categories": "[" * 5_000 + "]" * 5_000, "description": "Odd"}
    found = read(file(tmp_path, as_csv([odd, deep])))["evidence"].filter(pl.col("field") == "category")
    assert found["value"].to_list()[0] == "[__import__('os').getcwd()]"
