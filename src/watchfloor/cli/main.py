"""The command `watchfloor`: one sub-command per question."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.cli import afterwards, output, patterns, pull
from watchfloor.cli.options import (
    Allow,
    Closing,
    Columns,
    Format,
    Limit,
    Out,
    Paths,
    PathsOrWorkspace,
    Pattern,
    Preview,
    Quiet,
    RitaConfig,
    Strict,
    Suggest,
    ThreatIntel,
    Verdicts,
    WhatIf,
    WorkspaceAt,
    Zone,
)
from watchfloor.cli.progress import reading
from watchfloor.errors import BadOption, WatchfloorError

if TYPE_CHECKING:
    from watchfloor.readers.intake.since import Since
    from watchfloor.result import Result
    from watchfloor.store import HoldsTables

__all__ = ["app", "main"]

MANY = 1_000_000
"""Rows of the ledger that the terminal shows: all."""

app = typer.Typer(
    name="watchfloor",
    help="Raw security exports into answers: scan logs, offenses, event logs and network logs.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Runs the command; an error is told in words with a hint, and exits with 2."""
    warnings.showwarning = _remark_on
    try:
        app()
    except WatchfloorError as error:
        _tell(error)
        sys.exit(2)
    except KeyboardInterrupt:
        output.remark("stopped")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is wrong, and nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _remark_on(message: Warning | str, *_: object, **__: object) -> None:
    """A warning of the library, as a line for people."""
    from watchfloor.reports.terminal import harmless

    output.remark(harmless(str(message)), style="yellow")


def _tell(error: WatchfloorError) -> None:
    from rich.text import Text

    from watchfloor.reports.terminal import harmless

    console = output.stderr()
    console.print(Text.assemble(("error: ", "bold red"), harmless(str(error))), soft_wrap=True)
    if error.hint:
        console.print(Text.assemble(("hint: ", "bold"), harmless(error.hint)), soft_wrap=True)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib import metadata

        typer.echo(f"watchfloor {metadata.version('watchfloor')}")
        raise typer.Exit


@app.command()
def findings(
    paths: Paths,
    out: Out = None,
    rare: Annotated[int, typer.Option("--rare", min=1, help="A rule on at most this many hosts is rare.")] = 2,
    limit: Limit = 20,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
) -> None:
    """What did the scanners find, and on how many hosts?"""
    _ask("findings", paths, out, limit, strict, quiet, format=format, zone=zone, columns=columns, rare=rare)


@app.command()
def noise(
    paths: PathsOrWorkspace = None,
    out: Out = None,
    minimum: Annotated[int, typer.Option("--minimum", min=1, help="Fewer alerts than this give no rate.")] = 10,
    days_in: Annotated[str, typer.Option("--days-in", help="Zone in which a day begins.")] = "UTC",
    limit: Limit = 20,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
    closing_reasons: Closing = None,
    mapping: Verdicts = None,
    workspace: WorkspaceAt = None,
) -> None:
    """Which rules are noise, and what stands out in their evidence?"""
    said = {"format": format, "zone": zone, "columns": columns, "closing_reasons": closing_reasons, "mapping": mapping}
    _ask("noise", asked_of(paths, workspace), out, limit, strict, quiet, minimum=minimum, zone_of_days=days_in, **said)


@app.command()
def timeline(
    paths: Paths,
    out: Out = None,
    to: Annotated[str, typer.Option("--to", help="Zone to show: UTC, Europe/Paris, .. or majority")] = "UTC",
    limit: Limit = 50,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
    pattern: Pattern = None,
) -> None:
    """What happened when, across sources with different clocks?"""
    _ask(
        "timeline", paths, out, limit, strict, quiet, format=format, zone=zone, columns=columns, pattern=pattern, to=to
    )


