"""Long connections and DNS tunnels on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
PAIR = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p"
KINDS = "time string addr port addr port"


def log(path: str, fields: str, types: str) -> str:
    """The head of a Zeek log."""
    names, kinds = ("\t".join(f"{a} {b}".split()) for a, b in ((PAIR, fields), (KINDS, types)))
    return f"{HEAD}#path\t{path}\n#fields\t{names}\n#types\t{kinds}\n"


CONN = log("conn", "proto duration conn_state", "enum interval string")
DNS = log("dns", "query qtype_name", "string string")


def watchfloor(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "watchfloor", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        check=False,
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A connection of five hours, and 40 names below a domain."""
    folder = tmp_path / "zeek"
    folder.mkdir()
    long = "1700000000.0\tC1\t10.0.0.5\t5000\t198.51.100.9\t443\ttcp\t18000.0\tSF\n"
    (folder / "conn.log").write_text(CONN + long)
    names = "".join(
        f"{1_700_000_000 + 60 * n}.0\tD{n}\t10.0.0.6\t5000\t10.0.0.53\t53\t{n:050x}.tunnel.example\tTXT\n"
        for n in range(40)
    )
    (folder / "dns.log").write_text(DNS + names)
    return folder


@pytest.mark.parametrize(
    ("command", "seen"),
    [("long-connections", "198.51.100.9"), ("dns-tunnels", "tunnel.example")],
)
def test_on_the_terminal_and_as_a_document(logs: Path, tmp_path: Path, command: str, seen: str) -> None:
    """A table, and a page with its charts."""
    done = watchfloor(command, logs)
    assert done.returncode == 0, done.stderr
    assert seen in done.stdout
    out = tmp_path / "out.html"
    assert watchfloor(command, logs, "--out", out, "--quiet").returncode == 0
    assert seen in out.read_text(encoding="utf-8")


def test_values_of_the_user(logs: Path, tmp_path: Path) -> None:
    """Thresholds from RITA's configuration; a list of heavy users of one's own."""
    (tmp_path / "rita.hjson").write_text(
        "{ scoring: { long_connection_score_thresholds: { base: 20000, low: 30000, medium: 40000, high: 50000 } } }"
    )
    out = tmp_path / "out.json"
    done = watchfloor("long-connections", logs, "--rita-config", tmp_path / "rita.hjson", "--out", out, "--quiet")
    assert (done.returncode, json.loads(out.read_text())["rows"]) == (0, []), done.stderr
    (tmp_path / "known.toml").write_text('[[known]]\nkind = "ours"\nreason = "tests"\ndomains = ["tunnel.example"]\n')
    done = watchfloor("dns-tunnels", logs, "--known", tmp_path / "known.toml", "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["rows"][0]["known"] == "ours"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["long-connections", "dns.log"], "hold no connections"),
        (["dns-tunnels", "conn.log"], "hold no dns_queries"),
        (["dns-tunnels", "dns.log", "--known", "nowhere.toml"], "nowhere.toml"),
        (["long-connections", "conn.log", "--window", "soon"], "is no window"),
    ],
)
def test_what_is_wrong_is_said(logs: Path, words: list[str], message: str) -> None:
    """In a line, with 2 as the exit code."""
    done = watchfloor(*words, cwd=logs)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
