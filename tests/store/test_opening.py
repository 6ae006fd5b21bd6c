"""Opening a workspace: where it is, what it refuses, and older layouts."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from databases import new_database
from watchfloor.errors import WorkspaceError
from watchfloor.store import layout, open_workspace


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new workspace can be made."""
    return str(tmp_path / "w.db") if request.param == "sqlite" else new_database()


def version(place: str, new: int | None = None) -> int:
    """What the workspace says of its layout; another version is written first where one is given."""
    with open_workspace(place) as opened, opened.writing("") as connection:
        if new is not None:
            connection.execute(layout.STAMP.update().values(value=str(new)))
        return int(connection.scalar(sa.select(layout.STAMP.c.value)))


def test_it_is_made_once_and_opened_again(place: str) -> None:
    """With today's layout."""
    open_workspace(place, create=True).close()
    open_workspace(place, create=True).close()
    assert version(place) == 1


def test_a_newer_layout_is_refused(place: str) -> None:
    """With what to do, and without touching it."""
    open_workspace(place, create=True).close()
    version(place, 9)
    with pytest.raises(WorkspaceError, match="newer watchfloor: its layout has version 9, this one knows 1") as caught:
        open_workspace(place, create=True)
    assert "upgrade" in caught.value.hint


def test_an_older_layout_takes_the_steps(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, once, all or none."""
    open_workspace(place, create=True).close()

    def add(name: str) -> None:
        def step(connection: sa.Connection) -> None:
            connection.execute(sa.text(f"ALTER TABLE runs ADD COLUMN {name} TEXT"))

        steps.append(step)

    steps: list = []
    add("first")
    add("second")
    monkeypatch.setattr(layout, "STEPS", tuple(steps))
    assert version(place) == 3
    assert version(place) == 3
    add("first")  # there is one already: the step fails, and the workspace stays as it was
    add("third")
    monkeypatch.setattr(layout, "STEPS", (*steps[:2], steps[3], steps[2]))
    with pytest.raises(WorkspaceError):
        open_workspace(place)
    monkeypatch.setattr(layout, "STEPS", tuple(steps[:2]))
    assert version(place) == 3
    with open_workspace(place) as opened, opened.reading() as connection:
        assert "third" not in {column["name"] for column in sa.inspect(connection).get_columns("runs")}


def test_what_is_no_workspace_is_refused(tmp_path: Path) -> None:
    """Nothing there, another program's database, no database at all, a folder that is not there, a strange URL."""
    with pytest.raises(WorkspaceError, match="there is no workspace") as caught:
        open_workspace(tmp_path / "none.db")
    assert "watchfloor pull" in caught.value.hint
    assert not (tmp_path / "none.db").exists()

    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE addresses (id INTEGER)")
    other.close()
    with pytest.raises(WorkspaceError, match="something else"):
        open_workspace(tmp_path / "other.db", create=True)

    (tmp_path / "text.db").write_text("no database " * 200)
    with pytest.raises(WorkspaceError, match="not a database"):
        open_workspace(tmp_path / "text.db", create=True)

    with pytest.raises(WorkspaceError, match="unable to open"):
        open_workspace(tmp_path / "no" / "folder" / "w.db", create=True)
    for url in ("mysql://root:secret@localhost/x", "://"):
        with pytest.raises(WorkspaceError) as caught:
            open_workspace(url)
        assert "secret" not in str(caught.value)


def test_a_folder_a_variable_and_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`watchfloor.db` in a folder; WATCHFLOOR_WORKSPACE; the current folder."""
    open_workspace(tmp_path, create=True).close()
    assert (tmp_path / "watchfloor.db").is_file()
    monkeypatch.setenv("WATCHFLOOR_WORKSPACE", str(tmp_path / "team.db"))
    open_workspace(create=True).close()
    assert (tmp_path / "team.db").is_file()
    monkeypatch.delenv("WATCHFLOOR_WORKSPACE")
    monkeypatch.chdir(tmp_path)
    with open_workspace() as opened:
        assert opened.name == str(tmp_path / "watchfloor.db")


def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    """And what to check."""
    pytest.importorskip("psycopg")
    with pytest.raises(WorkspaceError) as caught:
        open_workspace("postgresql://team:secret@127.0.0.1:1/soc")
    assert "127.0.0.1:1/soc" in str(caught.value)
    assert "secret" not in f"{caught.value}{caught.value.hint}"


def test_a_workspace_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program, or a notebook, that goes to another folder still asks the same one."""
    monkeypatch.chdir(tmp_path)
    with open_workspace("here.db", create=True) as opened:
        opened.begin("https://console.example", "qradar", made_by="test", settings={})
        opened.close()  # lets go of the connections that it has
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert [source for source, _ in opened.settings("qradar")] == ["https://console.example"]
    assert not list((tmp_path / "elsewhere").iterdir())
