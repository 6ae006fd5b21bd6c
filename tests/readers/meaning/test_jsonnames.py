"""Which value of a JSON record is which column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from readers.jsonfiles import read
from watchfloor.readers.meaning.jsonnames import Place, calls_out, may_call_out, places_of, put_out, value_at
from watchfloor.schemas import EVENTS


def only(tmp_path: Path, record: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The one event of a record."""
    [event] = read(tmp_path, [record], **more)["events"]
    return event


@pytest.mark.parametrize("name", ["src_ip", "SrcIp", "srcIP", "src-ip", "SRC IP"])
def test_names_are_compared_in_plain_letters(tmp_path: Path, name: str) -> None:
    """However a program joins its words."""
    assert only(tmp_path, {"time": "2026-03-14T15:09:26Z", name: "192.0.2.7"})["src_ip"] == "192.0.2.7"


def test_the_own_words_of_a_record_come_before_those_of_what_it_wraps(tmp_path: Path) -> None:
    """An object that a program wraps around the record is passed through."""
    inner = {"timestamp": "2026-03-14T15:09:26Z", "username": "anna", "ip_address": "192.0.2.7"}
    event = only(tmp_path, {"event": inner})
    assert (event["user"], event["src_ip"]) == ("anna", "192.0.2.7")
    event = only(tmp_path, {"time": "2026-03-14T15:09:27Z", "user": "berta", "event": inner})
    assert (event["user"], event["time"].second) == ("berta", 27)


def test_an_object_of_another_meaning_is_not_passed_through(tmp_path: Path) -> None:
    """The user who was changed is not the one who did it."""
    event = only(tmp_path, {"time": "2026-03-14T15:09:26Z", "target": {"user": {"name": "anna"}, "ip": "192.0.2.7"}})
    assert (event["user"], event["src_ip"]) == (None, None)


def test_a_number_of_a_single_event_is_no_kind_of_events(tmp_path: Path) -> None:
    """It stays in the fields."""
    time = {"time": "2026-03-14T15:09:26Z"}
    assert only(tmp_path, time | {"eventId": 4624})["event_id"] == "4624"
    assert only(tmp_path, time | {"eventId": "0f8fad5b-d9cb-469f-a165-70867728950e"})["event_id"] is None


