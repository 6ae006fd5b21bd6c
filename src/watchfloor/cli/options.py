"""The options that commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Allow",
    "Closing",
    "Columns",
    "Format",
    "Limit",
    "Out",
    "Paths",
    "PathsOrWorkspace",
    "Pattern",
    "Preview",
    "Quiet",
    "RitaConfig",
    "Strict",
    "Suggest",
    "ThreatIntel",
    "Verdicts",
    "WhatIf",
    "WorkspaceAt",
    "Zone",
]

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH[=ZONE]...", help="Files or folders; =ZONE is the zone of their clock times."),
]
PathsOrWorkspace = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH[=ZONE]]...", help="Files or folders; =ZONE is their clock's zone. Without any: the workspace."
    ),
]
WorkspaceAt = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        "-w",
        envvar="WATCHFLOOR_WORKSPACE",
        help="A folder or SQLite file, or a PostgreSQL URL; ./watchfloor.db.",
        metavar="PATH|URL",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Write to this file: .json .jsonl .csv .parquet .xlsx .html .pdf", metavar="FILE"),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Rows that the terminal shows.", metavar="N")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 if anything was rejected or cut short.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and no table on the terminal.")]
Format = Annotated[str | None, typer.Option("--format", "-f", help="Name the format instead of guessing it.")]
Zone = Annotated[str | None, typer.Option("--zone", "-z", help="Zone of clock times that carry none: Europe/Paris")]
Columns = Annotated[
    Path | None,
    typer.Option("--columns", "-c", help="Column map: where canonical columns come from.", metavar="MAP.toml"),
]
Closing = Annotated[
    Path | None,
    typer.Option("--closing-reasons", help="QRadar's closing reasons, as the API gives them.", metavar="FILE"),
]
Verdicts = Annotated[
    Path | None,
    typer.Option(
        "--mapping", help="What words for closing an alert mean, before the defaults.", metavar="MAPPING.toml"
    ),
]
Pattern = Annotated[
    str | None,
    typer.Option(
        "--pattern",
        "-p",
        help="Read lines by this pattern: a shipped one (`watchfloor patterns`), a pattern file, Grok, or a regex.",
        metavar="NAME|FILE|TEXT",
    ),
]
Suggest = Annotated[
    bool,
    typer.Option(
        "--suggest",
        help="Propose patterns for a log that no reader knows; --out FILE.toml writes them as a pattern file.",
    ),
]
Preview = Annotated[
    bool,
    typer.Option("--preview", help="Matched and other lines side by side, with --suggest or --pattern."),
]
RitaConfig = Annotated[
    str,
    typer.Option(
        "--rita-config", help="RITA's defaults: code or shipped; or its own file.", metavar="code|shipped|FILE"
    ),
]
Allow = Annotated[
    list[Path] | None,
    typer.Option(
        "--allow",
        help="What is allowed, with reason and expiry: it is ranked after all else. May be repeated.",
        metavar="LIST.toml",
    ),
]
ThreatIntel = Annotated[
    list[Path] | None,
    typer.Option(
        "--threat-intel",
        help="What is known to be bad: one address, network or domain a line, STIX 2.1, MISP, CSV. May be repeated.",
        metavar="FILE",
    ),
]
WhatIf = Annotated[
    list[str] | None,
    typer.Option(
        "--what-if",
        help="Another weight or threshold: what enters and leaves the list. May be repeated.",
        metavar="NAME=VALUE",
    ),
]
