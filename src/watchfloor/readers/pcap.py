"""Packet captures (pcap, pcapng) through Wireshark's `tshark`, where it is installed: conversations, and what is named.

The format has no lines: the ledger counts packets; those that are not of IP, or of another protocol than TCP, UDP and
ICMP, are skipped. Payload bytes are `orig_bytes`, those with headers of IP `orig_ip_bytes`, as in Zeek.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import polars as pl

from watchfloor import times
from watchfloor.errors import MissingExtra, UnreadableFile
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.intake import files
from watchfloor.schemas import CONNECTIONS, DNS_QUERIES, HTTP_REQUESTS, LEDGER, REJECTS, TLS_SESSIONS

__all__ = ["READER"]

_MAGIC = (
    *(b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"),
    b"\x0a\x0d\x0d\x0a",
)
_FIELDS = (
    *("frame.number", "frame.time_epoch", "ip.src", "ip.dst", "ip.proto", "ip.len"),
    *("ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.plen"),
    *("tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.len", "tcp.flags"),
    *("udp.stream", "udp.srcport", "udp.dstport", "udp.length"),
    *("http.request.method", "http.host", "http.request.uri", "http.user_agent", "http.referer"),
    *("tls.handshake.type", "tls.handshake.extensions_server_name", "tls.handshake.ja3"),
    *("dns.id", "dns.flags.response", "dns.flags.rcode", "dns.qry.name", "dns.qry.type"),
)
_ANSWERS = ("frame.number", "dns.a", "dns.aaaa", "dns.cname")
_LEAST_SECONDS = 600
_SECONDS_PER_MEGABYTE = 2
"""So long tshark may take."""
_IDLE = 60
"""Seconds after which packets of the same ends without a connection of their own begin another one (Zeek's
`udp_inactivity_timeout`)."""
_IPV6_HEADER, _UDP_HEADER = 40, 8
_SYN, _ACK = 0x02, 0x10
_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp"}
_TYPES = {
    **{"1": "A", "2": "NS", "5": "CNAME", "6": "SOA", "10": "NULL", "12": "PTR", "15": "MX", "16": "TXT", "28": "AAAA"},
    **{"33": "SRV", "35": "NAPTR", "43": "DS", "48": "DNSKEY", "64": "SVCB", "65": "HTTPS", "255": "ANY", "257": "CAA"},
}
_RCODES = {"0": "NOERROR", "1": "FORMERR", "2": "SERVFAIL", "3": "NXDOMAIN", "4": "NOTIMP", "5": "REFUSED"}


def accepts(head: Head) -> float:
    """The file's first bytes say so."""
    return float(head.content.startswith(_MAGIC))


def read(path: Path, options: Options) -> Tables:
    """The conversations of one capture, and its requests of HTTP, handshakes of TLS and queries of DNS.

    Raises:
        MissingExtra: tshark is not installed.
        UnreadableFile: no capture, or it takes too long.
    """
    program = shutil.which("tshark")
    if program is None:
        raise MissingExtra(
            f"{path}: packet captures are read through tshark, which is not installed",
            hint="install it: apt install tshark, brew install wireshark, or from wireshark.org; or give it to Zeek: "
            "zeek -r FILE, and read its logs",
        )
    with tempfile.TemporaryDirectory(prefix="watchfloor-") as made:
        folder = Path(made)
        capture, partial = _on_disk(path, folder)
        told = _dissected(program, path, capture, folder, fields=_FIELDS)
        packets = _packets(folder / "out")
        answers: pl.DataFrame | None = None
        if packets["dns.flags.response"].is_in(_TRUE).any():
            # A second pass, since one cell holds one value: names and addresses of others may hold any character.
            _dissected(program, path, capture, folder, fields=_ANSWERS, more=("-Y", "dns.flags.response == 1"))
            answers = _table(folder / "out", _ANSWERS)
    options.progress(path.stat().st_size)
    partial += [told] if told else []
    source = str(path)
    talks, counted = _conversations(packets, hashlib.sha256(source.encode()).hexdigest()[:8])
    used = counted.height
    ledger = {
        **{"source": source, "format": READER.name, "file_bytes": path.stat().st_size, "lines": packets.height},
        **{"lines_read": used, "lines_skipped": packets.height - used, "lines_continued": 0, "lines_rejected": 0},
        "partial": "; ".join(partial) or None,
        "notes": "packets count as lines; times are of the capture, in UTC",
    }
    return {
        "connections": CONNECTIONS.fill(talks.lazy(), source=source),
        "http_requests": HTTP_REQUESTS.fill(_requests(counted).lazy(), source=source),
        "tls_sessions": TLS_SESSIONS.fill(_sessions(counted).lazy(), source=source),
        "dns_queries": DNS_QUERIES.fill(_queries(counted, answers).lazy(), source=source),
        "rejects": REJECTS.empty(),
        "ledger": LEDGER.fill(pl.DataFrame([ledger], schema_overrides=LEDGER.schema)),
    }


