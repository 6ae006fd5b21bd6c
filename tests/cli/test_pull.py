"""`watchfloor pull qradar`, and questions that ask the workspace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from consoles import soc
from doubles.qradar import TOKEN, Double, Fault, Modes
from watchfloor import noise, open_workspace
from watchfloor.errors import WorkspaceError


def watchfloor(folder: Path, *words: str | Path, token: str | None = TOKEN) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user does, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHFLOOR")}
    if token:
        environment["WATCHFLOOR_QRADAR_TOKEN"] = token
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "watchfloor", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=folder,
        env=environment,
    )


def test_a_pull_and_what_can_be_asked_then(tmp_path: Path) -> None:
    """The ledger; the second run needs no options; noise, kpis, tune and report ask the workspace."""
    with Double(soc(120)) as console:
        done = watchfloor(tmp_path, "pull", "qradar", "--url", console.url, "--ca-file", console.ca_file)
        assert done.returncode == 0, done.stderr
        assert "API 20.0" in done.stdout
        row = next(line for line in done.stdout.splitlines() if line.startswith("offenses "))
        assert row.split()[:5] == ["offenses", "1", "120", "120", "120"]
        again = watchfloor(tmp_path, "pull", "qradar")
        assert again.returncode == 0, again.stderr
        assert TOKEN not in done.stdout + done.stderr + again.stdout + again.stderr
    for question in ("noise", "kpis", "tune"):
        done = watchfloor(tmp_path, question)
        assert done.returncode == 0, done.stderr
        assert done.stdout
    done = watchfloor(tmp_path, "report", "--workspace", tmp_path, "--out", "r.html")
    assert done.returncode == 0, done.stderr
    assert console.url in (tmp_path / "r.html").read_text(encoding="utf-8")
    with open_workspace(tmp_path) as workspace:
        assert noise(workspace)["labels"].collect().height


def test_what_is_missing_is_said_and_exits_with_3(tmp_path: Path) -> None:
    """One endpoint without the right; the answers say so too under --strict."""
    with Double(soc(30), modes=Modes(forbidden=("/config/domain_management/domains",))) as console:
        done = watchfloor(tmp_path, "pull", "qradar", "--url", console.url, "--ca-file", console.ca_file)
        assert done.returncode == 3
        assert "missing: domains: 403 User has insufficient capabilities" in " ".join(done.stdout.split())
    done = watchfloor(tmp_path, "noise", "--strict")
    assert done.returncode == 3
    assert "domains: 403" in done.stderr


def test_what_is_wrong_exits_with_2(tmp_path: Path) -> None:
    """No token, one that is not accepted, no trust, no address, no workspace: words and a hint, no traceback."""
    with Double(soc(3)) as console:
        url = ("--url", console.url)
        cases = {
            "no token": watchfloor(tmp_path, "pull", "qradar", *url, "--insecure", token=None),
            "401": watchfloor(tmp_path, "pull", "qradar", *url, "--insecure", token="wrong"),
            "the certificate is not trusted": watchfloor(tmp_path, "pull", "qradar", *url),
            "not the certificate": watchfloor(tmp_path, "pull", "qradar", *url, "--fingerprint", "ab" * 32),
            "which console?": watchfloor(tmp_path, "pull", "qradar"),
            "no such host": watchfloor(tmp_path, "pull", "qradar", "--url", "https://no-such.invalid"),
            "clear text": watchfloor(tmp_path, "pull", "qradar", "--url", "http://localhost"),
            "is no window": watchfloor(tmp_path, "pull", "qradar", *url, "--since", "soon"),
            "there is no workspace": watchfloor(tmp_path, "noise", "-w", "none.db"),
        }
    for words, done in cases.items():
        assert done.returncode == 2, (words, done.stderr)
        said = " ".join(done.stderr.split())
        assert words in said
        assert "hint: " in said
        assert "Traceback" not in said


def test_tries_are_told(tmp_path: Path) -> None:
    """One line each, and no line of another library."""
    with Double(soc(30), faults=[Fault("503-html", times=1)]) as console:
        done = watchfloor(tmp_path, "pull", "qradar", "--url", console.url, "--ca-file", console.ca_file)
        assert done.returncode == 0, done.stderr
        assert "/siem/offenses: 503 503 from a proxy; try 1 of 8" in " ".join(done.stderr.split())
        assert "stamina" not in done.stderr
        quiet = watchfloor(tmp_path, "pull", "qradar", "--quiet")
        assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_without_anything_named_a_question_asks_the_workspace_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says what to do where there is none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WATCHFLOOR_WORKSPACE", raising=False)
    with pytest.raises(WorkspaceError, match=r"no workspace at .*watchfloor\.db"):
        noise()


def test_how_to_trust_is_remembered_as_a_whole(tmp_path: Path) -> None:
    """What is said later replaces it; --insecure is never remembered; an empty workspace says so."""
    with Double(soc(3), modes=Modes(certificate="self-signed")) as console:
        pull = ("pull", "qradar", "--url", console.url)
        assert watchfloor(tmp_path, *pull, "--insecure").returncode == 0
        assert watchfloor(tmp_path, *pull).returncode == 2
        assert watchfloor(tmp_path, *pull, "--ca-file", console.ca_file, "--no-hostname-check").returncode == 0
        assert watchfloor(tmp_path, "pull", "qradar").returncode == 0
        assert watchfloor(tmp_path, *pull, "--ca-file", console.ca_file).returncode == 2
        assert watchfloor(tmp_path, *pull, "--fingerprint", console.fingerprint).returncode == 0
        assert watchfloor(tmp_path, "pull", "qradar").returncode == 0
    open_workspace(tmp_path / "empty.db", create=True).close()
    done = watchfloor(tmp_path, "noise", "-w", "empty.db")
    assert (done.returncode, "holds no alerts" in done.stderr) == (2, True)
