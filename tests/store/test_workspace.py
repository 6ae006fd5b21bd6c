"""The workspace, in SQLite and in PostgreSQL: idempotent, append-only, whole pages or nothing."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from consoles import check_history
from databases import new_database
from watchfloor.store import Workspace, open_workspace
from watchfloor.store.changes import Counts, Item
from watchfloor.store.layout import pages
from watchfloor.store.workspace import Page, Run

SOURCE = "https://console.example"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new workspace can be made."""
    return str(tmp_path / "w.db") if request.param == "sqlite" else new_database()


@pytest.fixture
def workspace(place: str) -> Iterator[Workspace]:
    """An empty workspace."""
    with open_workspace(place, create=True) as opened:
        yield opened


def begin(workspace: Workspace) -> Run:
    return workspace.begin(SOURCE, "qradar", made_by="a test", settings={"page_size": 5})


def item(number: int, *, born: int = 1_000, **fields: Any) -> Item:
    """An object with an id."""
    body = json.dumps({"id": number, "start_time": born, **fields}, sort_keys=True)
    return Item(str(number), body, born_ms=born, changed_ms=born, closed=fields.get("status") == "CLOSED", due=True)


def page(*items: Item) -> Page:
    return Page(
        "offense", "GET /api/siem/offenses Range: items=0-4", f"[{','.join(i.body for i in items)}]".encode(), items
    )


def changes(workspace: Workspace) -> list[tuple[str, int, int, str]]:
    """The history in short."""
    return workspace.history().select("id", "generation", "version", "change").collect().rows()


def test_the_same_page_twice_changes_nothing(workspace: Workspace) -> None:
    """Objects that are equal are not written again; the raw page is kept where it brought something."""
    run = begin(workspace)
    assert run.save(page(item(1), item(2))) == Counts(pages=1, received=2, stored=2, new=2)
    assert run.save(page(item(2), item(1))) == Counts(pages=1, received=2, unchanged=2)
    assert changes(workspace) == [("1", 1, 1, "new"), ("2", 1, 1, "new")]
    with workspace.reading() as connection:
        first, second = connection.execute(sa.select(pages).order_by(pages.c.page_id)).all()
    assert json.loads(zlib.decompress(first.body)) == [json.loads(item(1).body), json.loads(item(2).body)]
    assert (second.body, second.rows, first.run_id, second.run_id) == (None, 2, run.number, run.number)
    assert first.request == "GET /api/siem/offenses Range: items=0-4"


def test_every_state_that_was_seen_stays(workspace: Workspace) -> None:
    """Changed, closed, opened again, gone, back: one row each, and the last state is what counts."""
    run = begin(workspace)
    states = [{}, {"assigned_to": "a"}, {"status": "CLOSED"}, {"status": "OPEN"}]
    for fields in states:
        run.save(page(item(1, **fields)))
    assert run.gone("offense", ["1", "7"]) == 1
    assert run.gone("offense", ["1"]) == 0
    assert not workspace.known(SOURCE, "offense")
    run.save(page(item(1, status="OPEN")))
    words = [change for *_, change in changes(workspace)]
    assert words == ["new", "changed", "closed", "reopened", "gone", "back"]
    [(key, generation, gone, body)] = workspace.bodies(SOURCE, "offense")
    assert (key, generation, gone, json.loads(body)["status"]) == ("1", 1, None, "OPEN")
    check_history(workspace)


def test_an_id_that_is_used_again_is_another_object(workspace: Workspace) -> None:
    """Same id, other birth: a new generation; the old one is gone, with its history."""
    run = begin(workspace)
    run.save(page(item(1)))
    counts = run.save(page(item(1, born=2_000)))
    assert (counts.reused, counts.new, counts.gone) == (1, 1, 1)
    assert changes(workspace) == [("1", 1, 1, "new"), ("1", 1, 2, "gone"), ("1", 2, 1, "new")]
    assert [row[:2] for row in sorted(workspace.bodies(SOURCE, "offense"))] == [("1", 1), ("1", 2)]


def test_an_object_twice_in_a_page_is_stored_once(workspace: Workspace) -> None:
    """The later one counts."""
    counts = begin(workspace).save(page(item(1), item(1, assigned_to="b")))
    assert counts == Counts(pages=1, received=2, stored=1, new=1, doubled=1)
    assert [json.loads(body)["assigned_to"] for *_, body in workspace.bodies(SOURCE, "offense")] == ["b"]


def test_a_page_is_kept_with_how_far_it_got_or_not_at_all(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails on the way leaves neither objects nor pages nor a state."""
    run = begin(workspace)
    run.save(page(item(1)), state=("walk", {"last": 1}))

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Run, "_note", fail)
    with pytest.raises(RuntimeError):
        run.save(page(item(2)), state=("walk", {"last": 2}))
    assert workspace.state(SOURCE, "walk") == {"last": 1}
    assert set(workspace.known(SOURCE, "offense")) == {"1"}
    with workspace.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(pages)) == 1


def test_details_wait_until_they_are_fetched(workspace: Workspace) -> None:
    """After each change, the one that changed last first."""
    run = begin(workspace)
    run.save(page(item(1, born=1_000), item(2, born=3_000), item(3, born=2_000)))
    assert workspace.due(SOURCE, "offense") == ["2", "3", "1"]
    run.fetched("offense", "2", Page("note", "GET ..", b"[]", ()))
    assert workspace.due(SOURCE, "offense", 1) == ["3"]
    run.save(page(item(2, born=3_000, assigned_to="a")))
    assert workspace.due(SOURCE, "offense") == ["2", "3", "1"]


def test_readers_and_several_writers_at_once(place: str, workspace: Workspace) -> None:
    """Two pulls of the same console into one workspace double nothing; who reads meanwhile is not in the way."""
    errors: list[BaseException] = []

    def work(write: Callable[[Run, int], None]) -> None:
        try:
            with open_workspace(place, create=True) as opened:
                run = begin(opened)
                for number in range(30):
                    write(run, number)
        except BaseException as error:
            errors.append(error)

    def save(run: Run, number: int) -> None:
        run.save(page(*(item(number + place) for place in range(5))))

    def look(run: Run, _: int) -> None:
        run.workspace.known(SOURCE, "offense")

    threads = [threading.Thread(target=work, args=(one,)) for one in (save, save, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(workspace.known(SOURCE, "offense")) == 34
    check_history(workspace)
    assert len(changes(workspace)) == 34


def test_how_a_console_was_asked_is_remembered(workspace: Workspace) -> None:
    """For the next run."""
    run = begin(workspace)
    run.end(api_version="20.0", missing=["domains: 403"], ledger=[{"list": "offenses"}])
    assert workspace.settings("qradar") == [(SOURCE, {"page_size": 5})]
    assert workspace.tables()["ledger"].collect()["partial"].to_list() == ["domains: 403"]
    begin(workspace)
    assert workspace.tables()["ledger"].collect()["partial"].to_list() == ["the last pull did not end: pull again"]


def test_text_of_any_kind_comes_back_as_it_was(workspace: Workspace) -> None:
    """NUL and lone surrogates as JSON writes them, other scripts, quotes."""
    body = r'{"id":1,"a":"\u0000 \ud800","b":"日本 \u202e ' + "'; DROP TABLE objects; --" + '"}'
    begin(workspace).save(page(Item("1", body)))
    assert [found for *_, found in workspace.bodies(SOURCE, "offense")] == [body]
