"""Key=value logs of firewalls and others."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import rows
from properties import examples
from watchfloor.errors import AmbiguousTime
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake import files
from watchfloor.readers.pairs import READER, grammar, ordered, reading
from watchfloor.readers.pairs.columns import CONNECTIONS_KEYS, EVENTS_KEYS
from watchfloor.readers.pairs.grammar import pairs_of
from watchfloor.schemas import CONNECTIONS, EVENTS

FORTIGATE = (
    'date=2026-03-14 time=16:09:26 devname="fw-1" devid="FG100D0000000001" eventtime={eventtime} tz="+0100" '
    'logid="{logid}" type="{type}" subtype="forward" level="notice" vd="root" srcip=192.0.2.10 srcport=50000 '
    'srcintf="lan" dstip=198.51.100.7 dstport=443 proto=6 action="{action}" {more}'
)


def fortigate(**said: str) -> str:
    """A line as FortiOS writes it."""
    words = {
        "eventtime": "1773500966535897123",
        "logid": "0000000013",
        "type": "traffic",
        "action": "close",
        "more": "",
    }
    return FORTIGATE.format(**{**words, **said}).strip()


def read(tmp_path: Path, text: str | bytes, zone: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The tables of a log, as lists of dicts."""
    path = tmp_path / "x.log"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    when = datetime(2026, 12, 31, tzinfo=UTC).timestamp()
    os.utime(path, (when, when))
    return {name: rows(frame) for name, frame in read_files([path], format="pairs", options=Options(zone=zone)).items()}


def said(row: dict[str, Any], *also: str) -> dict[str, Any]:
    """What a row says, without where it came from and its time."""
    gone = {"source", "record", "time", "time_latest", "time_text", "zone", "zone_rule", "time_quality", "fields"}
    return {key: value for key, value in row.items() if value is not None and key not in gone - set(also)}


def utc(*parts: int) -> datetime:
    """An instant."""
    return datetime(*parts, tzinfo=UTC)


def test_fortigate_traffic_is_connections(tmp_path: Path) -> None:
    """The number of the protocol becomes its name; the sensor is the firewall."""
    more = 'service="HTTPS" duration=12 sentbyte=1000 rcvdbyte=9007199254740993 sessionid=77'
    tables = read(tmp_path, fortigate(more=more) + "\n")
    [flow] = tables["connections"]
    assert said(flow, "time") == {
        "time": utc(2026, 3, 14, 15, 9, 26, 535897),
        "uid": "77",
        "src_ip": "192.0.2.10",
        "src_port": 50000,
        "dst_ip": "198.51.100.7",
        "dst_port": 443,
        "proto": "tcp",
        "service": "HTTPS",
        "duration_seconds": 12.0,
        "orig_bytes": 1000,
        "resp_bytes": 9007199254740993,
        "action": "close",
        "sensor": "fw-1",
    }
    assert tables["events"] == []


def test_statistics_of_a_session_that_goes_on_are_still_open(tmp_path: Path) -> None:
    """FortiOS: LOG_ID_TRAFFIC_STAT, 20."""
    text = fortigate(logid="0000000020", action="accept") + "\n" + fortigate() + "\n"
    assert [row["still_open"] for row in read(tmp_path, text)["connections"]] == [True, None]


def test_other_fortigate_records_are_events(tmp_path: Path) -> None:
    """What no column holds is JSON by the product's names; an empty value is null, a minus is theirs."""
    more = 'user="" hostname="www.example.org" url="https://www.example.org/?a=b c&d" msg="allowed: x=y" cat=52 app="-"'
    [event] = read(tmp_path, fortigate(type="utm", action="passthrough", more=more))["events"]
    assert said(event) == {
        "host": "fw-1",
        "src_ip": "192.0.2.10",
        "src_port": 50000,
        "dst_ip": "198.51.100.7",
        "dst_port": 443,
        "proto": "tcp",
        "action": "passthrough",
        "event_id": "0000000013",
        "category": "utm",
        "severity_text": "notice",
        "url": "https://www.example.org/?a=b c&d",
        "message": "allowed: x=y",
    }
    assert json.loads(event["fields"]) == {
        "date": "2026-03-14",
        "time": "16:09:26",
        "devid": "FG100D0000000001",
        "tz": "+0100",
        "subtype": "forward",
        "vd": "root",
        "srcintf": "lan",
        "user": None,
        "hostname": "www.example.org",
        "cat": "52",
        "app": "-",
    }


