"""`watchfloor pull`, and questions that ask the workspace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from consoles import soc
from doubles import thehive
from doubles.graph import CLIENT_ID, CLIENT_SECRET, TENANT, Graph, Tenant
from doubles.qradar import TOKEN, Double, Fault, Modes
from doubles.thehive import KEY, Hive, TheHive
from watchfloor import noise, open_workspace
from watchfloor.errors import WorkspaceError


def watchfloor(
    folder: Path, *words: str | Path, token: str | None = TOKEN, **secrets: str
) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user does, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHFLOOR")} | secrets
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


def test_three_systems_in_one_workspace(tmp_path: Path) -> None:
    """QRadar, Graph and TheHive: the second runs need no options, and questions ask all of them."""
    secrets = {"WATCHFLOOR_GRAPH_CLIENT_SECRET": CLIENT_SECRET, "WATCHFLOOR_THEHIVE_KEY": KEY}
    tenant, hive = Tenant(60), Hive(40, 3)
    tenant.resolve(sorted(tenant.incidents)[:40])
    hive.close(sorted(hive.objects["Alert"])[:25])
    with Double(soc(80)) as console, Graph(tenant) as graph, TheHive(hive) as other:
        pulls = {
            "qradar": ("--url", console.url, "--ca-file", console.ca_file),
            "graph": (
                *("--tenant", TENANT, "--client-id", CLIENT_ID, "--ca-file", graph.ca_file),
                *("--url", graph.url, "--login-url", graph.url),
            ),
            "thehive": ("--url", other.url, "--ca-file", other.ca_file),
        }
        said = []
        for system, words in pulls.items():
            for options in (words, ()):
                done = watchfloor(tmp_path, "pull", system, *options, **secrets)
                assert done.returncode == 0, done.stderr
                said.append(done.stdout + done.stderr)
        assert not [text for text in said for secret in (CLIENT_SECRET, KEY, *graph.tokens) if secret in text]
        rows = {line.split()[0]: line.split()[1:6] for text in said[::2] for line in text.splitlines() if line.strip()}
        assert rows["incidents"] == ["2", "61", "60", "60", "0"]
        assert rows["alerts"] == ["1", "40", "40", "40", "0"]
        again = watchfloor(tmp_path, "pull", "graph", "--tenant", TENANT.upper(), **secrets)
        assert again.returncode == 0, again.stderr
    with open_workspace(tmp_path) as workspace:
        alerts = workspace.alerts().collect()
        assert dict(alerts["system"].value_counts().iter_rows()) == {"qradar": 80, "defender": 60, "thehive": 43}
    for question in ("noise", "kpis", "tune"):
        done = watchfloor(tmp_path, question)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_what_is_wrong_with_the_others_exits_with_2_or_3(tmp_path: Path) -> None:
    """Words and a hint, no traceback; what is missing is said."""
    with Graph(Tenant(3)) as graph, TheHive(Hive(5, 1), modes=thehive.Modes(forbidden=("listCase",))) as other:
        at = ("--url", graph.url, "--login-url", graph.url, "--insecure")
        app = ("--tenant", TENANT, "--client-id", CLIENT_ID)
        secret, key = {"WATCHFLOOR_GRAPH_CLIENT_SECRET": "wrong"}, {"WATCHFLOOR_THEHIVE_KEY": "wrong"}
        cases = {
            "no client secret": watchfloor(tmp_path, "pull", "graph", *app, *at),
            "AADSTS7000215": watchfloor(tmp_path, "pull", "graph", *app, *at, **secret),
            "which tenant?": watchfloor(tmp_path, "pull", "graph"),
            "which app asks?": watchfloor(tmp_path, "pull", "graph", "--tenant", TENANT),
            "is no tenant": watchfloor(tmp_path, "pull", "graph", "--tenant", "a/b", "--client-id", "c"),
            "no API key": watchfloor(tmp_path, "pull", "thehive", "--url", other.url, "--insecure"),
            "401": watchfloor(tmp_path, "pull", "thehive", "--url", other.url, "--insecure", **key),
            "not trusted": watchfloor(tmp_path, "pull", "thehive", "--url", other.url, **key),
            "which TheHive?": watchfloor(tmp_path, "pull", "thehive", "-w", "other.db"),
            "clear text": watchfloor(tmp_path, "pull", "thehive", "--url", "http://thehive.example:9000", **key),
        }
        for words, done in cases.items():
            assert done.returncode == 2, (words, done.stderr)
            said = " ".join(done.stderr.split())
            assert words in said
            assert "hint: " in said
            assert "Traceback" not in said
        good = {"WATCHFLOOR_THEHIVE_KEY": KEY}
        done = watchfloor(tmp_path, "pull", "thehive", "--url", other.url, "--ca-file", other.ca_file, **good)
        assert done.returncode == 3
        assert "missing: cases: 403 Your are not authorized" in " ".join(done.stdout.split())
