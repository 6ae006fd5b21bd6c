"""One report of the whole demo: every chapter is there, nothing was left out, and its figures are those planted."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from watchfloor.demo import Truth
from watchfloor.questions import report
from watchfloor.result import Result


@pytest.fixture(scope="module")
def chapters(made: tuple[Path, Truth]) -> dict[str, Result]:
    """The answers to all questions, by name, asked of the inputs that the truth names."""
    folder, truth = made
    return {result.name: result for result in report({str(p): zone for p, zone in truth.inputs(folder).items()})}


def test_every_question_is_answered(chapters: dict[str, Result]) -> None:
    """In the order of the report."""
    assert list(chapters) == [
        "findings",
        "noise",
        "tune",
        "kpis",
        "timeline",
        "beacons",
        "long_connections",
        "dns_tunnels",
        "hunt",
    ]


def test_nothing_was_left_out(chapters: dict[str, Result], truth: Truth) -> None:
    """No rejects, nothing partial, every input file in the provenance."""
    for chapter in chapters.values():
        assert chapter.provenance.rejected == 0
        assert not chapter.provenance.partial
        assert len(chapter.provenance.inputs) == sum("/" in path for path in truth.files)


def test_figures_in_the_chapters(chapters: dict[str, Result], truth: Truth) -> None:
    """One of each."""
    rare = chapters["findings"]["rules"].collect().filter("rare")["rule"]
    assert set(rare) == {*truth.scans.intrusion_rules, truth.scans.listed_hash}
    noisiest = chapters["noise"].collect().row(0, named=True)
    assert (noisiest["rule"], noisiest["alerts"]) == (truth.offenses.noisy.rule, truth.offenses.noisy.rule_offenses)
    figures = dict(chapters["kpis"].collect().select("figure", "value").iter_rows())
    assert (figures["alerts"], figures["escalated"]) == (truth.offenses.offenses, len(truth.offenses.escalated_ids))
    best = chapters["beacons"].collect().head(len(truth.network.ntp) + 2)
    assert truth.network.beacons[0].dst_ip in best["dst_ip"].to_list()


def test_the_night_stands_in_order_among_alerts_and_findings(
    chapters: dict[str, Result], folder: Path, truth: Truth
) -> None:
    """The timeline of the report holds events, alerts and findings; the 20 traces are in their order in it."""
    table = chapters["timeline"].collect()
    planted = {(str(folder / trace.file), trace.record): trace.time for trace in truth.events.traces}
    rows = table.select("source", "record", "time").iter_rows()
    seen = [(source, record, time) for source, record, time in rows if (source, record) in planted]
    assert [time for _, _, time in seen] == [trace.time for trace in truth.events.traces]
    logs = sum(file.records for path, file in truth.files.items() if path.startswith("events/"))
    hits = sum(host.file_hits + host.other_findings for host in truth.scans.hosts)  # a hit of two reasons happens once
    assert table.height == logs + truth.offenses.offenses + hits
    assert table.filter(pl.col("time").is_null()).height == 0
