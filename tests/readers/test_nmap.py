"""nmap's XML, composed as its document type says."""

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
from watchfloor.readers import read_files
from watchfloor.readers.intake import files
from watchfloor.readers.nmap import READER

RUN = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/share/nmap/nmap.xsl" type="text/xsl"?>
<!-- Nmap 7.95 scan initiated as: nmap -A -oX x.xml 192.0.2.0/24 -->
<nmaprun scanner="nmap" args="nmap -A 192.0.2.0/24" \
start="1767225600" startstr="x" version="7.95" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>
<host starttime="1767225601" endtime="1767225661"><status state="up" reason="arp-response" reason_ttl="0"/>
<address addr="192.0.2.7" addrtype="ipv4"/>
<address addr="00:00:5E:00:53:01" addrtype="mac" vendor="Made Up"/>
<hostnames>
<hostname name="web.example.net" type="PTR"/>
</hostnames>
<ports><extraports state="closed" count="998">
</extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/>\
<service name="ssh" product="OpenSSH" version="9.6" method="probed" conf="10">\
<cpe>cpe:/a:openbsd:openssh:9.6</cpe></service></port>
<port protocol="tcp" portid="443"><state state="open" reason="syn-ack" reason_ttl="64"/>\
<service name="https" method="table" conf="3"/>\
<script id="ssl-made-up" output="&#xa;  VULNERABLE:&#xa;  CVE-2026-0001">\
<elem key="state">VULNERABLE</elem></script>
</port>
</ports>
<os><osmatch name="Linux 6.1" accuracy="98"/></os>
<hostscript><script id="nbstat" output="NAME &lt;x&gt;"/></hostscript>
</host>
<host starttime="1767225601" endtime="1767225662" timedout="true"><status state="up" reason="arp-response"/>
<address addr="2001:db8::9" addrtype="ipv6"/>
</host>
<runstats><finished time="1767225700" exit="success"/><hosts up="2" down="254" total="256"/>
</runstats>
</nmaprun>
"""


def read(tmp_path: Path, text: str | bytes) -> dict[str, list[dict[str, Any]]]:
    """The tables of a document."""
    path = tmp_path / "x.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    assert READER.accepts(files.head(path)) == 1
    return {name: rows(frame) for name, frame in read_files([path], format="nmap").items()}


def test_ports_and_hosts_are_events(tmp_path: Path) -> None:
    """A port was in its state at some time during the scan of its host; what no column holds is in the fields."""
    tables = read(tmp_path, RUN)
    keys = ("record", "host", "dst_ip", "dst_port", "proto", "action", "category", "title")
    assert [tuple(row[key] for key in keys) for row in tables["events"]] == [
        (15, "web.example.net", "192.0.2.7", 22, "tcp", "open", "port", "ssh OpenSSH 9.6"),
        (16, "web.example.net", "192.0.2.7", 443, "tcp", "open", "port", "https"),
        (7, "web.example.net", "192.0.2.7", None, None, "up", "host", None),
        (22, "2001:db8::9", "2001:db8::9", None, None, "up", "host", None),
    ]
    event = tables["events"][0]
    assert (event["time"], event["time_latest"], event["time_text"], event["time_quality"], event["program"]) == (
        datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 1, 1, tzinfo=UTC),
        "1767225601",
        "exact",
        "nmap",
    )
    assert json.loads(event["fields"]) == {
        "state.reason": "syn-ack",
        "state.reason_ttl": "64",
        "service.name": "ssh",
        "service.product": "OpenSSH",
        "service.version": "9.6",
        "service.method": "probed",
        "service.conf": "10",
        "service.cpe": "cpe:/a:openbsd:openssh:9.6",
    }
    assert json.loads(tables["events"][2]["fields"]) == {
        "status.state": "up",
        "status.reason": "arp-response",
        "status.reason_ttl": "0",
        "address.addr": ["192.0.2.7", "00:00:5E:00:53:01"],
        "address.addrtype": ["ipv4", "mac"],
        "address.vendor": "Made Up",
        "hostnames.hostname.name": "web.example.net",
        "hostnames.hostname.type": "PTR",
        "extraports.state": "closed",
        "extraports.count": "998",
        "os.osmatch.name": "Linux 6.1",
        "os.osmatch.accuracy": "98",
    }


def test_scripts_are_findings(tmp_path: Path) -> None:
    """With the port that they ran against, and the time at which the scan of the host was over."""
    found = read(tmp_path, RUN)["findings"]
    keys = ("record", "host", "dst_ip", "dst_port", "module", "rule", "reason", "matched", "message")
    assert [tuple(row[key] for key in keys) for row in found] == [
        (
            16,
            "web.example.net",
            "192.0.2.7",
            443,
            "port script",
            "ssl-made-up",
            "vulnerability",
            "VULNERABLE:\n  CVE-2026-0001",
            '{"elem.key": "state", "elem": "VULNERABLE"}',
        ),
        (20, "web.example.net", "192.0.2.7", None, "host script", "nbstat", "other", "NAME <x>", None),
    ]
    assert {row["time"] for row in found} == {datetime(2026, 1, 1, 0, 1, 1, tzinfo=UTC)}


def test_each_host_is_a_scan(tmp_path: Path) -> None:
    """One that took too long is not complete."""
    tables = read(tmp_path, RUN)
    assert [(row["host"], row["version"], row["complete"], row["why_incomplete"]) for row in tables["scans"]] == [
        ("web.example.net", "7.95", True, None),
        ("2001:db8::9", "7.95", False, "nmap gave up on this host: it took too long"),
    ]
    [ledger] = tables["ledger"]
    assert (ledger["lines"], ledger["lines_rejected"], ledger["partial"]) == (RUN.count("\n"), 0, None)


def test_a_cut_scan_gives_the_ports_before_the_cut(tmp_path: Path) -> None:
    """The host is not complete, the file is partial."""
    tables = read(tmp_path, RUN[: RUN.index('<service name="https"')])
    assert [(row["dst_port"], row["category"]) for row in tables["events"]] == [(22, "port"), (None, "host")]
    assert tables["scans"][0]["why_incomplete"] == "the file breaks off"
    assert [row["record"] for row in tables["rejects"]] == [16]
    assert tables["ledger"][0]["partial"].startswith("the XML breaks off in line 16")


def test_a_scan_that_failed_says_so(tmp_path: Path) -> None:
    """nmap writes why."""
    text = RUN.replace('exit="success"', 'exit="error" errormsg="no route"')
    assert read(tmp_path, text)["ledger"][0]["partial"] == "the scan ended with an error: no route"


def test_entities_are_refused(tmp_path: Path) -> None:
    """A document type with a subset of its own is no output of nmap."""
    with pytest.raises(UnreadableFile, match="declares entities"):
        read(tmp_path, RUN.replace("<!DOCTYPE nmaprun>", '<!DOCTYPE nmaprun [<!ENTITY a "b">]>'))


@examples(40)
@given(data=st.data())
def test_the_ledger_adds_up_whatever_the_damage(tmp_path: Path, data: st.DataObject) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    raw = bytearray(RUN.encode())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(480, len(raw) - 1))] = data.draw(st.sampled_from(b"\n\r\x00\xff<>/ "))
    raw = raw[: data.draw(st.integers(480, len(raw)))]
    tables = read(tmp_path, bytes(raw))
    [ledger] = tables["ledger"]
    assert ledger["lines"] == bytes(raw).removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])
    assert min(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped")) >= 0