CLOUDTRAIL = {
    "eventVersion": "1.08",
    "userIdentity": {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::123456789012:assumed-role/Admin/anna",
        "sessionContext": {"sessionIssuer": {"userName": "Admin"}},
    },
    "eventTime": "2026-03-14T15:09:26Z",
    "eventSource": "signin.amazonaws.com",
    "eventName": "ConsoleLogin",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "192.0.2.7",
    "eventID": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "eventType": "AwsConsoleSignIn",
}
OKTA = {
    "actor": {"alternateId": "anna@example.com", "displayName": "Anna"},
    "client": {"ipAddress": "192.0.2.7", "device": "Computer"},
    "displayMessage": "User login to Okta",
    "eventType": "user.session.start",
    "published": "2026-03-14T15:09:26.000Z",
    "severity": "INFO",
}
OFFICE = {
    "CreationTime": "2026-03-14T15:09:26",
    "Operation": "UserLoggedIn",
    "RecordType": 15,
    "Workload": "AzureActiveDirectory",
    "ClientIP": "[2001:db8::7]:50123",
    "UserId": "anna@example.com",
}
GOOGLE = {
    "insertId": "x1",
    "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
    "protoPayload": {
        "authenticationInfo": {"principalEmail": "anna@example.com"},
        "methodName": "SetIamPolicy",
        "serviceName": "cloudresourcemanager.googleapis.com",
        "requestMetadata": {"callerIp": "192.0.2.7"},
    },
    "severity": "NOTICE",
    "timestamp": "2026-03-14T15:09:26Z",
}
CLUSTER = {
    "kind": "Event",
    "level": "Metadata",
    "auditID": "a1",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/pods",
    "verb": "list",
    "user": {"username": "system:admin", "groups": ["system:masters"]},
    "sourceIPs": ["192.0.2.7", "198.51.100.9"],
    "requestReceivedTimestamp": "2026-03-14T15:09:26.000000Z",
}
SIGN_IN = {
    "time": "2026-03-14T15:09:26.0000000Z",
    "resourceId": "/tenants/t/providers/Microsoft.aadiam",
    "operationName": "Sign-in activity",
    "category": "SignInLogs",
    "callerIpAddress": "192.0.2.7",
    "identity": "Anna",
    "Level": 4,
    "properties": {"userPrincipalName": "anna@example.com", "ipAddress": "192.0.2.7"},
}
JOURNAL = {
    "__REALTIME_TIMESTAMP": "1773500966000000",
    "_HOSTNAME": "web-1",
    "SYSLOG_IDENTIFIER": "sshd",
    "_PID": "4711",
    "PRIORITY": "6",
    "MESSAGE": "Accepted publickey",
}
MONGO = {
    "t": {"$date": "2026-03-14T16:09:26.000+01:00"},
    "s": "I",
    "c": "NETWORK",
    "id": 22943,
    "ctx": "listener",
    "msg": "Connection accepted",
    "attr": {"remote": "192.0.2.7:50123"},
}
VAULT = {
    "format": "elastic",
    "syslog": {
        "audit_record": {
            "IsoTimestamp": "2026-03-14T15:09:26Z",
            "Hostname": "VAULT-1",
            "Vendor": "Cyber-Ark",
            "Product": "Vault",
            "MessageID": "7",
            "Severity": "Info",
            "Issuer": "anna",
            "Action": "Logon",
            "TargetUser": "",
            "Safe": "",
            "Station": "192.0.2.7",
            "Message": "Logon",
        }
    },
}
TANIUM = {
    "Issuer": "anna",
    "Expiration": "2026-03-14T16:09:26Z",
    "ActionName": "Deploy a package",
    "PackageName": "a package",
    "InsertTime": "2026-03-14T15:09:26Z",
    "StartTime": "2026-03-14T15:09:20Z",
    "ActionId": 7,
}
PING = {
    "createdAt": "2026-03-14T15:09:26Z",
    "actors": {"client": {"name": "console"}, "user": {"name": "anna@example.com"}},
    "action": {"type": "APPLICATION.UPDATED", "description": "Application Updated"},
}
ELASTIC = {
    "@timestamp": "2026-03-14T15:09:26Z",
    "event.action": "authentication_failed",
    "user.name": "anna",
    "origin.address": "[2001:db8::7]:50123",
    "url.path": "/_search",
}
ESET = {
    "event_type": "FilteredWebsites_Event",
    "hostname": "win-1",
    "occured": "14-Mar-2026 15:09:26",
    "target_address": "198.51.100.1",
    "action_taken": "blocked",
    "object_uri": "https://www.example.com",
    "username": "EXAMPLE\\anna",
    "threat_name": "made up",
}
VAULT_LOG = {
    "@level": "warn",
    "@message": "failed to contact",
    "@module": "storage.raft",
    "@timestamp": "2026-03-14T15:09:26Z",
    "time": 4959141198,
}
BITBUCKET = {
    "auditType": {"action": "Permission granted", "category": "Permissions", "level": "BASE"},
    "author": {"id": "2", "name": "anna", "type": "NORMAL"},
    "source": "192.0.2.7",
    "timestamp": {"epochSecond": 1773500966, "nano": 19000000},
}
BITWARDEN = {
    "object": "event",
    "type": 1000,
    "actingUserId": "anna-1",
    "date": "2026-03-14T15:09:26Z",
    "device": 9,
    "ipAddress": "192.0.2.7",
}
AKAMAI = {
    "attackData": {"clientIP": "192.0.2.7", "rules": "MQ=="},
    "httpMessage": {"start": "1773500966", "host": "www.example.com", "path": "/a", "protocol": "h2"},
}
RAILS = {
    "time": "2026-03-14T15:09:26Z",
    "method": "GET",
    "path": "/api/v4/projects",
    "status": 200,
    "remote_ip": "192.0.2.7",
    "ua": "curl",
    "username": "anna",
}
SOPHOS = {
    "customer_id": "c",
    "endpoint_id": "e",
    "type": "Event::Endpoint::Added",
    "severity": "low",
    "when": "2026-03-14T15:09:26Z",
    "created_at": "2026-03-14T15:09:27Z",
    "location": "win-1",
    "source": "EXAMPLE\\anna",
    "source_info": {"ip": "192.0.2.7"},
    "name": "New user added",
}
MAIL = {
    "datetime": "2026-03-14T15:09:26Z",
    "Sender": "anna@example.com",
    "Subject": "An offer",
    "IP": "192.0.2.7",
    "Act": "Hld",
}
WRAPPED = {
    "ts": "2026-03-14T15:09:26Z",
    "audit": {"action": "login", "level": "INFO", "user": {"email": "anna@example.com", "ipAddress": "192.0.2.7"}},
}
CALL_OUT = {
    "timestamp": "2026-03-14T15:09:26Z",
    "direction": "outbound",
    "local_ip": "192.0.2.7",
    "local_port": 50123,
    "remote_ip": "198.51.100.1",
    "remote_port": 443,
}
WAF = {
    "transaction": {
        "client_ip": "192.0.2.7",
        "client_port": 50123,
        "time_stamp": "Sat Mar 14 15:09:26 2026",
        "host_ip": "198.51.100.1",
        "host_port": 443,
        "request": {"method": "GET", "uri": "/a"},
        "messages": [],
    }
}
PROBE = {
    "process_exec": {"process": {"pid": 7, "binary": "/bin/dmesg"}, "parent": {"pid": 6}, "action": "POST"},
    "node_name": "node-1",
    "time": "2026-03-14T15:09:26.834882128Z",
}
TRELLIX = {
    "id": "x",
    "type": "MVEvents",
    "attributes": {
        "timestamp": "2026-03-14T15:09:26Z",
        "analyzerhostname": "win-1",
        "sourceipv4": "192.0.2.7",
        "targetipv4": "198.51.100.1",
        "targetusername": "anna",
        "threatactiontaken": "blocked",
        "threateventid": 1119,
        "threatname": "None",
        "threatseverity": "6",
    },
}
NOT_A_WRAPPER = {
    "time": "2026-03-14T15:09:26Z",
    "msg": "x",
    "error": {"code": 7, "ip": "192.0.2.7", "hostname": "h"},
}
ENDS = {"src_ip": "192.0.2.7", "src_port": 50123, "dst_ip": "198.51.100.1", "dst_port": 443}


