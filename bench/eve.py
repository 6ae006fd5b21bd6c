"""Suricata EVE of 1 M records to the canonical tables, against a bare `scan_ndjson` of the same file by Polars.

The mix is that of a busy sensor: flows, DNS, TLS, HTTP, files, alerts, each with what Suricata 7 nests in it; files
have no table and become events. The target is 3 times the scan.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
from common.made import Rows
from common.turns import Bench, Case

from watchfloor.readers import Options
from watchfloor.readers.eve import READER

ROWS = 1_000_000
LIMIT = 3.0
PART = 50_000
LOG = "eve.json"
TABLES = ("alerts", "connections", "dns_queries", "http_requests", "tls_sessions", "events")
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Microsoft-CryptoAPI/10.0",
)
OF_A_HUNDRED = {"flow": 32, "dns": 34, "tls": 15, "http": 10, "fileinfo": 5, "alert": 4}
"""Records of each kind."""


def hexadecimal(made: Rows, seed: int, characters: int) -> pl.Expr:
    """Digits as a hash has them, 64 at most."""
    parts = [made.chance(seed + n, 10**16).cast(pl.String).str.zfill(16) for n in range(4)]
    return pl.concat_str(parts).str.replace_many(["1", "4", "7"], ["b", "e", "f"]).str.head(characters)


def stamp(made: Rows, more_us: pl.Expr) -> pl.Expr:
    """A time as Suricata writes it, in a zone two hours ahead of UTC; some 250 records a second."""
    micros = pl.lit(1_793_000_000_000_000, pl.Int64) + made.number.cast(pl.Int64) * 4_000 + more_us.cast(pl.Int64)
    return micros.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+0200")


def filled(text: str, **values: pl.Expr) -> pl.Expr:
    """The text with each `<name>` as that value."""
    parts, rest = [], text
    while "<" in rest:
        before, _, rest = rest.partition("<")
        name, _, rest = rest.partition(">")
        parts += [pl.lit(before), values[name].cast(pl.String)]
    return pl.concat_str([*parts, pl.lit(rest)])


def written(found: dict[str, Any]) -> str:
    """JSON as Suricata writes it; `"#name"` is a number."""
    return json.dumps(found, separators=(",", ":")).replace('"#', "<").replace('#"', ">")


def kinds() -> dict[str, str]:
    """A record of each kind, with places for what differs."""
    head = {"timestamp": "<time>", "flow_id": "#flow#", "in_iface": "eth1", "event_type": "", "src_ip": "<src>"}
    pair = {"src_port": "#sport#", "dest_ip": "<dst>", "dest_port": "#dport#", "proto": "<proto>"}
    http = {"hostname": "<name>", "url": "/<path>/index.html?id=<id>", "http_user_agent": "<agent>"}
    http |= {"http_content_type": "text/html", "http_method": "GET", "protocol": "HTTP/1.1", "status": "#status#"}
    http |= {"length": "#size#"}
    flow = {"pkts_toserver": "#few#", "pkts_toclient": "#few#", "bytes_toserver": "#size#", "bytes_toclient": "#more#"}
    flow |= {"start": "<start>"}
    file = {"filename": "/<path>/<id>.bin", "gaps": False, "state": "CLOSED", "stored": False, "size": "#size#"}
    alert = {"action": "allowed", "gid": 1, "signature_id": "#sid#", "rev": 3, "signature": "EXAMPLE Made rule <sid>"}
    alert |= {"category": "Misc activity", "severity": "#severity#"}
    alert |= {"metadata": {"created_at": ["2026_01_07"], "signature_severity": ["Minor"], "tag": ["<name>"]}}
    answers = [{"rrname": "<name>", "rrtype": "<rrtype>", "ttl": "#few#", "rdata": "<dst>"}] * 2
    dns = {"version": 2, "type": "answer", "id": "#sport#", "flags": "8180", "qr": True, "rd": True, "ra": True}
    dns |= {"rrname": "<name>", "rrtype": "<rrtype>", "rcode": "<rcode>", "answers": answers}
    dns |= {"grouped": {"A": ["<dst>", "<dst>"]}}
    tls = {"subject": "CN=<name>", "issuerdn": "C=XX, O=Example, CN=Example CA 3", "serial": "<serial>"}
    tls |= {"fingerprint": "<print>", "sni": "<name>", "version": "TLS 1.2", "notbefore": "2026-09-01T00:00:00"}
    tls |= {"notafter": "2027-09-01T00:00:00", "ja3": {"hash": "<ja3>", "string": "771,4865-4866-4867-49195,0-23,29,0"}}
    tls |= {"ja3s": {"hash": "<ja3>", "string": "771,4865,43-51"}}
    bodies: dict[str, dict[str, Any]] = {
        "flow": {
            "app_proto": "<app>",
            "flow": flow | {"end": "<time>", "age": "#few#", "state": "closed", "reason": "timeout", "alerted": False},
            "tcp": {"tcp_flags": "1b", "tcp_flags_ts": "1b", "tcp_flags_tc": "1b", "syn": True, "state": "closed"},
        },
        "dns": {"pkt_src": "wire/pcap", "dns": dns},
        "tls": {"tls": tls},
        "http": {"tx_id": "#few#", "http": http},
        "fileinfo": {"http": http, "app_proto": "http", "fileinfo": file},
        "alert": {"tx_id": 0, "alert": alert, "http": http, "app_proto": "http", "flow": flow, "community_id": "<ja3>"},
    }
    last = {"host": "sensor-1"}
    return {kind: written(head | {"event_type": kind} | pair | body | last) for kind, body in bodies.items()}


def records(start: int, rows: int) -> pl.DataFrame:
    """Made records, of every kind in turn."""
    row = Rows(rows, start)
    values = {
        "time": stamp(row, row.chance(1, 4_000)),
        "start": stamp(row, pl.lit(0) - row.chance(2, 60_000_000).cast(pl.Int64)),
        "flow": row.chance(3, 2 * 10**15),
        "src": row.v4(4, "10.7."),
        "sport": row.chance(6, 64_000) + 1024,
        "dst": row.v4(7, "198.51."),
        "dport": row.pick(9, "443", "80", "53", "445"),
        "proto": row.pick(10, "TCP", "UDP"),
        "name": pl.format(
            "{}{}.example.{}", row.pick(11, "www", "cdn", "api"), row.chance(12, 9_000), row.pick(13, "com", "org")
        ),
        "path": row.pick(14, "shop", "api/v1/items", "static/css"),
        "id": row.chance(15, 10**9),
        "agent": row.pick(16, *AGENTS),
        "status": row.pick(17, "200", "200", "304", "404"),
        "size": row.chance(18, 90_000),
        "more": row.chance(19, 900_000),
        "few": row.chance(20, 300),
        "sid": row.chance(21, 400) + 2_010_000,
        "severity": row.chance(22, 3) + 1,
        "rrtype": row.pick(23, "A", "AAAA", "A", "HTTPS"),
        "rcode": row.pick(24, "NOERROR", "NOERROR", "NXDOMAIN"),
        "serial": hexadecimal(row, 30, 32),
        "print": hexadecimal(row, 34, 59),
        "ja3": hexadecimal(row, 38, 32),
        "app": row.pick(42, "tls", "dns", "failed", "http"),
    }
    texts, place, said = kinds(), row.chance(50, 100), pl.lit(None, pl.String)
    below = 0
    for kind, share in OF_A_HUNDRED.items():
        said = (
            pl.when(place.is_between(below, below + share, closed="left"))
            .then(filled(texts[kind], **values))
            .otherwise(said)
        )
        below += share
    return pl.select(said.alias("text"))


def make(folder: Path) -> None:
    with (folder / LOG).open("wb") as out:
        for start in range(0, ROWS, PART):
            made = records(start, PART)["text"]
            assert not made.has_nulls()
            out.write(("\n".join(made) + "\n").encode())


def scan(path: Path) -> pl.DataFrame:
    """The floor: all that is in the file, nothing is checked, no line has a number."""
    return pl.scan_ndjson(path, infer_schema_length=1_000).collect(engine="streaming")


def read(path: Path) -> dict[str, pl.DataFrame]:
    """Ours: the canonical tables."""
    tables = READER.read([path], Options())
    return {name: tables[name].collect() for name in TABLES}


def check(way: str, found: pl.DataFrame | dict[str, pl.DataFrame]) -> None:
    """All was read."""
    if isinstance(found, pl.DataFrame):
        assert way == "floor"
        assert found.height == ROWS
    else:
        assert sum(frame.height for frame in found.values()) == ROWS
        assert all(
            frame.height and not frame[column].null_count()
            for name, frame in found.items()
            for column in [{"alerts": "created_time"}.get(name, "time")]
        )


BENCH = Bench(__file__, make, scan, read, (Case(f"Suricata EVE, {ROWS:,} records", LOG, LIMIT),), check)

if __name__ == "__main__":
    sys.exit(BENCH.main())
