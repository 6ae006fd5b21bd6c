"""Logs whose templates are known: written from templates of many shapes, in numbers as Zipf has them."""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["made_log"]

_USERS = [
    "root",
    "admin",
    "alice",
    "bob",
    "carol",
    "dave",
    "erin",
    "frank",
    "grace",
    "heidi",
    "ivan",
    "judy",
    "mallory",
    "oscar",
    "peggy",
    "trent",
    "victor",
]
_HOSTS = ["web01", "web02", "db-prod-01", "mail", "gw.example", "edge-7.example"]
_WORDS = ["report", "invoice", "summary", "budget", "notes", "archive", "picture", "letter", "draft", "plan"]
_PAGES = ["/", "/index.html", "/login", "/api/v1/items?id=7&q=a%20b", "/static/app.js", "/wp-admin/", "/a/b/c.php"]
_AGENTS = ["Mozilla/5.0 (X11; Linux x86_64) Gecko/2010", "curl/8.4.0", "python-requests/2.31", "-", "bad (agent [x"]
_STATES = ["idle", "ready", "busy", "draining", "offline", "joining", "leaving", "failed"]


def _ip(dice: random.Random) -> str:
    net = dice.choice(["192.0.2", "198.51.100", "203.0.113"])
    return f"{net}.{dice.randrange(256)}" if dice.random() < 0.9 else f"2001:db8::{dice.randrange(65536):x}"


def _port(dice: random.Random) -> int:
    return dice.randrange(1024, 65536)


def _hex(dice: random.Random, length: int) -> str:
    return "".join(dice.choice("0123456789abcdef") for _ in range(length))


def _name(dice: random.Random) -> str:
    return dice.choice(_USERS) if dice.random() < 0.8 else f"{dice.choice(_USERS)}{dice.randrange(100)}"


_SYSLOG: tuple[tuple[str, Callable[[random.Random], str]], ...] = (
    ("sshd", lambda d: f"Failed password for invalid user {_name(d)} from {_ip(d)} port {_port(d)} ssh2"),
    ("sshd", lambda d: f"Failed password for {_name(d)} from {_ip(d)} port {_port(d)} ssh2"),
    (
        "sshd",
        lambda d: f"Accepted publickey for {_name(d)} from {_ip(d)} port {_port(d)} ssh2: RSA SHA256:{_hex(d, 43)}",
    ),
    ("sshd", lambda d: f"pam_unix(sshd:session): session opened for user {_name(d)} by (uid={d.randrange(2000)})"),
    ("sshd", lambda d: f"pam_unix(sshd:session): session closed for user {_name(d)}"),
    ("sshd", lambda d: f"Connection closed by {_ip(d)} port {_port(d)} [preauth]"),
    (
        "sudo",
        lambda d: (
            f"{_name(d)} : TTY=pts/{d.randrange(9)} ; PWD=/home/{_name(d)} ; USER=root ; COMMAND=/usr/bin/"
            + " ".join(["apt", *d.choices(["update", "install", "-y", "nmap", "vim", "--fix"], k=d.randrange(1, 6))])
        ),
    ),
    (
        "kernel",
        lambda d: (
            f"[{d.randrange(9999)}.{d.randrange(10**6):06d}] FW DROP IN=eth{d.randrange(3)} OUT= "
            f"SRC={_ip(d)} DST={_ip(d)} LEN={d.randrange(40, 1500)} "
            f"PROTO={d.choice(['TCP', 'UDP', 'ICMP'])} DPT={_port(d)}"
        ),
    ),
    (
        "kernel",
        lambda d: f"[{d.randrange(9999)}.{d.randrange(10**6):06d}] eth{d.randrange(3)}: link is up",
    ),
    (
        "named",
        lambda d: (
            f"client @0x{_hex(d, 12)} {_ip(d)}#{_port(d)} (www.{d.choice(_WORDS)}.example): query: "
            f"www.{d.choice(_WORDS)}.example IN {d.choice(['A', 'AAAA', 'MX', 'TXT', 'PTR'])} + ({_ip(d)})"
        ),
    ),
    ("postfix/smtpd", lambda d: f"{_hex(d, 9).upper()}1: client=unknown[{_ip(d)}]"),
    (
        "postfix/qmgr",
        lambda d: (
            f"{_hex(d, 9).upper()}1: from=<{_name(d)}@{d.choice(_WORDS)}.example>, size={d.randrange(10**6)}, "
            f"nrcpt={d.randrange(1, 9)} (queue active)"
        ),
    ),
    ("cron", lambda d: f"({_name(d)}) CMD (/usr/local/bin/{d.choice(_WORDS)}.sh --quiet)"),
    ("systemd", lambda d: f"Started Session {d.randrange(9999)} of user {_name(d)}."),
    ("systemd", lambda d: "Reached target Multi-User System."),
    (
        "backup",
        lambda d: (
            f'copied "{" ".join(d.choices(_WORDS, k=d.randrange(1, 5)))}.doc" to /srv/backup/{d.choice(_WORDS)} '
            f"in {d.random() * 90:.2f} seconds"
        ),
    ),
    ("node", lambda d: f"member {d.choice(_HOSTS)} changed state from {d.choice(_STATES)} to {d.choice(_STATES)}"),
    ("node", lambda d: f"heartbeat lost, {d.randrange(1, 9)} of {d.randrange(9, 20)} members answer"),
    ("dhcpd", lambda d: f"DHCPACK on {_ip(d)} to {':'.join(_hex(d, 2) for _ in range(6))} via eth{d.randrange(3)}"),
)