@app.command()
def tune(
    paths: PathsOrWorkspace = None,
    out: Out = None,
    learn_until: Annotated[
        str | None,
        typer.Option(
            "--learn-until",
            help="Learn on alerts before this instant, and prove on those that follow: 2025-10-01T06:00Z (without a "
            "zone UTC).",
            metavar="TIME",
        ),
    ] = None,
    most: Annotated[int, typer.Option("--most", min=0, help="So many exclusions at most.")] = 15,
    worth: Annotated[
        float, typer.Option("--worth", min=0, help="Alerts that an exclusion must save until it expires.")
    ] = 30,
    expiry_days: Annotated[int, typer.Option("--expiry-days", min=1, help="When exclusions expire.")] = 90,
    minimum: Annotated[int, typer.Option("--minimum", min=1, help="The least number of alerts behind a row.")] = 10,
    artifacts: Annotated[
        Path | None,
        typer.Option(
            "--artifacts",
            help="Write what is recommended for QRadar, Sigma, Sentinel, Splunk and Elastic, and exclusions.toml.",
            metavar="FOLDER/",
        ),
    ] = None,
    owner: Annotated[str, typer.Option("--owner", help="Who answers for the exclusions.")] = "nobody yet",
    check: Annotated[
        Path | None,
        typer.Option("--check", help="Test exclusions in force again instead.", metavar="EXCLUSIONS.toml"),
    ] = None,
    limit: Limit = 40,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
    closing_reasons: Closing = None,
    mapping: Verdicts = None,
    workspace: WorkspaceAt = None,
) -> None:
    """What exactly should be tuned, and what would it cost us?"""
    said = {"format": format, "zone": zone, "columns": columns, "closing_reasons": closing_reasons, "mapping": mapping}
    if artifacts is not None and artifacts.exists() and not artifacts.is_dir():
        raise BadOption(f"--artifacts {artifacts}: a file, not a folder", hint="name a folder; it is made if need be")
    data = asked_of(paths, workspace)
    if check is not None:
        _ask("recheck", data, out, limit, strict, quiet, exclusions=check, **said)
        return
    result = _ask(
        "tune",
        data,
        out,
        limit,
        strict,
        quiet,
        learn_until=_instant("--learn-until", learn_until),
        most=most,
        worth=worth,
        expiry_days=expiry_days,
        minimum=minimum,
        **said,
    )
    if artifacts is not None:
        from watchfloor.reports.exclusions import entries_of, write_all

        entries = entries_of(result, owner=owner, created=datetime.now(UTC).date(), expiry_days=expiry_days)
        written = write_all(entries, artifacts)
        if not quiet:
            output.remark(f"wrote {', '.join(path.name for path in written)} to {artifacts}: {len(entries)} exclusions")


@app.command()
def kpis(
    paths: PathsOrWorkspace = None,
    out: Out = None,
    period: Annotated[
        str | None,
        typer.Option("--period", help="2025-10, 2025-10-01..2025-11-01 (the end is left out), by --days-in."),
    ] = None,
    client: Annotated[str | None, typer.Option("--client", help="Only this client's alerts.")] = None,
    tags: Annotated[Path | None, typer.Option("--tags", help="Tag rules.", metavar="TAGS.toml")] = None,
    clock: Annotated[str, typer.Option("--clock", help="The two instants between which time is measured.")] = (
        "created_time..closed_time"
    ),
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="When open cases are counted; without a zone UTC.", metavar="TIME"),
    ] = None,
    minimum: Annotated[int, typer.Option("--minimum", min=1, help="Fewer alerts than this give no rate.")] = 10,
    days_in: Annotated[str, typer.Option("--days-in", help="Zone in which a day begins.")] = "UTC",
    limit: Limit = 40,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
    closing_reasons: Closing = None,
    mapping: Verdicts = None,
    workspace: WorkspaceAt = None,
) -> None:
    """How is the SOC doing?"""
    from watchfloor.questions import period_of

    start, end = period_of(period, days_in) if period else (None, None)
    said = {
        "format": format,
        "zone": zone,
        "columns": columns,
        "closing_reasons": closing_reasons,
        "mapping": mapping,
        "client": client,
    }
    _ask(
        "kpis",
        asked_of(paths, workspace),
        out,
        limit,
        strict,
        quiet,
        tags=tags,
        start=start,
        end=end,
        as_of=_instant("--as-of", as_of),
        clock=_two(clock),
        minimum=minimum,
        zone_of_days=days_in,
        **said,
    )


