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
    shapes = {
        "process": _PROCESS,
        "yara": _YARA,
        "named": _NAMED,
        "listening": _LISTENING,
        "established": _ESTABLISHED,
        "remote": _REMOTE,
    }
    records = records.with_columns(
        message.str.extract_groups(regex).alias(f"_{name}") for name, regex in shapes.items()
    )

    def group(shape: str, n: int) -> pl.Expr:
        return pl.col(f"_{shape}").struct.field(str(n))

    def known(value: pl.Expr, unknown: str) -> pl.Expr:
        return pl.when(value != unknown).then(value)

    connection = message.str.contains(_CONNECTION)
    process = pl.any_horizontal(group(shape, 1).is_not_null() for shape in ("process", "yara", "named"))
    pid = pl.coalesce(group("process", 2), *(group(shape, 1) for shape in ("listening", "established", "remote")))
    return records.with_columns(
        reason=pl.when(pl.col("module") == "VulnChecker")
        .then(pl.lit("vulnerability"))
        .when(connection)
        .then(pl.lit("connection"))
        .when(process | (pl.col("module") == "ProcessScan"))
        .then(pl.lit("process"))
        .otherwise(pl.lit("other")),
        reason_number=pl.lit(1, pl.Int64),
        rule=group("yara", 1),
        description=pl.coalesce(group("named", 2), group("remote", 6)),
        matched=group("named", 1),
        pid=pid.cast(pl.Int64, strict=False),
        process=pl.coalesce(
            group("process", 3), *(group(shape, 2) for shape in ("listening", "established", "remote"))
        ),
        user=known(group("process", 4), "unknown"),
        command=pl.coalesce(
            known(group("process", 5), "N/A"), group("named", 3), group("listening", 3), group("established", 3)
        ),
        path=known(group("process", 6).str.replace(_PATCHES, ""), "none"),
        src_ip=pl.coalesce(group("listening", 4), group("established", 4)),
        src_port=pl.coalesce(group("listening", 5), group("established", 5)).cast(pl.Int64, strict=False),
        dst_ip=pl.coalesce(group("established", 6), group("remote", 4)),
        dst_port=pl.coalesce(group("established", 7), group("remote", 5)).cast(pl.Int64, strict=False),
    ).drop(f"_{name}" for name in shapes)
