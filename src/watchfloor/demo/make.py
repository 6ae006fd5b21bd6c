"""Makes the demo: every file of the synthetic SOC, and beside them the truth."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from watchfloor.demo.dice import Dice
from watchfloor.demo.events import events
from watchfloor.demo.names import AS_OF
from watchfloor.demo.network import network
from watchfloor.demo.offenses import offenses
from watchfloor.demo.scans import scans
from watchfloor.demo.truth import FileTruth, Made, Truth
from watchfloor.errors import BadOption

__all__ = ["make"]


def make(folder: Path, *, seed: int = 7, scale: float = 1.0) -> Truth:
    """Writes the synthetic SOC into the folder and gives its truth, which is also in `truth.json` there.

    The same seed and scale give the same bytes on every machine. The files' times of last change are set to the demo's
    month, so that a log without years is read with the right one.

    Arguments:
        folder: made where it is not there; files of the same names are overwritten.
        seed: another one makes another SOC with the same story.
        scale: how much ordinary data there is around what was planted; 1 is about 30 MB.

    Raises:
        BadOption: a scale that is not above 0, or a folder that cannot be written.
    """
    if not 0 < scale <= 20:
        raise BadOption(f"scale {scale}: nothing can be made so", hint="use a number above 0; 1 is the default")
    dice = Dice(seed, "demo")
    scanned, scan_files = scans(dice.room("scans"), scale)
    raised, offense_files = offenses(dice.room("offenses"), scale)
    logged, event_files = events(dice.room("events"), scale)
    seen, zeek_files = network(dice.room("network"), scale)
    files = scan_files | offense_files | event_files | zeek_files | _side_files()
    truth = Truth(
        seed=seed,
        scale=scale,
        files={path: made.truth for path, made in files.items()},
        scans=scanned,
        offenses=raised,
        events=logged,
        network=seen,
    )
    files["truth.json"] = _text_file(truth.text())
    try:
        for path, made in files.items():
            _write(folder / path, made)
    except OSError as error:
        raise BadOption(f"{folder}: cannot write the demo ({error})", hint="name a folder that can be made") from error
    return truth


def _write(path: Path, made: Made) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.content)
    when = int(made.truth.modified.timestamp())
    os.utime(path, (when, when))


def _text_file(text: str) -> Made:
    content = text.encode()
    return Made(content, FileTruth("", content.count(b"\n"), 0, None, AS_OF))


def _side_files() -> dict[str, Made]:
    """What explains the folder and says how to ask it."""
    folder = resources.files("watchfloor.demo") / "files"
    names = ("README.txt", "timeline.toml", "tags.toml")
    return {name: _text_file(folder.joinpath(name).read_text(encoding="utf-8")) for name in names}
