"""What is done with an answer afterwards, from the command line, on the demo's network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from watchfloor.demo import make

CDN = "cdn-relay.example"
"""A name of the demo that one host calls."""


def watchfloor(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "watchfloor", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return found


@pytest.fixture(scope="module")
def zeek(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network logs of the demo."""
    folder = tmp_path_factory.mktemp("demo")
    make(folder)
    return folder / "zeek"


@pytest.fixture(scope="module")
def saved(zeek: Path) -> Path:
    """Its beacons, written."""
    path = zeek.parent / "beacons.parquet"
    done = watchfloor("beacons", zeek, "--out", path, "--quiet")
    assert done.returncode == 0, done.stderr
    return path


def allow_list(folder: Path, text: str) -> Path:
    path = folder / "allow.toml"
    path.write_text(text)
    return path


LISTED = f'[[allow]]\ndomain = "{CDN}"\nport = "443/tcp"\nreason = "our CDN"\nowner = "it"\nexpires = 2099-01-01\n'


def test_the_same_from_the_logs_and_from_what_was_written(zeek: Path, saved: Path, tmp_path: Path) -> None:
    """`--allow` beside the question, and `allow` on its answer, give the same rows; none is lost."""
    listed = allow_list(tmp_path, LISTED)
    once, again = tmp_path / "once.json", tmp_path / "again.json"
    assert watchfloor("beacons", zeek, "--allow", listed, "--out", once, "--quiet").returncode == 0
    done = watchfloor("allow", saved, "--list", listed, "--out", again)
    assert done.returncode == 0, done.stderr
    found = rows(once)
    assert found == rows(again)
    assert len(found) == pl.read_parquet(saved).height
    assert [row["allowed"] for row in found if row["name"] == CDN] == ["our CDN"]
    assert found[-1]["name"] == CDN
    shown = watchfloor("allow", saved, "--list", listed, "--limit", "3").stdout
    assert "rows allowed by 1 entry of allow.toml" in " ".join(shown.split())


@pytest.mark.parametrize("command", ["hunt", "long-connections", "dns-tunnels"])
def test_every_question_about_the_network_takes_a_list(zeek: Path, tmp_path: Path, command: str) -> None:
    """Whoever asks."""
    listed = allow_list(tmp_path, LISTED.replace(f'domain = "{CDN}"\nport = "443/tcp"', 'src = "10.20.6.0/24"'))
    out = tmp_path / "out.json"
    done = watchfloor(command, zeek, "--allow", listed, "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    found = rows(out)
    inside = [(row["src_ip"] or "").startswith("10.20.6.") for row in found]
    assert any(inside)
    assert inside == sorted(inside) == [row["allowed"] is not None for row in found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        (LISTED.replace("expires", "expire"), "did you mean 'expires'"),
        ("", "allow.toml has no entries"),
        (LISTED.replace("2099", "2020"), "1 entry expired, and not applied"),
    ],
)
def test_what_a_user_gets_wrong(saved: Path, tmp_path: Path, text: str | None, said: str) -> None:
    """No file, a typing error, an empty list, an expired entry."""
    listed = tmp_path / "allow.toml" if text is None else allow_list(tmp_path, text)
    done = watchfloor("allow", saved, "--list", listed)
    assert said in " ".join((done.stdout + done.stderr).split())
    assert done.returncode == (2 if "error:" in done.stderr else 0)
    assert "Traceback" not in done.stderr


def test_what_if_from_the_logs_and_from_what_was_written(zeek: Path, saved: Path, tmp_path: Path) -> None:
    """The same list, and a plain word where the logs are needed."""
    once, again = tmp_path / "once.json", tmp_path / "again.json"
    done = watchfloor("beacons", zeek, "--what-if", "prevalence=0", "--what-if", "first=20", "--out", once, "--quiet")
    assert done.returncode == 0, done.stderr
    done = watchfloor("what-if", saved, "--set", "prevalence=0", "--set", "first=20", "--out", again, "--quiet")
    assert done.returncode == 0, done.stderr
    assert rows(once) == rows(again)
    assert {row["change"] for row in rows(once)} >= {"enters", "leaves"}
    for said, message in (
        ("window=2h", "needs the logs"),
        ("prevalance=0", "did you mean 'prevalence'"),
        ("x", "no name"),
    ):
        done = watchfloor("what-if", saved, "--set", said)
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_threat_intelligence_for_every_question(zeek: Path, tmp_path: Path) -> None:
    """Rows that are listed are marked; an empty file lists nothing, a wrong one is refused."""
    feed, out = tmp_path / "feed.csv", tmp_path / "out.json"
    feed.write_text(f"indicator,seen\n{CDN},2025-01-01\n")
    assert watchfloor("beacons", zeek, "--threat-intel", feed, "--out", out, "--quiet").returncode == 0
    assert [row["name"] for row in rows(out) if row["threat_intel"]] == [CDN]
    feed.write_text("")
    done = watchfloor("long-connections", zeek, "--threat-intel", feed)
    assert "No row is listed" in " ".join(done.stdout.split()), done.stderr
    done = watchfloor("hunt", zeek, "--threat-intel", tmp_path / "nothing.json")
    assert (done.returncode, "hint: threat intelligence is" in done.stderr) == (2, True)


def test_suggestions_are_a_list_to_edit(saved: Path, tmp_path: Path) -> None:
    """They are written, shown, not applied; the same file can be used."""
    listed, out = tmp_path / "suggested.toml", tmp_path / "out.json"
    done = watchfloor("allow", saved, "--suggest", listed, "--beside", saved, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "look at each before you use it" in done.stderr
    found = rows(out)
    assert found
    assert not any(CDN in row["allows"] for row in found)
    done = watchfloor("allow", saved, "--list", listed, "--out", tmp_path / "again.json", "--quiet")
    assert done.returncode == 0, done.stderr
    assert any(row["allowed"] for row in rows(tmp_path / "again.json"))