@pytest.mark.parametrize(
    ("eventtime", "time"),
    [
        ("1773500966", utc(2026, 3, 14, 15, 9, 26)),
        ("1773500966.535", utc(2026, 3, 14, 15, 9, 26, 535000)),
        ("1773500966535", utc(2026, 3, 14, 15, 9, 26, 535000)),
        ("1773500966535897", utc(2026, 3, 14, 15, 9, 26, 535897)),
        ("1773500966535897999", utc(2026, 3, 14, 15, 9, 26, 535897)),
    ],
)
def test_eventtime_has_four_units(tmp_path: Path, eventtime: str, time: datetime) -> None:
    """Its digits say which; no float is between."""
    [event] = read(tmp_path, fortigate(type="event", eventtime=eventtime))["events"]
    assert (event["time"], event["time_text"], event["zone"], event["time_quality"]) == (
        time,
        eventtime,
        "UTC",
        "exact",
    )


def test_the_device_clock_needs_its_offset_or_a_zone(tmp_path: Path) -> None:
    """`tz` where it is written, else what the user says; a zone's abbreviation is no offset."""
    fields = "srcip=192.0.2.1 type=event level=notice logid=1"
    [event] = read(tmp_path, f'date=2026-03-14 time=16:09:26 tz="+0100" {fields}')["events"]
    assert (event["time"], event["time_text"]) == (utc(2026, 3, 14, 15, 9, 26), "2026-03-14 16:09:26 +0100")
    assert event["fields"] is None
    with pytest.raises(AmbiguousTime, match=r"clock times without a zone \(2026-03-14 16:09:26\)"):
        read(tmp_path, f'date=2026-03-14 time=16:09:26 timezone="CDT" {fields}')
    [event] = read(tmp_path, f'date=2026-03-14 time=16:09:26 timezone="CDT" {fields}', "Europe/Paris")["events"]
    assert (event["time"], event["zone"], event["zone_rule"], event["time_quality"]) == (
        utc(2026, 3, 14, 15, 9, 26),
        "Europe/Paris",
        "declared",
        "declared_zone",
    )
    assert json.loads(event["fields"]) == {"timezone": "CDT"}


def test_a_clock_without_a_zone_gives_way_to_a_prefix_with_one(tmp_path: Path) -> None:
    """The prefix carries its offset; the pairs' clock stays in the fields."""
    text = "<30>1 2026-03-14T15:09:26.5+00:00 fw-9 - - - - date=2026-03-14 time=10:09:26 device=SFW a=1 b=2"
    [event] = read(tmp_path, text)["events"]
    assert (event["time"], event["host"], event["zone_rule"]) == (
        utc(2026, 3, 14, 15, 9, 26, 500000),
        "fw-9",
        "in the text",
    )
    assert json.loads(event["fields"]) == {
        "date": "2026-03-14",
        "time": "10:09:26",
        "device": "SFW",
        "a": "1",
        "b": "2",
    }


def test_a_repeated_hour_is_an_interval(tmp_path: Path) -> None:
    """Both ends are kept."""
    [event] = read(tmp_path, "date=2026-10-25 time=02:30:00 a=1 b=2 c=3", "Europe/Paris")["events"]
    assert (event["time"], event["time_latest"]) == (utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30))
    assert event["time_quality"] == "ambiguous"