@app.command()
def beacons(
    paths: Paths,
    out: Out = None,
    score: Annotated[
        str,
        typer.Option(
            "--score",
            help="watchfloor: our own score; rita: RITA v5's beacon score; rita-j: the RITA-J notebook's, of requests.",
        ),
    ] = "watchfloor",
    by: Annotated[
        str, typer.Option("--by", help="pair of addresses; name: source and name; port: pair and port.")
    ] = "pair",
    window: Annotated[
        str | None,
        typer.Option("--window", help="How much before the last connection: 24h (RITA's default), all (ours), 7d"),
    ] = None,
    defaults: RitaConfig = "code",
    every_pair: Annotated[
        bool, typer.Option("--every-pair", help="Score pairs inside the network and outside of it as well.")
    ] = False,
    threat_intel: ThreatIntel = None,
    allow: Allow = None,
    what_if: WhatIf = None,
    limit: Limit = 20,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
) -> None:
    """Who is calling home at regular times?"""
    said: dict[str, Any] = {"format": format, "zone": zone, "columns": columns}
    if score != "rita-j":  # which has no parameters
        said |= {"every_pair": every_pair, "window": window, "config": defaults, "by": by}
    elif (every_pair, window, defaults, by) != (False, None, "code", "pair"):
        raise BadOption(
            "--score rita-j has no window, filters, configuration, and is by pair", hint="leave these options out"
        )
    said |= afterwards.said(allow, threat_intel, what_if)
    _ask("beacons", paths, out, limit, strict, quiet, score=score, **said)


@app.command()
def long_connections(
    paths: Paths,
    out: Out = None,
    window: Annotated[
        str, typer.Option("--window", help="What was open in the 24h before the last end, all, or a duration: 7d")
    ] = "24h",
    defaults: RitaConfig = "code",
    every_pair: Annotated[
        bool, typer.Option("--every-pair", help="Pairs inside the network and outside of it as well.")
    ] = False,
    join_seconds: Annotated[
        float, typer.Option("--join", min=0, help="Connections of one flow with this gap are one session.")
    ] = 60,
    threat_intel: ThreatIntel = None,
    allow: Allow = None,
    what_if: WhatIf = None,
    limit: Limit = 20,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
) -> None:
    """Which pairs keep connections open for hours?"""
    said: dict[str, Any] = {"format": format, "zone": zone, "columns": columns, "every_pair": every_pair}
    said |= {"window": window, "config": defaults, "join_seconds": join_seconds}
    said |= afterwards.said(allow, threat_intel, what_if)
    _ask("long_connections", paths, out, limit, strict, quiet, **said)


@app.command()
def dns_tunnels(
    paths: Paths,
    out: Out = None,
    least_names: Annotated[
        int, typer.Option("--least-names", min=1, help="A client and domain with fewer names has no row.")
    ] = 10,
    known: Annotated[
        Path | None,
        typer.Option("--known", help="Heavy users of names, instead of the shipped list.", metavar="KNOWN.toml"),
    ] = None,
    threat_intel: ThreatIntel = None,
    allow: Allow = None,
    what_if: WhatIf = None,
    limit: Limit = 20,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
) -> None:
    """Who carries data in DNS?"""
    said: dict[str, Any] = {"format": format, "zone": zone, "columns": columns}
    said |= afterwards.said(allow, threat_intel, what_if)
    _ask("dns_tunnels", paths, out, limit, strict, quiet, least_names=least_names, known=known, **said)


@app.command()
def hunt(
    paths: Paths,
    out: Out = None,
    score: Annotated[str, typer.Option("--score", help="rita: RITA v5's final score.")] = "rita",
    defaults: RitaConfig = "code",
    threat_intel: ThreatIntel = None,
    allow: Allow = None,
    what_if: WhatIf = None,
    internal: Annotated[
        list[str] | None,
        typer.Option("--internal", help="A subnet of the own network instead of the private ones; may be repeated."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="The present, UTC: scores when something was seen first, as a rolling data base."),
    ] = None,
    one_import: Annotated[
        bool, typer.Option("--one-import", help="All files as one, whatever hours and days their names say.")
    ] = False,
    limit: Limit = 20,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
) -> None:
    """All network threats with severity and modifiers, as RITA v5 ranks them."""
    _ask(
        "hunt",
        paths,
        out,
        limit,
        strict,
        quiet,
        score=score,
        config=defaults,
        **{"threat_intel": (), **afterwards.said(allow, threat_intel, what_if)},
        internal=tuple(internal or ()),
        as_of=_instant("--as-of", as_of),
        one_import=one_import,
        format=format,
        zone=zone,
        columns=columns,
    )


@app.command()
def report(
    paths: PathsOrWorkspace = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The document: .html .xlsx .pdf", metavar="FILE")] = Path(
        "report.html"
    ),
    title: Annotated[str, typer.Option("--title", help="Title of the document.")] = "SOC report",
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
    closing_reasons: Closing = None,
    mapping: Verdicts = None,
    workspace: WorkspaceAt = None,
) -> None:
    """One document of all questions that the data answers."""
    from watchfloor.questions import report as write

    data = asked_of(paths, workspace)
    with reading(_plain(data), quiet=quiet) as progress:
        results = write(
            data,
            out,
            title=title,
            format=format,
            zone=zone,
            columns=columns,
            closing_reasons=closing_reasons,
            mapping=mapping,
            progress=progress,
        )
    if not quiet:
        output.remark(f"wrote {out}: {', '.join(result.title for result in results)}")
    output.confess(results[0].provenance, strict=strict, quiet=quiet)


