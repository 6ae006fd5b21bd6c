"""Made logs of any size: a block of records of each format, to be written as often as wanted."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cef
import eve
import patterns
import polars as pl
import zeek

from common.made import Rows

__all__ = ["LOGS", "Log"]

ROWS = 50_000
MAP = """table = "events"
[columns]
time = "when"
host = "machine"
user = "who"
src_ip = "address"
message = "text"
"""


@dataclass(frozen=True)
class Log:
    """A format."""

    block: Callable[[], bytes]
    """Some MB of its lines."""
    head: bytes = b""
    """What stands above them, once."""
    options: tuple[str, ...] = ()
    """Of `watchfloor read`."""
    files: dict[str, str] = field(default_factory=dict)
    """Files that the options name, by their names."""

    def write(self, path: Path, size: int) -> None:
        """A file of at least so many bytes."""
        block = self.block()
        with path.open("wb") as out:
            out.write(self.head)
            while (left := size - out.tell()) > 0:
                # Whole lines of the block's beginning, where less than all of it is wanted.
                out.write(block if left >= len(block) else block[: block.find(b"\n", left) + 1])


def _lines(lines: pl.Expr) -> bytes:
    text: str = pl.select(lines.str.join("\n")).item()
    return f"{text}\n".encode()


def _stamp(made: Rows) -> pl.Expr:
    return (made.number.cast(pl.Int64) * 250_000 + 1_793_000_000_000_000).cast(pl.Datetime("us"))


def syslog() -> bytes:
    made = Rows(ROWS)
    message = made.pick(
        1,
        "Failed password for invalid user admin from {} port {} ssh2",
        "Accepted publickey for anna from {} port {} ssh2: ED25519 SHA256:47DEQpj8HBSa",
        "Connection closed by authenticating user root {} port {} [preauth]",
    )
    message = message.str.replace("{}", made.v4(2, "203.0."), literal=True)
    message = message.str.replace("{}", made.chance(5, 60_000).cast(pl.String), literal=True)
    stamp = _stamp(made).dt.strftime("%b %e %H:%M:%S")
    return _lines(pl.format("{} pc-{} sshd[{}]: {}", stamp, made.chance(6, 900), made.chance(7, 30_000), message))


def json_lines() -> bytes:
    made = Rows(ROWS)
    stamp = _stamp(made).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
    event = (
        '{"@timestamp":"<time>","host":{"name":"pc-<pc>"},"log":{"level":"<level>"},"process":{"name":"agent",'
        '"pid":<pid>},"user":{"name":"user<user>"},"source":{"ip":"<ip>","port":<port>},"event":{"action":"<action>",'
        '"code":<pid>},"message":"The <action> of user<user> took <port> ms"}'
    )
    values = {
        "time": stamp,
        "pc": made.chance(1, 900),
        "level": made.pick(2, "info", "warning", "error"),
        "pid": made.chance(3, 30_000),
        "user": made.chance(4, 400),
        "ip": made.v4(5, "10.7."),
        "port": made.chance(8, 64_000),
        "action": made.pick(9, "logon", "logoff", "file-read"),
    }
    return _lines(eve.filled(event, **values))


def csv() -> bytes:
    made = Rows(ROWS)
    stamp = _stamp(made).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return _lines(
        pl.format(
            '{},pc-{},user{},{},"The {} of a file, {} bytes"',
            stamp,
            made.chance(1, 900),
            made.chance(2, 400),
            made.v4(3, "10.7."),
            made.pick(5, "read", "write", "removal"),
            made.chance(6, 10**9),
        )
    )


def of_cef() -> bytes:
    return _lines(pl.lit(cef.records(0, ROWS).to_series()))


def of_eve() -> bytes:
    return _lines(pl.lit(eve.records(0, ROWS).to_series()))


def of_zeek() -> bytes:
    out = io.BytesIO()
    zeek.written(zeek.connections(ROWS)).write_csv(out, separator="\t", include_header=False, quote_style="never")
    return out.getvalue()


LOGS = {
    "syslog": Log(syslog, options=("--zone", "UTC")),
    "cef": Log(of_cef, options=("--zone", "UTC")),
    "apache": Log(lambda: _lines(patterns.lines(ROWS)), options=("--pattern", "apache_access")),
    "eve": Log(of_eve),
    "jsonlines": Log(json_lines),
    "zeek": Log(of_zeek, head=zeek.HEAD),
    "csv": Log(csv, b"when,machine,who,address,text\n", ("--columns", "map.toml"), {"map.toml": MAP}),
}
"""By name."""