_TRUE = ("1", "True")
"""Versions of tshark write truth values either way."""


def _on_disk(path: Path, folder: Path) -> tuple[Path, list[str]]:
    """The capture as a file that can be opened: a member of an archive, or a compressed file, has none."""
    own = Path(str(path))
    if own.is_file():
        with own.open("rb") as raw:
            if raw.read(4) in _MAGIC:
                return own, []
    stored = files.content(path)
    if not stored.content.startswith(_MAGIC):
        raise UnreadableFile(f"{path}: no packet capture", hint="`watchfloor formats` lists what can be read")
    copy = folder / "capture"
    copy.write_bytes(stored.content)
    return copy, [stored.partial] if stored.partial else []


def _dissected(
    program: str, path: Path, capture: Path, folder: Path, *, fields: Sequence[str], more: Sequence[str] = ()
) -> str | None:
    """Runs tshark, which gets the capture as its standard input: no name of a file is among its arguments.

    Returns:
        Why the capture ends too early, where it does.
    """
    arguments = [program, "-n", "-r", "-", *more, "-T", "fields", "-E", "separator=/t", "-E", "quote=n", "-E"]
    arguments += ["occurrence=a" if more else "occurrence=f", "-E", "aggregator=/s"]
    arguments += [part for field in fields for part in ("-e", field)]
    # Nobody's settings or plug-ins: what is read does not depend on whose machine it is.
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "TEMP", "TMP")},
        **{"HOME": str(folder), "WIRESHARK_CONFIG_DIR": str(folder), "LC_ALL": "C.UTF-8"},
    }
    limit = _LEAST_SECONDS + capture.stat().st_size // 1_000_000 * _SECONDS_PER_MEGABYTE
    with capture.open("rb") as raw, (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        code = _run(arguments, environment, (raw, out, err), limit, path)
    said = (folder / "err").read_text(encoding="utf-8", errors="replace")
    lines = [line for line in said.splitlines() if line.startswith("tshark:")]
    reason = (lines[-1] if lines else said.strip().rpartition("\n")[2]).removeprefix("tshark:").strip()[:300]
    if not code:
        return None
    if (folder / "out").stat().st_size == 0:
        hint = "tshark 4.0 or newer is needed" if "valid" in reason else "capture it again, or mend it with editcap"
        raise UnreadableFile(f"{path}: tshark reads nothing of it ({reason or f'it ends with {code}'})", hint=hint)
    return f"tshark stopped early ({reason or f'it ended with {code}'})"


def _run(
    arguments: Sequence[str],
    environment: dict[str, str],
    streams: tuple[IO[bytes], IO[bytes], IO[bytes]],
    limit: float,
    path: Path,
) -> int:
    stdin, stdout, stderr = streams
    try:
        done = subprocess.run(  # noqa: S603 - a fixed list of arguments, no shell
            arguments, env=environment, stdin=stdin, stdout=stdout, stderr=stderr, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableFile(
            f"{path}: tshark took longer than {limit:,.0f} s", hint="cut the capture into parts with editcap -c"
        ) from error
    except OSError as error:
        raise UnreadableFile(f"{path}: tshark cannot be run ({error})", hint="install it again") from error
    return done.returncode


def _table(out: Path, fields: Sequence[str]) -> pl.DataFrame:
    """What tshark wrote; it escapes tabs and line ends within values."""
    schema = dict.fromkeys(fields, pl.String())
    if not out.stat().st_size:
        return pl.DataFrame(schema=schema)
    frame = pl.read_csv(
        out,
        separator="\t",
        quote_char=None,
        has_header=False,
        schema=schema,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
        extra_columns="ignore",
    )
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all()))