@app.command()
def read(
    paths: Paths,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A file for one table, or FOLDER/ for one file each.", metavar="FILE|FOLDER/"),
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", "-t", help="Only this table: events, rejects, ledger, ..")
    ] = None,
    format_out: Annotated[str, typer.Option("--format-out", help="In a folder: parquet, csv or jsonl.")] = "parquet",
    since_last: Annotated[
        bool,
        typer.Option(
            "--since-last",
            help="Only what was added to the files since the last run. How far they were read is kept beside the "
            "output, without --out in a folder of yours.",
        ),
    ] = False,
    limit: Limit = 10,
    strict: Strict = False,
    quiet: Quiet = False,
    format: Format = None,
    zone: Zone = None,
    columns: Columns = None,
    pattern: Pattern = None,
    suggest: Suggest = False,
    preview: Preview = False,
    closing_reasons: Closing = None,
    mapping: Verdicts = None,
) -> None:
    """Any readable files as canonical tables; or patterns for files that are not."""
    from watchfloor.questions import reading_of

    if suggest or preview:
        from watchfloor.cli import suggest as suggesting

        suggesting.run(
            zones_of(paths),
            out,
            suggesting=suggest,
            previewing=preview,
            pattern=pattern,
            zone=zone,
            limit=limit,
            quiet=quiet,
        )
        return

    data = zones_of(paths)
    since = _since(out) if since_last else None
    with reading(_plain(data), quiet=quiet) as progress:
        tables = reading_of(
            data,
            format=format,
            zone=zone,
            columns=columns,
            closing_reasons=closing_reasons,
            mapping=mapping,
            since_last=since,
            pattern=pattern,
            progress=progress,
        )
    nothing_new = since is not None and not tables.keys() - {"rejects", "ledger"}
    if table is not None and table not in tables and not nothing_new:
        raise BadOption(f"there is no table {table!r} in these files", hint=f"tables: {', '.join(tables)}")
    chosen = {table: tables[table]} if table in tables else tables
    provenance = next(iter(tables.values())).provenance
    if nothing_new and table not in tables:
        if not quiet:
            output.remark("nothing was added to these files since the last run")
    elif out is None:
        if not quiet:
            _show(chosen, table, limit)
    elif out.suffix and not out.is_dir():
        _write_file(chosen, out, table, limit, quiet=quiet)
    else:
        _write_folder(chosen, out, format_out, run=datetime.now(UTC) if since else None, quiet=quiet)
    if since is not None:
        since.save()
    if not quiet and table != "ledger":
        from watchfloor.cli.ledger import show_ledger

        show_ledger(tables["ledger"].collect(), output.stdout() if out is None else output.stderr())
    output.confess(provenance, strict=strict, quiet=quiet)


def _show(chosen: dict[str, Result], table: str | None, limit: int) -> None:
    """Tables on the terminal; the ledger only where it was asked for."""
    from watchfloor.reports.terminal import show

    for name, result in chosen.items():
        # A format may fill several tables; those that this one does not fill say nothing.
        if table or (name != "ledger" and _has_rows(result)):
            show(result, output.stdout(), limit=MANY if name == "ledger" else limit)


def _has_rows(result: Result) -> bool:
    return result.table.head(1).collect().height > 0


def _write_file(chosen: dict[str, Result], out: Path, table: str | None, limit: int, *, quiet: bool) -> None:
    """The one table of a file."""
    data_tables = [name for name in chosen if name not in ("rejects", "ledger")]
    if table is None and len(data_tables) > 1:
        data_tables = [name for name in data_tables if _has_rows(chosen[name])] or data_tables
    if table is None and len(data_tables) != 1:
        raise BadOption(
            f"{out}: these files give {len(data_tables)} tables, one file holds one",
            hint=f"pick one with --table ({', '.join(chosen)}), or name a folder: --out {out.with_suffix('')}/",
        )
    output.deliver(chosen[table or data_tables[0]], out=out, limit=limit, strict=False, quiet=True)
    if not quiet:
        output.remark(f"wrote {out}")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to make it.")] = Path("demo"),
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another SOC.")] = 7,
    quiet: Quiet = False,
) -> None:
    """Make a synthetic SOC with known truth, run every analysis on it, write report.html."""
    from watchfloor.cli.demo import run

    run(folder, seed=seed, quiet=quiet)