def test_sonicwall_addresses_carry_ports_and_zones(tmp_path: Path) -> None:
    """What a column cannot hold stays in the fields; the closed connection is one."""
    head = 'id=firewall sn=18B169000000 time="2026-03-14 15:09:26 UTC" fw=203.0.113.1 pri=6 c=1024'
    text = (
        f'<134>{head} m=537 msg="Connection Closed" src=192.0.2.5:61254:X1:pc dst=198.51.100.7:53:X3 proto=udp/dns '
        "sent=59 rcvd=134\n"
        f'<134>{head} m=97 msg="Web site hit" src=192.0.2.5:61254 dst=198.51.100.7:443:X3 proto=tcp/https\n'
    )
    tables = read(tmp_path, text)
    assert [said(row, "time") for row in tables["connections"]] == [
        {
            "time": utc(2026, 3, 14, 15, 9, 26),
            "src_ip": "192.0.2.5",
            "src_port": 61254,
            "dst_ip": "198.51.100.7",
            "dst_port": 53,
            "proto": "udp",
            "orig_bytes": 59,
            "resp_bytes": 134,
            "sensor": "203.0.113.1",
        }
    ]
    [event] = tables["events"]
    assert (event["src_ip"], event["src_port"], event["dst_port"], event["event_id"], event["category"]) == (
        "192.0.2.5",
        61254,
        443,
        "97",
        "1024",
    )
    assert json.loads(event["fields"]) == {
        "id": "firewall",
        "sn": "18B169000000",
        "dst": "198.51.100.7:443:X3",
        "proto": "tcp/https",
    }


def test_sophos_and_watchguard(tmp_path: Path) -> None:
    """Sophos: two blanks, a bare value with one, a firewall rule is a connection. WatchGuard: words between pairs."""
    sophos = (
        '<30>device="SFW" date=2026-03-14 time=15:09:26 timezone="UTC" device_name="XG" log_id=010101600001 '
        'log_type="Firewall" log_subtype="Allowed" ether_type=Unknown (0x0000) src_ip=192.0.2.4 dst_ip=198.51.100.8 '
        'protocol="TCP" src_port=5000 dst_port=443 sent_pkts=18  recv_pkts=16 sent_bytes=2422 recv_bytes=9586'
    )
    content = sophos.replace('"Firewall"', '"Content Filtering"')
    guard = (
        '<142>Mar 14 15:09:26 M400 firewall: msg_id="3000-0148" Allow 1-Trusted 0-External tcp 192.0.2.9 198.51.100.9 '
        'sent_bytes="10" rcvd_bytes="20" duration="3" policy="web"'
    )
    tables = read(tmp_path, "\n".join([sophos, content, guard]), "UTC")
    [flow] = tables["connections"]
    assert (flow["src_ip"], flow["orig_bytes"], flow["resp_bytes"], flow["sensor"]) == ("192.0.2.4", 2422, 9586, "XG")
    first, second = tables["events"]
    assert (first["host"], first["action"], first["category"]) == ("XG", "Allowed", "Content Filtering")
    assert json.loads(first["fields"])["ether_type"] == "Unknown (0x0000)"
    assert json.loads(first["fields"])["sent_pkts"] == "18"
    assert (second["host"], second["program"], second["event_id"]) == ("M400", "firewall", "3000-0148")
    assert second["message"] == "Allow 1-Trusted 0-External tcp 192.0.2.9 198.51.100.9"
    assert second["time"] == utc(2026, 3, 14, 15, 9, 26)


@pytest.mark.parametrize(
    ("text", "pairs", "words"),
    [
        ('a=1 b="two words" c= d=""', {"a": ["1"], "b": ["two words"], "c": [""], "d": [""]}, []),
        (r'a="say \"x=1\" now" b=2', {"a": ['say "x=1" now'], "b": ["2"]}, []),
        (r'a="C:\temp\" b="x"', {"a": ["C:\\temp\\"], "b": ["x"]}, []),
        ("a=1 word b=2 a=3", {"a": ["1", "3"], "b": ["2"]}, ["word"]),
        ("a=http://h/?x=1&y=2 b=", {"a": ["http://h/?x=1&y=2"], "b": [""]}, []),
        ('a="never closed b=2', {"a": ["never closed b=2"]}, []),
        ("x\ta=two words\tb=1", {"a": ["two words"], "b": ["1"]}, ["x"]),
        ("=1 9a=2 -", {}, ["=1", "9a=2", "-"]),
    ],
)
def test_the_grammar(text: str, pairs: dict[str, list[str]], words: list[str]) -> None:
    """Quotes, repeated keys, empty values, bare words, tabs."""
    assert pairs_of(text) == (pairs, words)