def _packets(out: Path) -> pl.DataFrame:
    """One row for each packet, with its ends, and sizes with and without headers."""
    packets = _table(out, _FIELDS)

    def number(*names: str) -> pl.Expr:
        return pl.coalesce(pl.col(name).cast(pl.Int64, strict=False) for name in names)

    proto = number("ip.proto", "ipv6.nxt").replace_strict(_NAMES, default=None, return_dtype=pl.String)
    of_tcp = number("tcp.stream").is_not_null()
    of_udp = number("udp.stream").is_not_null()
    # Extension headers stand between IPv6 and the protocol.
    later = pl.when(of_tcp).then(pl.lit("tcp")).when(of_udp).then(pl.lit("udp"))
    flags = pl.col("tcp.flags").str.strip_prefix("0x").str.to_integer(base=16, strict=False)
    packets = packets.with_columns(
        record=number("frame.number"),
        time=times.from_epoch(pl.col("frame.time_epoch").cast(pl.Float64, strict=False), "s"),
        proto=pl.coalesce(proto, pl.when(pl.col("ipv6.src").is_not_null()).then(later)),
        src=pl.coalesce("ip.src", "ipv6.src"),
        dst=pl.coalesce("ip.dst", "ipv6.dst"),
        size=pl.coalesce(number("ip.len"), number("ipv6.plen") + _IPV6_HEADER),
        flags=flags,
    )
    tcp, udp = pl.col("proto") == "tcp", pl.col("proto") == "udp"

    def of(tcp_name: str, udp_name: str) -> pl.Expr:
        return pl.when(tcp).then(number(tcp_name)).when(udp).then(number(udp_name))

    return packets.with_columns(
        stream=of("tcp.stream", "udp.stream"),
        sport=of("tcp.srcport", "udp.srcport"),
        dport=of("tcp.dstport", "udp.dstport"),
        payload=pl.when(tcp).then(number("tcp.len")).when(udp).then(number("udp.length") - _UDP_HEADER),
    )


def _conversations(packets: pl.DataFrame, file: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row for each conversation, and the packets that are of one, each with the conversation's ends."""
    known = pl.col("proto").is_not_null() & pl.col("src").is_not_null() & pl.col("time").is_not_null()
    known &= (pl.col("proto") == "icmp") | pl.col("stream").is_not_null()
    rows = packets.filter(known)
    forward = pl.col("src") <= pl.col("dst")
    ends = [pl.when(forward).then(one).otherwise(other) for one, other in (("src", "dst"), ("dst", "src"))]
    rows = rows.with_columns(a=ends[0], b=ends[1]).sort("proto", "stream", "a", "b", "time", "record", nulls_last=True)
    stream = ["proto", "stream", "a", "b"]
    other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in stream)
    idle = (pl.col("time").diff() > pl.duration(seconds=_IDLE)) & (pl.col("proto") != "tcp")
    rows = rows.with_columns(talk=(other | idle).fill_null(True).cum_sum())
    first = rows.group_by("talk").agg(
        *(pl.col(name).first() for name in ("src", "dst", "sport", "dport", "flags", "proto", "record")),
        asked=pl.col("src").filter(pl.col("flags") & (_SYN | _ACK) == _SYN).first(),
        began=pl.col("time").min(),
        ended=pl.col("time").max(),
        http=pl.col("http.request.method").is_not_null().any(),
        tls=pl.col("tls.handshake.type").is_not_null().any(),
        dns=pl.col("dns.id").is_not_null().any(),
    )
    # Where the first packet that was caught is the answer, or another is the SYN, the other end began.
    answer = (pl.col("flags") & (_SYN | _ACK) == _SYN | _ACK).fill_null(False)
    turned = pl.when(pl.col("asked").is_not_null()).then(pl.col("asked") != pl.col("src")).otherwise(answer)
    first = first.with_columns(turned=turned).select(
        "talk",
        "proto",
        "record",
        uid=pl.format("{}-{}-{}", pl.lit(file), "proto", "talk"),
        time="began",
        duration_seconds=(pl.col("ended") - pl.col("began")).dt.total_microseconds() / 1_000_000,
        **{
            name: pl.when("turned").then(two).otherwise(one)
            for name, one, two in (
                ("src_ip", "src", "dst"),
                ("src_port", "sport", "dport"),
                ("dst_ip", "dst", "src"),
                ("dst_port", "dport", "sport"),
            )
        },
        service=pl.when("dns").then(pl.lit("dns")).when("tls").then(pl.lit("ssl")).when("http").then(pl.lit("http")),
    )
    counted = (
        rows.drop("time", "proto", "record").with_columns(at=rows["time"], number=rows["record"]).join(first, on="talk")
    )
    sent = (pl.col("src") == pl.col("src_ip")) & pl.col("sport").eq_missing(pl.col("src_port"))
    sizes = counted.group_by("talk").agg(
        orig_bytes=_sum("payload", sent),
        resp_bytes=_sum("payload", ~sent),
        orig_ip_bytes=_sum("size", sent),
        resp_ip_bytes=_sum("size", ~sent),
    )
    return first.join(sizes, on="talk").sort("record").drop("talk"), counted.sort("number")