@pytest.mark.parametrize(
    ("record", "columns"),
    [
        (
            CLOUDTRAIL,
            {"user": "Admin", "action": "ConsoleLogin", "src_ip": "192.0.2.7", "program": "signin.amazonaws.com"},
        ),
        (
            OKTA,
            {
                **{"user": "anna@example.com", "action": "user.session.start", "src_ip": "192.0.2.7", "host": None},
                **{"severity_text": "INFO", "message": "User login to Okta"},
            },
        ),
        (
            OFFICE,
            {
                **{"user": "anna@example.com", "action": "UserLoggedIn", "src_ip": "2001:db8::7", "src_port": 50123},
                **{"event_id": "15", "program": "AzureActiveDirectory", "zone": "UTC", "zone_rule": "by the format"},
            },
        ),
        (
            GOOGLE,
            {
                **{"user": "anna@example.com", "action": "SetIamPolicy", "src_ip": "192.0.2.7"},
                **{"severity_text": "NOTICE", "program": "cloudresourcemanager.googleapis.com"},
            },
        ),
        (
            CLUSTER,
            {
                **{"user": "system:admin", "action": "list", "src_ip": "192.0.2.7", "url": "/api/v1/pods"},
                **{"severity_text": None, "category": None},
            },
        ),
        (
            SIGN_IN,
            {"user": "anna@example.com", "action": "Sign-in activity", "src_ip": "192.0.2.7", "category": "SignInLogs"},
        ),
        (
            JOURNAL,
            {
                **{"host": "web-1", "program": "sshd", "pid": 4711, "severity_text": "info"},
                **{"message": "Accepted publickey", "user": None},
            },
        ),
        (
            MONGO,
            {
                **{"severity_text": "I", "category": "NETWORK", "event_id": "22943", "message": "Connection accepted"},
                **{"src_ip": "192.0.2.7", "src_port": 50123, "host": None},
            },
        ),
        (
            VAULT,
            {
                **{"host": "VAULT-1", "user": "anna", "src_ip": "192.0.2.7", "action": "Logon", "event_id": "7"},
                **{"severity_text": "Info", "message": "Logon", "dst_ip": None},
            },
        ),
        (TANIUM, {"user": "anna", "action": "Deploy a package"}),
        (PING, {"user": "anna@example.com", "action": "APPLICATION.UPDATED"}),
        (
            ELASTIC,
            {
                **{"user": "anna", "src_ip": "2001:db8::7", "src_port": 50123, "url": "/_search"},
                "action": "authentication_failed",
            },
        ),
        (
            ESET,
            {
                **{"host": "win-1", "user": "EXAMPLE\\anna", "dst_ip": "198.51.100.1", "title": "made up"},
                "url": "https://www.example.com",
            },
        ),
        (VAULT_LOG, {"severity_text": "warn", "program": "storage.raft", "message": "failed to contact"}),
        (
            BITBUCKET,
            {
                **{"user": "anna", "action": "Permission granted", "category": "Permissions"},
                **{"src_ip": "192.0.2.7", "program": None},
            },
        ),
        (BITWARDEN, {"user": "anna-1", "src_ip": "192.0.2.7", "host": None}),
        (AKAMAI, {"src_ip": "192.0.2.7", "host": "www.example.com", "url": "/a", "proto": None}),
        (RAILS, {"url": "/api/v4/projects", "src_ip": "192.0.2.7", "user": "anna"}),
        (
            SOPHOS,
            {
                **{"host": "win-1", "user": "EXAMPLE\\anna", "src_ip": "192.0.2.7", "action": "Event::Endpoint::Added"},
                **{"program": None, "message": "New user added"},
            },
        ),
        (MAIL, {"user": None, "title": "An offer", "src_ip": "192.0.2.7", "action": "Hld"}),
        (
            WRAPPED,
            {"user": "anna@example.com", "src_ip": "192.0.2.7", "action": "login", "severity_text": "INFO"},
        ),
        (CALL_OUT, ENDS),
        (
            CALL_OUT | {"direction": "inbound"},
            {"src_ip": "198.51.100.1", "src_port": 443, "dst_ip": "192.0.2.7", "dst_port": 50123},
        ),
        (WAF, ENDS | {"url": "/a"}),
        (PROBE, {"host": "node-1", "pid": 7, "program": "/bin/dmesg", "action": "POST"}),
        (
            TRELLIX,
            {
                **{"host": "win-1", "src_ip": "192.0.2.7", "dst_ip": "198.51.100.1", "user": "anna"},
                **{"action": "blocked", "event_id": "1119", "severity_text": "6", "title": None},
            },
        ),
        (NOT_A_WRAPPER, {"message": "x", "event_id": None, "src_ip": None, "host": None}),
        ({"received": "2026-03-14T15:09:26Z", "actor": {"name": "anna"}}, {"user": "anna"}),
        (
            {
                "ts": "2026-03-14T15:09:26Z",
                "access_device": {"ip": {"address": "192.0.2.7"}},
                "author": {"displayName": "Anna", "username": "anna"},
            },
            {"user": "anna", "src_ip": "192.0.2.7"},
        ),
    ],
    ids=lambda value: None,
)
def test_products(tmp_path: Path, record: dict[str, Any], columns: dict[str, Any]) -> None:
    """By the documentation of their makers; an instant is the same whoever writes it."""
    event = only(tmp_path, record, zone="UTC")
    assert event["time"].strftime("%FT%TZ") == "2026-03-14T15:09:26Z"
    assert {name: event[name] for name in columns} == columns