def test_words_and_repeated_keys_are_not_lost(tmp_path: Path) -> None:
    """A key's values are an array; words stand beside a message."""
    text = 't=1773500966 start a=1 a=2 msg="hello" msg="again" b=1 c=2 end'
    [event] = read(tmp_path, text)["events"]
    assert event["message"] == "hello"
    assert json.loads(event["fields"]) == {
        "a": ["1", "2"],
        "msg": ["hello", "again"],
        "b": "1",
        "c": "2",
        "words": "start end",
    }


def test_text_is_hostile(tmp_path: Path) -> None:
    """Pairs in quotes are text; control characters, backslashes and other scripts come through."""
    texts = [
        "srcip=192.0.2.66 x",
        " srcip=192.0.2.66",
        "a\x01b",
        "tab\there",
        "C:\\dir",
        "ü 日本",
        "\x00",
        "'='\\u0000",
    ]
    lines = [fortigate(type="event", more=f'note="{text}"') for text in texts]
    events = read(tmp_path, "\n".join(lines))["events"]
    assert [json.loads(event["fields"])["note"] for event in events] == texts
    assert {event["src_ip"] for event in events} == {"192.0.2.10"}


def test_what_cannot_be_read_is_rejected(tmp_path: Path) -> None:
    """A time that does not exist, and text without pairs or time; pairs without any time are kept."""
    text = "date=2026-02-30 time=10:00:00 a=1 b=2\njust words\n\na=1 b=2\n2026-03-14T10:00:00Z h p: no pairs\n"
    tables = read(tmp_path, text, "UTC")
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [
        (1, "a time that does not exist"),
        (2, "neither pairs key=value nor a time"),
    ]
    assert [(row["record"], row["time"], row["message"]) for row in tables["events"]] == [
        (4, None, None),
        (5, utc(2026, 3, 14, 10), "no pairs"),
    ]


@pytest.mark.parametrize("key", ["remote_addr", "client_addr", "peer"])
def test_addresses_of_servers_carry_ports(tmp_path: Path, key: str) -> None:
    """What services that log pairs say of who calls them: both columns, and nothing is said twice."""
    line = f'time=2026-11-24T10:11:12Z level=warn msg="login failed" user=rob {key}=203.0.113.22:5003 status=401\n'
    [event] = read(tmp_path, line)["events"]
    assert (event["src_ip"], event["src_port"], event["fields"]) == ("203.0.113.22", 5003, '{"status":"401"}')


def test_ports_and_numbers_that_are_none_stay_text(tmp_path: Path) -> None:
    """Nothing is invented, nothing lost."""
    line = "t=1773500966 srcip=any srcport=70000 dstport=0443 dst=192.0.2.1 proto=TCP"
    [event] = read(tmp_path, line)["events"]
    assert said(event) == {"dst_ip": "192.0.2.1", "dst_port": 443, "proto": "tcp"}
    assert json.loads(event["fields"]) == {"srcip": "any", "srcport": "70000", "dstport": "0443"}


@pytest.mark.parametrize("sign", ["|", ",", ";", "\t"])
def test_pairs_may_stand_without_blanks(tmp_path: Path, sign: str) -> None:
    """The first two pairs show what separates them all; values hold blanks then."""
    line = sign.join(["date=2026-3-4", "time=15:09:26", "user=ada", "action=log in", 'msg="a, b|c"', "srcip=192.0.2.7"])
    [event] = read(tmp_path, "\n".join([line] * 2), "UTC")["events"][1:]

    assert said(event, "time") == {
        **{"time": utc(2026, 3, 4, 15, 9, 26), "user": "ada", "action": "log in", "src_ip": "192.0.2.7"},
        "message": "a, b|c",
    }


