"""The frame that all pulls share: steps that fail leave the others, and the workspace knows what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from watchfloor.errors import AccessDenied, NotReachable
from watchfloor.sources.answers import Denied, Forbidden, Manner, Refused
from watchfloor.sources.client import Client
from watchfloor.sources.ledger import Ledger
from watchfloor.sources.pull import Pull, running
from watchfloor.sources.tls import Tls
from watchfloor.store import Workspace, open_workspace
from watchfloor.store.changes import Item
from watchfloor.store.workspace import Page

SOURCE = "https://one.example"
MANNER = Manner("thing", lambda found: (None, str(found)), denied="another token", forbidden="another role")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    with open_workspace(tmp_path / "w.db", create=True) as opened:
        yield opened


def work(workspace: Workspace, *outcomes: str, needed: str = "b") -> Ledger:
    """A pull of steps a, b, c, .. each of which keeps a row or fails."""
    with Client(SOURCE, MANNER, Tls()) as client, running(workspace, SOURCE, "thing", {}, "1") as (run, ledger):
        pull = Pull(client, workspace, run, ledger, lambda *_: None)

        def step(about: str, outcome: str) -> None:
            failures = {"denied": Denied("401"), "forbidden": Forbidden("403"), "refused": Refused("400")}
            if outcome in failures:
                raise failures[outcome]
            if outcome == "away":
                raise NotReachable("nobody")
            pull.keep(about, Page("thing", "GET /", b"[]", [Item(about, "{}")]), 2)

        names = [chr(ord("a") + place) for place in range(len(outcomes))]
        steps = [(name, lambda name=name, how=how: step(name, how)) for name, how in zip(names, outcomes, strict=True)]
        pull.take(steps, needed=needed)
    return ledger


@pytest.mark.parametrize(
    ("outcomes", "missing"),
    [
        (("good", "good", "good"), set()),
        (("good", "good", "forbidden"), {"c"}),
        (("refused", "good", "good"), {"a"}),
        (("good", "refused", "good"), {"b", "c"}),
        (("good", "good", "denied", "good"), {"c", "d"}),
        (("good", "good", "away", "good"), {"c", "d"}),
    ],
)
def test_a_step_that_fails_leaves_the_others(
    workspace: Workspace, outcomes: tuple[str, ...], missing: set[str]
) -> None:
    """But nothing is asked after a refused secret, without the step that is needed, or without a way there."""
    ledger = work(workspace, *outcomes)
    assert set(ledger.missing) == missing
    assert ledger.partial == bool(missing)
    row = ledger.rows()[0]
    assert (row["received"], row["stored"], row["rejected"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("outcomes", "error"),
    [(("denied", "good"), AccessDenied), (("good", "forbidden"), AccessDenied), (("away", "good"), NotReachable)],
)
def test_where_nothing_can_be_had_it_is_an_error(
    workspace: Workspace, outcomes: tuple[str, ...], error: type[Exception]
) -> None:
    """With a hint; the workspace keeps what was missing."""
    with pytest.raises(error) as caught:
        work(workspace, *outcomes)
    assert getattr(caught.value, "hint", None) is not None
    with workspace.reading() as connection:
        [(missing,)] = connection.exec_driver_sql("SELECT missing FROM runs").all()
    assert "the rest: the pull stopped" in missing