def test_many_calls_are_read_as_one_is(tmp_path: Path) -> None:
    """Who called whom is looked at record by record."""
    calls = [CALL_OUT, CALL_OUT | {"direction": "in"}] * 100
    events = read(tmp_path, calls)["events"]
    out, into = ({name: one[name] for name in ENDS} for one in events[:2])
    assert out == ENDS
    assert into == {"src_ip": "198.51.100.1", "src_port": 443, "dst_ip": "192.0.2.7", "dst_port": 50123}
    assert [one["src_ip"] for one in events] == ["192.0.2.7", "198.51.100.1"] * 100


@pytest.mark.parametrize(
    ("src", "dst", "out"),
    [
        (Place(("remote_ip",)), Place(("local_ip",)), True),
        (Place(("remote_ip",)), None, True),
        (Place(("remote_ip",)), Place(("dst_ip",)), False),
        (Place(("src_ip",)), Place(("local_ip",)), False),
        (None, None, False),
    ],
)
def test_who_calls_out(src: Place | None, dst: Place | None, *, out: bool) -> None:
    """Only where the remote end would be taken for the client."""
    assert calls_out({"direction": " Outbound"}, src, dst) is out
    assert may_call_out(["remoteIp", "Direction"])
    assert not may_call_out(["remoteIp", "host"])


