"""The command: reading by a pattern, the list of shipped ones, the examples of a pattern file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def watchfloor(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "watchfloor", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_reading_by_a_pattern(tmp_path: Path) -> None:
    """A shipped one by its name; a construct that cannot run is refused with exit 2 and a hint."""
    log, out = tmp_path / "access.log", tmp_path / "x.csv"
    log.write_text('203.0.113.7 - - [24/Nov/2026:09:15:02 +0100] "GET /a HTTP/1.1" 200 5 "-" "curl"\n')
    done = watchfloor("read", log, "--pattern", "apache_access", "--table", "http_requests", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "203.0.113.7" in out.read_text()
    bad = watchfloor("read", log, "--pattern", r"(?<a>x)\1")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "a back-reference at character 8" in " ".join(bad.stderr.split())
    assert "hint: " in bad.stderr


def test_the_list_and_the_examples(tmp_path: Path) -> None:
    """Exit 2 when an example fails, with what was expected and what was found."""
    listed = watchfloor("patterns")
    assert listed.returncode == 0, listed.stderr
    assert "apache_access" in listed.stdout
    assert "sshd" in listed.stdout
    good = watchfloor("patterns", "test", "sshd")
    assert good.returncode == 0, good.stderr
    assert "sshd: 6 of 6 examples passed" in good.stdout
    file = tmp_path / "mine.toml"
    file.write_text("pattern = '^(?<user>\\w+)$'\n[[examples]]\ntext = 'anna'\nfields = { user = \"bob\" }\n")
    failed = watchfloor("patterns", "test", file)
    assert failed.returncode == 2
    assert "user: expected 'bob', found 'anna'" in failed.stdout
    file.write_text("pattern = '^(?<user>\\w+)$'\n")
    none = watchfloor("patterns", "test", file)
    assert none.returncode == 2
    assert "no examples" in none.stderr