def test_a_whole_time_may_have_its_offset_beside_it(tmp_path: Path) -> None:
    """As Stormshield writes it; no zone is needed."""
    [event] = read(tmp_path, 'id=firewall time="2026-03-14 16:09:26" fw="fw-1" tz=+0100 pri=5 msg="up"')["events"]

    assert (event["time"], event["host"], event["message"]) == (utc(2026, 3, 14, 15, 9, 26), "fw-1", "up")
    assert json.loads(event["fields"]) == {"id": "firewall"}


def test_the_host_of_a_url_is_no_device(tmp_path: Path) -> None:
    """Where the prefix names the device, the key `host` is something else, and stays."""
    text = 'Mar 14 15:09:26 box http: host="x.example" path="/" op=GET a=1 b=2\nhost="box-2" a=1 b=2 c=3 t=1773500966'
    events = read(tmp_path, text, "UTC")["events"]

    assert [event["host"] for event in events] == ["box", "box-2"]
    assert [json.loads(event["fields"]).get("host") for event in events] == ["x.example", None]


def test_a_hostname_is_a_device_beside_a_product(tmp_path: Path) -> None:
    """Check Point's log exporter writes it so; a FortiGate means the site that was visited."""
    text = "time=1773500966|hostname=gw-1|product=Firewall|action=Drop\ntime=1773500966|hostname=x.example|a=1|b=2"
    events = read(tmp_path, text)["events"]

    assert [event["host"] for event in events] == ["gw-1", None]


def test_words_beside_the_pairs_count(tmp_path: Path) -> None:
    """What netfilter's prefix says, what RFC 5424 calls the kind of message; a Sophos UTM's number of an event."""
    firewall = (
        "Mar 14 15:09:26 gw kernel: [7.5] [UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 PROTO=TCP SPT=5 DPT=6"
    )
    junos = (
        "<14>1 2026-03-14T15:09:26Z srx RT_FLOW - RT_FLOW_SESSION_DENY "
        '[junos@2636.1.1.1.2.40 source-address="192.0.2.7" source-port="5" '
        'destination-address="198.51.100.1" destination-port="6" protocol-id="6"]'
    )
    sophos = (
        '2026:03:14-15:09:26 gw ulogd[7]: id="2001" sys="SecureNet" action="drop" '
        'srcip="192.0.2.7" dstip="198.51.100.1"'
    )
    events = read(tmp_path, "\n".join([firewall, junos, sophos]), "UTC")["events"]

    assert [(event["time"], event["host"], event["action"], event["event_id"]) for event in events] == [
        (utc(2026, 3, 14, 15, 9, 26), "gw", "BLOCK", None),
        (utc(2026, 3, 14, 15, 9, 26), "srx", "RT_FLOW_SESSION_DENY", None),
        (utc(2026, 3, 14, 15, 9, 26), "gw", "drop", "2001"),
    ]
    assert {(event["src_ip"], event["dst_ip"]) for event in events} == {("192.0.2.7", "198.51.100.1")}
    assert [event["dst_port"] for event in events] == [6, 6, None]


def test_columns_are_those_of_the_tables() -> None:
    """No key is asked for twice in one column."""
    assert EVENTS_KEYS.keys() <= EVENTS.schema.keys()
    assert CONNECTIONS_KEYS.keys() <= CONNECTIONS.schema.keys()
    for keys in (*EVENTS_KEYS.values(), *CONNECTIONS_KEYS.values()):
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("line", "sure"),
    [
        (fortigate(), 1.0),
        ("<189>" + fortigate(), 1.0),
        ("Mar 14 15:09:26 fw-1 " + fortigate(), 1.0),
        ("date=2026-03-14,time=15:09:26,type=event,user=ada,action=log in,status=success", 1.0),
        ("time=1773500966|hostname=gw|product=Firewall|action=Drop|src=192.0.2.7", 1.0),
        ("Mar 14 15:09:26 mx postfix/smtp[7]: A1: to=<a@example.org>, relay=x, delay=1, dsn=2, status=sent, x=1", 0.0),
        ("CEF:0|a|b|c|d|e|5|src=192.0.2.1 dst=192.0.2.2 spt=5 dpt=6 act=block app=x", 0.0),
        ("Mar 14 15:09:26 web sshd[7]: Failed password for root from 192.0.2.7 port 5", 0.0),
    ],
)
def test_it_is_known_by_its_pairs(tmp_path: Path, line: str, sure: float) -> None:
    """Behind a prefix too; lists with commas are others'."""
    path = tmp_path / "x.log"
    path.write_text(f"{line}\n" * 3)
    assert READER.accepts(files.head(path)) == sure


