"""Hits that are no files: processes, connections, vulnerabilities, and whatever a module of its own reports."""

from __future__ import annotations

import polars as pl

__all__ = ["fields"]

_PROCESS = r"(?s)^(.*?) PID: ([0-9]+) NAME: (.*?) OWNER: (.*?) CMD: (.*) PATH: (.*?)$"
_PATCHES = r" (?:REPLACED|IMPLANTED PE|PATCHED|UNREACHABLE): [0-9]+(?: IMPLANTED SHC: [0-9]+)?$"
_YARA = r"^Yara Rule MATCH: ([^ ]+) PID: "
_NAMED = r"(?s)^File Name (?:Suspicious )?IOC matched PATTERN: (.*?) DESC: (.*?) MATCH: (.*)$"
_LISTENING = r"(?s)^Listening process PID: ([0-9]+) NAME: (.*?) COMMAND: (.*) IP: ([^ ]+) PORT: ([0-9]+)$"
_ESTABLISHED = (
    r"(?s)^Established connection PID: ([0-9]+) NAME: (.*?) COMMAND: (.*) "
    r"LIP: ([^ ]+) LPORT: ([0-9]+) RIP: ([^ ]+) RPORT: ([0-9]+)$"
)
_REMOTE = (
    r"(?s)^Malware (?:Domain|IP)[^:]* PID: ([0-9]+)(?: NAME: (.*?))?(?: COMMAND: (.*?))? IP: ([^ ]+) PORT: ([0-9]+) "
    r"DESC: (.*)$"
)
_CONNECTION = (
    r"^(?:Listening |Established connection |Malware (?:Domain/IP|Domain|IP) match|Connection output threshold)"
)


def fields(records: pl.DataFrame) -> pl.DataFrame:
    """The records with what their messages say, the message itself kept as written."""
    message = pl.col("message")

    def group(regex: str, n: int) -> pl.Expr:
        return message.str.extract(regex, n)

    def known(value: pl.Expr, unknown: str) -> pl.Expr:
        return pl.when(value == unknown).then(None).otherwise(value)

    connection = message.str.contains(_CONNECTION)
    process = message.str.contains(_PROCESS) | message.str.contains(_YARA) | message.str.contains(_NAMED)
    pid = pl.coalesce(group(_PROCESS, 2), *(group(regex, 1) for regex in (_LISTENING, _ESTABLISHED, _REMOTE)))
    return records.with_columns(
        reason=pl.when(pl.col("module") == "VulnChecker")
        .then(pl.lit("vulnerability"))
        .when(connection)
        .then(pl.lit("connection"))
        .when(process | (pl.col("module") == "ProcessScan"))
        .then(pl.lit("process"))
        .otherwise(pl.lit("other")),
        reason_number=pl.lit(1, pl.Int64),
        rule=group(_YARA, 1),
        description=pl.coalesce(group(_NAMED, 2), group(_REMOTE, 6)),
        matched=group(_NAMED, 1),
        pid=pid.cast(pl.Int64, strict=False),
        process=pl.coalesce(group(_PROCESS, 3), group(_LISTENING, 2), group(_ESTABLISHED, 2), group(_REMOTE, 2)),
        user=known(group(_PROCESS, 4), "unknown"),
        command=pl.coalesce(
            known(group(_PROCESS, 5), "N/A"), group(_NAMED, 3), group(_LISTENING, 3), group(_ESTABLISHED, 3)
        ),
        path=known(group(_PROCESS, 6).str.replace(_PATCHES, ""), "none"),
        src_ip=pl.coalesce(group(_LISTENING, 4), group(_ESTABLISHED, 4)),
        src_port=pl.coalesce(group(_LISTENING, 5), group(_ESTABLISHED, 5)).cast(pl.Int64, strict=False),
        dst_ip=pl.coalesce(group(_ESTABLISHED, 6), group(_REMOTE, 4)),
        dst_port=pl.coalesce(group(_ESTABLISHED, 7), group(_REMOTE, 5)).cast(pl.Int64, strict=False),
    )
