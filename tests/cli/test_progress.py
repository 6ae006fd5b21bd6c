"""Progress is for a terminal; a pipe gets none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "watchfloor", "read", "--zone", "UTC", "--out")


def hosts(folder: Path) -> Path:
    """A folder with the logs of some hosts."""
    logs = folder / "hosts"
    logs.mkdir()
    for number in range(5):
        lines = (f"Nov 24 09:15:0{second} pc-{number} cron[7]: job {second}\n" for second in range(9))
        (logs / f"pc-{number}.log").write_text("".join(lines))
    return logs


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    """The bar counts the bytes of all files."""
    ours, theirs = os.openpty()
    logs = hosts(tmp_path)
    size = sum(path.stat().st_size for path in logs.iterdir())
    with subprocess.Popen(
        [*COMMAND, f"{tmp_path / 'out'}/", str(logs)],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    ) as child:
        os.close(theirs)
        seen = b""
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:  # Linux says so at the end
                break
            if not more:
                break
            seen += more
        assert child.wait() == 0
    os.close(ours)
    assert b"reading" in seen or b"computing" in seen
    assert f"{size / 1000:.1f}".encode() in seen


def test_a_pipe_sees_no_bar(tmp_path: Path) -> None:
    """Only the remarks at the end."""
    done = subprocess.run([*COMMAND, f"{tmp_path / 'out'}/", str(hosts(tmp_path))], capture_output=True, check=True)
    assert b"reading" not in done.stderr
    assert b"\r" not in done.stderr.replace(b"\r\n", b"\n")
    assert b"\x1b" not in done.stderr
    assert not done.stdout