_OTHERS: tuple[Callable[[random.Random, str], str], ...] = (
    lambda d, t: (
        f'{_ip(d)} - {d.choice(["-", _name(d)])} [24/Nov/2025:{t} +0000] "{d.choice(["GET", "POST"])} '
        f'{d.choice(_PAGES)} HTTP/1.1" {d.choice([200, 304, 404, 500])} {d.choice(["-", d.randrange(99999)])} '
        f'"-" "{d.choice(_AGENTS)}"'
    ),
    lambda d, t: (
        f"2025-11-24 {t},{d.randrange(1000):03d} {d.choice(['INFO', 'INFO', 'WARN'])}  [worker-{d.randrange(16)}] "
        f"com.example.jobs.Runner - job {d.randrange(10**9)} finished in {d.randrange(99999)} ms"
    ),
    lambda d, t: (
        f"2025-11-24 {t},{d.randrange(1000):03d} ERROR [worker-{d.randrange(16)}] com.example.jobs.Runner - "
        f"job {d.randrange(10**9)} failed: cannot open C:\\data\\{d.choice(_WORDS)}.dat"
    ),
    lambda d, t: (
        f"2025-11-24 {t},{d.randrange(1000):03d} DEBUG [main] com.example.db.Pool - "
        f"connection {_hex(d, 8)}-{_hex(d, 4)} returned after {d.random() * 10:.3f} s"
    ),
)


def made_log(seed: int, lines: int, *, others: bool = True) -> tuple[list[str], list[int]]:
    """Lines, and the number of the template of each.

    Arguments:
        seed: another seed, other values and another order of frequency.
        lines: how many.
        others: whether lines that are no syslog are among them.
    """
    dice = random.Random(seed)
    kinds = list(range(len(_SYSLOG) + (len(_OTHERS) if others else 0)))
    dice.shuffle(kinds)
    weights = [1 / (rank + 1) for rank in range(len(kinds))]
    truth = dice.choices(kinds, weights, k=lines)
    made = []
    for number, kind in enumerate(truth):
        clock = f"{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
        if kind < len(_SYSLOG):
            program, write = _SYSLOG[kind]
            pid = "" if program == "kernel" else f"[{dice.randrange(300, 32768)}]"
            made.append(
                f"Nov {1 + number // 86400 % 30:2d} {clock} {dice.choice(_HOSTS)} {program}{pid}: {write(dice)}"
            )
        else:
            made.append(_OTHERS[kind - len(_SYSLOG)](dice, clock))
    return made, truth