app.command()(afterwards.allow)
app.command()(afterwards.what_if)
app.add_typer(pull.app, name="pull")
app.add_typer(patterns.app, name="patterns")


@app.command()
def formats(
    paths: Annotated[list[str] | None, typer.Argument(metavar="[FILE]...", help="Files to be explained.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Which format each file is of, how surely, why, and what else it may be.")
    ] = False,
    format: Format = None,
) -> None:
    """What can be read; with files, as what they would be read."""
    from watchfloor.cli.lists import explain_formats, show_formats

    if paths:
        explain_formats(output.stdout(), paths, format)
    elif explain:
        raise BadOption("--explain: no file is named", hint="watchfloor formats --explain FILE...")
    else:
        show_formats(output.stdout())


@app.command()
def tables(
    name: Annotated[str | None, typer.Argument(help="One table, with its columns.")] = None,
) -> None:
    """What the canonical tables hold."""
    from watchfloor.cli.lists import show_tables

    show_tables(output.stdout(), name)


def asked_of(paths: list[str] | None, workspace: str | None) -> Mapping[str, str | None] | list[str] | HoldsTables:
    """The files that were named, else the workspace."""
    if paths:
        return zones_of(paths)
    from watchfloor.store import open_workspace

    return open_workspace(workspace)


def _ask(
    question: str,
    paths: list[str] | Mapping[str, str | None] | HoldsTables,
    out: Path | None,
    limit: int,
    strict: bool,
    quiet: bool,
    **said: Any,
) -> Result:
    """Asks a question of the files and gives the answer back."""
    from watchfloor import questions

    data = zones_of(paths) if isinstance(paths, list) else paths
    if out is not None:
        output.check_extension(out)
    with reading(_plain(data), quiet=quiet) as progress:
        result: Result = getattr(questions, question)(data, progress=progress, **said)
    output.deliver(result, out=out, limit=limit, strict=strict, quiet=quiet)
    return result


def zones_of(paths: list[str]) -> Mapping[str, str | None] | list[str]:
    """PATH=ZONE as a mapping; a path that exists as it stands is a path."""
    if not any("=" in path and not Path(path).exists() for path in paths):
        return paths
    split: dict[str, str | None] = {}
    for path in paths:
        name, equals, zone = path.rpartition("=")
        if equals and not Path(path).exists():
            split[name] = zone
        else:
            split[path] = None
    return split


def _plain(data: Mapping[str, str | None] | list[str] | HoldsTables) -> list[str]:
    """The files that are read."""
    return list(data) if isinstance(data, Mapping | list) else []


def _instant(option: str, text: str | None) -> datetime | None:
    """An instant that the user wrote; without a zone UTC, as the help says."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadOption(f"{option} {text}: no time", hint="2025-10-01T06:00:00Z, or 2025-10-01") from error
    return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)


def _two(clock: str) -> tuple[str, str]:
    start, dots, stop = clock.partition("..")
    if not dots or not start or not stop:
        raise BadOption(f"--clock {clock}: two instants are needed", hint="created_time..closed_time")
    return start, stop


def _since(out: Path | None) -> Since:
    """How far the files were read for this output."""
    from watchfloor.readers.intake.since import Since, user_state

    if out is None:
        return Since(user_state())
    if out.is_file():
        raise BadOption(
            f"{out}: it holds what was read before, which --since-last does not read again",
            hint=f"name another file, or a folder, which gets new files with each run: --out {out.with_suffix('')}/",
        )
    return Since((out.parent if out.suffix and not out.is_dir() else out) / ".watchfloor-last.json")


def _write_folder(
    chosen: Mapping[str, Result], folder: Path, extension: str, *, run: datetime | None, quiet: bool
) -> None:
    """One file a table; under --since-last each run has files of its own, named for its time."""
    if extension not in ("parquet", "csv", "jsonl"):
        raise BadOption(f"--format-out {extension}: not possible", hint="use parquet, csv or jsonl")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadOption(f"{folder}: {error.strerror}", hint="name a folder that can be made") from error
    for name, result in chosen.items():
        result.save(folder / f"{name}{run:-%Y%m%dT%H%M%S%fZ}.{extension}" if run else folder / f"{name}.{extension}")
    if not quiet:
        output.remark(f"wrote {', '.join(chosen)} to {folder}")
