"""The demo: makes the synthetic SOC, pulls its offenses from its console, asks every question, says what to open."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchfloor.cli.output import remark, stdout
from watchfloor.demo import Truth, make
from watchfloor.demo.console import TOKEN, Console, of_demo
from watchfloor.errors import BadOption, WatchfloorError
from watchfloor.questions import read, report
from watchfloor.readers import Tables, merge
from watchfloor.sources.qradar import Tls, Token, pull
from watchfloor.store import open_workspace

__all__ = ["run"]

_NOTES = 50
"""Offenses whose notes are asked for: a request each, and the demo has none."""


def run(folder: Path, *, seed: int, quiet: bool) -> None:
    """Makes the data in the folder, the workspace `watchfloor.db` and `report.html` there."""

    def say(text: str, *, style: str = "dim") -> None:
        if not quiet:
            remark(text, style=style)

    from rich.text import Text

    began = time.monotonic()
    workspace = folder / "watchfloor.db"
    _clear(workspace)
    say(f"making a synthetic SOC in {folder}: scan logs, offenses, event logs, network logs ..")
    truth = make(folder, seed=seed)
    inputs = truth.inputs(folder)
    say("pulling its offenses from a console that is made for it, on loopback ..")
    try:
        pulled = [_pulled(folder / "qradar", truth, workspace)]
        del inputs[folder / "qradar"]
    except (WatchfloorError, OSError) as error:  # nothing may listen here, say
        pulled = []
        _remove(workspace)
        say(f"that cannot be done here, so they are read from files: {error}", style="yellow")
    say("asking every question of it ..")
    out = folder / "report.html"
    files = read({str(path): zone for path, zone in inputs.items()})
    report(merge([files, *pulled]), out, title="watchfloor demo: a synthetic SOC")
    if not quiet:
        asked = f"Its workspace is {workspace}: `watchfloor kpis -w {folder}`. " if pulled else ""
        took = f"{out} is ready ({time.monotonic() - began:.0f} s)"
        # A path that is folded at a blank cannot be copied.
        stdout().print(Text(f"{took}. {asked}What was planted is in {folder / 'truth.json'}."), soft_wrap=True)


def _pulled(exports: Path, truth: Truth, place: Path) -> Tables:
    """The offenses as they come from the console; it is gone then, and its workspace stays.

    Raises:
        WatchfloorError: they do not come, or not all of them.
        OSError: nothing can listen here.
    """
    now_ms = round(truth.offenses.as_of.timestamp() * 1000)
    with (
        _past_proxies(),
        Console(of_demo(exports, now_ms)) as console,
        open_workspace(place, create=True) as workspace,
    ):
        trust = Tls(fingerprint=console.fingerprint)
        ledger = pull(console.url, workspace, trust=trust, token=Token(TOKEN), notes=_NOTES)
        if ledger.missing:
            raise WatchfloorError("; ".join(f"{about}: {why}" for about, why in ledger.missing.items()))
        return workspace.tables()


@contextmanager
def _past_proxies() -> Iterator[None]:
    """No proxy of the environment stands between us and loopback."""
    before = os.environ.get("no_proxy")
    os.environ["no_proxy"] = "*"
    try:
        yield
    finally:
        if before is None:
            del os.environ["no_proxy"]
        else:
            os.environ["no_proxy"] = before


def _clear(workspace: Path) -> None:
    """Makes room for the workspace of this demo.

    Raises:
        BadOption: what is there is not of an earlier demo alone.
    """
    if not workspace.exists():
        return
    try:
        with open_workspace(workspace) as opened:
            sources = opened.tables()["ledger"].collect()["source"].to_list()
    except WatchfloorError:
        sources = []
    demos = len(sources) == 1 and sources[0].startswith("https://localhost:")
    if not (demos and (workspace.parent / "truth.json").exists()):
        raise BadOption(f"{workspace} is there, and is not of a demo", hint="watchfloor demo ANOTHER_FOLDER")
    _remove(workspace)


def _remove(workspace: Path) -> None:
    for name in (workspace.name, f"{workspace.name}-wal", f"{workspace.name}-shm"):
        workspace.with_name(name).unlink(missing_ok=True)
