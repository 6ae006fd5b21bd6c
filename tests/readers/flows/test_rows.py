"""Cells of flows as columns: durations and sizes as tools write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from readers.jsonfiles import read

HEADER = "StartTime,Dur,LastTime,Proto,SrcAddr,DstAddr,SrcBytes\n"


@pytest.mark.parametrize(
    ("duration", "last", "seconds"),
    [
        ("1.5", "1773122409", 1.5),
        ("", "1773122409.25", 9.25),
        ("00:01:02.500", "", 62.5),
        ("1d00:00:01.000", "", 86_401.0),
        ("", "", None),
        ("-3", "", None),
        ("nan", "", None),
        ("", "1773122300", None),
    ],
)
def test_durations(tmp_path: Path, duration: str, last: str, seconds: float | None) -> None:
    """Seconds or a clock, else to the end; below zero it is not known."""
    [row] = read(tmp_path, f"{HEADER}1773122400,{duration},{last},6,10.20.1.23,203.0.113.50,1\n")["connections"]
    assert row["duration_seconds"] == seconds


@pytest.mark.parametrize(
    ("written", "size"), [("0", 0), ("12", 12), ("12.0", 12), ("1.2 M", 1_200_000), ("3 G", 3_000_000_000)]
)
def test_sizes(tmp_path: Path, written: str, size: int) -> None:
    """Whole numbers, and large ones as nfdump shortens them."""
    [row] = read(tmp_path, f"{HEADER}1773122400,1,,6,10.20.1.23,203.0.113.50,{written}\n")["connections"]
    assert row["orig_ip_bytes"] == size


@pytest.mark.parametrize("written", ["x", "-5", "99999999999999999999999", "1e5"])
def test_what_is_no_size(tmp_path: Path, written: str) -> None:
    """It is a reject, not a flow of null bytes."""
    tables = read(tmp_path, f"{HEADER}1773122400,1,,6,10.20.1.23,203.0.113.50,{written}\n")
    assert [row["reason"] for row in tables["rejects"]] == ["a port or a number of bytes that is none"]
    assert tables["connections"] == []


@pytest.mark.parametrize("address", ["", "host.example", "10.20.1", "-"])
def test_a_flow_needs_two_addresses(tmp_path: Path, address: str) -> None:
    """A name is none, as `ra` writes it where it is allowed to look names up."""
    tables = read(tmp_path, f"{HEADER}1773122400,1,,6,{address},203.0.113.50,1\n")
    assert [row["reason"] for row in tables["rejects"]] == ["no addresses of two ends"]
