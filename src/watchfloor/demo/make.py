"""Makes the demo: every file of the synthetic SOC, and beside them the truth."""

from __future__ import annotations

import os
from pathlib import Path

from watchfloor.demo.dice import Dice
from watchfloor.demo.events import events
from watchfloor.demo.names import AS_OF, CLIENTS, NEW_YORK, PARIS
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
    texts = {"README.txt": README, "timeline.toml": TIMELINE, "tags.toml": TAGS}
    return {name: _text_file(text) for name, text in texts.items()}


README = f"""A synthetic SOC, made by `watchfloor demo`. Nothing here is real: names end in .example, public addresses are reserved ones.

The story: in the night to 26 October 2025 somebody phishes m.halloran at {CLIENTS[0].name}, logs on, moves from the bastion
to a web server, leaves a web shell there and carries contracts away. On Monday, 27 October, three implants call home. On the
28th all 40 machines are scanned.

scans/      Loki scan logs of 40 hosts, csv, default and syslog layout. Some scans did not finish or could not see all.
qradar/     offenses.json: 30 days of offenses of two clients; closing_reasons.json, domains.json, rules.json: what their ids mean.
events/     Three logs of the night, three clocks: linux-paris.log ({PARIS}, no year, the hour from 2 to 3 twice),
            firewall-newyork.log ({NEW_YORK}, no zone), cloud-audit.log (UTC).
zeek/       24 hours of network logs of the 27th: conn by the hour, open_conn, dns, http, ssl.
tags.toml   Tag rules for the KPIs.        timeline.toml   The zones of the three logs.
truth.json  Everything that was planted, for tests: do not look if you want to hunt.

Try, in this folder:

    watchfloor findings scans
    watchfloor noise qradar/offenses.json --closing-reasons qradar/closing_reasons.json
    watchfloor kpis qradar/offenses.json --closing-reasons qradar/closing_reasons.json --tags tags.toml
    watchfloor timeline events/linux-paris.log={PARIS} events/firewall-newyork.log={NEW_YORK} events/cloud-audit.log
    watchfloor beacons zeek
"""

TIMELINE = f"""# The zones of clock times that carry none. The cloud's log says UTC itself.
[zones]
"events/linux-paris.log" = "{PARIS}"
"events/firewall-newyork.log" = "{NEW_YORK}"
"""

TAGS = """# Tags of this SOC's alerts: words are whole, in any case, in title and rule.

[[tag]]
name = "account"
words = ["login", "logon", "logged on", "locked out", "account", "kerberos", "administrator"]

[[tag]]
name = "malware"
words = ["virus", "beaconing", "ransomware", "web shell", "credential dumping", "powershell", "rare process"]

[[tag]]
name = "phishing"
words = ["phishing"]

[[tag]]
name = "scanning"
words = ["port scan"]

[[tag]]
name = "network"
words = ["dns", "listed address", "web attack", "vpn"]

[[tag]]
name = "data loss"
words = ["upload", "personal data", "forwarding rule"]

[[tag]]
name = "operations"
words = ["log source", "configuration", "remote administration"]
"""
