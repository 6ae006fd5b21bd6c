"""Linux audit logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given

from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, read, said

SYSCALL = (
    "type=SYSCALL msg=audit(1773500966.250:101): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 items=2 "
    'ppid=40 pid=41 auid=1000 uid=0 tty=(none) ses=3 comm="cat" exe="/usr/bin/cat" key="shadow"'
)
EXECVE = 'type=EXECVE msg=audit(1773500966.250:101): argc=3 a0="cat" a1="/etc/shadow" a2=6120622263'
TITLE = "type=PROCTITLE msg=audit(1773500966.250:101): proctitle=636174002F6574632F736861646F77"
LOGIN = (
    "node=web-1 type=USER_LOGIN msg=audit(1773500967.001:102): pid=77 uid=0 auid=4294967295 ses=4294967295 "
    'subj=system_u:system_r:sshd_t:s0 msg=\'op=login acct="anna" exe="/usr/sbin/sshd" hostname=? addr=192.0.2.7 '
    "terminal=ssh res=failed'"
)
UNKNOWN_USER = (
    "type=USER_AUTH msg=audit(1773500968.000:103): pid=78 uid=0 msg='op=PAM:authentication "
    'acct=28756E6B6E6F776E207573657229 exe="/usr/sbin/sshd" hostname=? addr=2001:db8::7 terminal=ssh res=failed\''
)
ENRICHED = (
    "type=SYSCALL msg=audit(1773500969.000:104): arch=c000003e syscall=2 pid=79 auid=1000 uid=1000 "
    'comm="vi" exe="/usr/bin/vi" key=(null)\x1dARCH=x86_64 SYSCALL=open AUID="anna" UID="anna"'
)
TIME = datetime(2026, 3, 14, 15, 9, 26, 250_000, tzinfo=UTC)


def test_records_of_the_kernel_and_of_programs(tmp_path: Path) -> None:
    """A record of the kernel, and what a program says within one; a question mark says nothing."""
    tables = read(tmp_path, "\n".join((SYSCALL, LOGIN)) + "\n", name="audit.log")
    call, login = tables["events"]
    assert {key: call[key] for key in ("time", "program", "pid", "action", "user", "src_ip", "zone_rule")} == {
        **{"time": TIME, "program": "cat", "pid": 41, "action": "SYSCALL", "user": None, "src_ip": None},
        "zone_rule": "by the format",
    }
    fields = json.loads(call["fields"])
    assert (fields["audit_id"], fields["exe"], fields["key"], fields["auid"]) == (
        *("1773500966.250:101", "/usr/bin/cat", "shadow", "1000"),
    )
    assert "tty" not in fields
    assert {key: login[key] for key in ("host", "program", "pid", "action", "user", "src_ip")} == {
        **{"host": "web-1", "program": "sshd", "pid": 77, "action": "USER_LOGIN", "user": "anna"},
        "src_ip": "192.0.2.7",
    }
    assert json.loads(login["fields"])["res"] == "failed"
    adds_up(tables)


def test_what_is_written_in_hexadecimal_digits(tmp_path: Path) -> None:
    """Commands with blanks between their arguments, names that hold a blank; not what merely looks so."""
    execve, title, user = read(tmp_path, "\n".join((EXECVE, TITLE, UNKNOWN_USER)) + "\n")["events"]
    assert execve["message"] == 'cat /etc/shadow a b"c'
    assert title["message"] == "cat /etc/shadow"
    assert (user["user"], user["src_ip"]) == ("(unknown user)", "2001:db8::7")
    text = TITLE.replace("636174", "C3A4FF") + "\n" + TITLE.replace("636174", "C3A4") + "\n"
    broken, umlaut = read(tmp_path, text)["events"]
    assert (broken["message"][:6], umlaut["message"]) == ("C3A4FF", "ä /etc/shadow")
    [event] = read(tmp_path, "type=SYSCALL msg=audit(1773500966.250:1): a0=6162 pid=1 ses=12\n")["events"]
    assert json.loads(event["fields"])["a0"] == "6162"


def test_names_that_the_daemon_adds(tmp_path: Path) -> None:
    """Users by their names, behind a separator of groups."""
    [event] = read(tmp_path, ENRICHED + "\n")["events"]
    assert event["user"] == "anna"
    assert json.loads(event["fields"])["SYSCALL"] == "open"


def test_behind_syslog(tmp_path: Path) -> None:
    """The record's own time counts, the host is that of syslog."""
    line = f"<13>Mar 14 16:09:26 web-2 audispd: {SYSCALL}"
    [event] = read(tmp_path, line + "\n", name="messages")["events"]
    assert (event["host"], event["time"], event["program"]) == ("web-2", TIME, "cat")


def test_output_of_ausearch(tmp_path: Path) -> None:
    """What stands between events is skipped; a broken record is a reject."""
    text = f"----\ntime->Sat Mar 14 15:09:26 2026\n{SYSCALL}\n{TITLE}\n----\n{LOGIN}\n{EXECVE}\ntype=SYSCALL msg=aud\n"
    tables = read(tmp_path, text)
    assert [row["record"] for row in tables["events"]] == [3, 4, 6, 7]
    assert [row["record"] for row in tables["rejects"]] == [8]
    adds_up(tables)


def test_hostile_values(tmp_path: Path) -> None:
    """A forged record in a value, control characters, keys that occur twice, a time beyond all calendars."""
    forged = 'type=USER_CMD msg=audit(1773500966.250:9): pid=1 pid=2 key="x type=SYSCALL msg=audit(1.000:1): "\x01\\'
    tables = read(tmp_path, forged + "\ntype=A msg=audit(99999999999.999:1): x=1\n", "auditd")
    first, last = tables["events"]
    assert (first["action"], first["pid"], first["time"]) == ("USER_CMD", 1, TIME)
    assert json.loads(first["fields"])["key"] == "x type=SYSCALL msg=audit(1.000:1): "
    assert said(last)["time_text"] == "99999999999.999"


@examples(40)
@given(content=damaged("\n".join((SYSCALL, EXECVE, TITLE, LOGIN, UNKNOWN_USER, ENRICHED)).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "auditd")