def test_a_product_within_an_envelope(tmp_path: Path) -> None:
    """As an event bus wraps it."""
    event = only(tmp_path, {"version": "0", "time": "2026-03-14T15:10:00Z", "detail": CLOUDTRAIL})
    assert (event["user"], event["action"]) == ("Admin", "ConsoleLogin")


def test_every_name_is_of_a_column() -> None:
    """The table knows the columns of EVENTS and no others; every product has a time."""
    places = places_of(CLOUDTRAIL)
    assert places.product == "AWS CloudTrail"
    assert set(places.columns) <= set(EVENTS.schema.names())
    assert places.columns["event_id"] == ()


def test_values_are_found_and_put_out() -> None:
    """Objects that are empty then go too; what stands in a list stays there."""
    record: dict[str, Any] = {"a": {"b": {"c": 1}}, "l": [{"X": 2}], "d.e": 3}
    places = [Place(("a", "b", "c")), Place(("l",), ("0", "x")), Place(("d.e",)), Place(("a", "z")), Place(("l", "z"))]
    assert [value_at(record, place) for place in places] == [1, 2, 3, None, None]
    put_out(record, places[:3])
    assert record == {"l": [{"X": 2}]}


def test_hostile_keys(tmp_path: Path) -> None:
    """Very many, very deep, empty, with dots."""
    deep: Any = "x"
    for _ in range(200):
        deep = {"a": deep}
    record = {"time": "2026-03-14T15:09:26Z", "": 1, ".": 2, "..": {"": 3}, "deep": deep}
    record |= {f"key {n}": n for n in range(5_000)}
    first, second = read(tmp_path, [{"time": "2026-03-14T15:09:26Z"}, record])["events"]
    assert first["time"] == second["time"]


