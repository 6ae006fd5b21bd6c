"""`watchfloor pull`: from a living system into the workspace, with a ledger at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchfloor.cli import output
from watchfloor.cli.options import Quiet, WorkspaceAt
from watchfloor.errors import BadOption

if TYPE_CHECKING:
    from watchfloor.sources.ledger import Ledger
    from watchfloor.sources.pull import Progress
    from watchfloor.sources.tls import Tls
    from watchfloor.store import Workspace

__all__ = ["app"]

app = typer.Typer(help="From a living system into the workspace, to be asked without it.", no_args_is_help=True)

Since = Annotated[
    str | None,
    typer.Option("--since", help="Only what began or changed in this time: 90d, 12w, all.", metavar="TIME"),
]
CaFile = Annotated[
    Path | None, typer.Option("--ca-file", help="The system's certificate, or who issued it (PEM).", metavar="FILE")
]
HostnameCheck = Annotated[
    bool | None,
    typer.Option("--hostname-check/--no-hostname-check", help="Whether the certificate must be of this name."),
]
Fingerprint = Annotated[
    str | None, typer.Option("--fingerprint", help="Trust this certificate alone.", metavar="SHA256")
]
Insecure = Annotated[bool, typer.Option("--insecure", help="Trust anybody. The token can be stolen.")]


@app.command()
def qradar(
    url: Annotated[
        str | None, typer.Option("--url", help="The console's address; without it the one asked last.", metavar="URL")
    ] = None,
    since: Since = None,
    ca_file: CaFile = None,
    hostname_check: HostnameCheck = None,
    fingerprint: Fingerprint = None,
    insecure: Insecure = False,
    page_size: Annotated[
        int | None, typer.Option("--page-size", min=1, max=10_000, help="Offenses of a page: 500.", metavar="N")
    ] = None,
    notes: Annotated[
        int,
        typer.Option("--notes", min=0, help="Offenses whose notes are fetched now; the others wait.", metavar="N"),
    ] = 1_000,
    workspace: WorkspaceAt = None,
    quiet: Quiet = False,
) -> None:
    """Offenses with their closing reasons, notes, rules and addresses, incrementally and read only.

    The token of an authorized service is taken from WATCHFLOOR_QRADAR_TOKEN, or from the keyring.

    How the console was asked is kept in the workspace: the next run needs no options.

    Exits with 3 where something is missing.
    """

    def work(opened: Workspace, progress: Progress | None) -> Ledger:
        from watchfloor.sources.qradar import pull
        from watchfloor.sources.qradar.client import address

        at = address(url) if url is not None else None
        console, kept = _asked(opened, "qradar", at, "which console?", "--url https://qradar.example.com")
        return pull(
            console,
            opened,
            since_days=_since(since, kept),
            trust=_trust(kept, ca_file, hostname_check, fingerprint, insecure=insecure),
            page_size=page_size or kept.get("page_size") or 500,
            notes=notes,
            progress=progress,
        )

    _run(workspace, work, quiet=quiet)


@app.command()
def graph(
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", help="Its id, or a domain of it; without it the one asked last.", metavar="TENANT"),
    ] = None,
    client_id: Annotated[
        str | None,
        typer.Option("--client-id", envvar="WATCHFLOOR_GRAPH_CLIENT_ID", help="The app's id.", metavar="ID"),
    ] = None,
    since: Since = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Graph of a national cloud: https://graph.microsoft.us", metavar="URL"),
    ] = None,
    login_url: Annotated[
        str | None, typer.Option("--login-url", help="The login host, where --url does not tell it.", metavar="URL")
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", help="Who issued the certificates of a proxy in between (PEM).", metavar="FILE"),
    ] = None,
    insecure: Insecure = False,
    page_size: Annotated[
        int | None, typer.Option("--page-size", min=2, max=50, help="Incidents of a page: 50.", metavar="N")
    ] = None,
    workspace: WorkspaceAt = None,
    quiet: Quiet = False,
) -> None:
    """Defender XDR's incidents with their alerts through Microsoft Graph, incrementally and read only.

    The app needs the application permission SecurityIncident.Read.All. Its secret is taken from
    WATCHFLOOR_GRAPH_CLIENT_SECRET, or from the keyring, and goes to the login host alone.

    How Graph was asked is kept in the workspace: the next run needs no options.

    Exits with 3 where something is missing.
    """

    def work(opened: Workspace, progress: Progress | None) -> Ledger:
        from watchfloor.sources.graph.pulling import place, pull

        source = place(url, login_url, tenant)[2] if tenant is not None else None
        if source is not None and url is None:  # a tenant of a national cloud is known by its name alone
            known = [one for one, said in opened.settings("graph") if said["tenant"].lower() == str(tenant).lower()]
            source = known[0] if len(known) == 1 else source
        _, kept = _asked(opened, "graph", source, "which tenant?", "--tenant contoso.onmicrosoft.com")
        app_id = client_id or kept.get("client_id")
        if not app_id:
            raise BadOption("which app asks?", hint="--client-id, or WATCHFLOOR_GRAPH_CLIENT_ID: the app's id in Entra")
        return pull(
            tenant or kept["tenant"],
            app_id,
            opened,
            url=url or kept.get("url"),
            login_url=login_url or (kept.get("login_url") if url is None else None),
            since_days=_since(since, kept),
            trust=_trust(kept, ca_file, None, None, insecure=insecure),
            page_size=page_size or kept.get("page_size") or 50,
            progress=progress,
        )

    _run(workspace, work, quiet=quiet)


@app.command()
def thehive(
    url: Annotated[
        str | None, typer.Option("--url", help="TheHive's address; without it the one asked last.", metavar="URL")
    ] = None,
    organisation: Annotated[
        str | None,
        typer.Option("--organisation", help="As which one to look, where the user has several.", metavar="NAME"),
    ] = None,
    since: Since = None,
    ca_file: CaFile = None,
    hostname_check: HostnameCheck = None,
    fingerprint: Fingerprint = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Trust anybody, and http:// too. The key can be stolen.")
    ] = False,
    page_size: Annotated[
        int | None, typer.Option("--page-size", min=1, max=2_000, help="Alerts of a page: 200.", metavar="N")
    ] = None,
    observables: Annotated[
        int,
        typer.Option(
            "--observables",
            min=0,
            help="Alerts and cases whose observables are fetched now; the others wait.",
            metavar="N",
        ),
    ] = 1_000,
    workspace: WorkspaceAt = None,
    quiet: Quiet = False,
) -> None:
    """Alerts and cases of TheHive 5 with their observables, incrementally and read only.

    The API key of a user is taken from WATCHFLOOR_THEHIVE_KEY, or from the keyring.

    An alert that was merged into a case has the case's verdict; a case has a row where no alert was merged into it.

    How TheHive was asked is kept in the workspace: the next run needs no options.

    Exits with 3 where something is missing.
    """

    def work(opened: Workspace, progress: Progress | None) -> Ledger:
        from watchfloor.sources.thehive.pulling import address, name, pull

        source = name(address(url, plain=insecure), organisation) if url is not None else None
        _, kept = _asked(opened, "thehive", source, "which TheHive?", "--url https://thehive.example.com")
        return pull(
            url or kept["url"],
            opened,
            organisation=organisation or kept.get("organisation"),
            since_days=_since(since, kept),
            trust=_trust(kept, ca_file, hostname_check, fingerprint, insecure=insecure),
            page_size=page_size or kept.get("page_size") or 200,
            observables=observables,
            progress=progress,
        )

    _run(workspace, work, quiet=quiet)


def _run(at: str | None, work: Callable[[Workspace, Progress | None], Ledger], *, quiet: bool) -> None:
    """A pull into the workspace, and what it shows."""
    from watchfloor.cli.pulling import show, showing, telling
    from watchfloor.store import open_workspace

    with open_workspace(at, create=True) as opened:
        with telling(quiet=quiet), showing(quiet=quiet) as progress:
            ledger = work(opened, progress)
        if not quiet:
            show(ledger, opened)
    if ledger.partial:
        raise typer.Exit(output.PARTIAL)


def _asked(
    workspace: Workspace, system: str, source: str | None, which: str, hint: str
) -> tuple[str, Mapping[str, Any]]:
    """The source, and how it was asked last; without one that was named, the only one that the workspace knows."""
    known = dict(workspace.settings(system))
    if source is not None:
        return source, known.get(source, {})
    if len(known) == 1:
        return next(iter(known.items()))
    there = f"the workspace knows {', '.join(known)}" if known else "the workspace knows none yet"
    raise BadOption(f"{which} {there}", hint=hint)


def _trust(
    kept: Mapping[str, Any],
    ca_file: Path | None,
    hostname_check: bool | None,
    fingerprint: str | None,
    *,
    insecure: bool,
) -> Tls:
    """Whom to trust: what was said now counts alone, else what was said last."""
    from watchfloor.sources.tls import Tls

    asked: dict[str, Any] = {"ca_file": ca_file, "hostname_check": hostname_check, "fingerprint": fingerprint}
    if all(one is None for one in asked.values()):
        asked = {name: kept.get(name) for name in asked}
    return Tls(
        ca_file=Path(asked["ca_file"]) if asked["ca_file"] else None,
        hostname_check=asked["hostname_check"] is not False,
        fingerprint=asked["fingerprint"],
        insecure=insecure,
    )


def _since(said: str | None, kept: Mapping[str, Any]) -> float | None:
    """Days; null for all."""
    from watchfloor.analyses.rita.pairs import seconds_of

    if said is None:
        return kept.get("since_days")
    seconds = None if said == "all" else seconds_of(said)
    return None if seconds is None else seconds / 86_400
