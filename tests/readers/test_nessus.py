"""Nessus reports, composed as Tenable's description of the format says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import rows
from properties import examples
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake import files
from watchfloor.readers.nessus import READER

REPORT = """<?xml version="1.0" ?>
<NessusClientData_v2>
<Policy><policyName>Made up</policyName></Policy>
<Report name="weekly" xmlns:cm="http://www.nessus.org/cm">
<ReportHost name="192.0.2.7"><HostProperties>
<tag name="HOST_END">Thu Jan  1 10:05:00 2026</tag>
<tag name="host-fqdn">web.example.net</tag>
<tag name="host-ip">192.0.2.7</tag>
<tag name="HOST_START">Thu Jan  1 10:00:00 2026</tag>
</HostProperties>
<ReportItem port="443" svc_name="www" protocol="tcp" severity="4" \
pluginID="900001" pluginName="Made Up &lt; 2.0" pluginFamily="Web Servers">
<cve>CVE-2026-0001</cve>
<cve>CVE-2026-0002</cve>
<cvss_base_score>7.5</cvss_base_score>
<cvss3_base_score>9.8</cvss3_base_score>
<synopsis>It is old.</synopsis>
<see_also>https://example.net/a
https://example.net/b</see_also>
<plugin_output>
  Installed version : 1.0
</plugin_output>
</ReportItem>
<ReportItem port="0" svc_name="general" protocol="tcp" severity="0" \
pluginID="19506" pluginName="Nessus Scan Information" pluginFamily="Settings">
<cm:compliance>x</cm:compliance>
<plugin_output>Nessus version : 10.8.1
Credentialed checks : no
</plugin_output>
</ReportItem>
</ReportHost>
<ReportHost name="192.0.2.8"><HostProperties>
<tag name="HOST_START_TIMESTAMP">1767225600</tag>
<tag name="HOST_START">Thu Jan  1 10:00:00 2026</tag>
</HostProperties>
</ReportHost>
</Report>
</NessusClientData_v2>
"""


def read(tmp_path: Path, text: str | bytes, zone: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The tables of a report."""
    path = tmp_path / "x.nessus"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    assert READER.accepts(files.head(path)) == 1
    tables = read_files([path], format="nessus", options=Options(zone=zone))
    return {name: rows(frame) for name, frame in tables.items()}


def test_report_items_are_findings(tmp_path: Path) -> None:
    """The plug-in is the rule; CVSS counts ten times; port 0 is none."""
    first, second = read(tmp_path, REPORT, "Europe/Paris")["findings"]
    assert {key: value for key, value in first.items() if value is not None and key not in ("source", "message")} == {
        "record": 11,
        "time": datetime(2026, 1, 1, 9, 5, tzinfo=UTC),
        "host": "web.example.net",
        "scanner": "nessus",
        "level": "CRITICAL",
        "module": "Web Servers",
        "score": 98,
        "reason": "vulnerability",
        "reason_number": 1,
        "rule": "900001",
        "description": "Made Up < 2.0: It is old.",
        "reference": "https://example.net/a\nhttps://example.net/b",
        "matched": "Installed version : 1.0",
        "dst_ip": "192.0.2.7",
        "dst_port": 443,
    }
    assert json.loads(first["message"]) == {
        "svc_name": "www",
        "protocol": "tcp",
        "cve": ["CVE-2026-0001", "CVE-2026-0002"],
        "cvss_base_score": "7.5",
        "cvss3_base_score": "9.8",
    }
    assert (second["level"], second["score"], second["dst_port"]) == ("INFO", None, None)
    assert json.loads(second["message"])["compliance"] == "x"


def test_hosts_are_scans(tmp_path: Path) -> None:
    """Epoch seconds need no zone; clock times stay text without one."""
    keys = ("record", "host", "version", "started_time", "ended_time", "complete", "why_incomplete", "remarks")
    zoned = read(tmp_path, REPORT, "Europe/Paris")["scans"]
    assert [tuple(row[key] for key in keys) for row in zoned] == [
        (
            5,
            "web.example.net",
            "10.8.1",
            datetime(2026, 1, 1, 9, 0, tzinfo=UTC),
            datetime(2026, 1, 1, 9, 5, tzinfo=UTC),
            True,
            None,
            "limited rights: no credentialed checks",
        ),
        (30, "192.0.2.8", None, datetime(2026, 1, 1, tzinfo=UTC), None, False, "no end time", None),
    ]
    bare = read(tmp_path, REPORT)
    assert (bare["findings"][0]["time"], bare["scans"][0]["complete"]) == (None, True)
    assert bare["scans"][0]["remarks"].endswith(
        "clock times of no known zone: Thu Jan  1 10:00:00 2026 to Thu Jan  1 10:05:00 2026"
    )


def test_a_cut_report_gives_the_findings_before_the_cut(tmp_path: Path) -> None:
    """The rest is one reject, the host is not complete."""
    tables = read(tmp_path, REPORT[: REPORT.index("Credentialed")])
    assert [row["rule"] for row in tables["findings"]] == ["900001"]
    assert [(row["record"], row["lines"]) for row in tables["rejects"]] == [(23, 3)]
    assert tables["scans"][0]["why_incomplete"] == "the file breaks off"
    assert tables["ledger"][0]["partial"].startswith("the XML breaks off in line 25")


def test_one_bad_byte_and_a_missing_plugin_reject_one_item_each(tmp_path: Path) -> None:
    """The others are read."""
    raw = REPORT.encode().replace(b"It is old.", b"It is \xff.")
    tables = read(tmp_path, raw)
    assert [row["rule"] for row in tables["findings"]] == ["19506"]
    assert [(row["record"], row["lines"]) for row in tables["rejects"]] == [(11, 12)]
    tables = read(tmp_path, REPORT.replace(' pluginID="900001"', ""))
    assert [row["rule"] for row in tables["findings"]] == ["19506"]
    [reject] = tables["rejects"]
    assert (reject["record"], reject["lines"], reject["reason"]) == (11, 12, "a report item without a plug-in")
    assert reject["text"].startswith('<ReportItem port="443"')


def test_entities_are_refused(tmp_path: Path) -> None:
    """No report declares any."""
    laughs = '<!DOCTYPE NessusClientData_v2 [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    with pytest.raises(UnreadableFile, match="declares entities"):
        read(tmp_path, laughs + REPORT.partition("\n")[2].replace("It is old.", "&b;"))


@examples(40)
@given(data=st.data())
def test_the_ledger_adds_up_whatever_the_damage(tmp_path: Path, data: st.DataObject) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    raw = bytearray(REPORT.encode())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(50, len(raw) - 1))] = data.draw(st.sampled_from(b"\n\r\x00\xff<>/ "))
    raw = raw[: data.draw(st.integers(50, len(raw)))]
    tables = read(tmp_path, bytes(raw))
    [ledger] = tables["ledger"]
    assert ledger["lines"] == bytes(raw).removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])
    assert min(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped")) >= 0