def test_gateways_name_the_ends_of_a_connection(tmp_path: Path) -> None:
    """By who asked and who answered; the record may be wrapped."""
    ends = {"src_ip": "192.0.2.7", "src_port": 5000, "dst_ip": "203.0.113.7", "dst_port": 443, "host": "pc-1"}
    client = {"csip": "192.0.2.7", "csport": 5000, "cdip": "203.0.113.7", "cdport": 443, "ssip": "192.0.2.99"}
    event = only(tmp_path, {"event": {**client, "devicehostname": "pc-1", "datetime": "2026-03-14T15:09:26Z"}})
    assert {name: event[name] for name in ends} == ends
    asked = {"clt_sip": "192.0.2.7", "srv_dip": "203.0.113.7", "srv_dport": "53", "reqaction": "ALLOW"}
    event = only(tmp_path, {"event": {**asked, "datetime": "2026-03-14T15:09:26Z"}})
    assert (event["src_ip"], event["dst_ip"], event["dst_port"], event["action"]) == (
        *("192.0.2.7", "203.0.113.7", 53),
        "ALLOW",
    )
    session = {"CClientAddr": "192.0.2.7", "CClientPort": 5000, "CServerAddr": "203.0.113.7", "CServerPort": 443}
    session |= {"remoteAddr": "203.0.113.7", "SClientAddr": "192.0.2.99", "hostname": "pc-1"}
    stamp = {"timeStamp": "2026-03-14T15:09:26Z", "class": "x.Event", "host": "www.example"}
    for record in (stamp | session, stamp | {"sessionEvent": session}):
        event = only(tmp_path, record)
        assert {name: event[name] for name in ends} == ends


def test_products_that_wrap_or_name_users_in_their_own_way(tmp_path: Path) -> None:
    """Zscaler Private Access, Snort's alerts, Netskope's events in the names of ECS."""
    access = {"LogTimestamp": "Sat Mar 14 15:09:26 2026", "Customer": "x", "ClientPublicIp": "192.0.2.7", "Host": "a.b"}
    event = only(tmp_path, access | {"ClientPublicPort": 5000, "NameID": "anna@example.com", "URL": "/x"})
    assert (event["time"].isoformat()[:19], event["src_ip"], event["src_port"], event["user"], event["host"]) == (
        *("2026-03-14T15:09:26", "192.0.2.7", 5000),
        *("anna@example.com", None),
    )
    alert = {"seconds": 1773500966, "timestamp": "03/14-15:09:26.5", "gid": 1, "sid": 7, "rule": "1:7:1", "pkt_num": 1}
    alert |= {"msg": "EXPLOIT x", "src_addr": "192.0.2.7", "src_port": 5000, "dst_addr": "203.0.113.7", "proto": "TCP"}
    event = only(tmp_path, alert)
    assert (event["time"].isoformat()[:19], event["title"], event["event_id"], event["src_ip"], event["proto"]) == (
        *("2026-03-14T15:09:26", "EXPLOIT x", "7"),
        *("192.0.2.7", "tcp"),
    )
    wrapped = {"netskope": {"events": {"ip": {"protocol": "TCP"}, "url": "a.example/x"}}, "event": {"id": "9"}}
    event = only(tmp_path, wrapped | {"@timestamp": "2026-03-14T15:09:26Z", "user": {"email": {"1": "a@example.com"}}})
    assert (event["user"], event["proto"], event["url"]) == ("a@example.com", "tcp", "a.example/x")


def test_a_url_has_a_host_and_so_has_the_device(tmp_path: Path) -> None:
    """Zscaler's web log; F5's names for the client and for what became of the request."""
    web = {"host": "www.example", "devicehostname": "pc-1", "cltip": "192.0.2.7", "cltsourceport": "5000"}
    event = only(tmp_path, {"event": web | {"time": "Sat Mar 14 15:09:26 2026", "tz": "GMT"}}, zone="UTC")
    assert (event["host"], event["src_ip"], event["src_port"]) == ("pc-1", "192.0.2.7", 5000)
    request = {"ip_client": "192.0.2.7", "request_status": "blocked", "date_time": "2026-03-14T15:09:26Z"}
    event = only(tmp_path, request | {"hostname": "lb-1", "source_user": "anna"})
    assert (event["src_ip"], event["action"], event["user"]) == ("192.0.2.7", "blocked", "anna")