def test_structured_data_is_pairs(tmp_path: Path) -> None:
    """Where a gateway puts all that it has to say into it."""
    text = (
        '<134>1 2026-03-14T15:09:26+00:00 gw CheckPoint 7 - [log@2620 action="Detect" flags="1" src="192.0.2.3" '
        'dst="198.51.100.3" product="URL \\"x\\" Filtering"] and more\n'
    )
    [event] = read(tmp_path, text)["events"]
    assert said(event) == {
        "host": "gw",
        "program": "CheckPoint",
        "pid": 7,
        "src_ip": "192.0.2.3",
        "dst_ip": "198.51.100.3",
        "action": "Detect",
        "severity_text": "info",
        "message": "and more",
    }
    assert json.loads(event["fields"]) == {"structured_id": "log@2620", "flags": "1", "product": 'URL "x" Filtering'}


KEYS = st.sampled_from(
    ["srcip", "dstip", "src", "dst", "proto", "type", "msg", "user", "a", "b.c", "eventtime", "time"]
)
WORDS = st.sampled_from(
    [
        "192.0.2.1",
        "192.0.2.1:80",
        "192.0.2.1:80:X1",
        "6",
        "traffic",
        "x y",
        "x  y",
        "a=b",
        "x srcip=1",
        "",
        "-",
        "1773500966",
    ]
)
BARE = st.sampled_from(
    ["192.0.2.1", "192.0.2.1:80:X1", "tcp", "traffic", "a=b", "", "-", "1773500966", "ü", "C:\\x", 'q"q']
)
PAIR = st.builds(lambda key, word: f'{key}="{word}"', KEYS, WORDS) | st.builds(
    lambda key, word: f"{key}={word}", KEYS, BARE
)
HEAD = st.sampled_from(
    ["", 'type="traffic" srcip=192.0.2.1 dstip="192.0.2.2"', "sn=1 m=537 src=192.0.2.1:1:X sent=1 rcvd=2"]
)
PARTS = st.lists(PAIR | st.sampled_from(["word", '"', "=", r'k="\""', ""]), min_size=1, max_size=9)
LINE = st.builds(
    lambda head, parts, sign: sign.join([head, *parts] if len(parts) % 2 else [*parts, head]),
    HEAD,
    PARTS,
    st.sampled_from([" ", " ", "\t", "|", ",", ";"]),
)


@examples(60)
@given(lines=st.lists(LINE, min_size=1, max_size=8))
def test_the_fast_way_and_the_exact_way_say_the_same(tmp_path: Path, lines: list[str]) -> None:
    """Also where keys repeat, quotes dangle and pairs stand in quotes."""
    text = "\n".join(lines)
    with mock.patch.object(ordered, "FEW", 0):
        fast = read(tmp_path, text, "UTC")

    def never(_: grammar.Vocabulary, texts: pl.Series, __: str) -> pl.Series:
        return pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(texts))

    def always(texts: pl.Series, _: str) -> pl.Series:
        return pl.Series([True], dtype=pl.Boolean).new_from_index(0, len(texts))

    with mock.patch.object(ordered, "FEW", 10**9):
        simple = read(tmp_path, text, "UTC")
        with mock.patch.object(grammar.Vocabulary, "simple", never), mock.patch.object(reading, "tangled", always):
            exact = read(tmp_path, text, "UTC")
    for tables in (fast, simple, exact):
        del tables["ledger"][0]["seconds"]
    assert fast == exact
    assert simple == exact


