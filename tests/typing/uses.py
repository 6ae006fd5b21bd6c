"""Typical uses of the library: mypy checks that they are well typed, nothing runs them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

import watchfloor as wf


def scan_findings() -> pl.DataFrame:
    """Rare rules over all hosts, as a frame."""
    result = wf.findings("scans/", rare=3)
    result.save("findings.xlsx")
    return result["rules"].collect()


def noisy_rules(offenses: Path) -> wf.Result:
    """QRadar's offenses with their closing reasons."""
    return wf.noise(offenses, closing_reasons="closing_reasons.json", zone_of_days="Europe/Paris")


def one_timeline() -> wf.Result:
    """Sources with different clocks."""
    return wf.timeline({"firewall.log": "America/New_York", "auth.log": "Europe/Paris"}, to="majority")


def threats_of_a_folder() -> list[str]:
    """RITA's view with the file that RITA ships, and a list of what is bad."""
    threats = wf.hunt("zeek/", config="shipped", threat_intel=["feed.txt"])
    return threats.collect().filter(severity="critical")["name"].to_list()


def beacons_of_a_frame(frame: pl.DataFrame) -> wf.Result:
    """Any frame with a column map."""
    theirs = {"time": {"from": "ts", "unit": "s"}, "src_ip": "src", "dst_ip": "dst"}
    columns = {"table": "connections", "columns": theirs}
    return wf.beacons(frame, score="rita", columns=columns)


def rejects(folder: str) -> int:
    """What could not be read."""
    tables = wf.read(folder, zone="UTC")
    return tables["rejects"].collect().height


def unknown_log() -> pl.DataFrame:
    """Patterns for a log that no reader knows, then the log read by them."""
    proposed = wf.suggest("app.log", "app.toml", zone="Europe/Paris")
    print(proposed.collect()["pattern"], proposed.explanation)
    return wf.read("app.log", pattern="app.toml")["events"].collect()


def remembered() -> pl.DataFrame:
    """What a workspace holds, and a question that asks it."""
    with wf.open_workspace("soc.db") as workspace:
        wf.noise(workspace, mapping="mapping.toml").save("noise.html")
        return workspace.history("offense").filter(pl.col("change") == "closed").collect()


def everything() -> None:
    """One document, and an error with its hint."""
    try:
        wf.report(["scans/", "zeek/"], "report.html", title="October")
    except wf.WatchfloorError as error:
        print(error, error.hint)


def after_the_fact() -> pl.DataFrame:
    """Suggestions, an allow list, another weight: of an answer that is there."""
    result = wf.beacons("zeek/", threat_intel=["stix.json"])
    result.suggest_allowed("suggested.toml", beside=[wf.long_connections("zeek/")], owner="soc")
    allowed = result.allow("allow.toml")
    print(allowed["allow_list"].collect(), allowed.what_if(prevalence=0, first=20).explanation)
    return wf.load("beacons.parquet").allow("allow.toml").collect()
