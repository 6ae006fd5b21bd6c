"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from watchfloor.errors import BadOption
from watchfloor.reports.atomic import replacing


def test_it_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    """Nobody sees half a file, and nothing is left beside it; rights stay."""
    path = tmp_path / "out.txt"
    path.write_text("old")
    path.chmod(0o640)
    with replacing(path) as beside:
        assert beside.parent == tmp_path
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    """The error goes on as it is, the half file goes."""
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it points to is written."""
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    with replacing(link) as beside:
        beside.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Said before anything is computed."""
    with pytest.raises(BadOption, match="this is a folder") as caught, replacing(tmp_path):
        pytest.fail("unreachable")
    assert caught.value.hint


def test_no_such_folder(tmp_path: Path) -> None:
    """The folder is named."""
    with pytest.raises(BadOption, match="there is no folder") as caught, replacing(tmp_path / "no" / "out.txt"):
        pytest.fail("unreachable")
    assert "make the folder" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_rights(tmp_path: Path) -> None:
    """Where nothing may be written, that is said."""
    tmp_path.chmod(0o500)
    with pytest.raises(BadOption, match="permission denied"), replacing(tmp_path / "out.txt"):
        pytest.fail("unreachable")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """Whatever library meets it."""
    with pytest.raises(BadOption, match="no space left"), replacing(tmp_path / "out.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_vanished_is_another_error(tmp_path: Path) -> None:
    """Only what happens to the output is the output's fault."""
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "out.txt"):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "input.log")