def _sum(name: str, sent: pl.Expr) -> pl.Expr:
    """The sum over one direction; null where no packet says its size."""
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).filter(sent).sum())


_PAIR = ("uid", "src_ip", "src_port", "dst_ip", "dst_port")


def _requests(counted: pl.DataFrame) -> pl.DataFrame:
    return counted.filter(pl.col("http.request.method").is_not_null()).select(
        *_PAIR,
        record="number",
        time="at",
        method="http.request.method",
        host="http.host",
        url="http.request.uri",
        user_agent="http.user_agent",
        referrer="http.referer",
    )


def _sessions(counted: pl.DataFrame) -> pl.DataFrame:
    """One row for each greeting of a client."""
    return counted.filter(pl.col("tls.handshake.type") == "1").select(
        *_PAIR,
        record="number",
        time="at",
        server_name="tls.handshake.extensions_server_name",
        ja3="tls.handshake.ja3",
    )


def _queries(counted: pl.DataFrame, answers: pl.DataFrame | None) -> pl.DataFrame:
    """One row for each query, with its answer where that was caught."""
    asked = counted.filter(pl.col("dns.id").is_not_null(), pl.col("dns.qry.name").is_not_null())
    is_answer = pl.col("dns.flags.response").is_in(_TRUE)
    if answers is None:
        answers = pl.DataFrame(schema=dict.fromkeys(_ANSWERS, pl.String()))
    lists = answers.select(
        number=pl.col("frame.number").cast(pl.Int64, strict=False),
        answers=pl.concat_list(
            pl.col(name).str.split(" ").fill_null([]) for name in ("dns.cname", "dns.a", "dns.aaaa")
        ),
    ).unique("number", maintain_order=True)
    asked = asked.join(lists, on="number", how="left")
    answered = asked.filter(is_answer)
    return (
        asked.group_by("talk", "dns.id", "dns.qry.name", "dns.qry.type", maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in _PAIR),
            time=pl.col("at").first(),
            record=pl.col("number").first(),
            rcode=pl.col("dns.flags.rcode").filter(is_answer).first(),
            answers=pl.col("answers").filter(is_answer).first(),
        )
        .with_columns(
            query="dns.qry.name",
            query_type=pl.coalesce(
                pl.col("dns.qry.type").replace_strict(_TYPES, default=None, return_dtype=pl.String),
                pl.format("TYPE{}", "dns.qry.type"),
            ),
            rcode=pl.coalesce(pl.col("rcode").replace_strict(_RCODES, default=None, return_dtype=pl.String), "rcode"),
        )
        if answered.height or asked.height
        else pl.DataFrame(schema={"record": pl.Int64})
    )


READER = Reader(
    name="pcap",
    about="Packet captures (pcap, pcapng) through tshark, where it is installed: conversations, DNS, HTTP, TLS names",
    tables=("connections", "http_requests", "tls_sessions", "dns_queries"),
    accepts=accepts,
    read=one_by_one(read),
    sign="the first bytes of a pcap or pcapng file",
)
