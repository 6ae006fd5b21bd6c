"""Zeek's files, written from a few connections and compared with text made by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from watchfloor.demo.dice import Dice
from watchfloor.demo.zeek import Question, Request, Sensor, Talk


def sensor(hours: int = 1) -> Sensor:
    """A sensor that begins at noon."""
    return Sensor(Dice(7, "test"), datetime(2025, 10, 27, 12, tzinfo=UTC), hours)


def rows(made: dict[str, object], name: str) -> list[dict[str, str]]:
    """Rows of a file as dicts."""
    lines = made[name].content.decode().splitlines()  # type: ignore[attr-defined]
    fields = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    return [dict(zip(fields, line.split("\t"), strict=True)) for line in lines if not line.startswith("#")]


def test_a_connection_with_its_handshake() -> None:
    """Packets and IP bytes follow from the payload: 40 bytes a packet; both rows have one uid."""
    watching = sensor()
    talk = Talk("10.0.0.1", 50_000, "192.0.2.1", 443, "tcp", "ssl", 1.5, 1_500, 3_000)
    uid = watching.conn(0.25, talk)
    watching.ssl(0.25, uid, talk, "www.site.example")
    made = watching.files("zeek")

    assert rows(made, "zeek/conn.00_00_00-01_00_00.log") == [
        {
            **{"ts": "1761566400.250000", "uid": uid, "id.orig_h": "10.0.0.1", "id.orig_p": "50000"},
            **{"id.resp_h": "192.0.2.1", "id.resp_p": "443", "proto": "tcp", "service": "ssl", "duration": "1.500000"},
            **{"orig_bytes": "1500", "resp_bytes": "3000", "conn_state": "SF", "local_orig": "T", "local_resp": "F"},
            **{"missed_bytes": "0", "history": "ShADadFf", "orig_pkts": "5", "orig_ip_bytes": "1700"},
            **{"resp_pkts": "5", "resp_ip_bytes": "3200", "tunnel_parents": "-"},
        }
    ]
    (handshake,) = rows(made, "zeek/ssl.log")
    assert (handshake["uid"], handshake["server_name"], handshake["ts"]) == (
        uid,
        "www.site.example",
        "1761566400.262000",
    )


def test_the_frame_of_a_file() -> None:
    """Separator, fields with types, close; an empty hour has a file too."""
    made = sensor(2).files("zeek")
    assert sorted(made) == [
        "zeek/conn.00_00_00-01_00_00.log", "zeek/conn.01_00_00-02_00_00.log", "zeek/dns.log", "zeek/http.log",
        "zeek/open_conn.log", "zeek/ssl.log",
    ]  # fmt: skip
    lines = made["zeek/conn.01_00_00-02_00_00.log"].content.decode().splitlines()
    assert lines[:6] == [
        "#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn",
        "#open\t2025-10-27-13-00-00",
    ]  # fmt: skip
    assert lines[-1] == "#close\t2025-10-27-14-00-00"
    assert len(lines[6].split("\t")) == len(lines[7].split("\t")) == 22
    assert made["zeek/conn.01_00_00-02_00_00.log"].truth.records == 0


def test_a_row_is_written_when_its_connection_ends() -> None:
    """In the hour of its end; one that has not ended is in open_conn, with what it lasted so far."""
    watching = sensor(2)
    watching.conn(10, Talk("10.0.0.1", 1, "192.0.2.1", 2, duration=4000))
    watching.conn(20, Talk("10.0.0.1", 1, "192.0.2.1", 3, duration=9000))
    made = watching.files("zeek")

    assert rows(made, "zeek/conn.00_00_00-01_00_00.log") == []
    assert [row["id.resp_p"] for row in rows(made, "zeek/conn.01_00_00-02_00_00.log")] == ["2"]
    assert [(row["id.resp_p"], row["duration"]) for row in rows(made, "zeek/open_conn.log")] == [("3", "7180.000000")]


def test_a_question_has_a_connection() -> None:
    """Name, type, answers; no such name: no answer."""
    watching = sensor()
    watching.dns(1, "10.0.0.1", "10.0.0.53", Question("a.site.example", ("192.0.2.1", "192.0.2.2")))
    watching.dns(2, "10.0.0.1", "10.0.0.53", Question("b.site.example", (), "PTR", "NXDOMAIN"))
    made = watching.files("zeek")
    first, second = rows(made, "zeek/dns.log")

    assert (first["query"], first["qtype_name"], first["rcode_name"], first["answers"], first["TTLs"]) == (
        "a.site.example", "A", "NOERROR", "192.0.2.1,192.0.2.2", "300.000000,300.000000",
    )  # fmt: skip
    assert (second["qtype"], second["rcode"], second["answers"]) == ("12", "3", "-")
    assert [row["uid"] for row in rows(made, "zeek/conn.00_00_00-01_00_00.log")] == [first["uid"], second["uid"]]


def test_no_answer_no_duration() -> None:
    """A refused or unanswered attempt has no duration and no bytes."""
    watching = sensor()
    talk = Talk("198.19.0.1", 1, "10.0.0.1", 22, state="S0")
    watching.conn(0, talk)
    (row,) = rows(watching.files("zeek"), "zeek/conn.00_00_00-01_00_00.log")

    assert (row["duration"], row["orig_bytes"], row["history"], row["local_orig"], row["resp_pkts"]) == (
        "-",
        "-",
        "S",
        "F",
        "0",
    )


def test_a_request() -> None:
    """Method, host and path; a GET has no body."""
    watching = sensor()
    talk = Talk("10.0.0.1", 1, "192.0.2.1", 80, "tcp", "http", 1.0, 700, 1_300)
    uid = watching.conn(0, talk)
    watching.http(0, uid, talk, Request("POST", "c.example", "/x", "Agent/1", "text/plain"))
    (row,) = rows(watching.files("zeek"), "zeek/http.log")

    assert (row["uid"], row["method"], row["host"], row["uri"], row["user_agent"]) == (
        uid,
        "POST",
        "c.example",
        "/x",
        "Agent/1",
    )
    assert (row["request_body_len"], row["response_body_len"], row["status_code"]) == ("440", "1000", "200")
