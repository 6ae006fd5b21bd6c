"""Which collector wrote a file."""

from __future__ import annotations

import pytest

from watchfloor.readers.flows.exporters import exporter_of, plain, services
from watchfloor.readers.flows.rows import READ_COLUMNS


@pytest.mark.parametrize(
    ("names", "collector"),
    [
        (
            "StartTime Dur Proto SrcAddr Sport Dir DstAddr Dport State sTos dTos TotPkts TotBytes SrcBytes Label",
            "Argus",
        ),
        ("stime proto saddr daddr", "Argus"),
        ("ts te td sa da sp dp pr flg ipkt ibyt", "nfdump"),
        ("firstSeen duration proto srcAddr srcPort dstAddr dstPort packets bytes flows", "nfdump"),
        ("sIP dIP sPort dPort pro packets bytes flags sTime duration eTime sen", "SiLK"),
        ("time src dst bytes", None),
    ],
)
def test_tables_are_known_by_their_header(names: str, collector: str | None) -> None:
    """Whatever else the header names, and however it is spelt."""
    for spelt in (names.split(), names.upper().split(), [f" {name}" for name in reversed(names.split())]):
        found = exporter_of(spelt, "table")
        assert (found.name if found else None) == collector


def test_keys_of_json_are_as_written() -> None:
    """A collector of tables is none of JSON."""
    assert exporter_of({"sIP", "dIP", "sTime", "bytes"}, "json") is None
    found = exporter_of({"time_flow_start_ns", "src_addr", "dst_addr"}, "json")
    assert found is not None
    assert found.name == "GoFlow2"
    assert {"bytes", "packets", "time_flow_end_ns"} <= set(found.asked)


def test_every_name_in_the_file_is_of_a_column_that_is_read() -> None:
    """No name of ours is misspelt; ports of services are ports."""
    from watchfloor.readers.flows import exporters

    for exporter in exporters._exporters():
        assert set(exporter.columns) <= set(READ_COLUMNS)
        assert {"start", "src_ip", "dst_ip", "proto"} <= set(exporter.columns)
        assert set(exporter.zero_is_none) <= set(exporter.columns)
    assert services()["https"] == 443
    assert plain(" Src_Addr ") == "srcaddr"