@examples(40)
@given(
    lines=st.lists(
        st.sampled_from(
            [fortigate().encode(), fortigate(type="event").encode(), b"\xff=1", b"", b"words", b"a=1 b=2\r"]
        ),
        max_size=9,
    ),
    cut=st.integers(0, 60),
    byte=st.integers(0, 255),
    place=st.integers(0, 3000),
)
def test_every_line_is_accounted_for(tmp_path: Path, lines: list[bytes], cut: int, byte: int, place: int) -> None:
    """Read + continued + rejected + skipped are the lines of the file, whatever is damaged."""
    text = b"\n".join([fortigate().encode(), *lines])
    text = bytearray(text[: max(1, len(text) - cut)])
    text[place % len(text)] = byte
    tables = read(tmp_path, bytes(text), "UTC")
    [ledger] = tables["ledger"]
    assert ledger["lines"] == bytes(text).removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_read"] == len(tables["events"]) + len(tables["connections"])
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])


def test_who_it_was_and_which_rule_stay_with_a_connection(tmp_path: Path) -> None:
    """No column of connections holds them."""
    [row] = read(tmp_path, fortigate(more='user="anna \\"x\\" \u00e9" policyid=7'))["connections"]
    assert json.loads(row["fields"]) == {"user": 'anna "x" \u00e9', "policyid": "7"}
    [row] = read(tmp_path, fortigate(more='user="N/A" group="x"'))["connections"]
    assert row["fields"] is None


def test_blanks_may_follow_the_commas_between_pairs(tmp_path: Path) -> None:
    """As FortiMail writes them; commas in quotes are none of them, and two in a row are one."""
    lines = (
        "<190>date=2026-03-14,time=15:09:26.391,device_id=FE0001,log_id=07,type=kevent,pri=information, user=anna,"
        'ui=GUI(203.0.113.7),action=login,msg="in, as anna, by GUI"\n'
        "<190>date=2026-03-14,time=15:09:27.000,device_id=FE0001,log_id=08,type=kevent,pri=information,,"
        'msg="a:yes, b:no, c:no, d:no"\n'
    )
    path = tmp_path / "x.log"
    path.write_text(lines)
    assert READER.accepts(files.head(path)) == 1.0
    first, second = read(tmp_path, lines, "UTC")["events"]
    assert first["time"] == datetime(2026, 3, 14, 15, 9, 26, 391000, tzinfo=UTC)
    assert said(first) == {
        **{"host": "FE0001", "user": "anna", "src_ip": "203.0.113.7", "action": "login", "event_id": "07"},
        **{"category": "kevent", "severity_text": "information", "message": "in, as anna, by GUI"},
    }
    assert json.loads(first["fields"])["ui"] == "GUI(203.0.113.7)"
    assert second["message"] == "a:yes, b:no, c:no, d:no"


def test_attacks_that_junos_reports(tmp_path: Path) -> None:
    """The protocol by its name; nobody is known."""
    line = (
        '<165>1 2026-03-14T15:09:26.193Z idp-1 RT_IDP - IDP_ATTACK_LOG_EVENT [junos@2636.1 source-address="192.0.2.7" '
        'destination-address="203.0.113.7" protocol-name="TCP" action="DROP" username="unknown-user"]'
    )
    [event] = read(tmp_path, line)["events"]
    assert (event["src_ip"], event["proto"], event["user"], event["action"]) == ("192.0.2.7", "tcp", None, "DROP")
    assert json.loads(event["fields"])["username"] == "unknown-user"


def test_a_port_stands_beside_an_address_of_ipv6(tmp_path: Path) -> None:
    """SonicWall writes the address under a key of its own."""
    line = 'id=firewall sn=0 time="2026-03-14 15:09:26 UTC" fw=192.0.2.1 m=98 src=:5000:WAN:x srcV6=2001:db8::7'
    [event] = read(tmp_path, line + " dst=::LAN:y dstV6=2001:db8::8 proto=tcp/dns")["events"]
    assert (event["src_ip"], event["src_port"], event["dst_ip"], event["dst_port"], event["proto"]) == (
        *("2001:db8::7", 5000),
        *("2001:db8::8", None),
        "tcp",
    )
    assert json.loads(event["fields"])["src"] == ":5000:WAN:x"
